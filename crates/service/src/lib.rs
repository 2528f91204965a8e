//! The use cases, and the commit that all that they write goes through.
//!
//! The interfaces (`neon`, `web`, the command line) only hold a [`Service`]. The files are in rooms, and a room uses
//! only those that come before it here:
//!
//! * `base`: why something is refused, time, randomness, threads, the guards;
//! * `gate`: who may try to come in; `limits`: what clients and organizations may take;
//! * `log`: what an organization's log tells, and what has been told of it; `runs`: which pages belong together, and
//!   what is cached of them;
//! * `directory`: people, keys, statuses, accounts and the audit log of an organization; `board`: its activities,
//!   column by column;
//! * `folder`: the data folder in memory, with its organizations ([`Tenant`]) and sessions;
//! * `commit`: how anything becomes durable and visible;
//! * `engine`: how use cases reach it, opening and closing;
//! * the use cases: `people`; `admin`; `ask`, `lists`, `import`; `examples`.
//!
//! Reading goes `Service::sync_page` (`ask`) → `runs` → `log` → the crate `timeline`; writing goes `Service::write` →
//! `commit` → `commit/batch.rs` → `commit/judge.rs`.
//!
//! To add a use case: if it only reads, give it a file next to [`sync_page`](Service::sync_page). If it changes
//! activities, make it a [`Write`] and judge it in `commit/judge.rs`. If it changes anything else, see
//! `admin`. Nothing writes past the commit (invariant 7).

mod admin;
mod ask;
mod base;
mod board;
mod commit;
mod directory;
mod engine;
mod examples;
mod folder;
mod gate;
mod import;
mod limits;
mod lists;
mod log;
mod people;
mod runs;

pub use admin::audit::{AUDIT_DAYS_MAX, AUDIT_ENTRIES_MAX};
pub use admin::brought_key::{BroughtKey, BroughtKeyError, KEY_CHARS_MAX, KEY_CHARS_MIN};
pub use admin::check::{Checked, check};
pub use admin::integrations::{
    Delivery, Hint, Integration, IntegrationState, Progress, Receipt, Severity,
};
pub use admin::keys::NewKey;
pub use admin::organizations::FIRST_STATUSES;
pub use admin::setup::{FirstAdmin, FirstOrg, SetupError};
pub use admin::statuses::{Spread, Step};
pub use admin::users::{AddUsersError, ListedUserError, NewUser, USERS_AT_ONCE_MAX, UserChange};
pub use ask::digest::{DigestPart, DigestQuery, Digested};
pub use ask::history::{Change, Story};
pub use ask::live::Follower;
pub use ask::preview::{AsOf, Preview, PreviewError};
pub use ask::sync::SyncPage;
pub use base::alphabet::place;
pub use base::clock::SystemClock;
pub use base::difference::Difference;
pub use base::network::Network;
pub use base::random::{Random, SystemRandom};
pub use base::refusal::{DAMAGED, ReadOnly, Refusal};
pub use base::runtime::{Pending, Runtime, TokioRuntime, wait};
pub use base::sabotage::Guard;
#[cfg(feature = "sabotage")]
pub use base::sabotage::{switch_off, tighten_limits};
pub use base::secret::hash as hash_secret;
pub use base::trusted_clock::{AcceptClock, ClockError, refuse_insane};
pub use board::query::{Column, Filter, ListQuery, Listing};
pub use commit::Committer;
pub use commit::write::{Write, Written};
pub use directory::Directory;
pub use directory::accounts::Accounts;
pub use directory::admin_error::AdminError;
pub use engine::lifecycle::{OpenError, Settings, Surroundings};
pub use examples::{ExamplesError, RemovedExamples, made_up};
pub use folder::authority::Authority;
pub use folder::person::Person;
pub use folder::sessions::{
    Caller, PERSON_IDLE_HOURS_MAX, PERSON_SESSION_DAYS_MAX, PERSON_STAYS_IDLE_DAYS_MAX,
    SESSION_IDLE_MINUTES_MAX, SESSIONS_PER_KEY_MAX,
};
pub use folder::tenant::Tenant;
pub use folder::works::{LongWork, LongWorkError, Outcome};
pub use gate::hashing::{BUSY_SECONDS, Busy};
pub use gate::passwords::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, Password, PasswordError};
pub use gate::throttle::TooManyAttempts;
pub use import::follow::{FollowError, FollowPage, Followed};
pub use import::import_error::ImportError;
pub use import::names::{ImportNames, NotHere};
pub use import::not_taken::NotTaken;
pub use import::options::ImportOptions;
pub use import::plan::ImportPlan;
pub use import::report::{Conflicts, Differing, ImportReport, Listed, Rehearsal};
pub use import::row_problems::{RowProblem, RowProblems};
pub use import::spool::{Spool, SpoolError};
pub use limits::disk::DiskLimits;
pub use limits::followers::{FOLLOWERS_PER_ORG_MAX, FOLLOWERS_PER_PERSON_MAX, TooManyFollowers};
pub use limits::intake::{Intake, IntakeFull, IntakeShare, Owner};
pub use limits::room::{
    ANSWERS_BYTES_ALL_MAX, ANSWERS_BYTES_MAX, NoRoom, Place, ROOM_WAIT_MS_MAX, Share,
};
pub use limits::shed::{Shed, describe_shed, shed, tell_shed};
pub use limits::{DOWNLOADS_BYTES_MAX, DOWNLOADS_PER_ORG_MAX, SORTS_MAX};
pub use lists::bin::{Removed, RemovedFound, RemovedPage};
pub use lists::calendar::{
    CALENDAR_ACTIVITIES_MAX, CALENDAR_DAYS_AHEAD, CALENDAR_DAYS_BACK, Calendar,
};
pub use lists::long_work::BulkChange;
pub use lists::preparing::ListError;
pub use lists::sought::{Snippet, Sought};
pub use log::coverage::{Cause, Missing, Outbox, PagesServed, Poll, Served, Undelivered};
pub use log::query::{Direction, Order, SyncQuery};
pub use people::login::LoginError;
pub use people::sign_in::{Attempt, NewSession, SignInError};
pub use runs::ask_error::AskError;
pub use runs::removed::{ManyIds, RemovedIds};
pub use runs::{
    RUN_HOURS_MAX, RUN_KEPT_MINUTES_MIN, RUNS_PER_KEY_MAX, SINGLE_PAGE_RUNS_PER_KEY_MAX,
};
pub use store::fold;
pub use store::{StoreError, StoredField, StoredText, StoredVersion};
pub use timeline::Tally;

pub use engine::Service;

//! The terms of the domain: organizations, activities, versions, stamps, zones, the clock.
//!
//! Nothing here does I/O or knows how it is stored or sent: no serde, no SQL, no HTTP. A value of one of
//! these types is always valid: it is built from external text by a constructor that can fail.
//!
//! To add a member to the activity: extend [`Activity`], [`Patch`] and [`Member`] here, then the
//! stored form (crate `store`) and the wire form (crate `neon`).

mod activity;
mod audit;
mod clock;
mod digest;
mod follows;
mod ids;
mod imported;
mod interval;
mod local;
mod member;
mod names;
mod organization;
mod patch;
mod spreadsheet;
mod terms;
mod time;
mod version;

pub use activity::*;
pub use audit::{AUDIT_CHARS_MAX, Actor, AuditEntry, AuditKind, AuditKindError, AuditQuery, By};
pub use clock::{Clock, ManualClock};
pub use digest::{DIGEST_PARTS_MAX, Fingerprint, Mirrored, MirroredField, SetDigest};
pub use follows::Follows;
pub use ids::{ActivityId, ClientId, KeyId, OrgId, OrgKey, Seq, StatusId, UserId};
pub use ids::{ID_MAX, ORG_ID_CHARS_MAX, OrgIdError};
pub use imported::{Imported, Members};
pub use interval::{Interval, IntervalError, Unit};
pub use local::{Local, LocalTime};
pub use member::{Member, MemberKind, Value};
pub use names::{ListedUser, Lookup, Names, NoNames, OrganizationData, folded};
pub use organization::{
    Account, ApiKey, CalendarFeed, Examples, Guide, LOGIN_CHARS_MAX, Login, LoginName,
    LoginNameError, Meaning, NAME_CHARS_MAX, Name, Opener, Organization, PasswordHash, Role,
    RoleError, SecretHash, Stage, Status, SystemUser,
};
pub use patch::{CustomFieldPatch, Draft, Patch, Presence, StatusRef};
pub use spreadsheet::{CELL_UNITS_MAX, DateCell, VERSION_COLUMN, zoned_column};
pub use spreadsheet::{GUARD_COLUMN, guarded, guarded_number, is_same_number, unguarded};
pub use spreadsheet::{cell_lines, cell_text, csv_text, date_cell, guarded_time};
pub use terms::{Precision, Terms, Texts};
pub use time::{Moment, MomentError, MomentText, Stamp, Zone, ZoneError};
pub use version::{Author, Kind, Origin, State, Version};

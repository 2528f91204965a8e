//! Calendar feeds: the secret address of each, and which activities it shows.
//!
//! Anyone who knows the address can read the feed, so that a calendar program needs no other way to sign in.
//! Only the hash of its secret is kept. The secret has 128 random bits: guessing it is hopeless, and an
//! attempt costs one hash, so that attempts are not counted.

use std::sync::Arc;

use domain::{CalendarFeed, OrgId, Role, Seq, Stamp, SystemUser, UserId};
use subtle::ConstantTimeEq;
use tokio::sync::OwnedSemaphorePermit;

use crate::base::refusal::{Refusal, stopping, unavailable};
use crate::base::secret;
use crate::board::query::{Column, Filter, ListQuery};
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::person::Person;
use crate::folder::tenant::Tenant;
use crate::log::query::Direction;
use crate::runs::ask_error::AskError;

/// A feed reaches this many days back from today.
pub const CALENDAR_DAYS_BACK: i64 = 90;

/// A feed reaches this many days ahead, from today on.
pub const CALENDAR_DAYS_AHEAD: i64 = 366;

/// The most activities that a feed shows.
pub const CALENDAR_ACTIVITIES_MAX: u32 = 2_000;

const DAY_MS: i64 = 24 * 60 * 60_000;

/// A feed that was requested with the right secret.
pub struct Calendar {
    /// The organization.
    pub tenant: Arc<Tenant>,
    /// The user whose activities it shows.
    pub user: SystemUser,
}

impl Service {
    /// Creates the address of the person's calendar feed, in place of the one before; returns its secret, which
    /// is kept nowhere.
    ///
    /// # Errors
    /// When the person is no longer here, there is no randomness, or the store cannot write.
    pub async fn create_calendar(&self, person: &Person) -> Result<String, AdminError> {
        let secret = self.new_secret().map_err(AdminError::Unavailable)?;
        let feed = CalendarFeed { hash: secret::hash(&secret), created: self.now() };
        self.set_calendar(person, person.user, Some(feed)).await?;
        Ok(secret)
    }

    /// Revokes the address of a user's calendar feed: their own, or as an admin anyone's.
    ///
    /// # Errors
    /// When there is no such user, the person may not, or the store cannot write.
    pub async fn revoke_calendar(&self, by: &Person, of: UserId) -> Result<(), AdminError> {
        self.set_calendar(by, of, None).await
    }

    async fn set_calendar(
        &self,
        by: &Person,
        of: UserId,
        feed: Option<CalendarFeed>,
    ) -> Result<(), AdminError> {
        let role = if of == by.user { Role::Viewer } else { Role::Admin };
        self.change_directory(by, role, move |directory, transaction| {
            let user = directory.users.get_mut(&of).ok_or(AdminError::UnknownUser(of))?;
            user.calendar = feed;
            Ok(transaction
                .put_user(directory.organization.key, user)
                .map_err(|e| unavailable(&e))?)
        })
        .await
    }

    /// The feed with this secret; none if it is not that user's, was revoked, or the user is disabled.
    #[must_use]
    pub fn calendar(&self, org: &str, user: UserId, secret: &str) -> Option<Calendar> {
        let hash = secret::hash(secret);
        let tenant = self.org(&OrgId::parse(org).ok()?)?;
        let user = tenant.directory().users.get(&user).filter(|user| !user.disabled)?.clone();
        let feed = user.calendar?;
        bool::from(feed.hash.0.ct_eq(&hash.0)).then_some(Calendar { tenant, user })
    }

    /// Waits for a turn to make a feed of the organization, to be held until it is made.
    ///
    /// # Errors
    /// When the server stops.
    pub async fn calendar_turn(&self, org: &Tenant) -> Result<OwnedSemaphorePermit, Refusal> {
        org.limits.calendars.clone().acquire_owned().await.map_err(|_| stopping())
    }

    /// The positions of the activities that a feed shows, at most [`CALENDAR_ACTIVITIES_MAX`], the most important
    /// ones first: those to come, the nearest first; those that began before the feed does and still reach into
    /// it; those before today, the latest first. Done ones are there if `with_done`.
    ///
    /// # Errors
    /// See [`Service::select`].
    pub async fn calendar_positions(
        &self,
        calendar: &Calendar,
        with_done: bool,
    ) -> Result<Vec<Seq>, AskError> {
        let org = &calendar.tenant;
        let mut seqs = Vec::new();
        let Some(parts) = parts(calendar, self.now(), with_done) else { return Ok(seqs) };
        for (filter, direction) in parts {
            let left = CALENDAR_ACTIVITIES_MAX - u32::try_from(seqs.len()).unwrap_or(u32::MAX);
            if left == 0 {
                break;
            }
            let by = Column::Start;
            let query = ListQuery { filter, by, direction, page: 1, page_size: left };
            seqs.extend(self.select_page(org, &query).await?);
        }
        Ok(seqs)
    }
}

/// What a feed shows, in parts that have nothing in common. None if no status is left that it could show.
///
/// The bounds are whole days of UTC: within a day, an unchanged activity stays in the feed, or out of it.
fn parts(calendar: &Calendar, now: Stamp, with_done: bool) -> Option<[(Filter, Direction); 3]> {
    let today = Stamp::from_millis(now.millis().div_euclid(DAY_MS) * DAY_MS);
    let first = today.plus_millis(-CALENDAR_DAYS_BACK * DAY_MS);
    let last = today.plus_millis(CALENDAR_DAYS_AHEAD * DAY_MS - 1);
    let directory = calendar.tenant.directory();
    let open = directory.statuses.values().filter(|status| !status.done);
    // An empty list of statuses means any.
    let statuses = if with_done { Vec::new() } else { open.map(|status| status.id).collect() };
    if statuses.is_empty() && !with_done {
        return None;
    }
    let filter = Filter { statuses, system_user: Some(calendar.user.id), ..Filter::default() };
    let between = |from: Option<Stamp>, to: Stamp| Filter {
        start_from: from,
        start_to: Some(to),
        ..filter.clone()
    };
    let to_come = between(Some(today), last);
    let under_way = Filter { end_from: Some(first), ..between(None, first.plus_millis(-1)) };
    let past = between(Some(first), today.plus_millis(-1));
    Some([
        (to_come, Direction::Ascending),
        (under_way, Direction::Descending),
        (past, Direction::Descending),
    ])
}

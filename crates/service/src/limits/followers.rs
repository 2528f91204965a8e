//! Places for clients that follow the head.

use std::collections::HashMap;
use std::sync::Arc;

use domain::UserId;
use parking_lot::Mutex;
use thiserror::Error;

/// How many may follow one organization at the same time.
pub const FOLLOWERS_PER_ORG_MAX: usize = 100;

/// How many of them may be of one person: browsers open at most six connections to a host.
pub const FOLLOWERS_PER_PERSON_MAX: usize = 12;

/// How many clients each person has that follow the head.
#[derive(Default)]
pub(crate) struct Followers(Mutex<HashMap<UserId, usize>>);

/// One of them, until it is dropped.
pub(crate) struct FollowerPlace {
    among: Arc<Followers>,
    user: UserId,
}

/// Why a client may not follow the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TooManyFollowers {
    /// Of the organization.
    #[error("{FOLLOWERS_PER_ORG_MAX} pages of your organization are already being updated live")]
    Organization,
    /// Of the person.
    #[error("{FOLLOWERS_PER_PERSON_MAX} of your pages are already being updated live")]
    Person,
}

impl Followers {
    pub(crate) fn place(
        self: &Arc<Followers>,
        user: UserId,
    ) -> Result<FollowerPlace, TooManyFollowers> {
        let mut places = self.0.lock();
        if places.values().sum::<usize>() >= FOLLOWERS_PER_ORG_MAX {
            return Err(TooManyFollowers::Organization);
        }
        let own = places.entry(user).or_default();
        if *own >= FOLLOWERS_PER_PERSON_MAX {
            return Err(TooManyFollowers::Person);
        }
        *own += 1;
        Ok(FollowerPlace { among: self.clone(), user })
    }
}

impl Drop for FollowerPlace {
    fn drop(&mut self) {
        let mut places = self.among.0.lock();
        if let Some(own) = places.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                places.remove(&self.user);
            }
        }
    }
}

//! Following an organization's head: waiting for changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{Seq, UserId};
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::watch;

use crate::{Person, Runtime, Service};

/// How many may follow one organization at the same time.
pub const FOLLOWERS_PER_ORG_MAX: usize = 100;

/// How many of them may be of one person: browsers open at most six connections to a host.
pub const FOLLOWERS_PER_PERSON_MAX: usize = 12;

/// Faster changes are reported together.
const PAUSE: Duration = Duration::from_millis(250);

/// How often the session is checked.
const SESSION_CHECKED_EVERY: Duration = Duration::from_secs(60);

/// A client that follows the head. It has a place until it is dropped.
pub struct Follower {
    service: Service,
    person: Person,
    /// The seq that was reported last.
    told: Option<Seq>,
    stopping: watch::Receiver<bool>,
    _place: FollowerPlace,
}

/// How many clients each person has that follow the head.
#[derive(Default)]
pub(crate) struct Followers(Mutex<HashMap<UserId, usize>>);

/// One of them, until it is dropped.
struct FollowerPlace {
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
    fn place(self: &Arc<Followers>, user: UserId) -> Result<FollowerPlace, TooManyFollowers> {
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

impl Service {
    /// Lets a client follow the head.
    ///
    /// # Errors
    /// When too many do already.
    pub fn follow(&self, person: &Person) -> Result<Follower, TooManyFollowers> {
        let place = person.tenant.following.place(person.user)?;
        Ok(Follower {
            service: self.clone(),
            person: person.clone(),
            told: None,
            stopping: self.shared.stopping.subscribe(),
            _place: place,
        })
    }
}

impl Follower {
    /// Waits until the head has moved, and returns its seq; the first time where it stands. None when
    /// their session has ended or the server is about to stop. Being told does not keep a session alive.
    pub async fn next(&mut self) -> Option<Seq> {
        let shared = Arc::clone(&self.service.shared);
        let stopping = self.stopping.clone();
        tokio::select! {
            biased;
            () = stops(stopping) => None,
            seq = self.moved(&shared.runtime) => seq,
        }
    }

    async fn moved(&mut self, runtime: &Arc<dyn Runtime>) -> Option<Seq> {
        if self.told.is_some() {
            runtime.sleep(PAUSE).await;
        }
        loop {
            let org = &self.person.tenant;
            let moved = org.moved.notified();
            if !self.person.session.goes_on(self.service.shared.steady_now()) {
                return None;
            }
            let head = org.exposure.told().0;
            if self.told.replace(head) != Some(head) {
                return Some(head);
            }
            tokio::select! {
                () = moved => {}
                () = runtime.sleep(SESSION_CHECKED_EVERY) => {}
            }
        }
    }
}

/// Resolves when the server is about to stop.
async fn stops(mut stopping: watch::Receiver<bool>) {
    // An error means that the service is gone.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

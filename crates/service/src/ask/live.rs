//! Following an organization's head: waiting for changes.

use std::sync::Arc;
use std::time::Duration;

use domain::Seq;
use tokio::sync::watch;

use crate::base::runtime::Runtime;
use crate::engine::Service;
use crate::folder::person::Person;
use crate::limits::followers::{FollowerPlace, TooManyFollowers};

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

impl Service {
    /// Lets a client follow the head.
    ///
    /// # Errors
    /// When too many do already.
    pub fn follow(&self, person: &Person) -> Result<Follower, TooManyFollowers> {
        let place = person.tenant.limits.following.place(person.user)?;
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
            let moved = org.log.moved.notified();
            if !self.person.session.goes_on(self.service.shared.steady_now()) {
                return None;
            }
            let head = org.log.exposure.told().0;
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

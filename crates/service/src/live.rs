//! Following an organization's head: waiting for changes.

use std::sync::Arc;
use std::time::Duration;

use domain::Seq;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::{Person, Runtime, Service};

/// How many may follow one organization at the same time.
pub const FOLLOWERS_PER_ORG_MAX: usize = 100;

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
    _place: OwnedSemaphorePermit,
}

impl Service {
    /// Lets a client follow the head. None if too many do.
    #[must_use]
    pub fn follow(&self, person: &Person) -> Option<Follower> {
        let place = person.tenant.following.clone().try_acquire_owned().ok()?;
        Some(Follower {
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

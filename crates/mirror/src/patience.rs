//! Waiting for what may come back, and being told to stop meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How long a source that does not answer is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The first pause; each further one is twice as long, up to [`Patience::longest`]. Half of a pause is drawn
    /// by lot, so that many mirrors do not come back at the same instant.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How long one request is tried: all attempts and pauses together.
    pub total: Duration,
    /// A single attempt that takes longer has failed.
    pub attempt: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            total: Duration::from_secs(300),
            attempt: Duration::from_secs(120),
        }
    }
}

impl Patience {
    /// The pause before the next attempt, after so many; none if the total would be over before it ends.
    pub(crate) fn pause(&self, attempts: u32, since: Instant) -> Option<Duration> {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(attempts.min(16)));
        let pause = doubled.min(self.longest);
        let pause = pause.mul_f64(0.5 + 0.5 * fastrand::f64());
        (since.elapsed() + pause <= self.total).then_some(pause)
    }
}

/// Tells a run to end after the page under way.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Ends the run, and every run after it.
    pub fn stop(&self) {
        *self.0.0.lock() = true;
        self.0.1.notify_all();
    }

    /// Whether it was told to.
    #[must_use]
    pub fn is_told(&self) -> bool {
        *self.0.0.lock()
    }

    /// Waits that long, or until it is told to stop; whether it was.
    pub fn wait(&self, pause: Duration) -> bool {
        let deadline = Instant::now() + pause;
        let mut told = self.0.0.lock();
        while !*told {
            if self.0.1.wait_until(&mut told, deadline).timed_out() {
                break;
            }
        }
        *told
    }
}

//! Limits attempts to sign in, so that passwords cannot be guessed.
//!
//! An attempt counts as failed from its beginning until it succeeds, so that many at once, or abandoned
//! ones, count too.

use domain::{SecretHash, Stamp};
use parking_lot::Mutex;
use quick_cache::unsync::Cache;
use thiserror::Error;

use crate::secret;

/// Attempts for one name within the span.
const BY_NAME_MAX: u32 = 10;

/// Attempts from one place within the span: behind a proxy, that place is everybody's.
const BY_PLACE_MAX: u32 = 200;

/// Attempts count for this long after the first of them.
const SPAN_MS: i64 = 15 * 60_000;

/// Names and places that are remembered; others push out those that have not been heard of for long.
const REMEMBERED_MAX: usize = 100_000;

/// Too many attempts have failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many failed attempts: try again in {minutes} minutes")]
pub struct TooManyAttempts {
    /// When to try again.
    pub minutes: i64,
}

/// What attempts are counted by. Stored as a hash, so that its length is fixed, whatever was typed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    hash: SecretHash,
    max: u32,
}

impl Source {
    /// Attempts for this name.
    pub(crate) fn name(name: &str) -> Source {
        Source { hash: secret::hash(&format!("name {name}")), max: BY_NAME_MAX }
    }

    /// Attempts from this place.
    pub(crate) fn place(place: &str) -> Source {
        Source { hash: secret::hash(&format!("place {place}")), max: BY_PLACE_MAX }
    }
}

#[derive(Clone, Copy)]
struct Count {
    attempts: u32,
    since: Stamp,
}

/// The attempts of late, by name and by place.
pub(crate) struct Attempts(Mutex<Cache<Source, Count>>);

impl Attempts {
    pub(crate) fn new() -> Attempts {
        Attempts(Mutex::new(Cache::new(REMEMBERED_MAX)))
    }

    /// Counts an attempt, if another one may be made.
    pub(crate) fn begin(&self, of: &[Source], now: Stamp) -> Result<(), TooManyAttempts> {
        let mut counts = self.0.lock();
        let recent = |count: &Count| count.since.millis() + SPAN_MS > now.millis();
        for source in of {
            let full = counts.get(source).copied().filter(recent);
            if let Some(count) = full.filter(|count| count.attempts >= source.max) {
                let left_ms = count.since.millis() + SPAN_MS - now.millis();
                return Err(TooManyAttempts { minutes: (left_ms + 59_999) / 60_000 });
            }
        }
        for source in of {
            let before = counts.get(source).copied().filter(recent);
            let Count { attempts, since } = before.unwrap_or(Count { attempts: 0, since: now });
            counts.insert(*source, Count { attempts: attempts + 1, since });
        }
        Ok(())
    }

    /// An attempt has succeeded: the name begins anew, the place gets this one back.
    pub(crate) fn succeeded(&self, name: Source, place: Option<Source>) {
        let mut counts = self.0.lock();
        counts.remove(&name);
        if let Some(place) = place
            && let Some(count) = counts.get(&place).copied()
        {
            counts.insert(place, Count { attempts: count.attempts.saturating_sub(1), ..count });
        }
    }
}

//! Limits attempts to sign in, so that passwords cannot be guessed.
//!
//! Attempts in a browser that is known for the name ([`crate::gate::devices`]) are counted by that browser alone; all others
//! by the name and by the address. So strangers lock out strangers, and never a known browser.
//!
//! An attempt counts as failed from its beginning until it succeeds, so that many at once, or abandoned
//! ones, count too.

use std::net::{IpAddr, Ipv6Addr};

use domain::{SecretHash, Stamp};
use parking_lot::Mutex;
use quick_cache::unsync::Cache;
use thiserror::Error;

use crate::base::secret;

/// Attempts for one name, or in one known browser, within the span.
const BY_NAME_MAX: u32 = 10;

/// Attempts from one address within the span: behind a proxy, or in an office, it is everybody's.
const BY_PLACE_MAX: u32 = 200;

/// Attempts count for this long after the first of them.
const SPAN_MS: i64 = 15 * 60_000;

/// Sources that are remembered; others push out those that have not been heard of for long.
const REMEMBERED_MAX: usize = 100_000;

/// Of an IPv6 address, providers give everyone at least all that begin with these bits.
const NETWORK_BITS: u128 = 64;

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

    /// Attempts in the browser that this random number was given to.
    pub(crate) fn device(number: &str) -> Source {
        Source { hash: secret::hash(&format!("device {number}")), max: BY_NAME_MAX }
    }

    /// Attempts from this address.
    pub(crate) fn place(address: Option<IpAddr>) -> Source {
        let hash = secret::hash(&format!("place {}", network(address)));
        Source { hash, max: BY_PLACE_MAX }
    }

    /// Attempts from this address to use a setup link.
    pub(crate) fn setup(address: Option<IpAddr>) -> Source {
        let hash = secret::hash(&format!("setup from {}", network(address)));
        Source { hash, max: BY_NAME_MAX }
    }

    /// What tells it from every other.
    pub(crate) fn id(&self) -> SecretHash {
        self.hash
    }
}

/// The addresses that one client has to choose from; empty where it is not known.
pub(crate) fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => String::new(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let host_bits = 128 - NETWORK_BITS;
            let network = address.to_bits() >> host_bits << host_bits;
            Ipv6Addr::from_bits(network).to_string()
        }
    }
}

#[derive(Clone, Copy)]
struct Count {
    attempts: u32,
    since: Stamp,
}

/// The attempts of late, by source.
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

    /// An attempt has succeeded: what it was made for begins anew, the address gets this one back.
    pub(crate) fn succeeded(&self, of: &[Source]) {
        let mut counts = self.0.lock();
        for source in of {
            match source.max {
                BY_PLACE_MAX => give_back(&mut counts, *source),
                _ => drop(counts.remove(source)),
            }
        }
    }

    /// An attempt was not made after all.
    pub(crate) fn give_back(&self, of: &[Source]) {
        let mut counts = self.0.lock();
        of.iter().for_each(|source| give_back(&mut counts, *source));
    }
}

fn give_back(counts: &mut Cache<Source, Count>, source: Source) {
    let Some(count) = counts.get(&source).copied() else { return };
    match count.attempts {
        0 | 1 => drop(counts.remove(&source)),
        attempts => counts.insert(source, Count { attempts: attempts - 1, ..count }),
    }
}

//! What happens again and again is counted in one entry, so that neither a stranger nor a busy script can fill the
//! disk, or push other entries out.

use std::net::IpAddr;

use domain::{Actor, AuditEntry, AuditKind, By, KeyId, Stamp};
use hashbrown::HashMap;

use crate::gate::throttle::network;

/// Refused attempts of the same kind and person, from the same address, are counted together this long.
const TOGETHER_MS: i64 = 60 * 60_000;

/// How soon the store hears of a higher count.
const WRITTEN_EVERY_MS: i64 = 60_000;

/// Different ones that are told apart in that time; all others of a kind are counted together.
const TOLD_APART_MAX: usize = 20;

/// A key's logins from the same address are noted once in this time.
const DAY_MS: i64 = 24 * 60 * 60_000;

/// Addresses from which a key's logins are noted in that time.
const ADDRESSES_MAX: usize = 10;

/// What is counted together: kind, person or key, network.
type Same = (AuditKind, Actor, String);

struct Counted {
    entry: AuditEntry,
    /// The count that the store has been told, and when.
    written: u64,
    written_at: Stamp,
}

/// Refused attempts of an hour.
#[derive(Default)]
pub(crate) struct Repeated {
    since: Option<Stamp>,
    counted: HashMap<Same, Counted>,
}

impl Repeated {
    /// Counts one; gives the entries that are to be written now.
    pub(crate) fn count(
        &mut self,
        by: By,
        kind: AuditKind,
        now: Stamp,
        new: impl FnOnce() -> AuditEntry,
    ) -> Vec<AuditEntry> {
        let mut due = self.begin_anew_if_due(now);
        let mut same = (kind, by.actor, network(by.from));
        let is_one_too_many =
            self.counted.len() >= TOLD_APART_MAX && !self.counted.contains_key(&same);
        if is_one_too_many {
            same = (kind, Actor::Unknown, "many".to_owned());
        }
        if let Some(counted) = self.counted.get_mut(&same) {
            counted.entry.count += 1;
            counted.entry.last = now;
            due.extend(counted.due(now));
            return due;
        }
        let mut entry = new();
        if is_one_too_many {
            entry.by = By { actor: Actor::Unknown, from: None };
            entry.what = "from several addresses or with several names".to_owned();
        }
        due.push(entry.clone());
        self.counted.insert(same, Counted { entry, written: 1, written_at: now });
        due
    }

    /// Entries whose counts the store should hear of now.
    pub(crate) fn due(&mut self, now: Stamp) -> Vec<AuditEntry> {
        let mut due = self.begin_anew_if_due(now);
        due.extend(self.counted.values_mut().filter_map(|counted| counted.due(now)));
        due
    }

    /// Entries whose counts the store does not know.
    pub(crate) fn not_written(&self) -> Vec<AuditEntry> {
        let unknown = self.counted.values().filter(|counted| counted.written < counted.entry.count);
        unknown.map(|counted| counted.entry.clone()).collect()
    }

    /// How often what an entry says has happened, and when last; none if it is not being counted.
    pub(crate) fn counted(&self, number: u64) -> Option<(u64, Stamp)> {
        let mut counted = self.counted.values().map(|counted| &counted.entry);
        let entry = counted.find(|entry| entry.number == number)?;
        Some((entry.count, entry.last))
    }

    /// After an hour, the next one makes an entry of its own.
    fn begin_anew_if_due(&mut self, now: Stamp) -> Vec<AuditEntry> {
        let since = *self.since.get_or_insert(now);
        if now.millis() - since.millis() < TOGETHER_MS {
            return Vec::new();
        }
        let due = self.not_written();
        *self = Repeated { since: Some(now), counted: HashMap::new() };
        due
    }
}

impl Counted {
    fn due(&mut self, now: Stamp) -> Option<AuditEntry> {
        let is_new = self.written < self.entry.count;
        let waited_ms = now.millis() - self.written_at.millis();
        (is_new && waited_ms >= WRITTEN_EVERY_MS).then(|| {
            (self.written, self.written_at) = (self.entry.count, now);
            self.entry.clone()
        })
    }
}

/// Where the keys of an organization have been used to log in, of late.
#[derive(Default)]
pub(crate) struct LoginsOfKeys(HashMap<KeyId, (Stamp, Vec<Option<IpAddr>>)>);

impl LoginsOfKeys {
    /// Whether a login is the first from its address within a day.
    pub(crate) fn is_first(&mut self, key: KeyId, from: Option<IpAddr>, now: Stamp) -> bool {
        let (since, addresses) = self.0.entry(key).or_insert((now, Vec::new()));
        if now.millis() - since.millis() >= DAY_MS {
            (*since, *addresses) = (now, Vec::new());
        }
        let is_first = addresses.len() < ADDRESSES_MAX && !addresses.contains(&from);
        if is_first {
            addresses.push(from);
        }
        is_first
    }
}

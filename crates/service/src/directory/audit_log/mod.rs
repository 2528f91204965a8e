//! What is known of an organization's audit log in memory, and what is written to it when the directory changes.

mod difference;
mod repeated;

use std::sync::atomic::{AtomicU64, Ordering};

use domain::{AUDIT_CHARS_MAX, AuditEntry, AuditKind, By, OrgKey, Stamp};
use parking_lot::Mutex;
use store::{AuditEnds, Transaction};

use crate::base::refusal::{Refusal, unavailable};
use crate::directory::Directory;

use repeated::{LoginsOfKeys, Repeated};

/// How many entries a single change makes at most: a file can add thousands of people.
const ENTRIES_OF_CHANGE_MAX: usize = 50;

/// What is known of an organization's audit log in memory.
pub(crate) struct AuditLog {
    /// The number of the next entry.
    next: AtomicU64,
    /// Refused attempts of the last hour.
    pub(crate) repeated: Mutex<Repeated>,
    pub(crate) logins: Mutex<LoginsOfKeys>,
}

impl AuditLog {
    pub(crate) fn new(ends: Option<AuditEnds>) -> AuditLog {
        AuditLog {
            next: AtomicU64::new(ends.map_or(0, |ends| ends.last) + 1),
            repeated: Mutex::default(),
            logins: Mutex::default(),
        }
    }

    /// The next entry: to be written, now or never.
    pub(crate) fn entry(&self, at: Stamp, by: By, kind: AuditKind, what: &str) -> AuditEntry {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let what = what.chars().take(AUDIT_CHARS_MAX).collect();
        AuditEntry { number, at, last: at, count: 1, kind, by, what }
    }

    /// Counts of refused attempts that the store does not know yet.
    pub(crate) fn not_written(&self) -> Vec<AuditEntry> {
        self.repeated.lock().not_written()
    }

    /// Writes down how a directory has changed.
    pub(crate) fn put_difference(
        &self,
        org: OrgKey,
        before: &Directory,
        after: &Directory,
        by: By,
        at: Stamp,
        transaction: &mut dyn Transaction,
    ) -> Result<(), Refusal> {
        let mut found = difference::found(before, after);
        let more = found.len().saturating_sub(ENTRIES_OF_CHANGE_MAX);
        if more > 0 {
            let kind = found[0].0;
            found.truncate(ENTRIES_OF_CHANGE_MAX);
            found.push((kind, format!("and {more} more changes at the same time")));
        }
        for (kind, what) in found {
            let entry = self.entry(at, by, kind, &what);
            transaction.put_audit(org, &entry).map_err(|e| unavailable(&e))?;
        }
        Ok(())
    }
}

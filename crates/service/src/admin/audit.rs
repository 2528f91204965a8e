//! The audit log of an organization: who did what, when, and from where. Secrets are never in it.
//!
//! What changes the directory is noted in the same commit, whoever changes it: [`difference`] compares the directory
//! before and after. Exports are noted before they begin. Sign-ins are noted with their sessions, and like those
//! survive a killed process, but need not survive a power cut. Refused ones are counted together ([`repeated`]).

use std::sync::Arc;

use domain::{Actor, AuditEntry, AuditKind, AuditQuery, By};
use store::Durability;
use tokio::sync::oneshot;

use crate::base::refusal::{Refusal, unavailable};
use crate::commit::notes::Note;
use crate::engine::Service;
use crate::folder::authority::Authority;
use crate::folder::tenant::Tenant;

/// Entries are kept this long, in days…
pub const AUDIT_DAYS_MAX: i64 = 400;

/// …and at most so many for each organization: the oldest go first.
pub const AUDIT_ENTRIES_MAX: u64 = 1_000_000;

/// Entries that are looked at in one transaction, to remove those that are too old.
const EXPIRY_STEP: u32 = 1_000;

/// Such steps in one round of housekeeping.
const EXPIRY_STEPS_MAX: u32 = 20;

const DAY_MS: i64 = 24 * 60 * 60_000;

impl Service {
    /// The entries of an organization's audit log that a query wants, the latest first.
    ///
    /// # Errors
    /// When the store cannot read, or the server is stopping.
    pub async fn audit(&self, org: &Tenant, query: AuditQuery) -> Result<Vec<AuditEntry>, Refusal> {
        let (store, key) = (self.shared.store.clone(), org.key);
        let stored = self.blocking(move || store.audit(key, &query)).await?;
        let mut entries = stored.map_err(|e| unavailable(&e))?;
        // What has been counted since is known in memory.
        let counted = org.people.audit.repeated.lock();
        for entry in &mut entries {
            if let Some((count, last)) = counted.counted(entry.number) {
                (entry.count, entry.last) = (count, last);
            }
        }
        Ok(entries)
    }

    /// Notes what is about to be done: when this returns, it is noted.
    ///
    /// # Errors
    /// When the store cannot write.
    pub async fn note_act(
        &self,
        by: impl Into<Authority>,
        kind: AuditKind,
        what: &str,
    ) -> Result<(), Refusal> {
        let by = by.into();
        let org = by.org();
        let entry = org.people.audit.entry(self.now(), by.by(), kind, what);
        let (reply, kept) = oneshot::channel();
        self.note(org, Note::Audit(Box::new(entry)), Some(reply))?;
        let lost = |_| Refusal::Unavailable("cannot write to the audit log".to_owned());
        kept.await.map_err(lost)
    }

    /// Notes what comes to the store in the same transaction as what is sent to it next, or before.
    pub(crate) fn note_with_next(&self, org: &Arc<Tenant>, by: By, kind: AuditKind, what: &str) {
        let entry = org.people.audit.entry(self.now(), by, kind, what);
        // If it is not taken, neither is the next.
        let _ = self.note(org, Note::Audit(Box::new(entry)), None);
    }

    /// Counts a refused attempt: the first one is noted at once, others with it later.
    pub(crate) fn note_refused(&self, org: &Arc<Tenant>, by: By, kind: AuditKind, what: &str) {
        let new = || org.people.audit.entry(self.now(), by, kind, what);
        let due = org.people.audit.repeated.lock().count(by, kind, self.now(), new);
        self.write_counts(org, due);
    }

    /// Notes the first login with a key from an address within a day.
    pub(crate) fn note_key_login(&self, org: &Arc<Tenant>, by: By) {
        let Actor::Key(key) = by.actor else { return };
        if org.people.audit.logins.lock().is_first(key, by.from, self.now()) {
            let what = "first login of the day from this address";
            self.note_with_next(org, by, AuditKind::KeyLogin, what);
        }
    }

    fn write_counts(&self, org: &Arc<Tenant>, entries: Vec<AuditEntry>) {
        for entry in entries {
            // A count that is not written is too small.
            let _ = self.note(org, Note::Audit(Box::new(entry)), None);
        }
    }

    /// Writes what has been counted, and removes what is too old.
    pub(crate) async fn keep_audit(&self, org: &Arc<Tenant>) {
        let due = org.people.audit.repeated.lock().due(self.now());
        self.write_counts(org, due);
        for _ in 0..EXPIRY_STEPS_MAX {
            match self.expire_audit(org).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(problem) => {
                    tracing::warn!(org = %org.id, %problem, "cannot remove old entries of the audit log");
                    return;
                }
            }
        }
    }

    /// Removes some entries that are too old or too many; false if there were none.
    async fn expire_audit(&self, org: &Arc<Tenant>) -> Result<bool, Refusal> {
        let key = org.key;
        // Two rows, on a thread that may wait.
        let ends = self.shared.store.audit_ends(key).map_err(|e| unavailable(&e))?;
        let Some(ends) = ends else { return Ok(false) };
        let before = self.now().plus_millis(-AUDIT_DAYS_MAX * DAY_MS);
        let through = ends.last.saturating_sub(AUDIT_ENTRIES_MAX);
        if ends.first_at >= before && ends.first > through {
            return Ok(false);
        }
        self.call(Some(key), move |committer| {
            committer.transact(Durability::Process, |transaction| {
                let expired = transaction.expire_audit(key, before, through, EXPIRY_STEP);
                expired.map_err(|e| unavailable(&e))
            })
        })
        .await?;
        Ok(true)
    }
}

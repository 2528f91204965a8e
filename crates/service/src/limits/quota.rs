//! How much an organization may store. Without a quota nothing is counted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use domain::{OrgId, OrgKey, Seq};
use store::Store;

use crate::base::refusal::Refusal;

/// Versions that one look counts of an organization: after a start, a large log is counted in steps.
const VERSIONS_AT_ONCE: u64 = 50_000;

/// What an organization has stored, as far as its log has been counted.
#[derive(Default)]
pub(crate) struct Stored {
    counted: AtomicU64,
    bytes: AtomicU64,
    is_over: AtomicBool,
}

impl Stored {
    /// Counts what the log has gained, up to this position. For the committer alone, which writes it.
    pub(crate) fn count(&self, store: &dyn Store, org: (OrgKey, &OrgId), head: Seq, quota: u64) {
        let after = self.counted.load(Ordering::Relaxed);
        let through = head.0.min(after.saturating_add(VERSIONS_AT_ONCE));
        if through <= after {
            return;
        }
        // What cannot be read now is counted at the next look.
        let Ok(bytes) = store.log_bytes(org.0, Seq(after), Seq(through)) else { return };
        self.counted.store(through, Ordering::Relaxed);
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let is_over = bytes >= quota;
        if is_over && !self.is_over.swap(is_over, Ordering::Relaxed) {
            let quota_mib = quota >> 20;
            tracing::warn!(org = %org.1, quota_mib, "the organization has used its quota: its activities can only be read");
        }
    }

    /// Refuses more to an organization that has used its quota.
    pub(crate) fn admit(&self) -> Result<(), Refusal> {
        match self.is_over.load(Ordering::Relaxed) {
            true => Err(Refusal::Unavailable(
                "the organization has used all of its storage space, so nothing can be changed; the administrator of the server can allow more".to_owned(),
            )),
            false => Ok(()),
        }
    }
}

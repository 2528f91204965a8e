//! Free space on the disk. Activities are no longer written while there is less than a reserve, so that what is
//! small and needed goes on: sessions, runs, the promise. A disk that is full to the last byte would end them too.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use store::Store;

use crate::base::refusal::Refusal;

/// How often the committer looks.
const LOOK_EVERY_MS: i64 = 500;

/// What is told to whom a change is refused; what there is to do about it is in the log.
const FULL: &str =
    "the server's disk is almost full, so nothing can be changed until it has more space";

/// What activities may take of the disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskLimits {
    /// Activities are not written while the disk has less space than this.
    pub reserve_bytes: u64,
    /// How much each organization may store: all versions of its activities. Without one, as much as there is.
    pub quota_bytes: Option<u64>,
}

/// How much space there is, as of the last look.
pub(crate) struct Disk {
    reserve_bytes: u64,
    /// How much each organization may store.
    quota_bytes: Option<u64>,
    free_bytes: AtomicU64,
    is_short: AtomicBool,
    look_due_ms: AtomicI64,
}

impl Disk {
    /// One that has not been looked at yet.
    pub(crate) fn new(limits: DiskLimits) -> Disk {
        Disk {
            reserve_bytes: limits.reserve_bytes,
            quota_bytes: limits.quota_bytes,
            free_bytes: AtomicU64::new(u64::MAX),
            is_short: AtomicBool::new(false),
            look_due_ms: AtomicI64::new(i64::MIN),
        }
    }

    /// Looks again, if it is time to; then says how much each organization may store, if that is limited.
    pub(crate) fn look(&self, store: &dyn Store, elapsed_ms: i64) -> Option<u64> {
        if elapsed_ms < self.look_due_ms.load(Ordering::Relaxed) {
            return None;
        }
        self.look_due_ms.store(elapsed_ms + LOOK_EVERY_MS, Ordering::Relaxed);
        self.look_at_the_disk(store);
        self.quota_bytes
    }

    /// A store that cannot tell is taken to have space: it says by itself when a write fails.
    fn look_at_the_disk(&self, store: &dyn Store) {
        let Ok(Some(free_bytes)) = store.free_bytes() else { return };
        self.free_bytes.store(free_bytes, Ordering::Relaxed);
        let is_short = free_bytes < self.reserve_bytes;
        let (free_mib, reserve_mib) = (free_bytes >> 20, self.reserve_bytes >> 20);
        match (self.is_short.swap(is_short, Ordering::Relaxed), is_short) {
            (false, true) => tracing::error!(
                free_mib,
                reserve_mib,
                "the disk is almost full: activities can only be read until there is more space than --disk-reserve-mib"
            ),
            (true, false) => {
                tracing::info!(free_mib, "the disk has space again: activities can be changed");
            }
            _ => {}
        }
    }

    /// How much space there was at the last look; none if that is not known.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        Some(self.free_bytes.load(Ordering::Relaxed)).filter(|free| *free != u64::MAX)
    }

    /// Refuses what is not to be written while there is less space than the reserve.
    pub(crate) fn admit(&self) -> Result<(), Refusal> {
        match self.is_short.load(Ordering::Relaxed) {
            true => Err(Refusal::Unavailable(FULL.to_owned())),
            false => Ok(()),
        }
    }
}

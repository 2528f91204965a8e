//! Which activity has which id in the system that it was imported from.
//!
//! It is read from the log when an import first asks for it, and follows the log from then on. Ids of
//! activities that have been removed since count too: importing them again must not make new ones.

use std::collections::HashMap;
use std::ops::ControlFlow;

use domain::{ActivityId, ExternalId, OrgKey, Seq};
use parking_lot::Mutex;
use store::{Store, StoreError};

/// Versions that are read at once.
const READ_AT_ONCE: u64 = 1_000;

/// See the module.
pub(crate) struct ExternalIds(Mutex<Known>);

struct Known {
    /// The last version that has been read.
    until: Seq,
    ids: HashMap<ExternalId, ActivityId>,
}

impl Default for ExternalIds {
    fn default() -> ExternalIds {
        ExternalIds(Mutex::new(Known { until: Seq::ZERO, ids: HashMap::new() }))
    }
}

impl ExternalIds {
    /// The activity of that external id, as of the log's head.
    pub(crate) fn find(
        &self,
        store: &dyn Store,
        org: OrgKey,
        head: Seq,
        id: &ExternalId,
    ) -> Result<Option<ActivityId>, StoreError> {
        self.follow(store, org, head)?;
        Ok(self.0.lock().ids.get(id).copied())
    }

    /// Reads what the log has beyond what is known. The lock is not held meanwhile: the committer may wait
    /// for it.
    fn follow(&self, store: &dyn Store, org: OrgKey, head: Seq) -> Result<(), StoreError> {
        loop {
            let from = self.0.lock().until;
            if from >= head {
                return Ok(());
            }
            let to = Seq(head.0.min(from.0 + READ_AT_ONCE));
            let found = read(store, org, from, to)?;
            let mut known = self.0.lock();
            // Somebody else may have read the same.
            if known.until == from {
                known.until = to;
                known.ids.extend(found);
            }
        }
    }
}

/// The external ids of the versions after `from`, up to `to`.
fn read(
    store: &dyn Store,
    org: OrgKey,
    from: Seq,
    to: Seq,
) -> Result<Vec<(ExternalId, ActivityId)>, StoreError> {
    let seqs: Vec<Seq> = (from.0 + 1..=to.0).map(Seq).collect();
    let mut found = Vec::new();
    store.show_versions(org, &seqs, &mut |version| {
        let external_id = version.content.and_then(|content| content.external_id);
        if let Some(id) = external_id.and_then(|id| ExternalId::parse(id.as_str()).ok()) {
            found.push((id, version.id));
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

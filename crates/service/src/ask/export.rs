//! Everything that an organization has now, for an export.

use domain::{Seq, Version};
use store::StoreError;
use timeline::SeqRange;

use crate::base::runtime::wait;
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::log::versions::visit_versions;

impl Service {
    /// Shows all records and tombstones of one view, the oldest change first. To be called on a thread that may wait: for
    /// a commit under way, perhaps.
    ///
    /// # Errors
    /// When the store cannot answer, or `visit` has enough.
    pub fn export<E: From<StoreError>>(
        &self,
        org: &Tenant,
        visit: &mut dyn FnMut(&Version) -> Result<(), E>,
    ) -> Result<(), E> {
        // Commands have threads of their own, without the runtime's timers.
        let view = loop {
            let moved = org.log.moved.notified();
            match self.read(org) {
                Some(reading) => break reading.view,
                None => wait(moved),
            }
        };
        let mut seqs: Vec<Seq> = view.records(SeqRange::ALL).collect();
        seqs.extend(view.tombstones(SeqRange::ALL));
        seqs.sort_unstable();
        visit_versions(self.shared.store.as_ref(), org.key, &seqs, visit)
    }
}

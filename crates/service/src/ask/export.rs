//! Everything that an organization has now, for an export.

use domain::{Seq, Version};
use store::StoreError;
use timeline::SeqRange;

use crate::base::runtime::wait;
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::log::versions::visit_versions;

impl Service {
    /// Shows all records and tombstones of one view, the oldest change first. To be called where it may wait.
    ///
    /// # Errors
    /// When the store cannot answer, or `visit` has enough.
    pub fn export<E: From<StoreError>>(
        &self,
        org: &Tenant,
        visit: &mut dyn FnMut(&Version) -> Result<(), E>,
    ) -> Result<(), E> {
        let view =
            wait(self.reading(org)).map_err(|e| StoreError::Unavailable(e.to_string()))?.view;
        let mut seqs: Vec<Seq> = view.records(SeqRange::ALL).collect();
        seqs.extend(view.tombstones(SeqRange::ALL));
        seqs.sort_unstable();
        visit_versions(self.shared.store.as_ref(), org.key, &seqs, visit)
    }
}

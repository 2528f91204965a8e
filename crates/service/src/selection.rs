//! All that a list shows, for whoever takes it home: the positions at once, which are small, the
//! records piece by piece. Versions never change (invariant 1), so that the pieces fit together
//! whatever is written meanwhile.

use std::sync::Arc;

use domain::{Seq, Version};

use crate::tenant::Tenant;
use crate::{AskError, ListQuery, Service};

impl Service {
    /// The positions of all records on all pages of a list, in its order.
    ///
    /// # Errors
    /// See [`Service::list`].
    pub async fn select(&self, org: &Arc<Tenant>, query: &ListQuery) -> Result<Vec<Seq>, AskError> {
        let all = ListQuery { page: 1, page_size: u32::MAX, ..query.clone() };
        Ok(self.list(org, &all).await?.records.iter().map(|version| version.seq).collect())
    }

    /// The versions at these positions, in that order, past the cache: for long lists.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn selected(
        &self,
        org: &Tenant,
        positions: Vec<Seq>,
    ) -> Result<Vec<Version>, AskError> {
        let (store, key) = (self.shared.store.clone(), org.key);
        Ok(self.blocking(move || store.versions(key, &positions)).await??)
    }
}

//! Takes back what an unfinished first import has left in the log.

use domain::{Organization, Stage};
use store::{Durability, Store, StoreError, Transaction};

/// Versions that are cut back in one transaction.
const CUT_VERSIONS_MAX: u32 = 5_000;

/// Removes what an unfinished import of an earlier process has left, before anything can be read.
pub(crate) fn cut_back(
    store: &dyn Store,
    organization: &mut Organization,
) -> Result<(), StoreError> {
    let mut more = organization.stage == Stage::Importing;
    while more {
        let mut transaction = store.begin(Durability::Power)?;
        more = cut_back_some(transaction.as_mut(), organization)?;
        transaction.commit().map_err(|e| StoreError::Unavailable(e.to_string()))?;
    }
    Ok(())
}

/// A part of it; true if there is more. The mark goes with the last.
pub(crate) fn cut_back_some(
    transaction: &mut dyn Transaction,
    organization: &mut Organization,
) -> Result<bool, StoreError> {
    let more = transaction.cut_back(organization.key, CUT_VERSIONS_MAX)?;
    if !more {
        organization.stage = Stage::Fresh;
        transaction.put_organization(organization)?;
    }
    Ok(more)
}

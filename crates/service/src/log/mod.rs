//! What an organization's log tells, and to whom it has been told: instants, versions, coverage.

pub(crate) mod coverage;
pub(crate) mod exposure;
pub(crate) mod external_ids;
pub(crate) mod lease;
pub(crate) mod query;
pub(crate) mod versions;

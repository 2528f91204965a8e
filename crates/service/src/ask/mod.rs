//! Questions: what has changed since, page by page; one activity, its history; fingerprints; followers.

pub(crate) mod digest;
pub(crate) mod export;
pub(crate) mod history;
pub(crate) mod live;
pub(crate) mod preview;
pub(crate) mod reading;
pub(crate) mod sync;
pub(crate) mod versions;

//! The latest versions in memory. They never change (invariant 1), so that what is cached is never stale.

use std::sync::Arc;

use domain::{Activity, CustomField, Note, OrgKey, Seq, State, Subject, Version};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use store::{Store, StoreError};

/// The key of a version in a cache.
pub(crate) type VersionKey = (OrgKey, Seq);

/// Bytes that a version takes in addition to its texts, roughly.
const VERSION_BYTES: usize = 400;

/// The same of a custom field.
const FIELD_BYTES: usize = 100;

/// Versions in a read of the store by one blocking step.
const READ_VERSIONS_MAX: usize = 1_000;

#[derive(Clone)]
struct ByBytes;

impl Weighter<VersionKey, Arc<Version>> for ByBytes {
    fn weight(&self, _: &VersionKey, version: &Arc<Version>) -> u64 {
        bytes_of(&version.state) as u64
    }
}

/// Bytes that a version of this state takes, roughly.
pub(crate) fn bytes_of(state: &State) -> usize {
    match state {
        State::Record(activity) => bytes_of_activity(activity),
        State::Tombstone => VERSION_BYTES,
    }
}

/// The same of a record.
pub(crate) fn bytes_of_activity(activity: &Activity) -> usize {
    let fields = activity.custom_fields.iter().map(CustomField::bytes);
    bytes_of_texts(Some(&activity.subject), Some(&activity.note), fields)
}

/// The same of texts, those of a write or of a record, and of custom fields of so many bytes each.
pub(crate) fn bytes_of_texts(
    subject: Option<&Subject>,
    note: Option<&Note>,
    fields: impl Iterator<Item = usize>,
) -> usize {
    let subject = subject.map_or(0, |subject| subject.as_str().len());
    let note = note.map_or(0, |note| note.as_str().len());
    VERSION_BYTES + subject + note + fields.map(|bytes| FIELD_BYTES + bytes).sum::<usize>()
}

/// The versions committed last, bounded in bytes: they are asked for first.
pub(crate) struct Versions(Cache<VersionKey, Arc<Version>, ByBytes>);

impl Versions {
    pub(crate) fn new(bytes_max: u64) -> Versions {
        let items = usize::try_from(bytes_max / VERSION_BYTES as u64).unwrap_or(usize::MAX).max(1);
        Versions(Cache::with_weighter(items, bytes_max, ByBytes))
    }

    pub(crate) fn has(&self, org: OrgKey, seq: Seq) -> bool {
        self.0.contains_key(&(org, seq))
    }

    pub(crate) fn get(&self, org: OrgKey, seq: Seq) -> Option<Arc<Version>> {
        self.0.get(&(org, seq))
    }

    /// Keeps versions that have just been committed.
    pub(crate) fn remember(&self, org: OrgKey, versions: Vec<Version>) {
        for version in versions {
            self.0.insert((org, version.seq), Arc::new(version));
        }
    }
}

/// Shows the versions at these positions one after the other, past the cache: for long lists.
pub(crate) fn visit_versions<E: From<StoreError>>(
    store: &dyn Store,
    org: OrgKey,
    seqs: &[Seq],
    visit: &mut dyn FnMut(&Version) -> Result<(), E>,
) -> Result<(), E> {
    for chunk in seqs.chunks(READ_VERSIONS_MAX) {
        store.versions(org, chunk)?.iter().try_for_each(&mut *visit)?;
    }
    Ok(())
}

//! What an organization's log tells, and to whom it has been told: instants, versions, coverage.

pub(crate) mod coverage;
pub(crate) mod exposure;
pub(crate) mod external_ids;
pub(crate) mod lease;
pub(crate) mod query;
pub(crate) mod versions;

use std::ops::ControlFlow;

use domain::{ActivityId, ExternalId, OrgKey, Organization, Seq, Stamp};
use parking_lot::RwLock;
use store::{Store, StoreError};
use timeline::{Entry, Timeline};
use tokio::sync::Notify;

use crate::log::coverage::Coverages;
use crate::log::exposure::Exposure;
use crate::log::external_ids::ExternalIds;

/// One organization's log, and what has been told of it.
pub(crate) struct Log {
    /// The store's number for the organization.
    pub(crate) org: OrgKey,
    pub(crate) timeline: RwLock<Timeline>,
    pub(crate) exposure: Exposure,
    /// What each key has asked for, and what of it was delivered.
    pub(crate) coverages: Coverages,
    external_ids: ExternalIds,
    /// Rung whenever the horizon may have moved for another reason than time.
    pub(crate) moved: Notify,
}

impl Log {
    /// Rebuilds what is derived from it.
    pub(crate) fn load(
        store: &dyn Store,
        of: &Organization,
        exposed: Stamp,
    ) -> Result<Log, StoreError> {
        let timeline = read_log(store, of)?;
        let head = timeline.last_stamp().unwrap_or(Stamp::MIN);
        Ok(Log {
            org: of.key,
            coverages: Coverages::new(store.coverages(of.key)?, timeline.head().seq()),
            exposure: Exposure::new(timeline.head(), head, exposed),
            timeline: RwLock::new(timeline),
            external_ids: ExternalIds::default(),
            moved: Notify::new(),
        })
    }

    /// The activity of that external id, as of all that is in the log.
    pub(crate) fn activity_of(
        &self,
        store: &dyn Store,
        id: &ExternalId,
    ) -> Result<Option<ActivityId>, StoreError> {
        let head = self.timeline.read().head().seq();
        self.external_ids.find(store, self.org, head, id)
    }

    /// Shows a whole log in one step, that of a first import. The head is the last version's stamp, and not
    /// the one that the import has drawn: what is exposed must be covered by a version, or by a promise.
    pub(crate) fn show(&self, timeline: Timeline) {
        let (view, head) = (timeline.head(), timeline.last_stamp().unwrap_or(Stamp::MIN));
        *self.timeline.write() = timeline;
        self.exposure.publish(view, head);
        self.moved.notify_waiters();
    }
}

/// What follows from an organization's log.
pub(crate) fn read_log(store: &dyn Store, of: &Organization) -> Result<Timeline, StoreError> {
    let mut timeline = Timeline::new();
    let mut problem = None;
    store.log(of.key, Seq::ZERO, &mut |entry| {
        let at = timeline.append(Entry { id: entry.id, stamp: entry.stamp, kind: entry.kind });
        match at {
            Ok(seq) if seq == entry.seq => return ControlFlow::Continue(()),
            Ok(seq) => problem = Some(format!("position {seq} is missing")),
            Err(e) => problem = Some(format!("position {}: {e}", entry.seq)),
        }
        ControlFlow::Break(())
    })?;
    match problem {
        Some(problem) => {
            Err(StoreError::Damaged(format!("the log of organization {}: {problem}", of.id)))
        }
        None => Ok(timeline),
    }
}

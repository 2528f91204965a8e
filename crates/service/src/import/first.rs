//! The first import: given stamps are kept, in one transaction, before anything is exposed.

use std::sync::Arc;

use domain::{Imported, Kind, Seq, Stamp, State, Version};
use store::{CommitError, Durability, Transaction};
use timeline::Entry;

use super::{AUTHOR, ImportError, ImportPlan};
use crate::commit::{Committer, unavailable};
use crate::directory::Directory;
use crate::tenant::Tenant;
use crate::{Refusal, Service};

/// Items between two reports of progress.
const PROGRESS_ITEMS: u64 = 1_000;

pub(super) enum Outcome {
    Done(Done),
    /// Somebody has logged in or written meanwhile: the plan is given back, untouched.
    NotFirst(Box<ImportPlan>),
}

pub(super) struct Done {
    pub(super) records: u64,
    pub(super) tombstones: u64,
    pub(super) from_the_future: u64,
}

type Progress = Arc<dyn Fn(u64) + Send + Sync>;

impl Service {
    pub(super) fn import_first(
        &self,
        org: &Arc<Tenant>,
        plan: ImportPlan,
        progress: Progress,
    ) -> Result<Outcome, ImportError> {
        let org = org.clone();
        self.call(move |committer| committer.import_first(&org, plan, &progress))
    }
}

impl Committer {
    fn import_first(
        &mut self,
        org: &Tenant,
        mut plan: ImportPlan,
        progress: &Progress,
    ) -> Result<Outcome, ImportError> {
        let directory = org.directory();
        if directory.organization.opened || !org.timeline.read().is_empty() {
            return Ok(Outcome::NotFirst(Box::new(plan)));
        }
        let shared = self.shared.clone();
        let mut transaction = shared.store.begin(Durability::Power)?;
        let stamp = org.exposure.begin_commit(shared.clock.now());
        plan.settle(stamp);
        let written =
            write(org, &directory, transaction.as_mut(), &mut plan, stamp, progress.as_ref());
        let written = match written {
            Ok(written) => written,
            Err(e) => {
                org.exposure.abandon();
                return Err(e);
            }
        };
        match transaction.commit() {
            Ok(()) => {}
            Err(CommitError::Refused(e)) => {
                org.exposure.abandon();
                return Err(unavailable(&e).into());
            }
            Err(CommitError::Unknown(problem)) => {
                // The stamp stays in flight, so that nothing is told that may turn out untrue.
                let advice =
                    "whether the import is there is unknown; restart the server, then look";
                return Err(ImportError::Unavailable(format!("{problem}; {advice}")));
            }
        }
        let Written { entries, done } = written;
        let view = {
            let mut timeline = org.timeline.write();
            for entry in entries {
                timeline.append(entry).map_err(|e| Refusal::Unavailable(e.to_string()))?;
            }
            timeline.head()
        };
        org.exposure.publish(view, stamp);
        org.moved.notify_waiters();
        Ok(Outcome::Done(done))
    }
}

struct Written {
    entries: Vec<Entry>,
    done: Done,
}

/// Appends the whole plan to the log.
fn write(
    org: &Tenant,
    directory: &Directory,
    transaction: &mut dyn Transaction,
    plan: &mut ImportPlan,
    stamp: Stamp,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Written, ImportError> {
    let mut done = Done { records: 0, tombstones: 0, from_the_future: 0 };
    let mut entries = Vec::new();
    let mut seq = Seq::ZERO;
    while let Some(item) = plan.next_item()? {
        seq = seq.next();
        let version = version(directory, &item, seq, stamp)?;
        done.from_the_future += u64::from(item.stamp().is_some_and(|given| given > stamp));
        match version.state.kind() {
            Kind::Record => done.records += 1,
            Kind::Tombstone => done.tombstones += 1,
        }
        transaction.append(org.key, &version)?;
        entries.push(Entry { id: version.id, stamp: version.stamp, kind: version.state.kind() });
        if seq.0.is_multiple_of(PROGRESS_ITEMS) {
            progress(seq.0);
        }
    }
    progress(seq.0);
    Ok(Written { entries, done })
}

/// The item as the log's next version. Stamps are kept as far as they are given and past.
fn version(
    directory: &Directory,
    item: &Imported,
    seq: Seq,
    stamp: Stamp,
) -> Result<Version, ImportError> {
    let kept = item.stamp().map_or(stamp, |given| given.min(stamp));
    let state = match item {
        Imported::Removed { .. } => State::Tombstone,
        Imported::Record { activity, .. } => {
            let mut activity = activity.clone();
            activity.status_name = directory.status(activity.status)?.name.clone();
            State::Record(activity)
        }
    };
    Ok(Version { seq, stamp: kept, id: item.id(), previous: None, author: AUTHOR, state })
}

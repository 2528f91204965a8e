//! Importing: everything is read and planned before anything is written.
//!
//! Into an organization that has no version and that nobody has logged in to, ids and stamps are
//! kept (the exception in invariant 2): written in many transactions, while the organization is
//! marked as importing, and shown in one step. Otherwise every item is an ordinary write with a new
//! stamp; what is there already makes no version, so that an import that was cut short is simply
//! run again.

mod first;
mod plan;
mod spool;
mod statuses;

use std::sync::Arc;

use domain::{ActivityId, Author, Imported, Origin, Stage};
use store::StoreError;
use thiserror::Error;

use crate::commit::{stopping, unavailable};
use crate::judge::Judge;
use crate::tenant::Tenant;
use crate::{AdminError, Refusal, Service, Write};

pub(crate) use first::cut_back;
pub use plan::{ImportPlan, Repeated};
pub use spool::{Spool, SpoolError};
use statuses::{Named, Taken};

/// Writes that are under way at once.
const CHUNK_ITEMS_MAX: usize = 500;

/// Activities that a message names.
const NAMED_MAX: usize = 20;

const AUTHOR: Author = Author { user: None, origin: Origin::Import };

/// How to import.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Only says what would happen.
    pub dry_run: bool,
    /// Brings back activities that have been removed here.
    pub restore: bool,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Whether the file's own stamps were kept.
    pub kept_stamps: bool,
    /// Records that were not there.
    pub created: u64,
    /// Records that were there and different.
    pub updated: u64,
    /// Items that were so already.
    pub unchanged: u64,
    /// Activities that went.
    pub removed: u64,
    /// Statuses that were added, whose name was taken over, or that gave way to one of their name.
    pub statuses: Vec<String>,
    /// Statuses that can be chosen and have one name, a group a text: only their ids tell them apart.
    pub same_names: Vec<String>,
    /// Records dated in the future: they got the time of the import as their stamp.
    pub from_the_future: u64,
    /// Activities whose removal here came in between: the first of them, and how many.
    pub refused: (Vec<ActivityId>, u64),
}

/// Why nothing was imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file would bring back activities that have been removed here.
    #[error(
        "{count} of the activities have been removed here ({}); use --restore to bring them back",
        list(.first)
    )]
    Removed {
        /// The first of them.
        first: Vec<ActivityId>,
        /// How many there are.
        count: u64,
    },
    /// The plan's temporary file cannot be read.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Something about the organization.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The store does not answer. What was written so far stays; run the import again to go on.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Refusal> for ImportError {
    fn from(refusal: Refusal) -> ImportError {
        ImportError::Unavailable(refusal.to_string())
    }
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> ImportError {
        unavailable(&error).into()
    }
}

fn list(ids: &[ActivityId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Service {
    /// Carries out a plan. `progress` hears how many of its items are done.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub fn import(
        &self,
        org: &Arc<Tenant>,
        mut plan: ImportPlan,
        options: ImportOptions,
        progress: &Arc<dyn Fn(u64) + Send + Sync>,
    ) -> Result<ImportReport, ImportError> {
        self.refuse_removed(org, &plan, options)?;
        if options.dry_run {
            return self.rehearse(org, &mut plan, progress.as_ref());
        }
        match self.import_first(org, &mut plan, progress.as_ref())? {
            Some(report) => Ok(report),
            None => self.import_later(org, &mut plan, options, progress.as_ref()),
        }
    }

    /// Ids that have a tombstone here are a mistake, or need the admin's word.
    fn refuse_removed(
        &self,
        org: &Tenant,
        plan: &ImportPlan,
        options: ImportOptions,
    ) -> Result<(), ImportError> {
        if options.restore {
            return Ok(());
        }
        let timeline = org.timeline.read();
        let head = timeline.head();
        let gone = |id: &ActivityId| {
            matches!(timeline.current(&head, *id), Some((_, domain::Kind::Tombstone)))
        };
        let mut removed = plan.record_ids().filter(gone);
        let first: Vec<_> = removed.by_ref().take(NAMED_MAX).collect();
        let count = (first.len() + removed.count()) as u64;
        if count == 0 { Ok(()) } else { Err(ImportError::Removed { first, count }) }
    }

    fn take_statuses(&self, org: &Arc<Tenant>, named: Named) -> Result<ImportReport, ImportError> {
        let tenant = org.clone();
        let taken = self.change_directory::<_, Refusal>(org, move |directory, transaction| {
            let taken = Taken::over(&tenant, directory, &named);
            taken.put(tenant.key, transaction).map(|()| taken)
        })?;
        Ok(taken.report())
    }

    /// Bounded commits with new stamps.
    fn import_later(
        &self,
        org: &Arc<Tenant>,
        plan: &mut ImportPlan,
        options: ImportOptions,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ImportReport, ImportError> {
        let mut report = self.take_statuses(org, plan.statuses())?;
        // In a commit of its own: from then on, ids given to others lie above all of the file's,
        // also if this is cut short.
        plan.highest_first();
        let mut done = 0;
        loop {
            let chunk = plan.next_chunk(if done == 0 { 1 } else { CHUNK_ITEMS_MAX })?;
            if chunk.is_empty() {
                return Ok(report);
            }
            let mut under_way = Vec::with_capacity(chunk.len());
            for item in chunk {
                let fate = Fate::of(&item, org);
                let write = Write::Import { item, restore: options.restore };
                under_way.push((fate, self.submit(org, AUTHOR, write)?));
            }
            for (fate, answer) in under_way {
                match answer.blocking_recv().map_err(|_| stopping())? {
                    Ok(written) => report.count(fate, written.version.is_some()),
                    Err(Refusal::Removed(id)) => report.refuse(id),
                    Err(refusal) => return Err(refusal.into()),
                }
                done += 1;
            }
            progress(done);
        }
    }

    /// What would happen, by the same judgement that the commit makes.
    fn rehearse(
        &self,
        org: &Tenant,
        plan: &mut ImportPlan,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ImportReport, ImportError> {
        let mut directory = (*org.directory()).clone();
        let mut report = Taken::over(org, &mut directory, &plan.statuses()).report();
        report.kept_stamps =
            org.timeline.read().is_empty() && directory.organization.stage == Stage::Fresh;
        let judge = Judge { directory: &directory, author: AUTHOR, stamp: self.now() };
        let store = self.shared.store.as_ref();
        let mut done = 0;
        loop {
            let chunk = plan.next_chunk(CHUNK_ITEMS_MAX)?;
            if chunk.is_empty() {
                return Ok(report);
            }
            for item in chunk {
                let (id, fate) = (item.id(), Fate::of(&item, org));
                let current = store.latest(org.key, id)?.map(|seq| store.versions(org.key, &[seq]));
                let current = current.transpose()?.and_then(|versions| versions.into_iter().next());
                let write = Write::Import { item, restore: true };
                report.count(fate, judge.judge(id, &write, current.as_ref(), None)?.is_some());
                done += 1;
            }
            progress(done);
        }
    }
}

/// What an item comes to if it changes anything.
#[derive(Clone, Copy)]
enum Fate {
    Create,
    Update,
    Remove,
}

impl Fate {
    fn of(item: &Imported, org: &Tenant) -> Fate {
        let timeline = org.timeline.read();
        let present = matches!(
            timeline.current(&timeline.head(), item.id()),
            Some((_, domain::Kind::Record))
        );
        match item {
            Imported::Removed { .. } => Fate::Remove,
            Imported::Record { .. } if present => Fate::Update,
            Imported::Record { .. } => Fate::Create,
        }
    }
}

impl ImportReport {
    fn count(&mut self, fate: Fate, changed: bool) {
        let counter = match fate {
            _ if !changed => &mut self.unchanged,
            Fate::Create => &mut self.created,
            Fate::Update => &mut self.updated,
            Fate::Remove => &mut self.removed,
        };
        *counter += 1;
    }

    fn refuse(&mut self, id: ActivityId) {
        let (named, count) = &mut self.refused;
        if named.len() < NAMED_MAX {
            named.push(id);
        }
        *count += 1;
    }
}

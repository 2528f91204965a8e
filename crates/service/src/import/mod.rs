//! Importing: everything is read and planned before anything is written.
//!
//! Into an organization that has no version and that nobody has logged in to, ids and stamps are
//! kept (the exception in invariant 2): written in many transactions, while the organization is
//! marked as importing, and shown in one step. Otherwise every item is an ordinary write with a new
//! stamp; what is there already makes no version, so that an import that was cut short is simply
//! run again, and what is newer here stays (see `age.rs`).

mod age;
mod first;
mod organization;
mod plan;
mod report;
mod spool;
mod statuses;

use std::sync::Arc;

use domain::{ActivityId, Author, Imported, Kind, Origin, Stage, State, Version};
use store::StoreError;
use thiserror::Error;

use crate::commit::{stopping, unavailable};
use crate::directory::Directory;
use crate::judge::{Judge, Past};
use crate::runtime::wait;
use crate::sabotage::step_of;
use crate::tenant::Tenant;
use crate::{AdminError, Refusal, Service, Write};

use age::differs;
pub(crate) use age::{Seen, is_newer_here, provenance};
pub(crate) use first::cut_back;
pub use organization::{NotTaken, OrganizationData};
pub use plan::ImportPlan;
pub use report::{Differing, ImportReport, Listed, Rehearsal};
pub use spool::{Spool, SpoolError};
use statuses::{Named, Taken};

/// Writes that are under way at once.
const CHUNK_ITEMS_MAX: usize = 500;

const AUTHOR: Author = Author { user: None, origin: Origin::Import };

/// How to import.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Only says what would happen.
    pub dry_run: bool,
    /// What becomes of the file's activities that have been removed here.
    pub removed: RemovedHere,
    /// Takes the file's word also for what is newer here.
    pub overwrite: bool,
}

/// What becomes of activities that a file has and that have been removed here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RemovedHere {
    /// They are a mistake: nothing is imported.
    #[default]
    Refuse,
    /// They come back.
    Restore,
    /// They stay removed, and the rest is imported.
    Skip,
}

impl ImportOptions {
    fn write(self, item: Imported) -> Write {
        let restore = self.removed == RemovedHere::Restore;
        Write::Import { item, restore, overwrite: self.overwrite }
    }
}

/// Why nothing was imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file would bring back activities that have been removed here.
    #[error(
        "{count} of the activities {have} been removed here ({ids}); use --restore to bring {them} back, or --skip-removed to leave {them} so",
        count = .0.count, ids = .0,
        have = if .0.count == 1 { "has" } else { "have" },
        them = if .0.count == 1 { "it" } else { "them" }
    )]
    Removed(Listed),
    /// A whole organization cannot be taken in.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
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

impl Service {
    /// Carries out a plan. `progress` hears how many of its items are done.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub fn import(
        &self,
        org: &Arc<Tenant>,
        plan: ImportPlan,
        options: ImportOptions,
        progress: &Arc<dyn Fn(u64) + Send + Sync>,
    ) -> Result<ImportReport, ImportError> {
        wait(self.import_async(org, plan, options, progress.as_ref()))
    }

    /// The same for whoever has no thread to give. It reads the plan and the store where it stands.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub async fn import_async(
        &self,
        org: &Arc<Tenant>,
        mut plan: ImportPlan,
        options: ImportOptions,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ImportReport, ImportError> {
        self.refuse_removed(org, &plan, options)?;
        if options.dry_run {
            return self.rehearse(org, &mut plan, options, progress);
        }
        match self.import_first(org, &mut plan, progress).await? {
            Some(report) => Ok(report),
            None => self.import_later(org, &mut plan, options, progress).await,
        }
    }

    /// Ids that have a tombstone here are a mistake, or need the admin's word.
    fn refuse_removed(
        &self,
        org: &Tenant,
        plan: &ImportPlan,
        options: ImportOptions,
    ) -> Result<(), ImportError> {
        if options.removed != RemovedHere::Refuse {
            return Ok(());
        }
        let timeline = org.timeline.read();
        let head = timeline.head();
        let gone =
            |id: &ActivityId| matches!(timeline.current(&head, *id), Some((_, Kind::Tombstone)));
        let removed: Listed = plan.record_ids().filter(gone).collect();
        if removed.count == 0 { Ok(()) } else { Err(ImportError::Removed(removed)) }
    }

    async fn take_statuses(
        &self,
        org: &Arc<Tenant>,
        named: Named,
    ) -> Result<ImportReport, ImportError> {
        let tenant = org.clone();
        let taken =
            self.change_directory_async::<_, Refusal>(org, move |directory, transaction| {
                let is_first = takes_names(&tenant, directory);
                let taken = Taken::over(directory, &named, is_first);
                taken.put(tenant.key, transaction).map(|()| taken)
            });
        Ok(taken.await?.report())
    }

    /// Bounded commits with new stamps.
    async fn import_later(
        &self,
        org: &Arc<Tenant>,
        plan: &mut ImportPlan,
        options: ImportOptions,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ImportReport, ImportError> {
        let mut report = self.take_statuses(org, plan.statuses()).await?;
        // In a commit of its own: from then on, ids given to others lie above all of the file's,
        // also if this is cut short.
        plan.highest_first();
        let mut done = 0;
        loop {
            let chunk = plan.next_chunk(if done == 0 { 1 } else { step_of(CHUNK_ITEMS_MAX) })?;
            if chunk.is_empty() {
                return Ok(report);
            }
            let mut under_way = Vec::with_capacity(chunk.len());
            for item in chunk {
                let fate = Fate::of(&item, org);
                let says = matches!(fate, Fate::BringBack).then(|| item.clone());
                under_way.push((fate, says, self.submit(org, AUTHOR, options.write(item))?));
            }
            for (fate, says, answer) in under_way {
                let written = answer.await.map_err(|_| stopping())?.map(|written| written.version);
                if let (Some(says), Ok(Some(seq))) = (&says, &written) {
                    for version in self.shared.store.versions(org.key, &[*seq])? {
                        report.comes_back(says, &version.state);
                    }
                }
                report.take(fate, written.map(|version| version.is_some()), options)?;
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
        options: ImportOptions,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ImportReport, ImportError> {
        let mut directory = (*org.directory()).clone();
        let is_first = takes_names(org, &directory);
        let mut report = Taken::over(&mut directory, &plan.statuses(), is_first).report();
        report.kept_stamps =
            org.timeline.read().is_empty() && directory.organization.stage == Stage::Fresh;
        let judge = Judge { directory: &directory, author: AUTHOR, stamp: self.now() };
        let mut done = 0;
        loop {
            let chunk = plan.next_chunk(CHUNK_ITEMS_MAX)?;
            if chunk.is_empty() {
                return Ok(report);
            }
            for item in &chunk {
                self.rehearse_one(org, &judge, item, options, &mut report)?;
            }
            done += chunk.len() as u64;
            progress(done);
        }
    }

    fn rehearse_one(
        &self,
        org: &Tenant,
        judge: &Judge<'_>,
        item: &Imported,
        options: ImportOptions,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        let id = item.id();
        let current = self.current(org, id)?;
        let earlier = match &current {
            Some(Version { state: State::Tombstone, previous: Some(seq), .. }) => {
                self.shared.store.versions(org.key, &[*seq])?.pop()
            }
            _ => None,
        };
        let last = earlier.as_ref().or(current.as_ref());
        let seen = |last| Seen::by(item, last, &org.timeline.read());
        let seen = last.map(seen).unwrap_or_default();
        let past = Past { seen, earlier: earlier.clone(), ..Past::default() };
        let judged = |options: ImportOptions| {
            judge.judge(id, &options.write(item.clone()), current.as_ref(), &past)
        };
        let outcome = judged(options);
        let fate = Fate::of(item, org);
        if let Some(here) = last.and_then(Version::record) {
            let otherwise = || judged(ImportOptions { overwrite: true, ..options });
            match (fate, &outcome) {
                (Fate::BringBack, Ok(Some(state))) if report.comes_back(item, state) => {
                    report.rehearsal.stays(id, here, otherwise);
                }
                (Fate::BringBack, _) => {}
                _ => report.rehearsal.take(id, here, &outcome, otherwise),
            }
        }
        let changed = outcome.map(|state| state.is_some());
        Ok(report.take(fate, changed, options)?)
    }

    /// The activity's latest version.
    fn current(&self, org: &Tenant, id: ActivityId) -> Result<Option<Version>, StoreError> {
        let store = self.shared.store.as_ref();
        let Some(seq) = store.latest(org.key, id)? else { return Ok(None) };
        Ok(store.versions(org.key, &[seq])?.pop())
    }
}

/// Whether the files' names of statuses take the place of those here: there is no activity yet that shows
/// one, nor is one being brought by an import of somebody else.
fn takes_names(org: &Tenant, directory: &Directory) -> bool {
    org.timeline.read().is_empty() && directory.organization.stage != Stage::Importing
}

/// What an item comes to if it changes anything.
#[derive(Clone, Copy)]
enum Fate {
    Create,
    BringBack,
    Update,
    Remove,
}

impl Fate {
    fn of(item: &Imported, org: &Tenant) -> Fate {
        let timeline = org.timeline.read();
        let current = timeline.current(&timeline.head(), item.id());
        match (item, current.map(|(_, kind)| kind)) {
            (Imported::Removed { .. }, _) => Fate::Remove,
            (Imported::Record { .. }, Some(Kind::Record)) => Fate::Update,
            (Imported::Record { .. }, Some(Kind::Tombstone)) => Fate::BringBack,
            (Imported::Record { .. }, None) => Fate::Create,
        }
    }
}

impl ImportReport {
    /// Lists what came back, in this state, also among what stayed if that is not what the item says.
    /// Whether it is among them.
    fn comes_back(&mut self, item: &Imported, state: &State) -> bool {
        self.brought_back.add(item.id());
        let stays = matches!(state, State::Record(record) if differs(item, record));
        if stays {
            self.newer_here.add(item.id());
        }
        stays
    }

    /// Counts what an item came to: whether it changed anything, or why not.
    fn take(
        &mut self,
        fate: Fate,
        changed: Result<bool, Refusal>,
        options: ImportOptions,
    ) -> Result<(), Refusal> {
        let counter = match (changed, fate) {
            (Ok(false), _) => &mut self.unchanged,
            // Listed where its state is known.
            (Ok(true), Fate::BringBack) => return Ok(()),
            (Ok(true), Fate::Create) => &mut self.created,
            (Ok(true), Fate::Update) => &mut self.updated,
            (Ok(true), Fate::Remove) => &mut self.removed,
            (Err(refusal), _) => {
                match refusal {
                    Refusal::NewerHere(id) => self.newer_here.add(id),
                    Refusal::Removed(id) if options.removed == RemovedHere::Skip => {
                        self.left_removed.add(id);
                    }
                    Refusal::Removed(id) => self.refused.add(id),
                    refusal => return Err(refusal),
                }
                return Ok(());
            }
        };
        *counter += 1;
        Ok(())
    }
}

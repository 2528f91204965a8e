//! Importing: everything is read and planned before anything is written.
//!
//! Into an organization that has no version and has had no login, ids and stamps are
//! kept (the exception in invariant 2): written in many transactions, while the organization is
//! marked as importing, and made visible in one step. Otherwise every item is an ordinary write with a
//! new stamp; what exists already makes no version, so that an interrupted import can simply be run again,
//! and what is newer here stays (see `commit/age.rs`).

pub(crate) mod added;
pub(crate) mod effect;
pub(crate) mod first;
pub(crate) mod follow;
pub(crate) mod import_error;
pub(crate) mod names;
pub(crate) mod not_taken;
pub(crate) mod options;
pub(crate) mod organization;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod row_problems;
pub(crate) mod shift;
pub(crate) mod spool;
pub(crate) mod statuses;

use std::collections::HashMap;
use std::sync::Arc;

use domain::{ActivityId, By, ClientId, Imported, Member, Members, Seq, Stage, State, Version};
use store::StoreError;

use crate::base::refusal::{Refusal, stopping};
use crate::base::runtime::wait;
use crate::base::sabotage::step_of;
use crate::commit::age::{self, Seen};
use crate::commit::judge::{Judge, Past};
use crate::commit::write::Written;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::import::effect::Effect;
use crate::import::import_error::ImportError;
use crate::import::names::NotHere;
use crate::import::options::{CHUNK_ITEMS_MAX, ImportOptions};
use crate::import::plan::ImportPlan;
use crate::import::report::{ImportReport, Listed};
use crate::import::row_problems::{RowProblem, RowProblems};
use crate::import::shift::Shift;
use crate::import::statuses::{Named, StatusChanges};

impl Service {
    /// Carries out a plan; it reads the plan and the store on the current thread. `progress` hears how many of its
    /// items are done.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub async fn import(
        &self,
        org: &Arc<Tenant>,
        mut plan: ImportPlan,
        options: ImportOptions,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ImportReport, ImportError> {
        org.directory().is_writable().map_err(AdminError::from)?;
        if options.dry_run {
            return self.rehearse(org, &mut plan, options, progress);
        }
        if plan.has_rows() || !plan.adds.is_empty() {
            // Nothing is written, and nobody added, of a table with a row that cannot be taken.
            self.rehearse(org, &mut plan, options, &|_| {})?;
            plan.rewind();
        }
        match self.import_first(org, &mut plan, progress).await? {
            Some(report) => Ok(report),
            None => self.import_later(org, &mut plan, options, progress).await,
        }
    }

    /// What else is wrong with tables of which some rows could not be read: the plan has the others.
    #[must_use]
    pub fn further_problems(
        &self,
        org: &Arc<Tenant>,
        plan: ImportPlan,
        options: ImportOptions,
    ) -> Option<RowProblems> {
        let options = ImportOptions { dry_run: true, ..options };
        match plan.has_rows().then(|| wait(self.import(org, plan, options, &|_| {})))? {
            Err(ImportError::Rows(problems)) => Some(problems),
            _ => None,
        }
    }

    /// Adds statuses, people and accounts, all of them or none.
    async fn take_names(
        &self,
        org: &Arc<Tenant>,
        named: Named,
        adds: NotHere,
        by: By,
    ) -> Result<ImportReport, ImportError> {
        let adds_none = adds.accounts.is_empty();
        let last_client = if adds_none { ClientId(0) } else { self.last_client(org).await? };
        let org = org.clone();
        let changes = self.call(Some(org.key), move |committer| {
            let (changes, accounts) = committer.change_directory::<_, ImportError>(
                &org,
                by,
                |directory, transaction| {
                    adds.refuse_taken(&org, directory, last_client)?;
                    let is_first = takes_names(&org, directory);
                    let changes = StatusChanges::apply(directory, &named, is_first);
                    changes.put(org.key, transaction)?;
                    Ok((changes, adds.put(&org, directory, transaction)?))
                },
            )?;
            org.people.show_accounts(accounts);
            Ok::<_, ImportError>(changes)
        });
        Ok(changes.await?.report())
    }

    /// Bounded commits with new stamps.
    async fn import_later(
        &self,
        org: &Arc<Tenant>,
        plan: &mut ImportPlan,
        options: ImportOptions,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ImportReport, ImportError> {
        let mut report = self
            .take_names(org, plan.statuses(), std::mem::take(&mut plan.adds), options.by())
            .await?;
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
                let effect = Effect::of(&item, org);
                let says = matches!(effect, Effect::BringBack).then(|| item.clone());
                under_way.push((
                    effect,
                    says,
                    self.submit(org, options.author(), options.write(item))?,
                ));
            }
            for (effect, says, answer) in under_way {
                let written = answer.await.map_err(|_| stopping())?;
                if let (Some(says), Ok(Written { id, version: Some(seq) })) = (&says, &written) {
                    for version in self.shared.store.versions(org.key, &[*seq])? {
                        report.comes_back(*id, says, &version.state);
                    }
                }
                if let (Effect::CreateWithId, Ok(Written { id, .. })) = (effect, &written) {
                    report.given_ids.add(*id);
                }
                report.take(effect, written.map(|written| written.version.is_some()))?;
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
        let mut report = StatusChanges::apply(&mut directory, &plan.statuses(), is_first).report();
        report.kept_stamps =
            org.log.timeline.read().is_empty() && directory.organization.stage == Stage::Fresh;
        let author = options.author();
        let judge = Judge { directory: &directory, author, stamp: self.now() };
        let (mut done, mut problems) = (0, plan.problems().clone());
        note_incomplete(org, plan, &mut problems);
        let mut shift = Shift::default();
        loop {
            let chunk = plan.next_chunk_by_file(CHUNK_ITEMS_MAX)?;
            if chunk.is_empty() {
                if !problems.is_empty() {
                    return Err(ImportError::Rows(problems));
                }
                let moved = shift.found().filter(|_| !options.overwrite);
                return moved
                    .map_or(Ok(report), |(moved, of)| Err(ImportError::Shifted(moved, of)));
            }
            for (file, item) in &chunk {
                let told = (&mut report, &mut shift);
                if let Some(problem) = self.rehearse_one(org, &judge, item, options, told)? {
                    let (file, row) = (*file, item.row());
                    problems.add(|| RowProblem { file, row, problem });
                }
            }
            done += chunk.len() as u64;
            progress(done);
        }
    }

    /// What would become of an item; why it cannot be taken, where it is a row that cannot.
    fn rehearse_one(
        &self,
        org: &Tenant,
        judge: &Judge<'_>,
        item: &Imported,
        options: ImportOptions,
        (report, shift): (&mut ImportReport, &mut Shift),
    ) -> Result<Option<String>, ImportError> {
        let id = item.id().unwrap_or(ActivityId(0));
        let current = item.id().map(|id| self.current(org, id)).transpose()?.flatten();
        let versions = |seq: Seq| self.shared.store.versions(org.key, &[seq]);
        let earlier = match &current {
            Some(Version { state: State::Tombstone, previous: Some(seq), .. }) => {
                versions(*seq)?.pop()
            }
            _ => None,
        };
        let last = earlier.as_ref().or(current.as_ref());
        let (seen, base) = match last {
            Some(last) => {
                let timeline = org.log.timeline.read();
                (Seen::by(item, last, &timeline), age::base(item, last, &timeline))
            }
            None => Default::default(),
        };
        let base = base.map(versions).transpose()?.and_then(|mut found| found.pop());
        if let Some(base) = base.as_ref().and_then(Version::record) {
            shift.see(item, base);
        }
        let past = Past { seen, earlier: earlier.clone(), base, ..Past::default() };
        let judged = |options: ImportOptions| {
            judge.judge(id, &options.write(item.clone()), current.as_ref(), &past)
        };
        let outcome = judged(options);
        if let Err(Refusal::UnknownStatus(_) | Refusal::UnclearStatus { .. }) = outcome {
            let which = match item {
                Imported::Record { id: None, activity, .. } => {
                    format!("the new activity {:?}", activity.subject.as_str())
                }
                _ => format!("activity {id}"),
            };
            let way_out = match outcome {
                Err(Refusal::UnknownStatus(_)) => ": add the status first, or use an existing one",
                _ => "",
            };
            return Ok(outcome.err().map(|why| format!("{which}: {why}{way_out}")));
        }
        if let Err(Refusal::UnknownActivity(_)) = outcome {
            return Ok(None); // Incomplete: that is told of all such rows at once.
        }
        let effect = Effect::of(item, org);
        if let Some(here) = last.and_then(Version::record) {
            let otherwise = || judged(ImportOptions { overwrite: true, ..options });
            match (effect, &outcome) {
                (Effect::BringBack, Ok(Some(state))) if report.comes_back(id, item, state) => {
                    report.rehearsal.stays(id, here, otherwise);
                }
                (Effect::BringBack, _) => {}
                _ => report.rehearsal.take(id, here, &outcome, otherwise),
            }
        }
        if let (Effect::Create | Effect::CreateWithId, Ok(Some(State::Record(file)))) =
            (effect, &outcome)
        {
            report.rehearsal.creates(id, file);
        }
        report.take(effect, outcome.map(|state| state.is_some()))?;
        Ok(None)
    }

    /// What the activities are called that a report names; those that have been removed, what they were called.
    #[must_use]
    pub fn subjects(&self, org: &Tenant, report: &ImportReport) -> HashMap<ActivityId, String> {
        let subject = |id| {
            let version = self.current(org, id).ok()??;
            let earlier = match &version.state {
                State::Tombstone => {
                    self.shared.store.versions(org.key, &[version.previous?]).ok()?.pop()
                }
                State::Record(_) => None,
            };
            let record = earlier.as_ref().unwrap_or(&version).record()?;
            Some((id, record.subject.to_string()))
        };
        report.named().into_iter().filter_map(subject).collect()
    }

    /// The activity's latest version.
    fn current(&self, org: &Tenant, id: ActivityId) -> Result<Option<Version>, StoreError> {
        let store = self.shared.store.as_ref();
        let Some(seq) = store.latest(org.key, id)? else { return Ok(None) };
        Ok(store.versions(org.key, &[seq])?.pop())
    }
}

/// Notes what no row says by itself: new activities that lack something.
fn note_incomplete(org: &Tenant, plan: &ImportPlan, problems: &mut RowProblems) {
    let timeline = org.log.timeline.read();
    let head = timeline.head();
    let is_here = |id: &ActivityId| timeline.current(&head, *id).is_some();
    let (mut ids, mut without_id) = (Listed::default(), 0);
    for (id, mut named) in plan.records() {
        if named.has(Member::StatusName) {
            named.add(Member::StatusId);
        }
        let is_complete = named.have(Members::required());
        match id {
            _ if is_complete => {}
            None => without_id += 1,
            Some(id) if !is_here(&id) => ids.add(id),
            Some(_) => {}
        }
    }
    let which = match (ids.count, without_id) {
        (0, 0) => return,
        (0, rows) => format!("{rows} rows without an activityId"),
        (_, 0) => format!("activities that do not exist here: {ids}"),
        (_, rows) => format!(
            "activities that do not exist here: {ids}, and for {rows} rows without an activityId"
        ),
    };
    let problem = format!(
        "a new activity needs subject, startDateTime, activityStatus.name (or .id) and activityPriority, but some of these columns are missing for {which}"
    );
    problems.add(|| RowProblem { file: 0, row: None, problem });
}

/// Whether the files' names of statuses take the place of those here: there is no activity yet that shows
/// one, nor is one being brought by an import of somebody else.
fn takes_names(org: &Tenant, directory: &Directory) -> bool {
    org.log.timeline.read().is_empty() && directory.organization.stage != Stage::Importing
}

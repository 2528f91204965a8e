//! The first import: given stamps are kept, before anything is exposed.
//!
//! It becomes visible in one step, either completely or not at all. But it is written in bounded
//! transactions, so that nothing else waits for it: until the last of them it is marked as unfinished
//! ([`Stage::Importing`]), and rolled back if the last one never comes.

use std::sync::Arc;

use domain::{
    ActivityId, By, ClientId, ID_MAX, Imported, Kind, OrganizationData, Provenance, Stage, Stamp,
    State, UserId, Version,
};
use store::{Durability, Transaction};
use timeline::{Entry, Timeline};

use crate::base::refusal::{Refusal, unavailable};
use crate::base::sabotage::step_of;
use crate::commit::Committer;
use crate::commit::cut_back::cut_back_some;
use crate::directory::Directory;
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::import::import_error::ImportError;
use crate::import::names::NotHere;
use crate::import::options::AUTHOR;
use crate::import::organization::{self, named};
use crate::import::plan::ImportPlan;
use crate::import::report::ImportReport;
use crate::import::statuses::{Named, StatusChanges};

/// Items that are written in one transaction: others wait for it some ten milliseconds.
const CHUNK_ITEMS_MAX: usize = 1_000;

/// A first import under way.
struct FirstImport {
    org: Arc<Tenant>,
    /// The statuses of its records. They are taken over with the last transaction: an import that fails
    /// leaves none.
    named: Named,
    /// What else the organization has, also written with the last transaction.
    organization: Option<OrganizationData>,
    /// What the files name without a number, written with it too.
    adds: NotHere,
    /// That of items without one.
    stamp: Stamp,
    /// Becomes the organization's.
    timeline: Timeline,
    /// The greatest number of a person that its records name.
    last_user_named: Option<UserId>,
    /// The greatest id so far, of the files' and of those that were given.
    last_id: ActivityId,
    report: ImportReport,
}

impl Service {
    /// None if there was a login or a write before: then nothing has been done.
    pub(crate) async fn import_first(
        &self,
        org: &Arc<Tenant>,
        plan: &mut ImportPlan,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Option<ImportReport>, ImportError> {
        self.import_first_with(org, plan, None, progress).await
    }

    /// The same with everything else of the organization, if the files have it.
    pub(crate) async fn import_first_with(
        &self,
        org: &Arc<Tenant>,
        plan: &mut ImportPlan,
        organization: Option<OrganizationData>,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<Option<ImportReport>, ImportError> {
        let _alone = org.first_import.lock().await;
        if org.people.is_importing() {
            self.cut_back(org).await; // What another one has left.
        }
        let begun = org.clone();
        let begun =
            self.call(Some(org.key), move |committer| committer.begin_import(&begun)).await?;
        let Some(stamp) = begun else { return Ok(None) };
        plan.settle(stamp);
        let report = ImportReport { kept_stamps: true, ..ImportReport::default() };
        let mut import = FirstImport {
            org: org.clone(),
            named: match &organization {
                Some(organization) => named(organization, plan.statuses()),
                None => plan.statuses(),
            },
            organization,
            adds: plan.adds.clone(),
            stamp,
            timeline: Timeline::new(),
            last_user_named: None,
            last_id: plan.greatest_id().unwrap_or(ActivityId(0)),
            report,
        };
        let written = import.carry_out(self, plan, progress).await;
        if written.is_err() {
            self.cut_back(org).await;
        }
        written.map(Some)
    }

    /// Takes away what failed imports have left, where that could not be done at once.
    pub(crate) async fn cut_back_failed(&self) {
        for org in self.orgs() {
            if let Ok(_alone) = org.first_import.try_lock()
                && org.people.is_importing()
            {
                self.cut_back(&org).await;
            }
        }
    }

    async fn cut_back(&self, org: &Arc<Tenant>) {
        let cut = loop {
            let of = org.clone();
            match self.call(Some(org.key), move |committer| committer.cut_back(&of)).await {
                Ok(true) => {}
                end => break end,
            }
        };
        if let Err(problem) = cut {
            tracing::error!(org = %org.id, %problem, "a failed first import has not been rolled back yet");
        }
    }
}

impl FirstImport {
    /// The id of an item; those without get one above all others.
    fn id_of(&mut self, item: &Imported) -> ActivityId {
        item.id().unwrap_or_else(|| {
            self.last_id = ActivityId(self.last_id.0.saturating_add(1));
            self.report.given_ids.add(self.last_id);
            self.last_id
        })
    }

    /// Whether the organization goes on following another server.
    fn follows(&self) -> bool {
        self.organization.as_ref().is_some_and(|data| data.follows.is_some())
    }

    async fn carry_out(
        &mut self,
        service: &Service,
        plan: &mut ImportPlan,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<ImportReport, ImportError> {
        self.write(service, plan, progress).await?;
        self.finish(service).await
    }

    async fn write(
        &mut self,
        service: &Service,
        plan: &mut ImportPlan,
        progress: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<(), ImportError> {
        loop {
            let items = plan.next_chunk(step_of(CHUNK_ITEMS_MAX))?;
            if items.is_empty() {
                return Ok(());
            }
            let versions = items.iter().map(|item| self.version(item));
            let versions: Vec<Version> = versions.collect::<Result<_, ImportError>>()?;
            let key = self.org.key;
            service.shared.disk.admit()?;
            let written = service.call(Some(key), move |committer| {
                committer.transact(Durability::Process, |transaction| {
                    let mut appended = versions.iter().map(|v| transaction.append(key, v));
                    appended.try_for_each(|done| done.map_err(|e| unavailable(&e)))
                })
            });
            written.await?;
            progress(self.timeline.len() as u64);
        }
    }

    /// The item as the log's next version. Stamps are kept as far as they are given and past.
    fn version(&mut self, item: &Imported) -> Result<Version, ImportError> {
        let stamp = item.stamp().map_or(self.stamp, |given| given.min(self.stamp));
        self.report.from_the_future += u64::from(item.stamp().is_some_and(|given| given > stamp));
        let state = match item {
            Imported::Removed { .. } => State::Tombstone,
            Imported::Record { activity, .. } => {
                let mut activity = activity.clone();
                if let Some(name) = self.named.get(&activity.status) {
                    activity.status_name.clone_from(name);
                }
                activity.provenance = match self.follows() {
                    // The stamps are those of the copy: when the source changed it is not in the file.
                    true => Provenance::default(),
                    false => Provenance::imported(stamp),
                };
                self.last_user_named = self.last_user_named.max(activity.assignable_user());
                State::Record(activity)
            }
        };
        match state.kind() {
            Kind::Record => self.report.created += 1,
            Kind::Tombstone => self.report.removed += 1,
        }
        let id = self.id_of(item);
        if id.0 > ID_MAX {
            return Err(Refusal::IdsExhausted(self.org.id.clone()).into());
        }
        let entry = Entry { id, stamp, kind: state.kind() };
        let seq = self.timeline.append(entry).map_err(|e| Refusal::Unavailable(e.to_string()))?;
        Ok(Version { seq, stamp, id, previous: None, author: AUTHOR, state })
    }

    /// Takes the mark away, and with it shows everything.
    async fn finish(&mut self, service: &Service) -> Result<ImportReport, ImportError> {
        let org = self.org.clone();
        let timeline = std::mem::take(&mut self.timeline);
        let (last_user_named, named) = (self.last_user_named, std::mem::take(&mut self.named));
        let (organization, now) = (self.organization.take(), service.shared.steady_now());
        let adds = std::mem::take(&mut self.adds);
        let finished = service.call(Some(org.key), move |committer| {
            let (changes, accounts) = committer.change_directory::<_, ImportError>(
                &org,
                By::COMMAND_LINE,
                |directory, transaction| {
                    // There is no activity yet that has the number of an account.
                    adds.refuse_taken(&org, directory, ClientId(0))?;
                    let changes = StatusChanges::apply(directory, &named, true);
                    changes.put(org.key, transaction)?;
                    if let Some(organization) = organization {
                        organization::put(
                            organization,
                            org.key,
                            directory,
                            transaction,
                            &org.accounts(),
                            now,
                        )?;
                    }
                    let known = &mut directory.organization.last_user_named;
                    *known = last_user_named.unwrap_or(*known).max(*known);
                    put_stage(directory, transaction, Stage::Fresh)?;
                    Ok((changes, adds.put(&org, directory, transaction)?))
                },
            )?;
            org.people.show_accounts(accounts);
            org.log.show(timeline);
            Ok::<_, ImportError>(changes)
        });
        let ImportReport { statuses, same_names, .. } = finished.await?.report();
        Ok(ImportReport { statuses, same_names, ..std::mem::take(&mut self.report) })
    }
}

impl Committer {
    /// Marks the organization, and draws the latest stamp that the import may use.
    fn begin_import(&mut self, org: &Tenant) -> Result<Option<Stamp>, ImportError> {
        let fresh = org.directory().organization.stage == Stage::Fresh;
        if !fresh || !org.log.timeline.read().is_empty() {
            return Ok(None);
        }
        self.change_directory::<_, Refusal>(org, By::COMMAND_LINE, |directory, transaction| {
            put_stage(directory, transaction, Stage::Importing)
        })?;
        Ok(Some(org.log.exposure.begin_commit(self.shared.clock.now())))
    }

    /// Takes away a part of what an import has left; true if there is more. One that turned out to be
    /// complete stays: someone may have logged in to it.
    fn cut_back(&mut self, org: &Tenant) -> Result<bool, Refusal> {
        if !org.people.is_importing() {
            return Ok(false);
        }
        let more = self.change_directory(org, By::COMMAND_LINE, |directory, transaction| {
            cut_back_some(transaction, &mut directory.organization).map_err(|e| unavailable(&e))
        })?;
        if !more {
            org.log.exposure.abandon();
        }
        Ok(more)
    }
}

fn put_stage(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    stage: Stage,
) -> Result<(), Refusal> {
    directory.organization.stage = stage;
    transaction.put_organization(&directory.organization).map_err(|e| unavailable(&e))
}

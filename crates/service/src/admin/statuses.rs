//! Statuses. A status's name is embedded in every record with this status, so renaming it changes those
//! records (invariant 8).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::{
    ActivityId, Author, By, ID_MAX, OrgKey, Origin, Role, Stage, Status, StatusId, StatusName,
};
use store::Transaction;

use crate::base::refusal::{DAMAGED, Refusal, stopping, unavailable};
use crate::base::runtime::wait;
use crate::base::sabotage::{Guard, step_of};
use crate::commit::write::Write;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::person::Person;
use crate::folder::tenant::Tenant;

/// The author of changes that no one made in the pages.
const THE_SERVER: Author = Author { user: None, origin: Origin::CommandLine };

/// Records that are updated between two reports of progress.
const SPREAD_RECORDS_MAX: usize = 500;

/// How far a status's new name has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Activities that have changed.
    pub changed: u64,
    /// Activities that keep the old name, because they cannot be read.
    pub unreadable: u64,
}

impl Spread {
    /// What an admin has to know of those that cannot be read, if there are any.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let who = match self.unreadable {
            0 => return None,
            1 => "1 activity cannot be read and keeps".to_owned(),
            many => format!("{many} activities cannot be read and keep"),
        };
        Some(format!("{who} the old name: {DAMAGED}"))
    }
}

/// A step among the statuses to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Before the one before it.
    Up,
    /// After the one after it.
    Down,
}

impl Service {
    /// Adds a status; its id is the next free one where none is given.
    ///
    /// # Errors
    /// When the id or name is taken, or the store cannot write.
    pub fn add_status(
        &self,
        org: &Arc<Tenant>,
        id: Option<StatusId>,
        name: StatusName,
    ) -> Result<StatusId, AdminError> {
        let key = org.key;
        self.change_directory(org, move |directory, transaction| {
            put_new_status(directory, transaction, key, id, name)
        })
    }

    /// Retires a status: it stays on the records that have it and can no longer be chosen.
    ///
    /// # Errors
    /// When there is no such status or the store cannot write.
    pub fn retire_status(&self, org: &Arc<Tenant>, id: StatusId) -> Result<(), AdminError> {
        wait(self.change_status(org, By::COMMAND_LINE, id, retire))
    }

    /// Lets a retired status be chosen again.
    ///
    /// # Errors
    /// When there is no such status, another has its name now, or the store cannot write.
    pub fn bring_status_back(&self, org: &Arc<Tenant>, id: StatusId) -> Result<(), AdminError> {
        wait(self.change_status(org, By::COMMAND_LINE, id, offer))
    }

    /// Moves a status among those to choose from; the first one stays first, the last one last.
    ///
    /// # Errors
    /// When there is no such status to choose or the store cannot write.
    pub fn step_status(
        &self,
        org: &Arc<Tenant>,
        id: StatusId,
        step: Step,
    ) -> Result<(), AdminError> {
        let key = org.key;
        self.change_directory(org, move |directory, transaction| {
            step_status(directory, transaction, key, id, step)
        })
    }

    /// Says whether activities that have a status are done.
    ///
    /// # Errors
    /// When there is no such status or the store cannot write.
    pub fn mark_status_done(
        &self,
        org: &Arc<Tenant>,
        id: StatusId,
        done: bool,
    ) -> Result<(), AdminError> {
        wait(self.change_status(org, By::COMMAND_LINE, id, move |_, status| {
            set_done(status, done);
            Ok(())
        }))
    }

    /// Says which status new activities begin with in the pages, in place of another.
    ///
    /// # Errors
    /// When there is no such status to choose or the store cannot write.
    pub fn mark_status_begins(&self, org: &Arc<Tenant>, id: StatusId) -> Result<(), AdminError> {
        let key = org.key;
        self.change_directory(org, move |directory, transaction| {
            begin_with(directory, transaction, key, id)
        })
    }

    /// Renames a status and brings every record that shows it up to date, each with a new stamp; one
    /// that cannot be read is passed over. `progress` hears how many there were so far; returned is how many
    /// there were in the end.
    ///
    /// # Errors
    /// When there is no such status, another has the name, or the store cannot write. If the server
    /// stops in mid-way, it goes on at its next start.
    pub fn rename_status(
        &self,
        org: &Arc<Tenant>,
        id: StatusId,
        name: StatusName,
        progress: &mut dyn FnMut(Spread),
    ) -> Result<Spread, AdminError> {
        wait(self.rename_status_async(org, id, name, progress))
    }

    /// The same for callers without a thread. It reads the store on the current thread.
    ///
    /// # Errors
    /// As [`Service::rename_status`].
    pub async fn rename_status_async(
        &self,
        org: &Arc<Tenant>,
        id: StatusId,
        name: StatusName,
        progress: &mut dyn FnMut(Spread),
    ) -> Result<Spread, AdminError> {
        self.rename_status_by(org, None, id, name, progress).await
    }

    /// The same on a person's request in the pages; for a thread that may wait.
    pub(crate) fn rename_status_for(
        &self,
        by: &Person,
        id: StatusId,
        name: StatusName,
        progress: &mut dyn FnMut(Spread),
    ) -> Result<Spread, AdminError> {
        wait(self.rename_status_by(&by.tenant, Some(by.clone()), id, name, progress))
    }

    async fn rename_status_by(
        &self,
        org: &Arc<Tenant>,
        by: Option<Person>,
        id: StatusId,
        name: StatusName,
        progress: &mut dyn FnMut(Spread),
    ) -> Result<Spread, AdminError> {
        let tenant = org.clone();
        let author = by.as_ref().map_or(THE_SERVER, Person::author);
        let whose = by.as_ref().map_or(By::COMMAND_LINE, Person::by);
        self.change_status(org, whose, id, move |directory, status| {
            if let Some(by) = by {
                by.check(directory, Role::Admin)?;
            }
            directory.is_writable()?;
            if directory.organization.stage == Stage::Importing {
                // Its records have the name of now already, and nothing can be spread to them yet.
                return Err(Refusal::under_import().into());
            }
            directory.free_status_name(&name, Some(id))?;
            status.spreading |= status.name != name && !Guard::GoOnRenaming.is_off();
            status.name = name;
            tenant.renames.fetch_add(1, Ordering::AcqRel);
            Ok(())
        })
        .await?;
        self.spread_status(org, author, id, progress).await
    }

    /// Continues what a shutdown interrupted.
    pub(crate) async fn spread_interrupted(&self) {
        for org in self.orgs() {
            let directory = org.directory();
            let under_way = org.spreading.lock().clone();
            let interrupted =
                |status: &&Status| status.spreading && !under_way.contains(&status.id);
            for status in directory.statuses.values().filter(interrupted) {
                if self.shared.is_closing() {
                    return; // The next start continues it.
                }
                let quiet = &mut |_| {};
                let spread = self.spread_status(&org, THE_SERVER, status.id, quiet).await;
                if self.shared.is_closing() {
                    return;
                }
                if let Err(error) = spread {
                    tracing::error!(org = %org.id, status = %status.id, %error, "cannot continue renaming a status");
                }
            }
        }
    }

    pub(crate) async fn spread_status(
        &self,
        org: &Arc<Tenant>,
        author: Author,
        id: StatusId,
        progress: &mut dyn FnMut(Spread),
    ) -> Result<Spread, AdminError> {
        let _under_way = UnderWay::begin(org, id);
        let renames = org.renames.load(Ordering::Acquire);
        let (mut after, mut spread) = (ActivityId(0), Spread::default());
        loop {
            if self.shared.is_closing() {
                return Err(stopping().into());
            }
            let store = self.shared.store.as_ref();
            let ids = store
                .with_status(org.key, id, after, step_of(SPREAD_RECORDS_MAX))
                .map_err(|e| unavailable(&e))?;
            let Some(&last) = ids.last() else { break };
            let refreshes = ids.iter().map(|id| self.submit(org, author, Write::Refresh(*id)));
            let answers: Vec<_> = refreshes.collect::<Result<_, Refusal>>()?;
            for answer in answers {
                match answer.await.map_err(|_| stopping())? {
                    Ok(written) => spread.changed += u64::from(written.version.is_some()),
                    // It will be no better the next time, and the others have nothing to do with it.
                    Err(Refusal::Damaged(_)) => spread.unreadable += 1,
                    Err(refusal) => return Err(refusal.into()),
                }
            }
            after = last;
            progress(spread);
        }
        if let Some(problem) = spread.problem() {
            tracing::error!(org = %org.id, status = %id, problem, "a status has been renamed, but not everywhere; `driftless check` shows where");
        }
        // Renamed again meanwhile: then the later call says when it is done, or housekeeping. The name
        // would not tell: it may have gone and come back.
        let tenant = org.clone();
        self.change_status(org, By::COMMAND_LINE, id, move |_, status| {
            status.spreading &= tenant.renames.load(Ordering::Acquire) != renames;
            Ok(())
        })
        .await?;
        Ok(spread)
    }

    pub(crate) async fn change_status(
        &self,
        org: &Arc<Tenant>,
        by: By,
        id: StatusId,
        change: impl FnOnce(&Directory, &mut Status) -> Result<(), AdminError> + Send + 'static,
    ) -> Result<(), AdminError> {
        let key = org.key;
        self.change_directory_async(org, by, move |directory, transaction| {
            let status = directory.statuses.get(&id).ok_or(AdminError::UnknownStatus(id))?;
            let mut status = status.clone();
            change(directory, &mut status)?;
            transaction.put_status(key, &status).map_err(|e| unavailable(&e))?;
            directory.statuses.insert(id, status);
            Ok(())
        })
        .await
    }
}

/// While it exists, a status is being spread, and nothing else continues that.
struct UnderWay(Arc<Tenant>, StatusId);

impl UnderWay {
    fn begin(org: &Arc<Tenant>, id: StatusId) -> UnderWay {
        org.spreading.lock().push(id);
        UnderWay(org.clone(), id)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut spreading = self.0.spreading.lock();
        if let Some(at) = spreading.iter().position(|id| *id == self.1) {
            spreading.swap_remove(at);
        }
    }
}

/// Adds a status, to be chosen after all others.
pub(crate) fn put_new_status(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    org: OrgKey,
    id: Option<StatusId>,
    name: StatusName,
) -> Result<StatusId, AdminError> {
    directory.is_writable()?;
    if directory.organization.stage == Stage::Importing {
        // The files may have a status of that number, or name.
        return Err(Refusal::under_import().into());
    }
    let last = directory.statuses.keys().next_back().map_or(0, |id| id.0);
    let next = || Some(StatusId(last.saturating_add(1))).filter(|id| id.0 <= ID_MAX);
    let id = id.or_else(next).ok_or(AdminError::IdsExhausted)?;
    directory.free_status_name(&name, None)?;
    if directory.statuses.contains_key(&id) {
        return Err(AdminError::StatusExists(id.to_string()));
    }
    let last = directory.statuses.values().map(|status| status.position).max().unwrap_or(0);
    let status = Status { position: last.saturating_add(1), ..Status::new(id, name) };
    transaction.put_status(org, &status).map_err(|e| unavailable(&e))?;
    directory.statuses.insert(id, status);
    Ok(id)
}

/// Sets whether a status counts as done. One that becomes done is no longer the one that new activities begin with,
/// unless it is marked as such again.
pub(crate) fn set_done(status: &mut Status, done: bool) {
    status.begins &= !done || status.done;
    status.done = done;
}

/// Marks the status that new activities begin with, and no other.
pub(crate) fn begin_with(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    org: OrgKey,
    id: StatusId,
) -> Result<(), AdminError> {
    if directory.statuses.get(&id).is_none_or(|status| status.retired) {
        return Err(AdminError::UnknownStatus(id));
    }
    for status in directory.statuses.values_mut() {
        let begins = status.id == id;
        if status.begins != begins {
            status.begins = begins;
            transaction.put_status(org, status).map_err(|e| unavailable(&e))?;
        }
    }
    Ok(())
}

/// Takes a status out of those to choose from, unless it is the last of them.
pub(crate) fn retire(directory: &Directory, status: &mut Status) -> Result<(), AdminError> {
    let others =
        directory.statuses.values().filter(|other| !other.retired && other.id != status.id);
    if others.count() == 0 {
        return Err(AdminError::LastStatus);
    }
    status.retired = true;
    Ok(())
}

/// Lets a retired status be chosen again, unless another one has its name now.
pub(crate) fn offer(directory: &Directory, status: &mut Status) -> Result<(), AdminError> {
    directory.free_status_name(&status.name, Some(status.id))?;
    status.retired = false;
    Ok(())
}

/// Moves a status among those to choose from, and numbers their places.
pub(crate) fn step_status(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    org: OrgKey,
    id: StatusId,
    step: Step,
) -> Result<(), AdminError> {
    let offered = directory.statuses_in_order().into_iter().filter(|status| !status.retired);
    let mut order: Vec<StatusId> = offered.map(|status| status.id).collect();
    let at = order.iter().position(|other| *other == id);
    let at = at.ok_or(AdminError::UnknownStatus(id))?;
    let to = match step {
        Step::Up => at.saturating_sub(1),
        Step::Down => (at + 1).min(order.len() - 1),
    };
    order.swap(at, to);
    for (position, id) in (1..).zip(order) {
        let Some(status) = directory.statuses.get_mut(&id) else { continue };
        if status.position != position {
            status.position = position;
            transaction.put_status(org, status).map_err(|e| unavailable(&e))?;
        }
    }
    Ok(())
}

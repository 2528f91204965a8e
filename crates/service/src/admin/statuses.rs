//! Statuses. A status's name is embedded in every record with this status, so renaming it changes those
//! records (invariant 8).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::{ActivityId, Author, ID_MAX, Role, Stage, Status, StatusId, StatusName};
use store::Transaction;

use crate::base::refusal::{DAMAGED, Refusal, stopping, unavailable};
use crate::base::sabotage::{Guard, step_of};
use crate::commit::write::Write;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::authority::Authority;
use crate::folder::tenant::Tenant;

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
    /// Adds a status, to be chosen after all others; its id is the next free one where none is given.
    ///
    /// # Errors
    /// When the id or name is taken, they may not, or the store cannot write.
    pub async fn add_status(
        &self,
        by: impl Into<Authority>,
        id: Option<StatusId>,
        name: StatusName,
    ) -> Result<StatusId, AdminError> {
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            put_new_status(directory, transaction, id, name)
        })
        .await
    }

    /// Retires a status, unless it is the last to choose from: it stays on the records that have it and can no
    /// longer be chosen.
    ///
    /// # Errors
    /// When there is no such status, no other is left to choose, they may not, or the store cannot write.
    pub async fn retire_status(
        &self,
        by: impl Into<Authority>,
        id: StatusId,
    ) -> Result<(), AdminError> {
        self.change_status(by, id, |directory, status| {
            let is_left = |other: &Status| !other.retired && other.id != status.id;
            if !directory.statuses.values().any(is_left) {
                return Err(AdminError::LastStatus);
            }
            status.retired = true;
            Ok(())
        })
        .await
    }

    /// Lets a retired status be chosen again.
    ///
    /// # Errors
    /// When there is no such status, another has its name now, they may not, or the store cannot write.
    pub async fn restore_status(
        &self,
        by: impl Into<Authority>,
        id: StatusId,
    ) -> Result<(), AdminError> {
        self.change_status(by, id, |directory, status| {
            directory.free_status_name(&status.name, Some(status.id))?;
            status.retired = false;
            Ok(())
        })
        .await
    }

    /// Moves a status among those to choose from; the first one stays first, the last one last.
    ///
    /// # Errors
    /// When there is no such status to choose, they may not, or the store cannot write.
    pub async fn move_status(
        &self,
        by: impl Into<Authority>,
        id: StatusId,
        step: Step,
    ) -> Result<(), AdminError> {
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            move_it(directory, transaction, id, step)
        })
        .await
    }

    /// Sets whether activities that have a status are done. A status that becomes done is no longer the one that new
    /// activities begin with, unless it is made that again.
    ///
    /// # Errors
    /// When there is no such status, they may not, or the store cannot write.
    pub async fn set_status_done(
        &self,
        by: impl Into<Authority>,
        id: StatusId,
        done: bool,
    ) -> Result<(), AdminError> {
        self.change_status(by, id, move |_, status| {
            status.begins &= !done || status.done;
            status.done = done;
            Ok(())
        })
        .await
    }

    /// Sets which status new activities begin with in the pages, in place of another.
    ///
    /// # Errors
    /// When there is no such status to choose, they may not, or the store cannot write.
    pub async fn begin_with_status(
        &self,
        by: impl Into<Authority>,
        id: StatusId,
    ) -> Result<(), AdminError> {
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            if directory.statuses.get(&id).is_none_or(|status| status.retired) {
                return Err(AdminError::UnknownStatus(id));
            }
            put_changed(directory, transaction, |status| status.begins = status.id == id)
        })
        .await
    }

    /// Renames a status and brings every record that shows it up to date, each with a new stamp; one
    /// that cannot be read is passed over. `progress` hears how many there were so far; returned is how many
    /// there were in the end. It reads the store on the current thread.
    ///
    /// # Errors
    /// When there is no such status, another has the name, they may not, or the store cannot write. If the server
    /// stops in mid-way, it goes on at its next start.
    pub async fn rename_status(
        &self,
        by: impl Into<Authority>,
        id: StatusId,
        name: StatusName,
        progress: &mut dyn FnMut(Spread),
    ) -> Result<Spread, AdminError> {
        let by = by.into();
        let (org, author) = (by.org().clone(), by.author());
        let tenant = org.clone();
        self.change_status(by, id, move |directory, status| {
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
        self.spread_status(&org, author, id, progress).await
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
                let (author, quiet) = (Authority::command_line(&org).author(), &mut |_| {});
                let spread = self.spread_status(&org, author, status.id, quiet).await;
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
        let (tenant, server) = (org.clone(), Authority::command_line(org));
        self.change_status(server, id, move |_, status| {
            status.spreading &= tenant.renames.load(Ordering::Acquire) != renames;
            Ok(())
        })
        .await?;
        Ok(spread)
    }

    async fn change_status(
        &self,
        by: impl Into<Authority>,
        id: StatusId,
        change: impl FnOnce(&Directory, &mut Status) -> Result<(), AdminError> + Send + 'static,
    ) -> Result<(), AdminError> {
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            let status = directory.statuses.get(&id).ok_or(AdminError::UnknownStatus(id))?;
            let mut status = status.clone();
            change(directory, &mut status)?;
            let put = transaction.put_status(directory.organization.key, &status);
            put.map_err(|e| unavailable(&e))?;
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
fn put_new_status(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
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
    let put = transaction.put_status(directory.organization.key, &status);
    put.map_err(|e| unavailable(&e))?;
    directory.statuses.insert(id, status);
    Ok(id)
}

/// Changes statuses, and writes those that are others then.
fn put_changed(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    change: impl Fn(&mut Status),
) -> Result<(), AdminError> {
    for status in directory.statuses.values_mut() {
        let before = status.clone();
        change(status);
        if *status != before {
            let put = transaction.put_status(directory.organization.key, status);
            put.map_err(|e| unavailable(&e))?;
        }
    }
    Ok(())
}

/// Moves a status among those to choose from, and numbers their places.
fn move_it(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
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
    put_changed(directory, transaction, |status| {
        let place = (1..).zip(&order).find(|(_, id)| **id == status.id);
        status.position = place.map_or(status.position, |(position, _)| position);
    })
}

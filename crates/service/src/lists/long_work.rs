//! Long work that a person started in the pages and watches while it runs: changing many
//! activities at once, renaming a status, importing a file.
//!
//! It goes through the commit like everything else, in bounded steps. It is kept in memory until others
//! replace it, and ends with the process; what it has done stays done.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::{
    ActivityId, AuditKind, Patch, Presence, Role, Seq, StatusId, StatusName, StatusRef, UserId,
};

use crate::admin::statuses::Spread;
use crate::base::refusal::{Refusal, stopping};
use crate::base::runtime::wait;
use crate::commit::write::Write;
use crate::engine::Service;
use crate::folder::authority::Authority;
use crate::folder::person::Person;
use crate::folder::works::{EndsAnyway, LongWork, LongWorkError, NewWork, Outcome};

/// Writes that are under way at the same time.
const STEP_WRITES: usize = 500;

/// What to do with many activities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkChange {
    /// They get this status.
    Status(StatusId),
    /// This person becomes responsible for them; none: no one is.
    SystemUser(Option<UserId>),
    /// They go.
    Remove,
    /// They come back, where they have been removed.
    Restore,
}

impl BulkChange {
    fn write(self, id: ActivityId) -> Write {
        let update = |patch: Patch| Write::Update(id, Box::new(patch));
        match self {
            BulkChange::Status(status) => {
                update(Patch { status: Some(StatusRef::Id(status)), ..Patch::default() })
            }
            BulkChange::SystemUser(user) => {
                let system_user = user.map_or(Presence::Clear, Presence::Set);
                update(Patch { system_user, ..Patch::default() })
            }
            BulkChange::Remove => Write::Remove(id),
            BulkChange::Restore => Write::Restore { id, to: None, seen: None },
        }
    }
}

impl Service {
    /// The organization's work of that number, as long as it is remembered.
    #[must_use]
    pub fn long_work(&self, person: &Person, number: u64) -> Option<Arc<LongWork>> {
        let works = person.tenant.long_works.lock();
        works.works.iter().find(|work| work.number == number).cloned()
    }

    /// Begins to change many activities.
    ///
    /// # Errors
    /// See [`LongWorkError`].
    pub fn start_bulk(
        &self,
        person: &Person,
        ids: Vec<ActivityId>,
        change: BulkChange,
        title: String,
    ) -> Result<Arc<LongWork>, LongWorkError> {
        let (service, person_there) = (self.clone(), person.clone());
        let total = Some(ids.len() as u64);
        let kind = Some(AuditKind::Bulk);
        let new = NewWork { title, total, is_import: false, kind };
        self.start(person, Role::Editor, new, move |work| {
            let writes = ids.into_iter().map(|id| change.write(id));
            service.write_all(&person_there, writes, work)
        })
    }

    /// Begins to undo a work: each activity becomes what it was before, unless someone has
    /// changed it since. None if there is nothing to undo, or no longer.
    ///
    /// # Errors
    /// See [`LongWorkError`].
    pub fn start_undo(
        &self,
        person: &Person,
        undone: &Arc<LongWork>,
    ) -> Result<Option<Arc<LongWork>>, LongWorkError> {
        if !person.may(Role::Editor) {
            return Err(LongWorkError::PermissionDenied);
        }
        if undone.is_working() {
            return Ok(None);
        }
        let made = std::mem::take(&mut *undone.made.lock());
        if made.is_empty() {
            return Ok(None);
        }
        let (service, person_there) = (self.clone(), person.clone());
        let (made_there, undone_there) = (made.clone(), undone.clone());
        let (title, total) = (undone_title(&undone.title), Some(made.len()));
        let kind = Some(AuditKind::Bulk);
        let new = NewWork { title, total, is_import: false, kind };
        let started = self.start(person, Role::Editor, new, move |work| {
            let org = person_there.tenant.clone();
            let id = |version| Some((org.log.timeline.read().id(version)?, version));
            let versions = made_there.iter().filter_map(id);
            let writes = versions.map(|(id, version)| Write::Undo { id, version });
            let outcome = service.write_all(&person_there, writes, work);
            if outcome != Outcome::Finished {
                // What it did not come to can still be undone.
                let view = org.log.exposure.view();
                let is_latest = |version: &Seq| {
                    let timeline = org.log.timeline.read();
                    let latest = timeline.id(*version).and_then(|id| timeline.current(&view, id));
                    latest.is_some_and(|(seq, _)| seq == *version)
                };
                let rest = made_there.iter().filter(is_latest);
                rest.for_each(|version| undone_there.made.lock().add(version));
            }
            outcome
        });
        // It can be tried again.
        started.map(Some).inspect_err(|_| *undone.made.lock() = made)
    }

    /// Begins to rename a status, which changes every activity that shows it.
    ///
    /// # Errors
    /// See [`LongWorkError`].
    pub fn start_rename(
        &self,
        person: &Person,
        id: StatusId,
        name: StatusName,
        title: String,
        total: u64,
    ) -> Result<Arc<LongWork>, LongWorkError> {
        let (service, person_there) = (self.clone(), person.clone());
        let new = NewWork { title, total: Some(total), is_import: false, kind: None };
        self.start(person, Role::Admin, new, move |work| {
            let progress = &mut |spread: Spread| {
                work.done.store(spread.changed, Ordering::Relaxed);
                work.changed.store(spread.changed, Ordering::Relaxed);
            };
            let renamed = wait(service.rename_status(&person_there, id, name, progress));
            let problem = renamed.map_or_else(|e| Some(e.to_string()), |spread| spread.problem());
            problem.map_or(Outcome::Finished, Outcome::Failed)
        })
    }

    /// Begins an import; there is one at a time. `import` does it, on a thread of its own, and says how many
    /// activities have changed, or why it has failed; it is given what hears how many items are done.
    ///
    /// # Errors
    /// See [`LongWorkError`].
    pub fn start_import(
        &self,
        person: &Person,
        title: String,
        total: u64,
        import: impl FnOnce(&(dyn Fn(u64) + Send + Sync)) -> Result<u64, String> + Send + 'static,
    ) -> Result<Arc<LongWork>, LongWorkError> {
        let kind = Some(AuditKind::Import);
        let new = NewWork { title, total: Some(total), is_import: true, kind };
        self.start(person, Role::Admin, new, move |work| {
            match import(&|done| work.done.store(done, Ordering::Relaxed)) {
                Ok(changed) => {
                    work.changed.store(changed, Ordering::Relaxed);
                    Outcome::Finished
                }
                Err(problem) => Outcome::Failed(problem),
            }
        })
    }

    fn start(
        &self,
        person: &Person,
        needed: Role,
        new: NewWork,
        act: impl FnOnce(&Arc<LongWork>) -> Outcome + Send + 'static,
    ) -> Result<Arc<LongWork>, LongWorkError> {
        if !person.may(needed) {
            return Err(LongWorkError::PermissionDenied);
        }
        person.tenant.directory().is_writable()?;
        let kind = new.kind;
        let work = person.tenant.long_works.lock().begin(new)?;
        let (working, service, org) = (work.clone(), self.clone(), person.tenant.clone());
        let by = Authority::from(person);
        let thread = std::thread::Builder::new().name("work".to_owned());
        let started = thread.spawn(move || {
            let ends = EndsAnyway(working);
            // Nothing is done that could not be noted.
            let noted = kind.map_or(Ok(()), |kind| wait(service.note_act(by, kind, &ends.0.title)));
            let outcome = match noted {
                Ok(()) => act(&ends.0),
                Err(refusal) => Outcome::Failed(refusal.to_string()),
            };
            service.bring_up_board(&org);
            ends.0.end(outcome);
        });
        if let Err(problem) = started {
            let problem = problem.to_string();
            work.end(Outcome::Failed(problem.clone()));
            return Err(LongWorkError::Unavailable(problem));
        }
        Ok(work)
    }

    /// Activities that have gone meanwhile count as done: nothing is left to do about them.
    fn write_all(
        &self,
        person: &Person,
        mut writes: impl Iterator<Item = Write>,
        work: &LongWork,
    ) -> Outcome {
        let mut refused = None;
        loop {
            let submit = |write| self.submit(&person.tenant, person.author(), write);
            let step: Result<Vec<_>, Refusal> =
                writes.by_ref().take(STEP_WRITES).map(submit).collect();
            let Ok(answers) = step.map_err(|e| refused = Some(e)) else { break };
            if answers.is_empty() {
                break;
            }
            for answer in answers {
                match answer.blocking_recv().unwrap_or_else(|_| Err(stopping())) {
                    Ok(written) => work.note(written.version),
                    Err(Refusal::UnknownActivity(_)) => {}
                    Err(Refusal::Outdated(_)) => {
                        work.overtaken.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(problem) => {
                        work.refused.fetch_add(1, Ordering::Relaxed);
                        refused = refused.or(Some(problem));
                    }
                }
                work.done.fetch_add(1, Ordering::Relaxed);
            }
            if matches!(refused, Some(Refusal::Unavailable(_) | Refusal::PermissionDenied)) {
                break;
            }
        }
        refused.map_or(Outcome::Finished, |problem| Outcome::Failed(problem.to_string()))
    }
}

/// `Undoing “Removing 12 activities”`; undoing that again is doing it.
fn undone_title(title: &str) -> String {
    let done = title.strip_prefix(UNDO).and_then(|rest| rest.strip_suffix(UNDO_END));
    match done {
        Some(done) => done.to_owned(),
        None => format!("{UNDO}{title}{UNDO_END}"),
    }
}

/// What the title of a work that undoes another begins and ends with.
const UNDO: &str = "Undoing “";
const UNDO_END: &str = "”";

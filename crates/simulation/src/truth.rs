//! What was acknowledged: it is in the log for ever, and did what was asked for and nothing else.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use domain::{Activity, ActivityId, Kind, Seq, Version};
use service::{Refusal, Written};

use crate::world::pick;

/// What a writer asked for.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// A new activity with this subject.
    Created(String),
    /// This subject.
    Subject(String),
    /// This note.
    Note(String),
    /// That it goes.
    Removed,
    /// That it comes back, or goes back to that version.
    Restored(Option<Seq>),
}

struct Acknowledged {
    seq: Seq,
    id: ActivityId,
    asked: Request,
    /// The version that this one must follow.
    seen: Option<Seq>,
}

#[derive(Default)]
struct Known {
    acknowledged: Vec<Acknowledged>,
    /// Whether each activity has been removed, as far as the writers know.
    removed: BTreeMap<ActivityId, bool>,
    /// Those that a file has brought.
    imported: BTreeSet<ActivityId>,
    /// Those that could not be read for a time.
    damaged: BTreeSet<ActivityId>,
    /// What must not have been answered.
    complaint: Option<String>,
}

/// What the writers of one organization know. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Truth(Rc<RefCell<Known>>);

impl Truth {
    /// A write was acknowledged, of somebody who saw that version, if it mattered.
    pub(crate) fn acknowledged(&self, written: Written, asked: Request, seen: Option<Seq>) {
        let known = &mut *self.0.borrow_mut();
        match asked {
            Request::Created(_) | Request::Restored(_) => known.removed.insert(written.id, false),
            Request::Removed => known.removed.insert(written.id, true),
            Request::Subject(_) | Request::Note(_) => None,
        };
        let id = written.id;
        let new = written.version.map(|seq| Acknowledged { seq, id, asked, seen });
        known.acknowledged.extend(new);
    }

    /// Nobody knows whether an activity was removed or came back. Whoever brings it back finds out.
    pub(crate) fn in_doubt(&self, id: ActivityId) {
        self.0.borrow_mut().removed.insert(id, true);
    }

    /// A file with this activity has been imported. Whether it is there depends on what was known of it.
    pub(crate) fn imported(&self, id: ActivityId) {
        self.in_doubt(id);
        self.0.borrow_mut().imported.insert(id);
    }

    /// Whether a file had it: it may have been removed without ever having been there.
    pub(crate) fn was_imported(&self, id: ActivityId) -> bool {
        self.0.borrow().imported.contains(&id)
    }

    /// An activity cannot be read from now on, for a time.
    pub(crate) fn damaged(&self, id: ActivityId) {
        self.0.borrow_mut().damaged.insert(id);
    }

    /// Whether it could not be read for a time.
    pub(crate) fn was_damaged(&self, id: ActivityId) -> bool {
        self.0.borrow().damaged.contains(&id)
    }

    /// A write to an activity was refused: what is damaged beside it is no reason.
    pub(crate) fn refused(&self, id: ActivityId, refusal: &Refusal) {
        if let Refusal::Damaged(damaged) = refusal
            && (*damaged != id || !self.was_damaged(id))
        {
            self.complain(format!("a write to {id} was refused: {refusal}"));
        }
    }

    /// Something was answered that must not be.
    pub(crate) fn complain(&self, complaint: String) {
        self.0.borrow_mut().complaint.get_or_insert(complaint);
    }

    /// Some activity that is there, or has been removed, as far as anybody knows.
    #[must_use]
    pub(crate) fn any(&self, removed: bool) -> Option<ActivityId> {
        let known = self.0.borrow();
        let fitting = known.removed.iter().filter(|(_, is)| **is == removed);
        let ids: Vec<ActivityId> = fitting.map(|(id, _)| *id).collect();
        (!ids.is_empty()).then(|| pick(&ids))
    }

    /// Some version that an activity has had.
    #[must_use]
    pub(crate) fn any_version(&self, id: ActivityId) -> Option<Seq> {
        let known = self.0.borrow();
        let records = known
            .acknowledged
            .iter()
            .filter(|write| write.id == id && !matches!(write.asked, Request::Removed));
        let seqs: Vec<Seq> = records.map(|write| write.seq).collect();
        (!seqs.is_empty()).then(|| pick(&seqs))
    }

    /// Everything acknowledged is in the log.
    ///
    /// # Errors
    /// What is not, or is not as it was asked for.
    pub(crate) fn is_kept_in(&self, log: &[Version]) -> Result<(), String> {
        let known = self.0.borrow();
        known.complaint.clone().map_or(Ok(()), Err)?;
        for Acknowledged { seq, id, asked, seen } in &known.acknowledged {
            let version = at(log, Some(*seq)).filter(|version| version.id == *id);
            let follows = |version: &Version| seen.is_none() || version.previous == *seen;
            if !version.is_some_and(|version| follows(version) && asked.fits(version, log)) {
                return Err(format!(
                    "acknowledged was {asked:?} of {id} at {seq} after {seen:?}, it is {version:?}"
                ));
            }
        }
        Ok(())
    }
}

impl Request {
    fn fits(&self, version: &Version, log: &[Version]) -> bool {
        let before = at(log, version.previous);
        let (is, was) = (content(Some(version)), content(before));
        match self {
            Request::Created(subject) => before.is_none() && is.is_some_and(|is| is.0 == subject),
            Request::Subject(subject) => match (is, was) {
                (Some(is), Some(was)) => is == (subject, was.1, was.2),
                _ => false,
            },
            // Its writer changes the status now and then.
            Request::Note(note) => match (is, was) {
                (Some(is), Some(was)) => (is.0, is.1) == (was.0, note),
                _ => false,
            },
            Request::Removed => is.is_none() && was.is_some(),
            Request::Restored(Some(seq)) => is.is_some() && is == content(at(log, Some(*seq))),
            Request::Restored(None) => {
                let removal = before.filter(|before| before.state.kind() == Kind::Tombstone);
                is.is_some() && is == content(removal.and_then(|v| at(log, v.previous)))
            }
        }
    }
}

/// What a writer may change of an activity. The name of a status is nobody's of these.
fn content(version: Option<&Version>) -> Option<(&str, &str, i64)> {
    let activity: &Activity = version?.record()?;
    Some((activity.subject.as_str(), activity.note.as_str(), activity.status.0))
}

fn at(log: &[Version], seq: Option<Seq>) -> Option<&Version> {
    log.get(usize::try_from(seq?.0).ok()?.checked_sub(1)?)
}

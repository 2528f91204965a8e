//! Writers: each changes one member, of records that others change too.

use std::cell::Cell;
use std::rc::Rc;

use domain::{
    ActivityId, Author, ClientId, Draft, Moment, Note, OrgId, Origin, Patch, StatusRef, Subject,
    UserId,
};
use service::{Refusal, Write, Written};

use crate::machine::{Doors, Lost, Machine};
use crate::renamer::STATUSES;
use crate::truth::{Request, Truth};
use crate::world::{self, below, one_in, pick};

/// Which member a writer changes. The one of the subject also creates, removes and
/// brings back; the one of the note changes the status now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changes {
    /// The subject.
    Subject,
    /// The note.
    Note,
}

/// One writer.
pub(crate) struct Writer {
    /// The machine that it writes to.
    pub(crate) machine: Machine,
    /// The organization.
    pub(crate) org: OrgId,
    /// On whose behalf.
    pub(crate) user: UserId,
    /// What it changes.
    pub(crate) changes: Changes,
    /// What is known of the organization's activities.
    pub(crate) truth: Truth,
    /// How many writes it does.
    pub(crate) writes: u32,
    /// How many writers are not done yet.
    pub(crate) at_work: Rc<Cell<u32>>,
}

impl Writer {
    /// Writes until it has done its share.
    pub(crate) async fn run(self) {
        for n in 0..self.writes {
            world::sleep(i64::try_from(below(6)).unwrap_or(0)).await;
            let value = format!("{:?}-{n}", self.changes);
            let (there, gone) = (self.truth.any(false), self.truth.any(true));
            match (self.changes, there) {
                (Changes::Subject, None) => self.create(&value).await,
                (Changes::Subject, Some(_)) if one_in(3) => self.create(&value).await,
                (Changes::Subject, Some(id)) if one_in(6) => self.remove(id).await,
                (Changes::Subject, Some(id)) if one_in(6) => self.restore(gone.unwrap_or(id)).await,
                (_, Some(id)) => self.update(id, &value).await,
                (Changes::Note, None) => {}
            }
        }
        self.at_work.set(self.at_work.get() - 1);
    }

    async fn write(&self, write: Write) -> Result<Result<Written, Refusal>, Lost> {
        let (org, author) =
            (self.org.clone(), Author { user: Some(self.user), origin: Origin::Api });
        self.machine
            .request(move |Doors { service, .. }| async move {
                match service.org(&org) {
                    Some(org) => service.write(&org, author, write).await,
                    None => Err(Refusal::Unavailable("no organization".to_owned())),
                }
            })
            .await
    }

    async fn create(&self, subject: &str) {
        // A draft whose answer is lost may be there; nobody refers to it.
        match self.write(Write::Create(Box::new(draft(subject)))).await {
            Ok(Ok(written)) => {
                self.truth.acknowledged(written, Request::Created(subject.to_owned()), None);
            }
            Ok(Err(refusal)) => self.truth.refused(ActivityId(0), &refusal),
            Err(Lost) => {}
        }
    }

    async fn update(&self, id: ActivityId, value: &str) {
        let mut patch = Patch::default();
        let asked = match self.changes {
            Changes::Subject => {
                patch.subject = Subject::parse(value).ok();
                Request::Subject(value.to_owned())
            }
            Changes::Note => {
                patch.note = Note::parse(value).ok();
                patch.status = one_in(3).then(|| StatusRef::Id(pick(&STATUSES)));
                Request::Note(value.to_owned())
            }
        };
        // As in the pages, by somebody who saw one of its versions, be it the latest or not.
        let seen = if one_in(3) { self.truth.any_version(id) } else { None };
        let patch = Box::new(patch);
        let write = match seen {
            Some(seen) => Write::Edit { id, seen, patch },
            None => Write::Update(id, patch),
        };
        match self.write(write).await {
            Ok(Ok(written)) => self.truth.acknowledged(written, asked, seen),
            Ok(Err(refusal)) => self.truth.refused(id, &refusal),
            Err(Lost) => {}
        }
    }

    async fn remove(&self, id: ActivityId) {
        match self.write(Write::Remove(id)).await {
            Ok(Ok(written)) => self.truth.acknowledged(written, Request::Removed, None),
            Ok(Err(refusal)) => {
                self.truth.refused(id, &refusal);
                self.truth.in_doubt(id);
            }
            Err(Lost) => self.truth.in_doubt(id),
        }
    }

    async fn restore(&self, id: ActivityId) {
        let to = if one_in(3) { self.truth.any_version(id) } else { None };
        let seen = if one_in(3) { self.truth.any_version(id) } else { None };
        match self.write(Write::Restore { id, to, seen }).await {
            Ok(Ok(written)) => self.truth.acknowledged(written, Request::Restored(to), seen),
            // Whether it is there is as unknown as before.
            Ok(Err(Refusal::Outdated(_))) if seen.is_some() => {}
            Ok(Err(Refusal::Unavailable(_))) | Err(Lost) => self.truth.in_doubt(id),
            Ok(Err(Refusal::UnknownVersion(_))) if to.is_none() && self.truth.was_imported(id) => {}
            Ok(Err(Refusal::Damaged(_))) if self.truth.was_damaged(id) => self.truth.in_doubt(id),
            Ok(Err(refusal)) => self.truth.complain(format!("{id} did not come back: {refusal}")),
        }
    }
}

/// # Panics
/// Never: the texts are fixed.
fn draft(subject: &str) -> Draft {
    let subject = Subject::parse(subject).expect("a subject");
    let start = Moment::parse("2026-01-05T09:00:00Z").expect("a time");
    Draft::new(subject, start, ClientId(1), StatusRef::Id(STATUSES[0]))
}

//! Writers: each changes one member, of records that others change too.

use std::cell::Cell;
use std::rc::Rc;

use domain::{
    Author, ClientId, Draft, Moment, Note, OrgId, Origin, Patch, Priority, StatusId, StatusRef,
    Subject, UserId,
};
use service::{Refusal, Write, Written};

use crate::machine::{Lost, Machine};
use crate::truth::{Removed, Truth};
use crate::world::{self, below, one_in};

/// Which member a writer changes. The one of the subject also creates and removes.
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
            match (self.changes, self.truth.any()) {
                (Changes::Subject, None) => self.create(&value).await,
                (Changes::Subject, Some(_)) if one_in(3) => self.create(&value).await,
                (Changes::Subject, Some(id)) if one_in(6) => self.remove(id).await,
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
            .request(move |service| async move {
                match service.org(&org) {
                    Some(org) => service.write(&org, author, write).await,
                    None => Err(Refusal::Unavailable("no organization".to_owned())),
                }
            })
            .await
    }

    async fn create(&self, subject: &str) {
        // A draft whose answer is lost may be there; nobody refers to it.
        if let Ok(Ok(written)) = self.write(Write::Create(Box::new(draft(subject)))).await {
            self.truth.created(written.id, subject);
        }
    }

    async fn update(&self, id: domain::ActivityId, value: &str) {
        let mut patch = Patch::default();
        match self.changes {
            Changes::Subject => patch.subject = Subject::parse(value).ok(),
            Changes::Note => patch.note = Note::parse(value).ok(),
        }
        let values = |expected: &mut crate::truth::Expected, known: bool| {
            let values = match self.changes {
                Changes::Subject => &mut expected.subject,
                Changes::Note => &mut expected.note,
            };
            if known {
                values.clear();
            }
            values.push(value.to_owned());
        };
        match self.write(Write::Update(id, Box::new(patch))).await {
            Ok(Ok(_)) => self.truth.change(id, |expected| values(expected, true)),
            Ok(Err(Refusal::UnknownActivity(_) | Refusal::PermissionDenied)) => {}
            Ok(Err(_)) | Err(Lost) => self.truth.change(id, |expected| values(expected, false)),
        }
    }

    async fn remove(&self, id: domain::ActivityId) {
        let removed = match self.write(Write::Remove(id)).await {
            Ok(Ok(_)) => Removed::Yes,
            Ok(Err(Refusal::UnknownActivity(_))) => return,
            Ok(Err(_)) | Err(Lost) => Removed::Perhaps,
        };
        self.truth.change(id, |expected| expected.removed = removed);
    }
}

/// # Panics
/// Never: the texts are fixed.
fn draft(subject: &str) -> Draft {
    Draft {
        subject: Subject::parse(subject).expect("a subject"),
        note: Note::empty(),
        start: Moment::parse("2026-01-05T09:00:00Z").expect("a time"),
        end: None,
        client: ClientId(1),
        system_user: None,
        status: StatusRef::Id(StatusId(1)),
        priority: Priority::Normal,
        custom_fields: Vec::new(),
    }
}

//! The service itself: how use cases reach the commit and threads that may wait; opening and closing.

pub(crate) mod lifecycle;
pub(crate) mod start;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::{Author, OrgId, OrgKey, Role, Stamp};
use store::Transaction;
use tokio::sync::oneshot;

use crate::base::refusal::{Refusal, out_of_order, stopping, unavailable};
use crate::base::sabotage::Guard;
use crate::commit::notes::Note;
use crate::commit::write::{Write, Written};
use crate::commit::{Committer, Job, Queue};
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::folder::authority::Authority;
use crate::folder::shared::Shared;
use crate::folder::tenant::Tenant;

/// A data folder at work. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    pub(crate) shared: Arc<Shared>,
    /// The way to the committer.
    pub(crate) queue: Arc<Queue>,
}

impl Service {
    /// The present instant, by the clock that everything here goes by.
    #[must_use]
    pub fn now(&self) -> Stamp {
        self.shared.clock.now()
    }

    /// The bytes of answers, of all organizations, that have not been sent yet.
    #[must_use]
    pub fn unsent_bytes(&self) -> usize {
        self.shared.rooms.bytes()
    }

    /// How many requests have been refused since the start because their organization had no room.
    #[must_use]
    pub fn refused_for_room(&self) -> u64 {
        self.shared.rooms.refused()
    }

    /// The organization of that id.
    #[must_use]
    pub fn org(&self, id: &OrgId) -> Option<Arc<Tenant>> {
        self.shared.tenants.read().get(id).cloned()
    }

    /// All organizations, by id.
    #[must_use]
    pub fn orgs(&self) -> Vec<Arc<Tenant>> {
        let mut orgs: Vec<_> = self.shared.tenants.read().values().cloned().collect();
        orgs.sort_by(|a, b| a.id.cmp(&b.id));
        orgs
    }

    /// The instant up to which the organization's changes are complete and exposed (invariant 3).
    #[must_use]
    pub fn horizon(&self, org: &Tenant) -> Stamp {
        org.log.exposure.tell(self.now(), self.shared.lease.bound())
    }

    /// An instant of the last second before which no later change will be: one that has been exposed already,
    /// or the stamp of the last version, which the next may share. For answers that show no changes: each new
    /// instant exposed is one that the next commit cannot have, and a script that writes one thing after the
    /// other would wait for each.
    #[must_use]
    pub fn recent_horizon(&self, org: &Tenant) -> Stamp {
        let told = org.log.exposure.exposed();
        if told.plus_millis(1_000) > self.now() { told } else { self.horizon(org) }
    }

    /// Whether the organization has, or ever had, any activity.
    #[must_use]
    pub fn has_activities(&self, org: &Tenant) -> bool {
        !org.log.timeline.read().is_empty()
    }

    /// Whether the organization has, or ever had, any activity other than examples.
    #[must_use]
    pub fn has_own_activities(&self, org: &Tenant) -> bool {
        let examples = org.directory().organization.guide.examples;
        let made_up = examples.map_or(0, |examples| examples.activities as usize);
        org.log.timeline.read().activities() > made_up
    }

    /// Whether the store can be read and the committer writes.
    ///
    /// # Errors
    /// When one of them does not.
    pub async fn ready(&self) -> Result<(), Refusal> {
        let shared = self.shared.clone();
        let read = self.blocking(move || shared.store.folder()).await?;
        // What the store says may name files, and is in the log: this is told to everyone who asks.
        let hidden = || Refusal::Unavailable("the database cannot be read".to_owned());
        read.map_err(|e| unavailable(&e)).map_err(|_| hidden())?;
        self.shared.disk.admit()?;
        if !self.is_in_order() {
            return Err(out_of_order());
        }
        // The committer renews it long before it ends, if only it can write.
        if self.shared.lease.bound() < self.now() {
            return Err(Refusal::Unavailable("the disk does not respond".to_owned()));
        }
        Ok(())
    }

    /// How much space the disk has for this user of the computer; none if that is not known.
    #[must_use]
    pub fn disk_free_bytes(&self) -> Option<u64> {
        self.shared.disk.free_bytes()
    }

    /// Whether it is known what the store has: nothing is written where it is not.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        self.shared.in_order.load(Ordering::Acquire)
    }

    /// Hands a write to the commit. The future it returns is the acknowledgement: when it comes, the
    /// write is durable.
    ///
    /// # Errors
    /// See [`Refusal`]; nothing of a refused write is there. Where the answer was
    /// [`Refusal::Unavailable`] after a failing disk, the write may turn out to be there.
    pub async fn write(
        &self,
        org: &Arc<Tenant>,
        author: Author,
        write: Write,
    ) -> Result<Written, Refusal> {
        self.submit(org, author, write)?.await.map_err(|_| stopping())?
    }

    pub(crate) fn submit(
        &self,
        org: &Arc<Tenant>,
        author: Author,
        mut write: Write,
    ) -> Result<oneshot::Receiver<Result<Written, Refusal>>, Refusal> {
        self.shared.disk.admit()?;
        org.limits.stored.admit()?;
        judge_too_early(self, org, &mut write);
        let (reply, answer) = oneshot::channel();
        self.queue.send(Job::Write { tenant: org.clone(), author, write, reply })?;
        Ok(answer)
    }

    /// Has the committer keep a note.
    pub(crate) fn note(
        &self,
        org: &Arc<Tenant>,
        note: Note,
        reply: Option<oneshot::Sender<()>>,
    ) -> Result<(), Refusal> {
        self.queue.send(Job::Note { tenant: org.clone(), note, reply })
    }

    /// Has the committer do something between two transactions, when it is the organization's turn; none: the
    /// data folder's.
    pub(crate) async fn call<T: Send + 'static, E: From<Refusal> + Send + 'static>(
        &self,
        org: Option<OrgKey>,
        work: impl FnOnce(&mut Committer) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(move |committer: &mut Committer| {
            let _ = reply.send(work(committer));
        });
        self.queue.send(Job::Call(org, work))?;
        answer.await.map_err(|_| E::from(stopping()))?
    }

    /// The same for those whose authority reaches that far when it comes to it.
    pub(crate) async fn call_for<T, E>(
        &self,
        by: impl Into<Authority>,
        needed: Role,
        work: impl FnOnce(&mut Committer, &Authority) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Refusal> + From<AdminError> + Send + 'static,
    {
        let by = by.into();
        self.call(Some(by.org().key), move |committer| {
            // Inside the commit (invariant 7): roles change on the committer's thread alone.
            by.check(needed)?;
            work(committer, &by)
        })
        .await
    }

    /// Changes the directory and what the store has of it together, and notes it in the audit log.
    pub(crate) async fn change_directory<T, E>(
        &self,
        by: impl Into<Authority>,
        needed: Role,
        change: impl FnOnce(&mut Directory, &mut dyn Transaction) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Refusal> + From<AdminError> + Send + 'static,
    {
        self.call_for(by, needed, move |committer, by| {
            committer.change_directory(by.org(), by.by(), change)
        })
        .await
    }

    /// Does work in the background; nobody waits for it.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.shared.runtime.spawn(Box::pin(work));
    }

    /// Does work that takes its time, or waits for the disk, on a thread of its own.
    ///
    /// # Errors
    /// When the service is stopping.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (work, done) = with_reply(work);
        self.shared.runtime.blocking(work).await;
        done.await.map_err(|_| stopping())
    }

    /// The same for work that computes for long, and stands back behind everything else.
    ///
    /// # Errors
    /// When the service is stopping.
    pub async fn heavy<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (work, done) = with_reply(work);
        self.shared.runtime.heavy(work).await;
        done.await.map_err(|_| stopping())
    }
}

/// Work that hands over what it comes to.
fn with_reply<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> (Box<dyn FnOnce() + Send>, oneshot::Receiver<T>) {
    let (reply, done) = oneshot::channel();
    let work = Box::new(move || {
        let _ = reply.send(work());
    });
    (work, done)
}

/// Without the guard, a record is read, changed and written back as a whole.
fn judge_too_early(service: &Service, org: &Tenant, write: &mut Write) {
    if !Guard::JudgeInCommit.is_off() {
        return;
    }
    let Write::Update(id, patch) = write else { return };
    let store = service.shared.store.as_ref();
    let read = |seq| store.versions(org.key, &[seq]);
    let Ok(Some(Ok(versions))) = store.latest(org.key, *id).map(|seq| seq.map(read)) else {
        return;
    };
    if let Some(record) = versions.first().and_then(domain::Version::record) {
        patch.subject.get_or_insert_with(|| record.subject.clone());
        patch.note.get_or_insert_with(|| record.note.clone());
    }
}

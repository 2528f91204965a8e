//! A group commit in the making: writes of several organizations that become durable together.

use std::collections::{HashMap, hash_map};
use std::sync::Arc;

use domain::{
    Activity, ActivityId, Author, ID_MAX, Kind, OrgKey, Organization, Seq, Stamp, State, Version,
};
use store::{Store, StoreError, Transaction};
use timeline::Entry;
use tokio::sync::oneshot;

use crate::commit::{Job, Reply};
use crate::import::Seen;
use crate::judge::{Judge, Past};
use crate::notes;
use crate::sabotage::Guard;
use crate::tenant::Tenant;
use crate::{Refusal, Shared, Write, Written};

/// See the module.
#[derive(Default)]
pub(crate) struct Batch {
    commits: Vec<Commit>,
    /// Those who wait for a note.
    noted: Vec<oneshot::Sender<()>>,
    /// What to do in memory once the notes are kept.
    kept: Vec<(Arc<Tenant>, notes::Note)>,
}

/// One organization's part: versions that share a stamp.
struct Commit {
    tenant: Arc<Tenant>,
    stamp: Stamp,
    /// The activity's latest version, with those that this commit has judged so far.
    current: HashMap<ActivityId, Option<Version>>,
    judged: Vec<Judged>,
    /// Those whose write changed nothing, or was refused.
    unchanged: Vec<(Option<Reply>, Result<Written, Refusal>)>,
    next_id: i64,
    versions: Vec<Version>,
    /// The organization as it is from here on, where a greater number of a person is named.
    noted: Option<Organization>,
}

/// An accepted write.
struct Judged {
    id: ActivityId,
    author: Author,
    state: State,
    /// None once those who wait have been told that nobody knows.
    reply: Option<Reply>,
}

impl Batch {
    /// Answers jobs that never came into a batch.
    pub(crate) fn refuse_jobs(jobs: Vec<Job>, why: &Refusal) {
        for job in jobs {
            if let Job::Write { reply, .. } = job {
                let _ = reply.send(Err(why.clone()));
            }
        }
    }

    /// Judges all jobs in their order and appends what they make to the log.
    ///
    /// # Errors
    /// When the store fails; then nothing of the batch may be committed.
    pub(crate) fn fill(
        &mut self,
        shared: &Shared,
        transaction: &mut dyn Transaction,
        jobs: Vec<Job>,
    ) -> Result<(), StoreError> {
        let mut failure = None;
        for job in jobs {
            if failure.is_some() {
                Batch::refuse_jobs(
                    vec![job],
                    &Refusal::Unavailable("the store refused".to_owned()),
                );
                continue;
            }
            failure = match job {
                Job::Write { tenant, reply, .. } if tenant.is_importing() => {
                    let _ = reply.send(Err(Refusal::under_import()));
                    None
                }
                Job::Write { tenant, author, write, reply } => {
                    let commit = self.commit_of(shared, &tenant);
                    commit.judge(shared, transaction, author, &write, reply).err()
                }
                Job::Note { tenant, note, reply } => {
                    self.noted.extend(reply);
                    let kept = note.keep(transaction, tenant.key).err();
                    self.kept.push((tenant, note));
                    kept
                }
                Job::Call(_) | Job::Stop => None,
            };
        }
        match failure {
            Some(failure) => Err(failure),
            None => {
                self.commits.iter_mut().try_for_each(|commit| commit.append(shared, transaction))
            }
        }
    }

    /// The organization's commit of this batch. Its stamp is drawn when the first write joins, with
    /// the transaction open.
    fn commit_of(&mut self, shared: &Shared, tenant: &Arc<Tenant>) -> &mut Commit {
        let at = self.commits.iter().position(|commit| commit.tenant.key == tenant.key);
        let at = at.unwrap_or_else(|| {
            self.commits.push(Commit::begin(shared, tenant.clone()));
            self.commits.len() - 1
        });
        &mut self.commits[at]
    }

    /// The latest stamp of the batch, if it made any version.
    pub(crate) fn last_stamp(&self) -> Option<Stamp> {
        let changed = self.commits.iter().filter(|commit| !commit.versions.is_empty());
        changed.map(|commit| commit.stamp).max()
    }

    /// Whether a batch of unknown outcome is in the store. Its commits share a transaction: one
    /// stands for all.
    pub(crate) fn is_there(&self, store: &dyn Store) -> Result<bool, StoreError> {
        let last =
            self.commits.iter().find_map(|c| c.versions.last().map(|v| (c.tenant.key, v.seq)));
        match last {
            Some((org, seq)) => Ok(store.head(org)? >= seq),
            None => Ok(false),
        }
    }

    /// Shows every commit and answers everybody. To be called once the transaction is durable.
    pub(crate) fn publish(self, shared: &Shared) {
        for commit in self.commits {
            commit.publish(shared);
        }
        for (tenant, note) in self.kept {
            note.kept(&tenant);
        }
        for waiting in self.noted {
            let _ = waiting.send(());
        }
    }

    /// Tells those who wait that nobody knows, and may not for long: the disk is full, say.
    pub(crate) fn give_up_waiting(&mut self) {
        let advice = "the disk does not answer; it may have been saved: look before you repeat it";
        let why = Refusal::Unavailable(advice.to_owned());
        for commit in &mut self.commits {
            let judged = commit.judged.iter_mut().map(|judged| judged.reply.take());
            let unchanged = commit.unchanged.iter_mut().map(|(reply, _)| reply.take());
            judged.chain(unchanged).for_each(|reply| answer(reply, Err(why.clone())));
        }
        self.noted.clear();
    }

    /// Withdraws every commit and tells everybody why. Those who wait for a note see their channel
    /// close.
    pub(crate) fn abandon(self, why: &Refusal) {
        for commit in self.commits {
            commit.tenant.exposure.abandon();
            commit.tenant.moved.notify_waiters();
            for judged in commit.judged {
                answer(judged.reply, Err(why.clone()));
            }
            for (reply, _) in commit.unchanged {
                answer(reply, Err(why.clone()));
            }
        }
    }
}

/// Whoever has gone away does not hear it.
fn answer(reply: Option<Reply>, outcome: Result<Written, Refusal>) {
    if let Some(reply) = reply {
        let _ = reply.send(outcome);
    }
}

impl Commit {
    fn begin(shared: &Shared, tenant: Arc<Tenant>) -> Commit {
        let stamp = tenant.exposure.begin_commit(shared.clock.now());
        let largest = tenant.timeline.read().largest_id().map_or(0, |id| id.0);
        Commit {
            tenant,
            stamp,
            current: HashMap::new(),
            judged: Vec::new(),
            unchanged: Vec::new(),
            next_id: largest.max(0) + 1,
            versions: Vec::new(),
            noted: None,
        }
    }

    /// Judges one write on the state that the one before it left.
    fn judge(
        &mut self,
        shared: &Shared,
        transaction: &mut dyn Transaction,
        author: Author,
        write: &Write,
        reply: Reply,
    ) -> Result<(), StoreError> {
        let id = match write {
            Write::Create(_) => ActivityId(self.next_id),
            Write::Update(id, _)
            | Write::Edit { id, .. }
            | Write::Remove(id)
            | Write::Restore { id, .. }
            | Write::Refresh(id) => *id,
            Write::Import { item, .. } => item.id(),
        };
        if matches!(write, Write::Create(_)) && id.0 > ID_MAX {
            let refusal = Refusal::IdsExhausted(self.tenant.id.clone());
            self.unchanged.push((Some(reply), Err(refusal)));
            return Ok(());
        }
        let past = match self.look_up(shared, transaction, id, write) {
            Ok(past) => past,
            // The neighbours have nothing to do with it.
            Err(StoreError::Damaged(problem)) => {
                tracing::error!(org = %self.tenant.id, %id, problem, "an activity is damaged");
                self.unchanged.push((Some(reply), Err(Refusal::Damaged(id))));
                return Ok(());
            }
            Err(e) => return Err(e),
        };
        let current = self.current.get(&id).and_then(Option::as_ref);
        let directory = self.tenant.directory();
        let judge = Judge { directory: &directory, author, stamp: self.stamp };
        match judge.judge(id, write, current, &past) {
            Ok(Some(state)) => self.accept(id, author, state, reply),
            Ok(None) => self.unchanged.push((Some(reply), Ok(Written { id, version: None }))),
            Err(refusal) => self.unchanged.push((Some(reply), Err(refusal))),
        }
        Ok(())
    }

    /// Makes sure that the activity's latest version is at hand, and looks up what the write needs of
    /// those before it.
    fn look_up(
        &mut self,
        shared: &Shared,
        transaction: &mut dyn Transaction,
        id: ActivityId,
        write: &Write,
    ) -> Result<Past, StoreError> {
        if let hash_map::Entry::Vacant(unknown) = self.current.entry(id) {
            // Nobody but the commit appends to the log: what the timeline has is all of it.
            let known = {
                let timeline = self.tenant.timeline.read();
                timeline.current(&timeline.head(), id)
            };
            let remembered = known.and_then(|(seq, _)| shared.versions.get(self.tenant.key, seq));
            unknown.insert(match (known, remembered) {
                (None, _) => None,
                (_, Some(version)) => Some(Version::clone(&version)),
                _ => transaction.current(self.tenant.key, id)?,
            });
        }
        let store = shared.store.as_ref();
        let mut past = Past::default();
        match write {
            Write::Restore { to: Some(seq), .. } => {
                past.earlier = self.record_at(store, id, *seq)?;
            }
            Write::Restore { to: None, .. } => past.earlier = self.last_record(store, id)?,
            Write::Import { item, restore, .. } => {
                let latest = self.current.get(&id).and_then(Option::as_ref);
                match latest.map(|latest| (latest, latest.state.kind())) {
                    Some((latest, Kind::Record)) => {
                        past.seen = Seen::by(item, latest, &self.tenant.timeline.read());
                    }
                    Some((_, Kind::Tombstone)) if *restore => {
                        past.earlier = self.last_record(store, id)?;
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(past)
    }

    /// The activity as it was at a position; none where the position is not one of its records.
    fn record_at(
        &self,
        store: &dyn Store,
        id: ActivityId,
        seq: Seq,
    ) -> Result<Option<Activity>, StoreError> {
        if seq == Seq::ZERO || seq > self.tenant.timeline.read().head().seq() {
            return Ok(None);
        }
        let version = store.versions(self.tenant.key, &[seq])?.pop();
        Ok(version.filter(|version| version.id == id).and_then(|version| record(version.state)))
    }

    /// The activity as it was before it was removed, which may have been a moment ago, by this very
    /// commit.
    fn last_record(
        &self,
        store: &dyn Store,
        id: ActivityId,
    ) -> Result<Option<Activity>, StoreError> {
        let mut own = self.judged.iter().rev().filter(|judged| judged.id == id);
        if let Some(activity) = own.find_map(|judged| record(judged.state.clone())) {
            return Ok(Some(activity));
        }
        let latest = self.current.get(&id).and_then(Option::as_ref);
        match latest.and_then(|version| version.previous) {
            Some(seq) => self.record_at(store, id, seq),
            None => Ok(None),
        }
    }

    fn accept(&mut self, id: ActivityId, author: Author, state: State, reply: Reply) {
        self.next_id = self.next_id.max(id.0 + 1);
        // Its position is not known yet; the next write of this commit only looks at the state, and at
        // what the log had before.
        let replaced = self.current.get(&id).and_then(Option::as_ref);
        let previous = replaced.and_then(|version| {
            if version.seq == Seq::ZERO { version.previous } else { Some(version.seq) }
        });
        let provisional = Version {
            seq: Seq::ZERO,
            stamp: self.stamp,
            id,
            previous,
            author,
            state: state.clone(),
        };
        self.current.insert(id, Some(provisional));
        self.judged.push(Judged { id, author, state, reply: Some(reply) });
    }

    /// Gives the accepted writes their positions, in id order, and appends them to the log.
    fn append(
        &mut self,
        shared: &Shared,
        transaction: &mut dyn Transaction,
    ) -> Result<(), StoreError> {
        self.judged.sort_by_key(|judged| judged.id); // stable: writes of one activity keep their order
        let timeline = self.tenant.timeline.read();
        let head = timeline.head();
        let mut seq = head.seq();
        let mut before: Option<(ActivityId, Seq)> = None;
        for judged in &self.judged {
            seq = seq.next();
            if Guard::SharedStamp.is_off() {
                self.stamp = self.tenant.exposure.begin_commit(shared.clock.now());
            }
            let previous = match before {
                Some((id, earlier)) if id == judged.id => Some(earlier),
                _ => timeline.current(&head, judged.id).map(|(seq, _)| seq),
            };
            before = Some((judged.id, seq));
            let version = Version {
                seq,
                stamp: self.stamp,
                id: judged.id,
                previous,
                author: judged.author,
                state: judged.state.clone(),
            };
            transaction.append(self.tenant.key, &version)?;
            self.versions.push(version);
        }
        drop(timeline);
        self.note_users(transaction)
    }

    /// Keeps the greatest number of a person that is named, with what names it.
    fn note_users(&mut self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        let records = self.versions.iter().filter_map(Version::record);
        let Some(named) = records.filter_map(Activity::assignable_user).max() else {
            return Ok(());
        };
        let directory = self.tenant.directory();
        if named > directory.organization.last_user_named {
            let organization =
                Organization { last_user_named: named, ..directory.organization.clone() };
            transaction.put_organization(&organization)?;
            self.noted = Some(organization);
        }
        Ok(())
    }

    /// Timeline, caches and head follow in one step; then the answers leave.
    fn publish(self, shared: &Shared) {
        let written: Vec<Written> =
            self.versions.iter().map(|v| Written { id: v.id, version: Some(v.seq) }).collect();
        if self.versions.is_empty() {
            self.tenant.exposure.abandon();
        } else {
            metrics::counter!("driftless_versions_total").increment(self.versions.len() as u64);
            metrics::counter!("driftless_commits_total").increment(1);
            if let Some(noted) = self.noted {
                self.tenant.set_organization(noted);
            }
            show(shared, &self.tenant, self.stamp, self.versions);
        }
        self.tenant.moved.notify_waiters();
        for (judged, written) in self.judged.into_iter().zip(written) {
            answer(judged.reply, Ok(written));
        }
        for (reply, outcome) in self.unchanged {
            answer(reply, outcome);
        }
    }
}

fn record(state: State) -> Option<Activity> {
    match state {
        State::Record(activity) => Some(*activity),
        State::Tombstone => None,
    }
}

/// Makes durable versions visible: the timeline first, which nobody asks beyond its view, then the
/// head.
pub(crate) fn show(shared: &Shared, tenant: &Tenant, stamp: Stamp, versions: Vec<Version>) {
    let view = {
        let mut timeline = tenant.timeline.write();
        for version in &versions {
            let entry = Entry { id: version.id, stamp: version.stamp, kind: version.state.kind() };
            // Order and stamps are the committer's own, so that only a log that is full comes here.
            // It has been written by now: it is not shown, and the next start says why.
            if let Err(error) = timeline.append(entry) {
                tracing::error!(org = %tenant.id, %error, "the timeline cannot follow the log");
                return;
            }
        }
        timeline.head()
    };
    shared.remember(tenant.key, versions);
    tenant.exposure.publish(view, stamp);
}

/// The key of a version in a cache.
pub(crate) type VersionKey = (OrgKey, Seq);

//! One organization's part of a group commit: versions that share a stamp.

use std::collections::{HashMap, hash_map};
use std::sync::Arc;

use domain::{
    Activity, ActivityId, Author, ExternalId, ID_MAX, Imported, Kind, Organization, Seq, Stamp,
    State, Version,
};
use store::{Store, StoreError, Transaction};
use timeline::Entry;

use crate::base::refusal::{Refusal, unavailable};
use crate::base::sabotage::Guard;
use crate::commit::age::Seen;
use crate::commit::judge::{Judge, Past};
use crate::commit::write::{Write, Written};
use crate::commit::{Reply, age};
use crate::folder::shared::Shared;
use crate::folder::tenant::Tenant;
use crate::log::versions::bytes_of;

/// See the module.
pub(super) struct Part {
    pub(super) tenant: Arc<Tenant>,
    pub(super) stamp: Stamp,
    /// The activity's latest version, with those that this commit has judged so far.
    current: HashMap<ActivityId, Option<Version>>,
    /// External ids of the activities that this commit has judged so far.
    external_ids: HashMap<ExternalId, ActivityId>,
    judged: Vec<Judged>,
    /// Those whose write changed nothing, or was refused.
    unchanged: Vec<(Option<Reply>, Result<Written, Refusal>)>,
    next_id: i64,
    pub(super) versions: Vec<Version>,
    /// The organization as it is from here on, where a greater number of a person is named.
    noted: Option<Organization>,
}

/// An accepted write.
struct Judged {
    id: ActivityId,
    author: Author,
    state: State,
    /// None once the waiting callers have been told that the outcome is unknown.
    reply: Option<Reply>,
}

impl Part {
    pub(super) fn begin(shared: &Shared, tenant: Arc<Tenant>) -> Part {
        let stamp = tenant.log.exposure.begin_commit(shared.clock.now());
        let largest = tenant.log.timeline.read().largest_id().map_or(0, |id| id.0);
        Part {
            tenant,
            stamp,
            current: HashMap::new(),
            external_ids: HashMap::new(),
            judged: Vec::new(),
            unchanged: Vec::new(),
            next_id: largest.max(0) + 1,
            versions: Vec::new(),
            noted: None,
        }
    }

    /// Judges one write on the state that the one before it left; says how many bytes its version takes.
    ///
    /// # Errors
    /// When the store fails. As damaged, when what this write needs is: then it has been refused by
    /// itself, since its neighbours have nothing to do with it.
    pub(super) fn judge(
        &mut self,
        shared: &Shared,
        transaction: &mut dyn Transaction,
        author: Author,
        write: &Write,
        reply: Reply,
    ) -> Result<usize, StoreError> {
        let id = match write {
            Write::Create(_) => ActivityId(self.next_id),
            Write::Import { item, .. } => match self.imported(shared, item) {
                Ok(id) => id.unwrap_or(ActivityId(self.next_id)),
                Err(e) => {
                    answer(Some(reply), Err(unavailable(&e)));
                    return Err(e);
                }
            },
            Write::Update(id, _)
            | Write::Edit { id, .. }
            | Write::Remove(id)
            | Write::Restore { id, .. }
            | Write::Undo { id, .. }
            | Write::Follow { id, .. }
            | Write::Refresh(id) => *id,
        };
        if id.0 == self.next_id && id.0 > ID_MAX {
            let refusal = Refusal::IdsExhausted(self.tenant.id.clone());
            self.unchanged.push((Some(reply), Err(refusal)));
            return Ok(0);
        }
        let past = match self.look_up(shared, transaction, id, write) {
            Ok(past) => past,
            Err(e) => {
                if let StoreError::Damaged(problem) = &e {
                    tracing::error!(org = %self.tenant.id, %id, problem, "an activity is damaged; `driftless check` shows where");
                    self.unchanged.push((Some(reply), Err(Refusal::Damaged(id))));
                } else {
                    answer(Some(reply), Err(unavailable(&e)));
                }
                return Err(e);
            }
        };
        let current = self.current.get(&id).and_then(Option::as_ref);
        // Its times of change tell an activity's versions apart, also where nobody has read them in between.
        if current.is_some_and(|latest| latest.seq != Seq::ZERO && latest.stamp >= self.stamp) {
            self.date_later(shared.clock.now());
        }
        let current = self.current.get(&id).and_then(Option::as_ref);
        let directory = self.tenant.directory();
        let judge = Judge { directory: &directory, author, stamp: self.stamp };
        match judge.judge(id, write, current, &past) {
            Ok(Some(state)) => {
                let bytes = bytes_of(&state);
                self.accept(id, author, state, reply);
                return Ok(bytes);
            }
            Ok(None) => self.unchanged.push((Some(reply), Ok(Written { id, version: None }))),
            Err(refusal) => self.unchanged.push((Some(reply), Err(refusal))),
        }
        Ok(0)
    }

    /// Takes a stamp that no version has yet; what this commit has made so far is dated by it, too.
    fn date_later(&mut self, now: Stamp) {
        let later = self.tenant.log.exposure.draw_later(now);
        let before = std::mem::replace(&mut self.stamp, later);
        let provisional = self.current.values_mut().flatten().filter(|it| it.seq == Seq::ZERO);
        let states = provisional.map(|version| &mut version.state);
        for state in states.chain(self.judged.iter_mut().map(|judged| &mut judged.state)) {
            if let State::Record(activity) = state
                && activity.created == before
            {
                activity.created = later;
            }
        }
    }

    /// The activity that an item of an import is about; none where it is a new one. Another import may have
    /// brought it since the item was read.
    fn imported(&self, shared: &Shared, item: &Imported) -> Result<Option<ActivityId>, StoreError> {
        let (None, Some(id)) = (item.id(), item.external_id()) else { return Ok(item.id()) };
        match self.external_ids.get(id) {
            Some(found) => Ok(Some(*found)),
            None => self.tenant.log.activity_of(shared.store.as_ref(), id),
        }
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
                let timeline = self.tenant.log.timeline.read();
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
            Write::Undo { version, .. } => {
                let (is_untouched, previous) = self.undone(id, *version);
                past.is_untouched_since = is_untouched;
                if let Some(previous) = previous {
                    past.earlier = self.record_at(store, id, previous)?;
                }
            }
            Write::Import { item, restore, .. } => {
                let latest = self.current.get(&id).and_then(Option::as_ref);
                match latest.map(|latest| (latest, latest.state.kind())) {
                    Some((latest, Kind::Record)) => {
                        let timeline = self.tenant.log.timeline.read();
                        past.seen = Seen::by(item, latest, &timeline);
                        let base = age::base(item, latest, &timeline);
                        drop(timeline);
                        past.base = match base {
                            Some(seq) if seq == latest.seq => Some(latest.clone()),
                            Some(seq) => self.record_at(store, id, seq)?,
                            None => None,
                        };
                    }
                    Some((_, Kind::Tombstone)) if *restore => {
                        past.earlier = self.last_record(store, id)?;
                        let timeline = self.tenant.log.timeline.read();
                        let seen = |last| Seen::by(item, last, &timeline);
                        past.seen = past.earlier.as_ref().map(seen).unwrap_or_default();
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(past)
    }

    /// Whether an activity is unchanged since a version of it, and what was before that. What only
    /// updates what it embeds does not count as a change.
    fn undone(&self, id: ActivityId, version: Seq) -> (bool, Option<Seq>) {
        let Some(latest) = self.current.get(&id).and_then(Option::as_ref) else {
            return (false, None);
        };
        if latest.seq == version {
            return (true, latest.previous);
        }
        let timeline = self.tenant.log.timeline.read();
        let made = timeline.stamp(version).filter(|_| timeline.id(version) == Some(id));
        let since = latest.record().and_then(|record| record.provenance.since);
        (since.is_some() && since == made, timeline.previous(version))
    }

    /// The activity as it was at a position; none if the position is not one of its records.
    fn record_at(
        &self,
        store: &dyn Store,
        id: ActivityId,
        seq: Seq,
    ) -> Result<Option<Version>, StoreError> {
        if seq == Seq::ZERO || seq > self.tenant.log.timeline.read().head().seq() {
            return Ok(None);
        }
        let version = store.versions(self.tenant.key, &[seq])?.pop();
        Ok(version.filter(|version| version.id == id && version.record().is_some()))
    }

    /// The activity as it was before it was removed, which may have been a moment ago, by this very
    /// commit.
    fn last_record(
        &self,
        store: &dyn Store,
        id: ActivityId,
    ) -> Result<Option<Version>, StoreError> {
        let latest = self.current.get(&id).and_then(Option::as_ref);
        let is_own = |judged: &&Judged| judged.id == id && judged.state.kind() == Kind::Record;
        if let (Some(latest), Some(own)) = (latest, self.judged.iter().rev().find(is_own)) {
            return Ok(Some(Version { state: own.state.clone(), ..latest.clone() }));
        }
        match latest.and_then(|version| version.previous) {
            Some(seq) => self.record_at(store, id, seq),
            None => Ok(None),
        }
    }

    fn accept(&mut self, id: ActivityId, author: Author, state: State, reply: Reply) {
        self.next_id = self.next_id.max(id.0 + 1);
        if let State::Record(activity) = &state
            && let Some(external_id) = &activity.external_id
        {
            self.external_ids.insert(external_id.clone(), id);
        }
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

    /// Tells the waiting callers that the outcome is unknown; from here on none waits.
    pub(super) fn give_up_waiting(&mut self, why: &Refusal) {
        let judged = self.judged.iter_mut().map(|judged| judged.reply.take());
        let unchanged = self.unchanged.iter_mut().map(|(reply, _)| reply.take());
        judged.chain(unchanged).for_each(|reply| answer(reply, Err(why.clone())));
    }

    /// Withdraws it and tells all callers why.
    pub(super) fn abandon(self, why: &Refusal) {
        self.tenant.log.exposure.abandon();
        self.tenant.log.moved.notify_waiters();
        for judged in self.judged {
            answer(judged.reply, Err(why.clone()));
        }
        for (reply, _) in self.unchanged {
            answer(reply, Err(why.clone()));
        }
    }

    /// Gives the accepted writes their positions, in id order, and appends them to the log.
    pub(super) fn append(
        &mut self,
        shared: &Shared,
        transaction: &mut dyn Transaction,
    ) -> Result<(), StoreError> {
        self.judged.sort_by_key(|judged| judged.id); // stable: writes of one activity keep their order
        let timeline = self.tenant.log.timeline.read();
        let head = timeline.head();
        let mut seq = head.seq();
        let mut before: Option<(ActivityId, Seq)> = None;
        self.versions.clear(); // Of a transaction that had to be begun again.
        for judged in &self.judged {
            seq = seq.next();
            if Guard::SharedStamp.is_off() {
                self.stamp = self.tenant.log.exposure.draw_later(shared.clock.now());
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
    pub(super) fn publish(self, shared: &Shared) {
        let written: Vec<Written> =
            self.versions.iter().map(|v| Written { id: v.id, version: Some(v.seq) }).collect();
        if self.versions.is_empty() {
            self.tenant.log.exposure.abandon();
        } else {
            metrics::counter!("driftless_versions_total").increment(self.versions.len() as u64);
            metrics::counter!("driftless_commits_total").increment(1);
            if let Some(noted) = self.noted {
                self.tenant.people.set_organization(noted);
            }
            show(shared, &self.tenant, self.stamp, self.versions);
        }
        self.tenant.log.moved.notify_waiters();
        for (judged, written) in self.judged.into_iter().zip(written) {
            answer(judged.reply, Ok(written));
        }
        for (reply, outcome) in self.unchanged {
            answer(reply, outcome);
        }
    }
}

/// Makes durable versions visible: the timeline first, which is never read beyond its view, then the
/// head.
fn show(shared: &Shared, tenant: &Tenant, stamp: Stamp, versions: Vec<Version>) {
    let view = {
        let mut timeline = tenant.log.timeline.write();
        for version in &versions {
            let entry = Entry { id: version.id, stamp: version.stamp, kind: version.state.kind() };
            // Order and stamps are the committer's own, so that only a log that is full comes here.
            // It has been written by now: it is not shown, and the next start says why.
            if let Err(error) = timeline.append(entry) {
                tracing::error!(org = %tenant.id, %error, "cannot add new versions to the timeline");
                return;
            }
        }
        timeline.head()
    };
    shared.versions.remember(tenant.key, versions);
    tenant.log.exposure.publish(view, stamp);
}

/// Callers that are gone do not receive it.
pub(super) fn answer(reply: Option<Reply>, outcome: Result<Written, Refusal>) {
    if let Some(reply) = reply {
        let _ = reply.send(outcome);
    }
}

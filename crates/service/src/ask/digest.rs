//! Digests of ranges of ids, as of an instant: with them, a mirror proves that it is equal, or finds what differs.
//!
//! Nothing is kept for the next question: a mirror reads as many rows of its own for each.

use std::ops::ControlFlow;
use std::sync::{Arc, Weak};

use domain::{ActivityId, DIGEST_PARTS_MAX, Fingerprint, Seq, SetDigest, Stamp};
use timeline::{SeqRange, View};

use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::log::exposure::Reading;
use crate::runs::ask_error::AskError;

/// Versions that are looked at in one step: a commit waits for no more, and the store's snapshot lasts no longer.
const STEP_VERSIONS: u64 = 50_000;

/// A question for digests.
#[derive(Clone, Copy, Debug)]
pub struct DigestQuery {
    /// As of this instant, or of the horizon where that is earlier; none: as of the horizon.
    pub as_of: Option<Stamp>,
    /// The first id.
    pub from: ActivityId,
    /// The last id.
    pub to: ActivityId,
    /// Into so many parts, 1 to [`DIGEST_PARTS_MAX`], the range is divided.
    pub parts: usize,
}

/// A part of a range of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestPart {
    /// The first id that belongs to it.
    pub from: ActivityId,
    /// The last one.
    pub to: ActivityId,
    /// Of the activities that are there.
    pub activities: SetDigest,
    /// Of the removals.
    pub removed: SetDigest,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Digested {
    /// As of this instant.
    pub horizon: Stamp,
    /// Together they are the whole range.
    pub parts: Vec<DigestPart>,
}

impl Service {
    /// The digests of the parts of a range of ids. Parts have about as many activities and removals each, and
    /// end with one of these; behind the last, a part without any reaches to the end of the range.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn digest(
        &self,
        org: &Arc<Tenant>,
        query: DigestQuery,
    ) -> Result<Digested, AskError> {
        let stopping = |_| AskError::Unavailable("the server is stopping".to_owned());
        // It reads as much as sorting does, and so waits for the same turns.
        let own_turn = org.limits.sorting.clone().acquire_owned().await.map_err(stopping)?;
        let turn = self.shared.orders.turns.clone().acquire_owned().await.map_err(stopping)?;
        let Reading { view, horizon } = self.reading(org).await?;
        let horizon = query.as_of.map_or(horizon, |as_of| as_of.min(horizon));
        let is_asked = Arc::new(());
        let (service, org, asked) = (self.clone(), org.clone(), Arc::downgrade(&is_asked));
        let work = move || {
            let _turns = (own_turn, turn);
            let view = service.view_as_of(&org, view, horizon);
            let reader = Reader { service: &service, org: &org, view, query, asked };
            reader.digests().map(|parts| Digested { horizon, parts })
        };
        let digested = self.heavy(work).await?;
        drop(is_asked);
        digested
    }

    /// The view as of an instant that has been exposed: no version appears at or before it any more
    /// (invariant 3). `view` is one of a later instant.
    fn view_as_of(&self, org: &Tenant, view: View, instant: Stamp) -> View {
        let through = org.log.timeline.read().between(None, Some(instant)).through;
        if through >= view.seq() { view } else { self.shared.views.get(&org.log, through) }
    }
}

/// A range of ids in a view, read step by step.
struct Reader<'r> {
    service: &'r Service,
    org: &'r Tenant,
    view: View,
    query: DigestQuery,
    /// Gone when no one waits for the answer any more.
    asked: Weak<()>,
}

/// What a step has: current versions, by their activities.
#[derive(Default)]
struct Step {
    records: Vec<(ActivityId, Seq)>,
    removed: Vec<ActivityId>,
}

impl Reader<'_> {
    fn digests(&self) -> Result<Vec<DigestPart>, AskError> {
        let mut parts = self.parts()?;
        for step in self.steps() {
            let Step { records, removed } = step?;
            for id in removed {
                if let Some(part) = part_of(&mut parts, id) {
                    part.removed += Fingerprint::of_removal(id);
                }
            }
            let seqs: Vec<Seq> = records.iter().map(|(_, seq)| *seq).collect();
            if seqs.is_empty() {
                continue;
            }
            self.service.shared.store.show_versions(self.org.key, &seqs, &mut |version| {
                let mirrored = version.mirrored();
                if let Some((mirrored, part)) = mirrored.zip(part_of(&mut parts, version.id)) {
                    part.activities += mirrored.fingerprint();
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(parts)
    }

    /// The parts, with nothing in them yet.
    fn parts(&self) -> Result<Vec<DigestPart>, AskError> {
        let mut ids = Vec::new();
        for step in self.steps() {
            let Step { records, removed } = step?;
            ids.extend(records.into_iter().map(|(id, _)| id));
            ids.extend(removed);
        }
        ids.sort_unstable();
        let DigestQuery { from, to, parts, .. } = self.query;
        let wanted = parts.clamp(1, DIGEST_PARTS_MAX).min(ids.len());
        let last_of = |part: usize| ids[(part + 1) * ids.len() / wanted - 1];
        let mut ends: Vec<ActivityId> = (0..wanted).map(last_of).collect();
        if ends.last() != Some(&to) {
            ends.push(to);
        }
        let begins = std::iter::once(from).chain(ends.iter().map(|end| ActivityId(end.0 + 1)));
        let part = |(from, to)| DigestPart {
            from,
            to,
            activities: SetDigest::default(),
            removed: SetDigest::default(),
        };
        Ok(begins.zip(ends.iter().copied()).map(part).collect())
    }

    /// What the view has of the range, in the order of the log.
    fn steps(&self) -> impl Iterator<Item = Result<Step, AskError>> {
        let end = self.view.seq().0;
        let begins = (0..end).step_by(STEP_VERSIONS as usize);
        begins.map(move |begin| {
            if self.asked.strong_count() == 0 || self.service.shared.is_closing() {
                return Err(AskError::Unavailable("the server is stopping".to_owned()));
            }
            let through = begin.saturating_add(STEP_VERSIONS).min(end);
            Ok(self.step(SeqRange { after: Seq(begin), through: Seq(through) }))
        })
    }

    fn step(&self, range: SeqRange) -> Step {
        let timeline = self.org.log.timeline.read();
        let is_in_range = |id: &ActivityId| (self.query.from..=self.query.to).contains(id);
        let id = |seq: Seq| timeline.id(seq).filter(is_in_range);
        let record = |seq: Seq| Some((id(seq)?, seq));
        Step {
            records: self.view.records(range).filter_map(record).collect(),
            removed: self.view.tombstones(range).filter_map(id).collect(),
        }
    }
}

/// The part that an id is in.
fn part_of(parts: &mut [DigestPart], id: ActivityId) -> Option<&mut DigestPart> {
    let at = parts.partition_point(|part| part.to < id);
    parts.get_mut(at)
}

//! The index that follows one organization's log.

use domain::{ActivityId, Kind, Seq, Stamp};
use thiserror::Error;

use crate::bits::Bits;
use crate::column::Column;
use crate::latest::Latest;
use crate::view::seq_at;
use crate::{SeqRange, View};

/// The most versions that one organization's log may have, so that 32 bits hold a seq.
pub const VERSIONS_MAX: u32 = u32::MAX - 1;

/// One version, as the timeline needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which activity it is a version of.
    pub id: ActivityId,
    /// Its commit's time.
    pub stamp: Stamp,
    /// Whether the activity is there from here on, or gone.
    pub kind: Kind,
}

/// Why a version cannot come next.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AppendError {
    /// Its stamp is earlier than the last one's: the order of seqs would not be that of stamps
    /// (invariant 2).
    #[error("stamp {} is earlier than the last one, {}", given.millis(), last.millis())]
    StampBeforeLast {
        /// Its stamp.
        given: Stamp,
        /// The last version's stamp.
        last: Stamp,
    },
    /// There are [`VERSIONS_MAX`] already.
    #[error("the log is full: it has {VERSIONS_MAX} versions")]
    Full,
}

/// What [`Timeline::select`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// The current records, ascending.
    pub records: Vec<Seq>,
    /// The ids of the current tombstones, ascending.
    pub removed: Vec<ActivityId>,
}

/// How many versions of a stretch of the log did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Activities came to be.
    pub created: u64,
    /// Activities that had been there before changed, or came back.
    pub edited: u64,
    /// Activities went.
    pub removed: u64,
}

/// Everything about one organization's versions but their content.
pub struct Timeline {
    ids: Column<ActivityId>,
    /// They never decrease.
    stamps: Column<Stamp>,
    /// The seq of the version that each supersedes, 0 where it is an activity's first.
    previous: Column<u32>,
    /// Which versions are tombstones, current or not.
    tombstones: Bits,
    latest: Latest,
    largest_id: Option<ActivityId>,
    /// How many activities there ever were.
    activities: usize,
    head: View,
}

impl Default for Timeline {
    fn default() -> Timeline {
        Timeline::new()
    }
}

impl Timeline {
    /// The timeline of an empty log.
    #[must_use]
    pub fn new() -> Timeline {
        Timeline {
            ids: Column::new(),
            stamps: Column::new(),
            previous: Column::new(),
            tombstones: Bits::default(),
            latest: Latest::new(),
            largest_id: None,
            activities: 0,
            head: View::default(),
        }
    }

    /// Takes in the next version of the log, and says which seq it has.
    ///
    /// # Errors
    /// When its stamp is earlier than the last one's, or the log is full. Nothing has changed then.
    pub fn append(&mut self, entry: Entry) -> Result<Seq, AppendError> {
        let seq = next_seq(self.len())?;
        if let Some(last) = self.last_stamp().filter(|last| entry.stamp < *last) {
            return Err(AppendError::StampBeforeLast { given: entry.stamp, last });
        }
        if entry.kind == Kind::Tombstone {
            self.tombstones.insert(self.len());
        }
        self.ids.push(entry.id);
        self.stamps.push(entry.stamp);
        let previous = self.latest.replace(entry.id, seq);
        self.previous.push(previous);
        self.activities += usize::from(previous == 0);
        self.head.append(entry.kind, position(previous));
        self.largest_id = self.largest_id.max(Some(entry.id));
        Ok(Seq(u64::from(seq)))
    }

    /// How many versions the log has: the seq of its last.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the log has no version.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The stamp of the last version.
    #[must_use]
    pub fn last_stamp(&self) -> Option<Stamp> {
        self.stamps.last().copied()
    }

    /// The largest id that any version has, a removed activity's too: ids are never reused
    /// (invariant 6).
    #[must_use]
    pub fn largest_id(&self) -> Option<ActivityId> {
        self.largest_id
    }

    /// How many activities there ever were, those removed included.
    #[must_use]
    pub fn activities(&self) -> usize {
        self.activities
    }

    /// The view as of now.
    #[must_use]
    pub fn head(&self) -> View {
        self.head.clone()
    }

    /// The view as of that seq, or of now where the log has not come so far. It costs as much as
    /// there are versions after it.
    #[must_use]
    pub fn view_at(&self, seq: Seq) -> View {
        self.rewound(self.head(), seq)
    }

    /// The view as of that seq, made of a later one of this log: in steps, for whoever must not hold up
    /// others for long. One that is no later stays as it is.
    #[must_use]
    pub fn rewound(&self, mut view: View, seq: Seq) -> View {
        if seq >= view.seq() {
            return view;
        }
        // Less than the length of the log, and so a `usize`.
        let (len, later) = (seq.0 as usize, (view.seq().0 - seq.0) as usize);
        // What the later versions superseded was current then, unless it is itself a later one.
        let undone = self.previous.iter_from(len).take(later);
        let superseded = undone.filter_map(|seq| position(*seq));
        let earlier = superseded.filter(|at| *at < len).map(|at| (self.kind_at(at), at));
        view.rewind(len, earlier);
        view
    }

    /// The versions whose stamps lie between these two, or are one of them. Without `from` they
    /// begin with the first version; without `to` they end with the last of now.
    #[must_use]
    pub fn between(&self, from: Option<Stamp>, to: Option<Stamp>) -> SeqRange {
        let len = self.len();
        let after = from.map_or(0, |from| self.stamps.partition_point(|stamp| *stamp < from));
        let through = to.map_or(len, |to| self.stamps.partition_point(|stamp| *stamp <= to));
        SeqRange { after: Seq(after as u64), through: Seq(through as u64) }
    }

    /// What the versions of a stretch of the log did, be they current or superseded. It looks at each
    /// of them, but only at one number.
    #[must_use]
    pub fn tally(&self, range: SeqRange) -> Tally {
        let end = range.through.0.min(self.len() as u64) as usize;
        let start = (range.after.0 as usize).min(end);
        let is_first = |previous: &u32| *previous == 0;
        let firsts = self.previous.count(start..end, is_first);
        let gone_at_first = self
            .tombstones
            .iter(start..end)
            .filter(|at| self.previous.get(*at).is_some_and(is_first))
            .count();
        let removed = self.tombstones.rank(end) - self.tombstones.rank(start);
        let created = (firsts - gone_at_first) as u64;
        Tally { created, edited: (end - start) as u64 - removed - created, removed }
    }

    /// What those activities are in a view of this timeline: each whose current version lies in
    /// the range, once. Ids may be repeated or unknown.
    #[must_use]
    pub fn select(&self, view: &View, ids: &[ActivityId], range: SeqRange) -> Selected {
        let mut selected = Selected::default();
        for id in ids {
            match self.current(view, *id) {
                Some((seq, _)) if !range.contains(seq) => {}
                Some((seq, Kind::Record)) => selected.records.push(seq),
                Some((_, Kind::Tombstone)) => selected.removed.push(*id),
                None => {}
            }
        }
        selected.records.sort_unstable();
        selected.records.dedup();
        selected.removed.sort_unstable();
        selected.removed.dedup();
        selected
    }

    /// The version of an activity that is current in a view of this timeline.
    ///
    /// It costs as much as that activity has had versions since.
    #[must_use]
    pub fn current(&self, view: &View, id: ActivityId) -> Option<(Seq, Kind)> {
        let mut at = position(self.latest.get(id))?;
        while seq_at(at) > view.seq() {
            at = self.previous_of(at)?;
        }
        Some((seq_at(at), self.kind_at(at)))
    }

    /// The activity that this is a version of.
    #[must_use]
    pub fn id(&self, seq: Seq) -> Option<ActivityId> {
        self.ids.get(known(seq)?).copied()
    }

    /// The version's stamp.
    #[must_use]
    pub fn stamp(&self, seq: Seq) -> Option<Stamp> {
        self.stamps.get(known(seq)?).copied()
    }

    /// The version of the same activity that this one superseded.
    #[must_use]
    pub fn previous(&self, seq: Seq) -> Option<Seq> {
        self.previous_of(known(seq)?).map(seq_at)
    }

    /// Whether the version left the activity there, or gone.
    #[must_use]
    pub fn kind(&self, seq: Seq) -> Option<Kind> {
        known(seq).filter(|at| *at < self.len()).map(|at| self.kind_at(at))
    }

    /// An estimate of the heap that it holds, in bytes, the view of the head included.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.ids.memory_bytes()
            + self.stamps.memory_bytes()
            + self.previous.memory_bytes()
            + self.tombstones.memory_bytes()
            + self.latest.memory_bytes()
            + self.head.memory_bytes()
    }

    fn previous_of(&self, at: usize) -> Option<usize> {
        position(*self.previous.get(at)?)
    }

    fn kind_at(&self, at: usize) -> Kind {
        if self.tombstones.contains(at) { Kind::Tombstone } else { Kind::Record }
    }
}

/// The position of the version with that seq; 0 is none's.
fn position(seq: u32) -> Option<usize> {
    Some(seq.checked_sub(1)? as usize)
}

/// The position of a seq that a caller names.
fn known(seq: Seq) -> Option<usize> {
    position(u32::try_from(seq.0).ok()?)
}

/// The seq of the version that comes after `len` others.
fn next_seq(len: usize) -> Result<u32, AppendError> {
    let len = u32::try_from(len).ok().filter(|len| *len < VERSIONS_MAX);
    len.map(|len| len + 1).ok_or(AppendError::Full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_as_many_versions_as_promised() {
        let max = VERSIONS_MAX as usize;
        assert_eq!(next_seq(0), Ok(1));
        assert_eq!(next_seq(max - 1), Ok(VERSIONS_MAX));
        assert_eq!(next_seq(max), Err(AppendError::Full));
        assert_eq!(next_seq(usize::MAX), Err(AppendError::Full));
    }
}

//! The removed ids in an answer. They are not paged: each page of a run carries all of them, so a long list
//! is collected and printed only once for its view.

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use domain::{ActivityId, Kind, OrgKey, Seq};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use timeline::{SeqRange, View};

use crate::log::Log;

/// Up to this many ids are collected faster than a list of them is found.
const FEW_IDS_MAX: u64 = 8;

/// Longer lists are collected, and printed, on a thread that may take its time: in about a millisecond on the spot.
const AT_ONCE_MAX: u64 = 20_000;

/// Positions of the log that are gone through in one step: no commit waits for more.
const STEP_VERSIONS: u64 = 50_000;

/// Removed ids, ascending.
#[derive(Clone, Debug)]
pub enum RemovedIds {
    /// Put together for this answer.
    Few(Vec<ActivityId>),
    /// Kept for all answers from the same view.
    Many(Arc<ManyIds>),
}

/// A long list of ids, and what an interface has made of it.
#[derive(Debug)]
pub struct ManyIds {
    ids: Box<[ActivityId]>,
    printed: OnceLock<Bytes>,
}

impl ManyIds {
    /// Whether printing it takes long.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.printed.get().is_none() && self.ids.len() as u64 > AT_ONCE_MAX
    }

    /// The list as the API prints it.
    pub fn printed(&self, print: impl FnOnce(&[ActivityId]) -> Vec<u8>) -> &Bytes {
        self.printed.get_or_init(|| print(&self.ids).into_boxed_slice().into())
    }
}

impl RemovedIds {
    /// What they take as text at most, each with a sign behind it.
    #[must_use]
    pub fn text_bytes_max(&self) -> usize {
        text_bytes_max(self)
    }
}

/// The last is the longest, since they ascend.
fn text_bytes_max(ids: &[ActivityId]) -> usize {
    let digits = |id: &ActivityId| id.0.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
    ids.last().map_or(0, |last| ids.len() * (digits(last) + 1))
}

impl Deref for RemovedIds {
    type Target = [ActivityId];

    fn deref(&self) -> &[ActivityId] {
        match self {
            RemovedIds::Few(ids) => ids,
            RemovedIds::Many(many) => &many.ids,
        }
    }
}

impl<'a> IntoIterator for &'a RemovedIds {
    type Item = &'a ActivityId;
    type IntoIter = std::slice::Iter<'a, ActivityId>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for RemovedIds {
    fn eq(&self, other: &RemovedIds) -> bool {
        **self == **other
    }
}

/// Which list: the tombstones of a view in a range. Neither ever changes.
type ListKey = (OrgKey, Seq, SeqRange);

#[derive(Clone)]
struct ByBytes;

impl Weighter<ListKey, Arc<ManyIds>> for ByBytes {
    fn weight(&self, _: &ListKey, many: &Arc<ManyIds>) -> u64 {
        let bytes = size_of_val(&*many.ids) + text_bytes_max(&many.ids);
        (size_of::<ManyIds>() + bytes) as u64
    }
}

/// Long lists in memory, bounded in bytes.
pub(crate) struct RemovedLists(Cache<ListKey, Arc<ManyIds>, ByBytes>);

impl RemovedLists {
    pub(crate) fn new(bytes_max: u64) -> RemovedLists {
        // So few are expected that none is too long for its part of the cache.
        RemovedLists(Cache::with_weighter(16, bytes_max, ByBytes))
    }

    /// The ids whose tombstones are in a range of a view, if they are at hand or soon collected.
    pub(crate) fn at_once(&self, log: &Log, view: &View, range: SeqRange) -> Option<RemovedIds> {
        match view.count_tombstones(range) {
            ..=AT_ONCE_MAX => Some(self.of(log, view, range)),
            _ => self.0.get(&key(log, view, range)).map(RemovedIds::Many),
        }
    }

    /// The ids whose tombstones are in a range of a view.
    pub(crate) fn of(&self, log: &Log, view: &View, range: SeqRange) -> RemovedIds {
        let ids = || ids_of(log, view, range, Kind::Tombstone);
        match view.count_tombstones(range) {
            0 => return RemovedIds::Few(Vec::new()),
            1..=FEW_IDS_MAX => return RemovedIds::Few(ids()),
            _ => {}
        }
        let key = key(log, view, range);
        let many = || {
            Ok::<_, Infallible>(Arc::new(ManyIds { ids: ids().into(), printed: OnceLock::new() }))
        };
        let Ok(many) = self.0.get_or_insert_with(&key, many);
        RemovedIds::Many(many)
    }
}

/// What is behind the view's end is not in it, however far the range reaches.
fn key(log: &Log, view: &View, range: SeqRange) -> ListKey {
    let through = range.through.min(view.seq());
    (log.org, view.seq(), SeqRange { through, ..range })
}

/// The ids of the versions of a kind that are current in a range of a view, ascending.
pub(crate) fn ids_of(log: &Log, view: &View, range: SeqRange, kind: Kind) -> Vec<ActivityId> {
    let mut ids = Vec::new();
    let (mut after, end) = (range.after, range.through.min(view.seq()));
    while after < end {
        let through = end.min(Seq(after.0.saturating_add(STEP_VERSIONS)));
        let step = SeqRange { after, through };
        // Locked again for each step, and not while sorting.
        let timeline = log.timeline.read();
        let id = |seq| timeline.id(seq);
        match kind {
            Kind::Record => ids.extend(view.records(step).filter_map(id)),
            Kind::Tombstone => ids.extend(view.tombstones(step).filter_map(id)),
        }
        drop(timeline);
        after = through;
    }
    ids.sort_unstable();
    ids
}

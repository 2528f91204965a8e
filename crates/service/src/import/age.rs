//! Whether what a file says of an activity is older than what is here.
//!
//! Files are imported again, in any order, and after people have gone on working here. So a file does
//! not undo what it cannot have known: what was edited here since the last import, and what is newer
//! than the file's own time.

use domain::{Activity, Imported, Kind, Source, Stamp, Version};
use timeline::Timeline;

/// Which content of an activity an item shows, going by its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The one that the activity has: the file was written here, and changed since.
    Present,
    /// One that the activity had before.
    Past,
    /// None that the activity ever had here, or the item has no time.
    #[default]
    Nothing,
}

impl Seen {
    /// Looks for the item among the versions of its activity, whose latest is this one.
    ///
    /// A removal without a time is one of the past where there was one: the activity was brought back
    /// since.
    pub(crate) fn by(item: &Imported, latest: &Version, timeline: &Timeline) -> Seen {
        let mut earlier = std::iter::successors(latest.previous, |seq| timeline.previous(*seq));
        let Some(time) = item.stamp() else {
            let is_removal = matches!(item, Imported::Removed { .. });
            let was_removed =
                is_removal && earlier.any(|seq| timeline.kind(seq) == Some(Kind::Tombstone));
            return if was_removed { Seen::Past } else { Seen::Nothing };
        };
        let mut seen = if may_be(time, latest.stamp) { Seen::Present } else { Seen::Nothing };
        for stamp in earlier.map_while(|seq| timeline.stamp(seq)).take_while(|at| *at >= time) {
            if may_be(time, stamp) {
                seen = if stamp < latest.content_stamp() { Seen::Past } else { Seen::Present };
            }
        }
        seen
    }
}

/// Whether the activity, which is here, is to stay as it is, though the item says something else.
pub(crate) fn is_newer_here(latest: &Version, item: &Imported, seen: Seen) -> bool {
    let Some(record) = latest.record() else { return false };
    let time = item.stamp();
    let is_newer = |stamp| time.is_some_and(|time| time < stamp && !may_be(time, stamp));
    match (seen, record.provenance.source) {
        (Seen::Present, _) => false,
        // As old as the file that was imported last, whose time may have been kept.
        (_, Source::Import(as_of)) if time.is_some_and(|time| may_be(time, as_of)) => false,
        (Seen::Past, _) | (Seen::Nothing, Source::Edited) => true,
        (Seen::Nothing, Source::Import(as_of)) => is_newer(as_of),
        (Seen::Nothing, Source::Here) => is_newer(latest.content_stamp()),
    }
}

/// As of when a file has what it says of an activity, at the latest `now`. One that was written here
/// and changed since is as new as its import: its time is that of what it was written from.
pub(crate) fn as_of(
    time: Option<Stamp>,
    record: Option<&Activity>,
    seen: Seen,
    now: Stamp,
) -> Stamp {
    let source = record.map(|record| record.provenance.source);
    match (time, source) {
        (Some(time), Some(Source::Import(as_of))) if may_be(time, as_of) => time.min(now),
        (Some(time), _) if seen != Seen::Present => time.min(now),
        _ => now,
    }
}

/// Whether a file's time can be that of a version: the vendor and spreadsheets know whole seconds only.
fn may_be(time: Stamp, stamp: Stamp) -> bool {
    const SECOND_MS: i64 = 1_000;
    let second = stamp.millis().div_euclid(SECOND_MS) * SECOND_MS;
    time == stamp || time.millis() == second
}

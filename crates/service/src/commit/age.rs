//! Whether an activity in a file is older than the one here.
//!
//! Files are imported repeatedly, in any order, while people keep working here. So a file does not undo
//! what it cannot know: what was edited here since the last import, and what is newer than the file's own
//! time. A change to a file that was exported here, or imported last, counts as an edit made here: no
//! other file knows of it.

use domain::{
    Activity, ActivityId, Imported, Kind, Members, Provenance, Seq, Source, Stamp, Terms, Version,
};
use timeline::Timeline;

use crate::base::difference::differences;
use crate::base::refusal::Refusal;

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
    /// A removal without a time is one of the past if there was one: the activity was restored
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

/// The version that a row of a table was made from, going by its time: the one of exactly that time, or
/// the last one of that second. None for other items, and where no version is of that time.
pub(crate) fn base(item: &Imported, latest: &Version, timeline: &Timeline) -> Option<Seq> {
    match item {
        Imported::Record { stamp: Some(time), terms: Terms::Table { .. }, .. } => {
            version_at(*time, latest, timeline)
        }
        _ => None,
    }
}

/// The version of an activity that a row of that time was made from.
pub(crate) fn version_at(time: Stamp, latest: &Version, timeline: &Timeline) -> Option<Seq> {
    let earlier = std::iter::successors(latest.previous, |seq| timeline.previous(*seq));
    let earlier = earlier.map_while(|seq| Some((seq, timeline.stamp(seq)?)));
    let versions = std::iter::once((latest.seq, latest.stamp)).chain(earlier);
    let mut near = versions.take_while(|(_, at)| *at >= time).filter(|(_, at)| may_be(time, *at));
    let first = near.next()?;
    let exact = std::iter::once(first).chain(near).find(|(_, at)| *at == time);
    Some(exact.unwrap_or(first).0)
}

/// Whether the activity is to stay as it is, or come back as it was last, though the item says
/// something else. `latest` is its last record.
pub(crate) fn is_newer_here(latest: &Version, item: &Imported, seen: Seen) -> bool {
    let Some(record) = latest.record() else { return false };
    let time = item.stamp();
    let is_newer = |stamp| time.is_some_and(|time| time < stamp && !may_be(time, stamp));
    match (seen, record.provenance.source) {
        _ if is_changed_by_hand(time, record, seen) => false,
        (Seen::Present, _) => false,
        (Seen::Past, _) | (Seen::Nothing, Source::Edited) => true,
        (Seen::Nothing, Source::Import(as_of)) => is_newer(as_of),
        (Seen::Nothing, Source::Here | Source::Stampless) => is_newer(latest.content_stamp()),
    }
}

/// Where what a file of this time says of an activity comes from, which differs from the last record.
pub(crate) fn provenance(
    time: Option<Stamp>,
    last: Option<&Activity>,
    seen: Seen,
    now: Stamp,
) -> Provenance {
    match last.filter(|last| is_changed_by_hand(time, last, seen)) {
        Some(last) => last.provenance.edited(),
        None => Provenance::imported(time.map_or(now, |time| time.min(now))),
    }
}

/// Whether a file that says something else than the record was made from it: exported from here, or
/// imported last, and changed since, with its time kept.
fn is_changed_by_hand(time: Option<Stamp>, record: &Activity, seen: Seen) -> bool {
    match (time, record.provenance.source) {
        (Some(time), Source::Import(as_of)) if may_be(time, as_of) => true,
        (time, _) => time.is_some() && seen == Seen::Present,
    }
}

/// Whether an item says something else of an activity than its record.
pub(crate) fn differs(item: &Imported, record: &Activity) -> bool {
    let Imported::Record { activity, named, terms, .. } = item else { return true };
    if *terms != Terms::Exact {
        return !terms.changes(activity, *named, record).is_empty();
    }
    let mut activity = Activity::clone(activity);
    activity.import_over(*named, record);
    // Names of statuses are not the record's own.
    activity.status_name.clone_from(&record.status_name);
    !activity.has_content_of(record)
}

/// Makes sure that nothing which a row of a table changes has been changed here since the version that the
/// row was made from, unless to the same.
pub(crate) fn unless_changed_since(
    id: ActivityId,
    row: &Activity,
    named: Members,
    base: &Activity,
    last: &Activity,
) -> Result<(), Refusal> {
    let since = Terms::Exact.changes(last, named, base);
    let both = Terms::Exact.changes(row, since, last);
    if both.is_empty() {
        return Ok(());
    }
    let mut with_row = row.clone();
    with_row.import_over(both, last);
    Err(Refusal::Conflict(id, differences(Some(last), Some(&with_row))))
}

/// Whether a file's time can be that of a version: the vendor and spreadsheets know whole seconds only.
fn may_be(time: Stamp, stamp: Stamp) -> bool {
    const SECOND_MS: i64 = 1_000;
    let second = stamp.millis().div_euclid(SECOND_MS) * SECOND_MS;
    time == stamp || time.millis() == second
}

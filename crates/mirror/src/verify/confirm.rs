//! Looking again at what may differ.

use std::collections::{BTreeMap, HashSet};

use domain::{ActivityId, Stamp};

use super::{Difference, before, id};
use crate::columns::{Values, differing, is_empty, values};
use crate::run::RunError;
use crate::source::{NoPage, Page, Question};
use crate::target::{Rows, TargetError};
use crate::{Row, Source, SourceError, Unreadable};

/// What was found of a few ids that were looked at again.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) differences: BTreeMap<ActivityId, Difference>,
    pub(super) fresh: Vec<Row>,
    pub(super) fresh_unreadable: Vec<Unreadable>,
    /// Of these the source knows nothing, not even that they were removed.
    pub(super) unknown: Vec<ActivityId>,
    /// As many of the fresh rows would be emptied.
    pub(super) emptied: u64,
}

/// Looks at rows again, one by one: what has not changed at the source since and differs is at fault. If the source
/// is exact, it lists all that was removed.
pub(super) fn confirm(
    source: &mut Source,
    rows: &mut dyn Rows,
    ids: &[ActivityId],
    as_of: Stamp,
    is_exact: bool,
) -> Result<Chunk, RunError> {
    let mut found = Chunk::default();
    let mut ask = |since: Option<Stamp>| ask_again(source, &Question::of_ids(ids, since));
    let now = ask(None)?;
    let since = ask(Some(as_of))?;
    let removed: HashSet<ActivityId> = now.removed.iter().copied().collect();
    let later = |modified: Option<Stamp>| modified > Some(as_of);
    let mut changed: HashSet<ActivityId> = since.removed.iter().copied().collect();
    changed.extend(since.rows.iter().filter(|row| later(row.modified)).map(|row| row.id));
    let unreadable = since.unreadable.iter();
    changed.extend(unreadable.filter(|record| later(record.modified)).map(|record| record.id));
    let mut there: BTreeMap<ActivityId, Row> =
        now.rows.into_iter().map(|row| (row.id, row)).collect();
    let mut unreadable: BTreeMap<ActivityId, Unreadable> =
        now.unreadable.into_iter().map(|record| (record.id, record)).collect();
    let held: BTreeMap<ActivityId, Values> =
        rows.rows_of(ids)?.into_iter().filter_map(|row| Some((id(&row)?, row))).collect();
    for id in ids {
        let noted = rows.unreadable_after(before(*id), 1)?;
        let noted = noted.into_iter().find(|(noted, _)| noted == id).map(|(_, record)| record);
        let (row, record) = (there.remove(id), unreadable.remove(id));
        let difference = match (&row, &record, held.get(id), &noted) {
            (None, None, None, None) => None,
            (None, None, ..) => Some(Difference::Ghost),
            (None, Some(record), _, Some(noted)) if record.record == *noted => None,
            (None, Some(_), _, Some(_)) => Some(Difference::Stale(vec!["record"])),
            (None, Some(_), _, None) | (Some(_), _, None, _) => Some(Difference::Missing),
            (Some(row), _, Some(held), noted) => {
                let mut columns = differing(&values(row), held);
                columns.extend(noted.as_ref().map(|_| "record"));
                (!columns.is_empty()).then_some(Difference::Stale(columns))
            }
        };
        let is_removed = removed.contains(id) && row.is_none() && record.is_none();
        let difference = match difference {
            None if is_exact => removal(rows, *id, is_removed)?,
            difference => difference,
        };
        let Some(difference) = difference else { continue };
        // Others may drop a removal from their lists: it is no less removed.
        let is_unknown = is_exact && row.is_none() && record.is_none() && !is_removed;
        found.unknown.extend(is_unknown.then_some(*id));
        // What has changed since is no fault, but the newest that is known of it.
        if !changed.contains(id) {
            found.differences.insert(*id, difference);
        }
        let is_emptied =
            |row: &Row| is_empty(&values(row)) && held.get(id).is_some_and(|held| !is_empty(held));
        found.emptied += u64::from(row.as_ref().is_some_and(is_emptied));
        found.fresh.extend(row);
        found.fresh_unreadable.extend(record);
    }
    Ok(found)
}

/// How what the target notes of a removal differs.
fn removal(
    rows: &mut dyn Rows,
    id: ActivityId,
    is_removed: bool,
) -> Result<Option<Difference>, TargetError> {
    let Some(noted) = rows.removed_after(before(id), 1)? else { return Ok(None) };
    Ok(match (is_removed, noted.contains(&id)) {
        (true, false) => Some(Difference::RemovalMissing),
        (false, true) => Some(Difference::RemovalWrong),
        _ => None,
    })
}

/// Asks for one page; once more, if the session has ended.
fn ask_again(source: &mut Source, question: &Question<'_>) -> Result<Page, RunError> {
    for _ in 0..2 {
        match source.ask(question) {
            Ok(page) if page.told.pages <= 1 => return Ok(page),
            Ok(page) => {
                let problem = format!("{} results do not fit on its page", page.told.results);
                return Err(SourceError::Odd { url: source.address().to_owned(), problem }.into());
            }
            Err(NoPage::Source(error)) => return Err(error.into()),
            Err(NoPage::RunOver) => {}
        }
    }
    Err(SourceError::Sessions(source.address().to_owned()).into())
}

//! Finding what differs by digests, without reading the rest.
//!
//! Driftless divides all ids into parts, and says what each holds, as of the instant that the target is complete
//! up to: however much is written meanwhile, what is compared holds still. Parts that differ are divided further,
//! until one has a single activity. Of a million, two questions lead to any of them.

use std::collections::HashMap;

use domain::{ActivityId, Fingerprint, Stamp};

use super::reading::noted_otherwise;
use super::{Suspected, before, id};
use crate::columns::fingerprint;
use crate::source::digests::{ALL_IDS, Held, Ids, Part};
use crate::target::{Rows, TargetError};
use crate::{Report, RunError, Source, Stop};

/// Rows of the target that are read at once.
const ROWS_MAX: u32 = 1_000;

/// More than all ids that a source can have: somebody may have added others to the target.
const EVERYTHING: Ids = Ids { from: ActivityId(i64::MIN), to: ActivityId(i64::MAX) };

/// The activities that may differ as of that instant, or of now; none if it was told to stop.
pub(super) fn find(
    source: &mut Source,
    target: &mut dyn Rows,
    as_of: Option<Stamp>,
    stop: &Stop,
    report: &mut dyn Report,
) -> Result<Option<Suspected>, RunError> {
    let whole = source.digests(as_of, ALL_IDS)?;
    let compared = whole.parts.iter().map(|part| part.held.activities.count).sum();
    // It has none of these: what the target has is at fault.
    let ids = noted_otherwise(target, HashMap::new())?;
    let mut found = Suspected { as_of: whole.as_of, compared, unreadable: 0, ids };
    let mut read = 0;
    let mut differing = Differing::default();
    let suspects = &mut found.ids;
    differing.compare(target, EVERYTHING, &whole.parts, suspects, &mut || {
        read += 1;
        if read % u64::from(ROWS_MAX) == 0 {
            report.progress(read, compared.max(read));
        }
    })?;
    while let Some(ids) = differing.parts.pop() {
        if stop.is_told() {
            return Ok(None);
        }
        let parts = source.digests(Some(found.as_of), ids)?.parts;
        differing.compare(target, ids, &parts, &mut found.ids, &mut || ())?;
    }
    Ok(Some(found))
}

/// Parts that are to be divided further.
#[derive(Default)]
struct Differing {
    parts: Vec<Ids>,
}

impl Differing {
    /// Compares the parts of a range with what the target has of it.
    fn compare(
        &mut self,
        target: &mut dyn Rows,
        range: Ids,
        parts: &[Part],
        suspects: &mut Vec<ActivityId>,
        read: &mut dyn FnMut(),
    ) -> Result<(), TargetError> {
        let mut sums = vec![Held::default(); parts.len()];
        let has_removed = each(target, range, &mut |id, content| {
            let at = parts.partition_point(|part| part.ids.to < id);
            match (parts.get(at).filter(|part| part.ids.has(id)), content) {
                (None, _) => suspects.push(id),
                (Some(_), Content::There(fingerprint)) => sums[at].activities += fingerprint,
                (Some(_), Content::Removed) => sums[at].removed += Fingerprint::of_removal(id),
            }
            read();
        })?;
        let is_equal = |part: &Part, held: &Held| {
            let removed_are_equal = !has_removed || part.held.removed == held.removed;
            part.held.activities == held.activities && removed_are_equal
        };
        for (part, _) in parts.iter().zip(sums).filter(|(part, held)| !is_equal(part, held)) {
            if part.count() > 1 {
                self.parts.push(part.ids);
                continue;
            }
            // A part ends with the source's one activity, if it has any. All others are the target's.
            suspects.extend((part.count() == 1).then_some(part.ids.to));
            each(target, part.ids, &mut |id, _| suspects.push(id))?;
        }
        Ok(())
    }
}

/// What the target has under an id.
enum Content {
    There(Fingerprint),
    Removed,
}

/// Shows what the target has of a range; whether it tells what was removed.
fn each(
    target: &mut dyn Rows,
    range: Ids,
    visit: &mut dyn FnMut(ActivityId, Content),
) -> Result<bool, TargetError> {
    let mut after = before(range.from);
    'rows: loop {
        let rows = target.rows_after(after, ROWS_MAX)?;
        let Some(last) = rows.last().and_then(id) else { break };
        for (id, row) in rows.iter().filter_map(|row| Some((id(row)?, row))) {
            if id > range.to {
                break 'rows;
            }
            visit(id, Content::There(fingerprint(row)));
        }
        after = last;
    }
    after = before(range.from);
    loop {
        let Some(ids) = target.removed_after(after, ROWS_MAX)? else { return Ok(false) };
        let in_range = ids.iter().take_while(|id| **id <= range.to);
        in_range.for_each(|id| visit(*id, Content::Removed));
        match ids.last() {
            Some(last) if *last < range.to => after = *last,
            _ => return Ok(true),
        }
    }
}

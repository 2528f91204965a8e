//! Finds the slots that match a filter.

use domain::Stamp;
use timeline::SeqRange;

use super::bitmap::Bitmap;
use super::codes::{ABSENT, Codes};
use super::columns::{Columns, NO_END, level};
use super::query::Filter;

/// The slots that meet every condition; none if all do. `changed` are the positions that lie
/// within the bounds of change, `worded` the slots that have the words.
pub(crate) fn matches(
    filter: &Filter,
    columns: &Columns,
    changed: SeqRange,
    worded: Option<&Bitmap>,
) -> Option<Bitmap> {
    let everything = Filter { words: filter.words.clone(), ..Filter::default() };
    if *filter == everything && worded.is_none() {
        return None;
    }
    let mut matches = columns.present.clone();
    if let Some(worded) = worded {
        matches.intersect(worded);
    }
    if !filter.statuses.is_empty() {
        let statuses: Vec<i64> = filter.statuses.iter().map(|status| status.0).collect();
        retain_values(&mut matches, &columns.statuses, &statuses);
    }
    if let Some(clients) = &filter.clients {
        let clients: Vec<i64> = clients.iter().map(|client| client.0).collect();
        retain_values(&mut matches, &columns.clients, &clients);
    }
    if let Some(user) = filter.system_user {
        retain_values(&mut matches, &columns.users, &[user.0]);
    }
    if filter.unassigned {
        matches.retain(columns.users.all(), |code| code == ABSENT);
    }
    if let Some(priority) = filter.priority.map(level) {
        matches.retain(&columns.priorities, |other| other == priority);
    }
    if filter.start_from.is_some() || filter.start_to.is_some() {
        let from = filter.start_from.unwrap_or(Stamp::MIN).millis();
        let to = filter.start_to.unwrap_or(Stamp::MAX).millis();
        matches.retain(&columns.starts, |start| from <= start && start <= to);
    }
    if let Some(from) = filter.end_from.map(Stamp::millis) {
        matches.retain(&columns.ends, |end| end != NO_END && end >= from);
    }
    if let Some(before) = filter.over_before.map(Stamp::millis) {
        matches.retain(&columns.ends, |end| end == NO_END || end < before);
    }
    if filter.changed_from.is_some() || filter.changed_to.is_some() {
        let SeqRange { after, through } = changed;
        matches
            .retain(&columns.seqs, |seq| after.0 < u64::from(seq) && u64::from(seq) <= through.0);
    }
    Some(matches)
}

fn retain_values(matches: &mut Bitmap, codes: &Codes, values: &[i64]) {
    let wanted: Vec<u32> = values.iter().filter_map(|value| codes.code(*value)).collect();
    match wanted[..] {
        [one] => matches.retain(codes.all(), |code| code == one),
        _ => {
            let table = codes.table(&wanted);
            matches.retain(codes.all(), |code| table[code as usize]);
        }
    }
}

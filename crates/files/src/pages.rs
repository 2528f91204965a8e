//! Whether saved answers are all the pages that they say there are.

use std::collections::BTreeMap;

/// The most missing pages that a message names.
const NAMED_MAX: usize = 20;

/// The pages that saved answers are, by the totals that they tell: pages of one question tell the
/// same, unless something changed between two of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages(BTreeMap<Totals, BTreeMap<u64, u64>>);

/// The answer's root member, how many pages it says there are, and how many results.
type Totals = (&'static str, u64, u64);

impl Pages {
    /// Takes in an answer. One that does not say which page it is tells nothing.
    pub(super) fn add(&mut self, root: &'static str, page: [Option<u64>; 3], records: u64) {
        if let [Some(current), Some(pages), Some(results)] = page {
            let held =
                self.0.entry((root, pages, results)).or_default().entry(current).or_default();
            *held = records.max(*held);
        }
    }

    /// Takes in the pages of another file.
    pub fn merge(&mut self, other: Pages) {
        for (totals, pages) in other.0 {
            let mine = self.0.entry(totals).or_default();
            for (page, records) in pages {
                let held = mine.entry(page).or_default();
                *held = records.max(*held);
            }
        }
    }

    /// What is missing, a line for each question that is not there as a whole.
    pub fn missing(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(|(totals, held)| missing(totals, held))
    }
}

fn missing(&(root, pages, results): &Totals, held: &BTreeMap<u64, u64>) -> Option<String> {
    let mut gaps = Vec::new();
    let mut next = 1;
    for &page in held.range(1..=pages).map(|(page, _)| page).chain([&pages.saturating_add(1)]) {
        match page - next {
            0 => {}
            1 => gaps.push(next.to_string()),
            _ => gaps.push(format!("{next} to {}", page - 1)),
        }
        next = page.saturating_add(1);
    }
    let records: u64 = held.values().sum();
    let of = format!("{root} with {pages} pages and {results} results");
    if gaps.is_empty() {
        return (records < results)
            .then(|| format!("{of}: the files contain only {records} of them"));
    }
    let more = if gaps.len() > NAMED_MAX { " …" } else { "" };
    gaps.truncate(NAMED_MAX);
    Some(format!("{of}: these pages are missing: {}{more}", gaps.join(", ")))
}

//! A run from a server of which little is known.
//!
//! It is not known whether its pages hold still while people edit, nor whether a change appears late under an old
//! stamp, nor in which order the records come. So To is fixed at its own time of the login, and the next run begins
//! [`overlap_ms`](crate::Options::overlap_ms) before To. What comes twice changes nothing.
//!
//! If the records come in the order that was asked for, each page is asked for as page 1 from the last row's stamp
//! on, so that nothing shifts. What a page leaves must then be what the next one finds; if it finds another number,
//! and after the first page of a run, the part before it is counted once more.
//!
//! If they come in another order, the time is cut into windows that are so narrow that each fits on one page, and
//! so comes in one answer. Only where one second has more than a page, or records have no stamp, pages are turned:
//! as often as it takes for two readings to agree.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use domain::Stamp;

use crate::columns::values;
use crate::run::{Run, RunError};
use crate::source::{NoPage, Page, Question};
use crate::target::Batch;
use crate::{SourceError, State};

/// The vendor keeps times of change to the second.
const PRECISION_MS: i64 = 1_000;

/// So often pages are read again because they changed meanwhile, before the run gives up.
const READ_AGAIN_MAX: u32 = 8;

/// The oldest time that is asked for: nothing in a CRM is older.
const BEGIN_MS: i64 = -2_208_988_800_000;

/// What a reading of several pages came to: how many records, and a sum over their content.
#[derive(PartialEq, Eq)]
struct Reading {
    records: u64,
    sum: u64,
}

impl Run<'_> {
    /// Reads all up to `to`.
    pub(crate) fn carefully(&mut self, to: Stamp) -> Result<(), RunError> {
        // What is removed again after To is the next run's.
        self.lists_repeat = true;
        let begin = self.state.from().unwrap_or(Stamp::from_millis(BEGIN_MS)).min(to);
        let (mut from, mut before, mut is_first) = (begin, None, true);
        loop {
            let answer = self.page_of(from, to, 1)?;
            if let Some((previous, passed, expected)) = before
                && (is_first || answer.told.results != expected)
            {
                // Was what is older than its last row all on the page before?
                is_first = false;
                if self.page_of(previous, from.plus_millis(-1), 1)?.told.results > passed {
                    return self.by_windows(previous, to, begin);
                }
            }
            self.total = self.total.max(answer.told.results);
            if answer.told.pages <= 1 {
                return self.end(&answer, to);
            }
            let last = match ascending(&answer) {
                Some(last) if last > from => last,
                _ => return self.by_windows(from, to, begin),
            };
            let passed = answer.stamps.iter().filter(|stamp| **stamp < Some(last)).count() as u64;
            before = Some((from, passed, answer.told.results.saturating_sub(passed)));
            // That it was all up to its last row, only the next answer shows: until then, this is the place.
            let state = self.state_at(from, to, begin);
            self.take(&answer, true, state)?;
            self.heed_stop()?;
            from = last;
        }
    }

    /// Reads window by window, whatever the order.
    fn by_windows(&mut self, from: Stamp, to: Stamp, begin: Stamp) -> Result<(), RunError> {
        let (mut low, mut width) = (from, to.millis() - from.millis());
        loop {
            let high = low.plus_millis(width.max(PRECISION_MS)).min(to);
            let answer = self.page_of(low, high, 1)?;
            let (results, size) = (answer.told.results, answer.told.size);
            let span = high.millis() - low.millis();
            let mut read_to = high;
            if answer.told.pages <= 1 {
                if high == to {
                    return self.end(&answer, to);
                }
                let state = self.state_at(high, to, begin);
                self.take(&answer, true, state)?;
                if results < size / 2 {
                    width = span.saturating_mul(2);
                }
            } else if span > PRECISION_MS {
                width = narrower(span, results, size);
                continue;
            } else {
                // Records without a stamp may be in every window: then there is none that is narrow enough.
                if answer.stamps.contains(&None) {
                    read_to = to;
                }
                self.turn_pages(low, read_to)?;
                if read_to == to {
                    return self.end_without(to);
                }
                width = span;
            }
            self.heed_stop()?;
            low = read_to;
        }
    }

    /// Reads the pages of a window until two readings agree.
    fn turn_pages(&mut self, low: Stamp, high: Stamp) -> Result<(), RunError> {
        let mut last = None;
        for _ in 0..READ_AGAIN_MAX {
            let reading = self.turn_pages_once(low, high)?;
            if reading.is_some() && reading == last {
                return Ok(());
            }
            last = reading;
        }
        Err(RunError::Restless)
    }

    /// Reads the pages of a window; none if they moved meanwhile.
    fn turn_pages_once(&mut self, low: Stamp, high: Stamp) -> Result<Option<Reading>, RunError> {
        let (mut seen, mut sum, mut page) = (HashSet::new(), 0_u64, 1);
        let mut results = None;
        loop {
            let answer = self.page_of(low, high, page)?;
            if *results.get_or_insert(answer.told.results) != answer.told.results {
                return Ok(None);
            }
            for row in &answer.rows {
                seen.insert(row.id);
                sum = sum.wrapping_add(hash(&values(row)));
            }
            for record in &answer.unreadable {
                seen.insert(record.id);
                sum = sum.wrapping_add(hash(&record.record));
            }
            self.take(&answer, true, self.state.clone())?;
            self.heed_stop()?;
            if page >= answer.told.pages {
                let records = seen.len() as u64;
                return Ok((Some(records) == results).then_some(Reading { records, sum }));
            }
            page += 1;
        }
    }

    /// The last answer of a run.
    fn end(&mut self, answer: &Page, to: Stamp) -> Result<(), RunError> {
        let state = self.state.complete_to(to, self.next_begin(to));
        self.take(answer, true, state)?;
        self.summary.complete_to = Some(to);
        Ok(())
    }

    /// The end of a run whose last answer has been taken.
    fn end_without(&mut self, to: Stamp) -> Result<(), RunError> {
        self.state = self.state.complete_to(to, self.next_begin(to));
        if !self.options.dry_run {
            self.target.apply(&Batch::of_state(&self.state))?;
        }
        self.summary.complete_to = Some(to);
        Ok(())
    }

    fn next_begin(&self, to: Stamp) -> Stamp {
        to.plus_millis(-self.options.overlap_ms.max(PRECISION_MS))
    }

    /// On its way: what is this old has long been visible.
    fn state_at(&self, place: Stamp, to: Stamp, begin: Stamp) -> State {
        self.state.asked_from(place.min(self.next_begin(to)).max(begin))
    }

    /// Asks for a page; once more, if the session has ended.
    fn page_of(&mut self, from: Stamp, to: Stamp, page: u64) -> Result<Page, RunError> {
        let url = self.source.address().to_owned();
        for _ in 0..2 {
            match self.source.ask(&Question::window(from, Some(to), page)) {
                Ok(answer) => {
                    let near = from.plus_millis(-PRECISION_MS)..=to.plus_millis(PRECISION_MS);
                    if answer.stamps.iter().flatten().all(|stamp| near.contains(stamp)) {
                        return Ok(answer);
                    }
                    let problem =
                        "a record is outside the range of time that was asked for".to_owned();
                    return Err(SourceError::Odd { url, problem }.into());
                }
                Err(NoPage::Source(error)) => return Err(error.into()),
                Err(NoPage::RunOver) => {}
            }
        }
        Err(SourceError::Sessions(url).into())
    }
}

/// The last stamp of a page whose records come in the order of their stamps.
fn ascending(page: &Page) -> Option<Stamp> {
    let is_right = page.stamps.is_sorted() && page.stamps.iter().all(Option::is_some);
    page.stamps.last().copied().flatten().filter(|_| is_right)
}

/// How wide a window is likely to fit on a page, if one of this width has so many records: at most half.
fn narrower(span: i64, results: u64, size: u64) -> i64 {
    let share = i128::from(span) * i128::from(size) * 3 / (i128::from(results.max(1)) * 4);
    i64::try_from(share).unwrap_or(span).clamp(PRECISION_MS, (span / 2).max(PRECISION_MS))
}

/// A sum over content, to compare it within this process.
pub(crate) fn hash(content: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

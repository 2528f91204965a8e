//! Checks that a store is intact: the log has no gaps and is in order, the current state matches it, and
//! every row is readable.

use std::collections::HashMap;

use domain::{ActivityId, Seq, Stamp};
use store::{Examined, Store, StoreError};

/// Problems that are named of each organization, and of what belongs to none; the rest are counted.
const PROBLEMS_MAX: u64 = 20;

/// Versions between two reports of progress.
const PROGRESS_VERSIONS: u64 = 10_000;

/// What a check has found; no problem is the good answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// In words, each organization's first.
    pub lines: Vec<String>,
    /// How many there are altogether.
    pub problems: u64,
}

/// Checks everything. `progress` hears how many versions have been looked at.
///
/// Memory: some 40 bytes for each activity of the largest organization.
///
/// # Errors
/// When the store cannot be read to its end.
pub fn check(store: &dyn Store, progress: &mut dyn FnMut(u64)) -> Result<Checked, StoreError> {
    let mut checked = Checked::default();
    let mut of = Examination::default();
    let mut looked_at = 0;
    store.examine(&mut |examined| match examined {
        Examined::Organization(id) => {
            let next = Examination { whose: format!("organization {id}: "), ..Default::default() };
            std::mem::replace(&mut of, next).close(&mut checked);
        }
        Examined::Version { seq, stamp, id, previous } => {
            of.follow(seq, stamp, id, previous);
            looked_at += 1;
            if u64::is_multiple_of(looked_at, PROGRESS_VERSIONS) {
                progress(looked_at);
            }
        }
        Examined::Problem(problem) => of.tell(&problem),
    })?;
    of.close(&mut checked);
    progress(looked_at);
    Ok(checked)
}

/// One organization's part.
#[derive(Default)]
struct Examination {
    /// What its problems begin with.
    whose: String,
    lines: Vec<String>,
    problems: u64,
    last: Option<(Seq, Stamp)>,
    latest: HashMap<ActivityId, Seq>,
}

impl Examination {
    fn tell(&mut self, problem: &str) {
        self.problems += 1;
        if self.problems <= PROBLEMS_MAX {
            self.lines.push(format!("{}{problem}", self.whose));
        }
    }

    /// Judges the next version by those before it.
    fn follow(&mut self, seq: Seq, stamp: Stamp, id: ActivityId, previous: Option<Seq>) {
        let (last_seq, last_stamp) = self.last.unwrap_or((Seq::ZERO, Stamp::MIN));
        self.last = Some((seq, stamp));
        if seq != last_seq.next() {
            self.tell(&format!("position {last_seq} is followed by {seq}"));
        }
        if stamp < last_stamp {
            self.tell(&format!("the stamp at position {seq} is earlier than the one before it"));
        }
        let before = self.latest.insert(id, seq);
        if previous != before {
            let shown = |seq: Option<Seq>| seq.map_or_else(|| "none".to_owned(), |s| s.to_string());
            self.tell(&format!(
                "position {seq}, activity {id}: names {} as the previous version, but the log has {}",
                shown(previous),
                shown(before)
            ));
        }
    }

    fn close(mut self, checked: &mut Checked) {
        if self.problems > PROBLEMS_MAX {
            let more = self.problems - PROBLEMS_MAX;
            self.lines.push(format!("{}… and {more} more", self.whose));
        }
        checked.problems += self.problems;
        checked.lines.append(&mut self.lines);
    }
}

//! What an import did, or would do.

use std::collections::BTreeSet;
use std::fmt;

use domain::{Activity, ActivityId, State};

use crate::base::difference::{Difference, differences};
use crate::base::refusal::Refusal;

/// Activities that a message names.
const NAMED_MAX: usize = 20;

/// Activities whose members a dry run shows.
const SHOWN_MAX: usize = 100;

/// How much of a value is shown.
const SHOWN_CHARS_MAX: usize = 60;

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Whether the file's own stamps were kept.
    pub kept_stamps: bool,
    /// Records that were not there.
    pub created: u64,
    /// Records of activities that had been removed here.
    pub brought_back: Listed,
    /// Records that were there and different.
    pub updated: u64,
    /// Items that were so already.
    pub unchanged: u64,
    /// Activities that went.
    pub removed: u64,
    /// Activities that differ from the file and stay as they are, or come back as they were: they were edited here since their
    /// last import, or are newer than in the file.
    pub newer_here: Listed,
    /// Activities that were removed here and left so.
    pub left_removed: Listed,
    /// Rows that change what was changed here since the version that they were made from: nothing
    /// of them was written.
    pub conflicts: Conflicts,
    /// The ids of new activities that the files have without one.
    pub given_ids: Listed,
    /// Statuses that were added, whose name was taken over, or that gave way to one of their name.
    pub statuses: Vec<String>,
    /// Statuses that can be chosen and have one name, a group a text: only their ids tell them apart.
    pub same_names: Vec<String>,
    /// Records dated in the future: they got the time of the import as their stamp.
    pub from_the_future: u64,
    /// What a dry run shows in addition to the numbers.
    pub rehearsal: Rehearsal,
}

impl ImportReport {
    /// How many activities have changed, or would.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.created + self.brought_back.count + self.updated + self.removed
    }

    /// The activities that it names and that are here, or were.
    #[must_use]
    pub fn named(&self) -> BTreeSet<ActivityId> {
        let Rehearsal { overwritten, removed, newer_here, .. } = &self.rehearsal;
        let listed =
            [&self.brought_back, &self.newer_here, &self.left_removed, &self.given_ids, removed];
        let differing = [&self.conflicts.first, overwritten, newer_here];
        let listed = listed.into_iter().flat_map(|listed| listed.first.iter().copied());
        listed.chain(differing.into_iter().flatten().map(|differing| differing.id)).collect()
    }
}

/// Activities: the first of them that were come across, and how many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The first of them, at most 20.
    pub first: Vec<ActivityId>,
    /// How many there are.
    pub count: u64,
}

/// Activities that both sides have changed: the first of them, and how many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// The first of them, each with what is here and what the file has.
    pub first: Vec<Differing>,
    /// How many there are.
    pub count: u64,
}

impl Conflicts {
    pub(crate) fn add(&mut self, mut differing: Differing) {
        self.count += 1;
        if self.first.len() < NAMED_MAX {
            differing.shorten();
            self.first.push(differing);
        }
    }
}

impl Listed {
    pub(crate) fn add(&mut self, id: ActivityId) {
        if self.first.len() < NAMED_MAX {
            self.first.push(id);
        }
        self.count += 1;
    }
}

impl FromIterator<ActivityId> for Listed {
    fn from_iter<I: IntoIterator<Item = ActivityId>>(ids: I) -> Listed {
        let mut listed = Listed::default();
        ids.into_iter().for_each(|id| listed.add(id));
        listed
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, id) in self.first.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{id}")?;
        }
        if self.count > self.first.len() as u64 { f.write_str(" …") } else { Ok(()) }
    }
}

/// What becomes of some of the activities that are here: the first hundred of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rehearsal {
    /// Those that would be new, each with all that the file says; one that is to get an id has the id 0.
    pub created: Vec<Differing>,
    /// Those whose content would give way to the file's.
    pub overwritten: Vec<Differing>,
    /// Those that would go.
    pub removed: Listed,
    /// Those that would stay as they are.
    pub newer_here: Vec<Differing>,
}

/// An activity that the file has otherwise than it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// Which one.
    pub id: ActivityId,
    /// How it is here, and what the file has, cut short; none if the file has it as removed.
    pub members: Vec<Difference>,
}

impl Differing {
    fn shorten(&mut self) {
        for Difference { before, after, .. } in &mut self.members {
            [before, after].into_iter().flatten().for_each(shorten);
        }
    }
}

impl Rehearsal {
    /// Takes note of an activity that would be new.
    pub(crate) fn creates(&mut self, id: ActivityId, file: &Activity) {
        if self.created.len() < SHOWN_MAX {
            let mut differing = Differing { id, members: differences(None, Some(file)) };
            differing.shorten();
            self.created.push(differing);
        }
    }

    /// Takes note of what becomes of an activity that is here; `otherwise` is what would become of it
    /// if the file's word were taken.
    pub(crate) fn take(
        &mut self,
        id: ActivityId,
        here: &Activity,
        outcome: &Result<Option<State>, Refusal>,
        otherwise: impl FnOnce() -> Result<Option<State>, Refusal>,
    ) {
        match outcome {
            Ok(Some(State::Record(file))) => add(&mut self.overwritten, id, here, Some(file)),
            Ok(Some(State::Tombstone)) => self.removed.add(id),
            Err(Refusal::NewerHere(_)) => self.stays(id, here, otherwise),
            _ => {}
        }
    }

    /// Takes note of an activity that stays as it is, or comes back as it was.
    pub(crate) fn stays(
        &mut self,
        id: ActivityId,
        here: &Activity,
        otherwise: impl FnOnce() -> Result<Option<State>, Refusal>,
    ) {
        if self.newer_here.len() < SHOWN_MAX {
            match otherwise() {
                Ok(Some(State::Record(file))) => add(&mut self.newer_here, id, here, Some(&file)),
                _ => add(&mut self.newer_here, id, here, None),
            }
        }
    }
}

/// Adds an activity to some, as long as they are few.
fn add(some: &mut Vec<Differing>, id: ActivityId, here: &Activity, file: Option<&Activity>) {
    if some.len() < SHOWN_MAX {
        let mut differing = Differing { id, members: differences(Some(here), file) };
        differing.shorten();
        some.push(differing);
    }
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(SHOWN_CHARS_MAX) {
        *text = format!("{}…", &text[..end]);
    }
}

//! What a file has beyond the record.

use std::collections::BTreeMap;

use super::problem::shown;

/// The names of what a file has and is not kept, and how often each came: the first
/// [`NAMES_MAX`](Ignored::NAMES_MAX) of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    names: BTreeMap<String, u64>,
    more: u64,
}

impl Ignored {
    /// The most names that are told apart.
    pub const NAMES_MAX: usize = 50;

    /// Each name and how often it came, by name.
    pub fn names(&self) -> impl Iterator<Item = (&str, u64)> {
        self.names.iter().map(|(name, &count)| (name.as_str(), count))
    }

    /// How often names came for which there was no more room.
    #[must_use]
    pub fn more(&self) -> u64 {
        self.more
    }

    pub(super) fn add(&mut self, name: &str) {
        if let Some(count) = self.names.get_mut(name) {
            *count += 1;
        } else if self.names.len() < Ignored::NAMES_MAX {
            *self.names.entry(shown(name)).or_default() += 1;
        } else {
            self.more += 1;
        }
    }
}

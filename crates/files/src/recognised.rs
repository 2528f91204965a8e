//! Of which other system a table is, by its header row, and what its columns therefore mean.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use csv::StringRecord;

use super::column::Column;
use super::columns::{ColumnNames, header_name, one_line};
use super::layouts::{LAYOUTS, Layout};
use super::table::bare;

/// What the columns of a header mean, once it has been seen.
pub(super) struct HeaderNames<'n> {
    names: &'n ColumnNames,
    recognised: RefCell<Option<Recognised>>,
}

struct Recognised {
    layout: &'static Layout,
    columns: HashMap<&'static str, Column>,
    /// Those that have ids of accounts and people.
    ids: Vec<String>,
}

impl<'n> HeaderNames<'n> {
    pub(super) fn new(names: &'n ColumnNames) -> HeaderNames<'n> {
        HeaderNames { names, recognised: RefCell::new(None) }
    }

    /// Looks which layout the header has. Where several would fit, it has none.
    pub(super) fn look_at(&self, header: &StringRecord) {
        let in_header: HashSet<String> = header.iter().map(name_of).collect();
        let mut fitting = LAYOUTS.into_iter().filter(|layout| layout.fits(&in_header));
        let (Some(layout), None) = (fitting.next(), fitting.next()) else {
            self.recognised.replace(None);
            return;
        };
        // A column that somebody has said to be a member takes it from the one that the layout has for it.
        let said = in_header.iter().filter_map(|name| self.names.said_of(name));
        let mut taken: Vec<Column> = said.flatten().collect();
        let mut columns = HashMap::new();
        for (name, column) in layout.columns {
            let is_free = !taken.contains(column) && self.names.said_of(name).is_none();
            if in_header.contains(*name) && is_free {
                columns.insert(*name, *column);
                taken.push(*column);
            }
        }
        let ids = header.iter().filter(|cell| layout.ids.contains(&name_of(cell).as_str()));
        let ids = ids.map(|cell| one_line(bare(cell))).collect();
        self.recognised.replace(Some(Recognised { layout, columns, ids }));
    }

    /// What a column of that name is: by what somebody has said, by the layout, else by our own names. Those
    /// do not count in a table of another system, where they may mean something else.
    pub(super) fn find(&self, name: &str) -> Option<Column> {
        match &*self.recognised.borrow() {
            Some(recognised) => match self.names.said_of(name) {
                Some(said) => said,
                None => recognised.columns.get(header_name(name).as_str()).copied(),
            },
            None => self.names.find(name),
        }
    }

    pub(super) fn layout(&self) -> Option<&'static Layout> {
        self.recognised.borrow().as_ref().map(|recognised| recognised.layout)
    }

    /// The columns of ids by which nothing can be found here.
    pub(super) fn ids(&self) -> Vec<String> {
        self.recognised.borrow().as_ref().map(|found| found.ids.clone()).unwrap_or_default()
    }
}

impl Layout {
    fn fits(&self, header: &HashSet<String>) -> bool {
        let has_one_of = |names: &&[&str]| names.iter().any(|name| header.contains(*name));
        self.requires.iter().all(has_one_of) && !has_one_of(&self.lacks)
    }
}

/// A header's cell as layouts have it.
fn name_of(cell: &str) -> String {
    header_name(bare(cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout_of(header: &[&str]) -> Option<&'static str> {
        let names = ColumnNames::default();
        let names = HeaderNames::new(&names);
        names.look_at(&StringRecord::from(header.to_vec()));
        names.layout().map(|layout| layout.name)
    }

    #[test]
    fn a_header_of_what_a_layout_requires_has_that_layout_alone() {
        for layout in LAYOUTS {
            let first = layout.requires.iter().filter_map(|names| names.first().copied());
            let header: Vec<&str> = first.collect();
            assert_eq!(layout_of(&header), Some(layout.name), "{header:?}");
            let all = layout.columns.iter().map(|(name, _)| *name).chain(header);
            let all: Vec<String> = all.map(str::to_uppercase).collect();
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            assert_eq!(layout_of(&all), Some(layout.name), "{all:?}");
        }
    }

    #[test]
    fn names_that_several_systems_have_tell_nothing() {
        for header in [
            &["Activity Date", "Subject", "Status"][..],
            &["Assigned To", "Subject", "Due Date"],
            &["Contact ID", "Subject"],
            &["Id", "Subject", "ActivityDate"],
            &["Record ID", "Subject", "Due date"],
            &["activityId", "subject", "startDateTime", "activityStatus.name"],
            // Of two systems at once.
            &["(Do Not Modify) Task", "(Do Not Modify) Activity", "Subject"],
        ] {
            assert_eq!(layout_of(header), None, "{header:?}");
        }
    }
}

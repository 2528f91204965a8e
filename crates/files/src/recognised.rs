//! Of which other system a table is, by its header row, and what its columns therefore mean.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use csv::StringRecord;
use domain::Member;

use super::column::Column;
use super::columns::{ColumnNames, header_name, one_line, usual};
use super::layouts::{LAYOUTS, Layout};
use super::table::{bare, own_names, zoned};

/// What the columns of a header mean, once it has been seen.
pub(super) struct HeaderNames<'n> {
    names: &'n ColumnNames,
    recognised: RefCell<Option<Recognised>>,
    /// Columns that have a usual name, where there is one for its member.
    usual: RefCell<HashMap<String, Column>>,
}

struct Recognised {
    layout: &'static Layout,
    columns: HashMap<&'static str, Column>,
    /// Those that have ids of accounts and people.
    ids: Vec<String>,
}

impl<'n> HeaderNames<'n> {
    pub(super) fn new(names: &'n ColumnNames) -> HeaderNames<'n> {
        HeaderNames { names, recognised: RefCell::default(), usual: RefCell::default() }
    }

    /// Looks which layout the header has. Where several would fit, it has none.
    pub(super) fn look_at(&self, header: &StringRecord) {
        self.usual.replace(self.usual_in(header));
        let own = own_names(header).into_iter().flatten().map(|name| header_name(&name));
        let own = own.filter(|name| self.is_said(name));
        let in_header: HashSet<String> = header.iter().map(name_of).chain(own).collect();
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
            None => {
                let usual = || self.usual.borrow().get(&header_name(name)).copied();
                self.names.find(name).or_else(usual)
            }
        }
    }

    /// The columns with a usual name. Of two that would be one member, neither is: nothing says which of them is meant.
    fn usual_in(&self, header: &StringRecord) -> HashMap<String, Column> {
        let mut taken: Vec<Column> = Vec::new();
        let mut found: Vec<(String, Column)> = Vec::new();
        for (cell, own) in header.iter().zip(own_names(header)) {
            let own = own.filter(|own| self.is_said(own));
            let whole = own.unwrap_or_else(|| one_line(bare(cell)));
            let name = zoned(&whole).map_or(&*whole, |(name, _)| name);
            let known = [&*whole, name].into_iter().find_map(|name| self.names.find(name));
            let is_said = self.names.said_of(&whole).is_some();
            let name = header_name(name);
            match (known, usual(&name)) {
                (Some(column), _) => taken.push(column),
                (None, Some(column)) if !is_said => found.push((name, column)),
                _ => {}
            }
        }
        let times = |column| found.iter().filter(|(_, other)| *other == column).count();
        let is_alone = |column| times(column) == 1 && !taken.contains(&column);
        found.iter().filter(|(_, column)| is_alone(*column)).cloned().collect()
    }

    /// The columns that are needed and lacking: new activities need some, and so do all rows of a table without ids. In
    /// tables of other systems, something else takes their place.
    pub(super) fn lacks(&self, has: &[usize]) -> Vec<usize> {
        let has_one_of =
            |members: &[Member]| members.iter().any(|member| has.contains(&(*member as usize)));
        if self.layout().is_some() || has_one_of(&[Member::Id, Member::ExternalId]) {
            return Vec::new();
        }
        let needed: [&[Member]; 4] = [
            &[Member::Subject],
            &[Member::Start],
            &[Member::StatusName, Member::StatusId],
            &[Member::Priority],
        ];
        let lacking = needed.into_iter().filter(|one_of| !has_one_of(one_of));
        lacking.filter_map(|one_of| one_of.first().map(|member| *member as usize)).collect()
    }

    /// Whether somebody has said what a column of that name is.
    pub(super) fn is_said(&self, name: &str) -> bool {
        self.names.said_of(name).is_some()
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

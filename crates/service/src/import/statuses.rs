//! The statuses that the files name, resolved against the directory as the previous commit left it.

use std::collections::BTreeMap;

use domain::{Meaning, OrgKey, Status, StatusId, StatusName, folded};
use store::Transaction;

use crate::base::refusal::{Refusal, unavailable};
use crate::directory::Directory;
use crate::import::report::ImportReport;

/// The statuses that the files name, by id.
pub(crate) type Named = BTreeMap<StatusId, StatusName>;

/// What an import did, or would do, to the statuses.
pub(crate) struct StatusChanges {
    changed: Vec<Status>,
    /// Those that are in use under one name, one of them new.
    same_names: Vec<String>,
}

impl StatusChanges {
    /// Changes the directory: adds the statuses that are missing. A first import takes over the names too:
    /// there the files are the truth, and a status that they do not have gives way to one that has its
    /// name now.
    pub(crate) fn apply(directory: &mut Directory, named: &Named, is_first: bool) -> StatusChanges {
        let before = directory.statuses.clone();
        for (id, name) in named {
            let present = before.get(id);
            let status = match present {
                None => Status::new(*id, name.clone()),
                Some(present) if is_first && present.name != *name => renamed(present, name),
                Some(_) => continue,
            };
            directory.statuses.insert(*id, status);
        }
        if is_first {
            give_way(directory, named);
            keep_done(directory, &before);
            keep_begins(directory, &before);
        }
        let is_changed = |status: &&Status| before.get(&status.id) != Some(*status);
        let changed: Vec<Status> =
            directory.statuses.values().filter(is_changed).cloned().collect();
        let same_names = same_names(directory, &changed);
        StatusChanges { changed, same_names }
    }

    /// The same of a server that is followed: its names count, also where they change. The statuses that change their
    /// name are marked as spreading. One that no activity has gives way to one that has its name now.
    pub(crate) fn follow(
        directory: &mut Directory,
        named: &Named,
        unused: &[StatusId],
    ) -> StatusChanges {
        let before = directory.statuses.clone();
        for (id, name) in named {
            let status = match before.get(id) {
                None => Status::new(*id, name.clone()),
                Some(present) if present.name == *name => continue,
                Some(present) => Status { spreading: true, ..renamed(present, name) },
            };
            directory.statuses.insert(*id, status);
        }
        let is_named = |status: &Status| {
            named.values().any(|name| folded(name.as_str()) == folded(status.name.as_str()))
        };
        for id in unused.iter().filter(|id| !named.contains_key(id)) {
            if let Some(status) = directory.statuses.get_mut(id).filter(|status| is_named(status)) {
                status.retired = true;
            }
        }
        keep_done(directory, &before);
        keep_begins(directory, &before);
        let is_changed = |status: &&Status| before.get(&status.id) != Some(*status);
        let changed = directory.statuses.values().filter(is_changed).cloned().collect();
        StatusChanges { changed, same_names: Vec::new() }
    }

    /// Those whose new name the records that show them do not have yet.
    pub(crate) fn spreading(&self) -> Vec<StatusId> {
        self.changed.iter().filter(|status| status.spreading).map(|status| status.id).collect()
    }

    pub(crate) fn put(&self, org: OrgKey, to: &mut dyn Transaction) -> Result<(), Refusal> {
        let put = |status| to.put_status(org, status).map_err(|e| unavailable(&e));
        self.changed.iter().try_for_each(put)
    }

    /// The beginning of a report.
    pub(crate) fn report(self) -> ImportReport {
        let shown = |status: &Status| {
            let retired = if status.retired { " (retired)" } else { "" };
            format!("{} {}{retired}", status.id, status.name)
        };
        ImportReport {
            statuses: self.changed.iter().map(shown).collect(),
            same_names: self.same_names,
            ..ImportReport::default()
        }
    }
}

/// The status under a name of the files. What it means goes with the name, and not with the number.
fn renamed(present: &Status, name: &StatusName) -> Status {
    let done = Meaning::of(name).is_some_and(Meaning::is_done);
    let is_same = folded(name.as_str()) == folded(present.name.as_str());
    let (done, begins) = if is_same { (present.done, present.begins) } else { (done, false) };
    Status { name: name.clone(), done, begins, ..present.clone() }
}

fn give_way(directory: &mut Directory, named: &Named) {
    let has_name_of = |status: &Status| {
        named.values().any(|name| folded(name.as_str()) == folded(status.name.as_str()))
    };
    for status in directory.statuses.values_mut() {
        if !named.contains_key(&status.id) && has_name_of(status) {
            status.retired = true;
        }
    }
}

/// Where no name tells what counts as done, the number does that has counted as done, unless its name tells
/// something else: names come in many languages.
fn keep_done(directory: &mut Directory, before: &BTreeMap<StatusId, Status>) {
    let is_done = |status: &Status| status.done && !status.retired;
    if directory.statuses.values().any(is_done) {
        return;
    }
    for status in directory.statuses.values_mut() {
        let was_done = before.get(&status.id).is_some_and(is_done);
        status.done |= was_done && Meaning::of(&status.name).is_none();
    }
}

/// The mark of what new activities begin with goes to the name that tells so, if the status that had it
/// has another name now, or gave way.
fn keep_begins(directory: &mut Directory, before: &BTreeMap<StatusId, Status>) {
    if directory.statuses.values().any(|status| status.begins && !status.retired) {
        return;
    }
    let told = |id: &StatusId| {
        directory.statuses.get(id).is_some_and(|status| {
            !status.retired && Meaning::of(&status.name) == Some(Meaning::NotBegun)
        })
    };
    let by_name = || {
        let old = before.values().find(|status| status.begins)?;
        let same = |status: &&Status| folded(status.name.as_str()) == folded(old.name.as_str());
        let has_it = directory.statuses.values().find(|status| !status.retired && same(status));
        has_it.map(|status| status.id)
    };
    let by_meaning = || directory.statuses.keys().copied().find(told);
    let by_number = || {
        let old = before.values().find(|status| status.begins)?;
        let present = directory.statuses.get(&old.id)?;
        (!present.retired && !present.done).then_some(old.id)
    };
    let begins = by_name().or_else(by_meaning).or_else(by_number);
    for status in directory.statuses.values_mut() {
        status.begins = Some(status.id) == begins;
    }
}

/// The groups of statuses that can be chosen and have one name, where the import made them so. Their
/// records are distinguished by the id; choosing by name selects the first.
fn same_names(directory: &Directory, changed: &[Status]) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<&Status>> = BTreeMap::new();
    for status in directory.statuses.values().filter(|status| !status.retired) {
        groups.entry(folded(status.name.as_str())).or_default().push(status);
    }
    let is_new = |status: &&Status| changed.iter().any(|changed| changed.id == status.id);
    let told = groups.values().filter(|group| group.len() > 1 && group.iter().any(is_new));
    let shown = |status: &&Status| format!("{} {}", status.id, status.name);
    told.map(|group| group.iter().map(shown).collect::<Vec<_>>().join(", ")).collect()
}

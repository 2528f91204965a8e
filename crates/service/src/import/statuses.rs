//! The statuses that the files name: decided on the directory that the commit before it left.

use std::collections::BTreeMap;

use domain::{OrgKey, Stage, Status, StatusId, StatusName};
use store::Transaction;

use super::ImportReport;
use crate::Refusal;
use crate::commit::unavailable;
use crate::directory::{Directory, folded};
use crate::tenant::Tenant;

/// The statuses that the files name, by id.
pub(super) type Named = BTreeMap<StatusId, StatusName>;

/// What an import did, or would do, to the statuses.
pub(super) struct Taken {
    changed: Vec<Status>,
    /// Those that are in use under one name, one of them new.
    same_names: Vec<String>,
}

impl Taken {
    /// Changes the directory: adds the statuses that are missing. An organization without activities
    /// takes over the names too. There the files are the truth, and a status that they do not have
    /// gives way to one that has its name now.
    pub(super) fn over(org: &Tenant, directory: &mut Directory, named: &Named) -> Taken {
        // Under an import of somebody else, records get names already.
        let empty =
            org.timeline.read().is_empty() && directory.organization.stage != Stage::Importing;
        let mut changed: Vec<Status> =
            named.iter().filter_map(|(id, name)| taken(directory, *id, name, empty)).collect();
        if empty {
            let gives_way = |s: &&Status| {
                let has_its_name =
                    |name: &StatusName| folded(name.as_str()) == folded(s.name.as_str());
                !s.retired && !named.contains_key(&s.id) && named.values().any(has_its_name)
            };
            let giving_way = directory.statuses.values().filter(gives_way);
            changed.extend(giving_way.map(|status| Status { retired: true, ..status.clone() }));
        }
        changed.sort_by_key(|status| status.id);
        directory.statuses.extend(changed.iter().map(|status| (status.id, status.clone())));
        let same_names = same_names(directory, &changed);
        Taken { changed, same_names }
    }

    pub(super) fn put(&self, org: OrgKey, to: &mut dyn Transaction) -> Result<(), Refusal> {
        let put = |status| to.put_status(org, status).map_err(|e| unavailable(&e));
        self.changed.iter().try_for_each(put)
    }

    /// The beginning of a report.
    pub(super) fn report(self) -> ImportReport {
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

fn taken(
    directory: &Directory,
    id: StatusId,
    name: &StatusName,
    names_too: bool,
) -> Option<Status> {
    let name = name.clone();
    match directory.statuses.get(&id) {
        None => Some(Status::new(id, name)),
        Some(present) if names_too && present.name != name => {
            Some(Status { name, ..present.clone() })
        }
        Some(_) => None,
    }
}

/// The groups of statuses that can be chosen and have one name, where the import made them so. Their
/// records are told apart by the id; who chooses by name gets the first.
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

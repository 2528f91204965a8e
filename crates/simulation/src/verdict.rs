//! The verdict: what must hold when everybody has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use domain::Version;
use store::Store;

use crate::machine::{Machine, open_backup};
use crate::poller::{Mirror, Poller, shown};
use crate::schedule::{Backup, Party};

/// Looks at everything: logs, names, copies, backups.
///
/// # Errors
/// The first thing that was lost.
pub(crate) fn verdict(
    machine: &Machine,
    parties: &[Party],
    backups: &[Backup],
) -> Result<(), String> {
    for party in parties {
        let log = machine.store.whole_log(party.org);
        party.truth.is_kept_in(&log)?;
        names(machine, party, &log)?;
        let truth = current(&log);
        for poller in &party.pollers {
            if let Some(complaint) = poller.complaint.borrow().as_ref() {
                return Err(complaint.clone());
            }
            let judged = match poller.habits.fault {
                None => equal(&poller.mirror.borrow(), &truth)
                    .map_err(|e| format!("{:?}: {e}", poller.habits)),
                Some(fault) => {
                    is_told(machine, party, poller, &log).map_err(|e| format!("{fault:?}: {e}"))
                }
            };
            judged?;
        }
    }
    for (copy, logs) in backups {
        let problems = open_backup(copy);
        let same = parties.iter().zip(logs).all(|(party, log)| copy.whole_log(party.org) == *log);
        if !problems.is_empty() || !same {
            return Err(format!("a backup is not what it should be: {problems:?}"));
        }
    }
    Ok(())
}

/// The server knows the statuses that the store has, each has a name of its own, and no record shows
/// another.
fn names(machine: &Machine, party: &Party, log: &[Version]) -> Result<(), String> {
    let org = machine.service().and_then(|service| service.org(&party.id));
    let known = org.map(|org| org.directory().statuses.clone()).unwrap_or_default();
    let tenants = machine.store.tenants().map_err(|e| e.to_string())?;
    let stored = tenants.into_iter().filter(|tenant| tenant.organization.key == party.org);
    let stored: Vec<_> = stored.flat_map(|tenant| tenant.statuses).collect();
    if !known.values().eq(&stored) {
        return Err(format!("the server knows {known:?}, the store has {stored:?}"));
    }
    let offered = || stored.iter().filter(|status| !status.retired);
    let names: BTreeSet<_> = offered().map(|status| status.name.as_str()).collect();
    if names.len() != offered().count() {
        return Err(format!("two statuses share a name: {stored:?}"));
    }
    let latest: BTreeMap<_, _> = log.iter().map(|version| (version.id, version)).collect();
    let mut records = latest.values().filter_map(|version| Some((version.id, version.record()?)));
    // A rename passes over what cannot be read.
    let stale = records.find(|(id, record)| {
        !party.truth.was_damaged(*id)
            && known.get(&record.status).is_none_or(|status| status.name != record.status_name)
    });
    match stale {
        Some((id, record)) => {
            Err(format!("{id} shows {} though there are {stored:?}", record.status_name))
        }
        None => Ok(()),
    }
}

/// The owner of a careless poller is not told that it has what it lacks.
fn is_told(
    machine: &Machine,
    party: &Party,
    poller: &Poller,
    log: &[Version],
) -> Result<(), String> {
    let service = machine.service().ok_or("there is no server")?;
    let org = service.org(&party.id).ok_or("there is no organization")?;
    let told = service.integration(&org, poller.key_id).ok_or("there is no key")?;
    let (Some(from), Some(until)) = (told.complete_from, told.complete_until) else {
        return Ok(());
    };
    let mirror = poller.mirror.borrow();
    let latest: BTreeMap<_, _> = log.iter().map(|version| (version.id, version)).collect();
    let lacks = |version: &&&Version| mirror.get(&version.id) != shown(version).as_ref();
    // At the beginning itself, a removal may be of something that it never had. Of a key that asks for no
    // deletions, as far as is known after a crash, nobody says that it was given them.
    let is_told_of = |version: &&&Version| {
        let is_asked_for = version.record().is_some() || told.asks_for_deletions;
        is_asked_for && version.stamp > from && version.stamp <= until
    };
    let mut told_of = latest.values().filter(is_told_of);
    match told_of.find(lacks) {
        Some(version) => Err(format!(
            "it is said to be {:?}, and complete from {from:?} to {until:?}: {version:?}",
            told.state
        )),
        None => Ok(()),
    }
}

/// The records that the log ends with.
fn current(log: &[Version]) -> Mirror {
    let mut mirror = Mirror::new();
    for version in log {
        match shown(version) {
            Some(value) => drop(mirror.insert(version.id, value)),
            None => drop(mirror.remove(&version.id)),
        }
    }
    mirror
}

/// A poller's copy equals what there is: nothing missing, nothing stale, no ghost.
fn equal(mirror: &Mirror, truth: &Mirror) -> Result<(), String> {
    let missing: Vec<_> =
        truth.iter().filter(|(id, value)| mirror.get(id) != Some(value)).take(3).collect();
    let ghosts: Vec<_> = mirror.iter().filter(|(id, _)| !truth.contains_key(id)).take(3).collect();
    if missing.is_empty() && ghosts.is_empty() {
        return Ok(());
    }
    Err(format!("missing or stale {missing:?}, ghosts {ghosts:?}"))
}

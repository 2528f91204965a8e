//! `org`, `key`, `status`.

use std::io::Read;
use std::path::Path;

use domain::{KeyId, Name, StatusId, UserId, Zone};
use service::{BroughtKey, Service, Spread, Step, wait};

use super::{BYTE_ORDER_MARK, Ending, Failure, Files, agreeing, authority, keys};
use crate::cli::{Key, Org, Status, Way};
use crate::console::{Console, table};
use crate::hint;

pub(super) fn org(org: &Org, service: &Service, console: &mut dyn Console) -> Result<(), Failure> {
    match org {
        Org::Add { org, name, time_zone } => {
            // An organization's id has only characters that a name may have.
            let name = name.clone().map_or_else(|| Name::parse(org.as_str()), Ok)?;
            let zone = time_zone.clone().unwrap_or_else(Zone::utc);
            wait(service.add_org(org.clone(), name, zone.clone()))?;
            let default = match time_zone {
                Some(_) => String::new(),
                None => format!(" (the default; to change it: driftless org zone {org} ZONE)"),
            };
            console
                .note(&format!("added organization {org} with the time zone {zone}{default}"))?;
            console.note(&format!("next: driftless user add {org} \"NAME\" --role admin --login LOGIN --password-stdin"))?;
        }
        Org::Rename { org, name } => {
            wait(service.change_org(authority(service, org)?, Some(name.clone()), None))?;
            console.note(&format!("organization {org} is now called {name}"))?;
        }
        Org::Zone { org, zone } => {
            wait(service.change_org(authority(service, org)?, None, Some(zone.clone())))?;
            console.note(&format!("{org} now shows times in the time zone {zone}"))?;
        }
        Org::List => {
            let rows = service.orgs().into_iter().map(|org| {
                let directory = org.directory();
                let organization = &directory.organization;
                let (zone, name) = (organization.zone.to_string(), organization.name.to_string());
                let follows = organization.follows.as_ref();
                let follows = follows.map_or_else(String::new, |follows| {
                    format!("{} ({})", follows.address(), follows.organization)
                });
                vec![org.id.to_string(), zone, name, follows]
            });
            console.print(&table(
                &["ORG", "TIME ZONE", "NAME", "FOLLOWS"],
                &rows.collect::<Vec<_>>(),
            ))?;
        }
    }
    Ok(())
}

pub(super) fn key(
    key: &Key,
    service: &Service,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<Ending, Failure> {
    match key {
        Key::Add { org, user, label, key_file: Some(file) } => {
            let key = brought_key(files, file)?;
            let by = authority(service, org)?;
            let id = wait(service.bring_key(by, UserId(*user), label.clone(), key))?;
            console.note(&format!("added the key in {} as key {id}", file.display()))?;
        }
        Key::Add { org, user, label, key_file: None } => {
            let key =
                wait(service.add_key(authority(service, org)?, UserId(*user), label.clone()))?;
            console.note(&format!("added key {}; it is shown only this once:", key.id))?;
            console.print(&format!("{}\n", key.secret))?;
        }
        Key::Label { org, key, label } => {
            wait(service.label_key(authority(service, org)?, KeyId(*key), label.clone()))?;
            console.note(&format!("key {key} is now labelled {label}"))?;
        }
        Key::List { org } => {
            let directory = service.known_org(org)?.directory();
            let zone = &directory.organization.zone;
            let rows = directory.keys.values().map(|key| {
                let user = directory.users.get(&key.user);
                let state = match directory.live_user(key.id) {
                    Some(_) => "",
                    None if key.revoked => "revoked",
                    None => "user disabled",
                };
                vec![
                    key.id.to_string(),
                    key.user.to_string(),
                    user.map_or_else(String::new, |user| user.name.to_string()),
                    zone.at(key.created).to_string(),
                    key.last_login.map_or_else(|| "never".to_owned(), |at| zone.at(at).to_string()),
                    key.label.clone(),
                    state.to_owned(),
                ]
            });
            let head = ["KEY", "USER", "NAME", "CREATED", "LAST LOGIN", "LABEL", ""];
            console.print(&table(&head, &rows.collect::<Vec<_>>()))?;
        }
        Key::Check { org } => return keys::check(org, service, console),
        Key::Expect { org, key, every, .. } => {
            wait(service.expect_of_key(authority(service, org)?, KeyId(*key), *every))?;
            console.note(&match every {
                Some(every) => format!("key {key} is expected to poll every {every}"),
                None => format!("key {key} no longer has an expected interval"),
            })?;
        }
        Key::Revoke { org, key } => {
            wait(service.revoke_key(authority(service, org)?, KeyId(*key)))?;
            console.note(&format!("key {key} is revoked; its sessions have ended"))?;
        }
    }
    Ok(Ending::Done)
}

/// How much of a key file is read: more than the longest key with surrounding whitespace.
const KEY_FILE_BYTES_MAX: u64 = 4 << 10;

/// The key in a file. Error messages never show it.
fn brought_key(files: &mut dyn Files, path: &Path) -> Result<BroughtKey, Failure> {
    let name = path.display();
    let failed = |e| format!("cannot read {name}: {e}\nnothing was changed");
    let mut text = String::new();
    let input = files.open(path).map_err(failed)?;
    input.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    let key = BroughtKey::parse(text.trim_start_matches(BYTE_ORDER_MARK));
    Ok(key.map_err(|problem| format!("the API key in {name} {problem}"))?)
}

pub(super) fn status(
    status: &Status,
    service: &Service,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    match status {
        Status::List { org, meaning } => {
            let directory = service.known_org(org)?.directory();
            let first = directory.first_status().map(|status| status.id);
            let rows = directory.statuses.values().map(|status| {
                let mut row = vec![status.id.to_string(), status.name.to_string()];
                if *meaning {
                    let begins = if Some(status.id) == first { "new activities" } else { "" };
                    let means = if status.done { "done" } else { "to do" };
                    row.extend([means, begins].map(str::to_owned));
                }
                row.push(if status.retired { "retired" } else { "" }.to_owned());
                row
            });
            let head: &[&str] = match meaning {
                true => &["ID", "NAME", "MEANING", "DEFAULT FOR", ""],
                false => &["ID", "NAME", ""],
            };
            console.print(&table(head, &rows.collect::<Vec<_>>()))?;
        }
        Status::Add { org, name, id } => {
            let id =
                wait(service.add_status(authority(service, org)?, id.map(StatusId), name.clone()))?;
            console.note(&format!("added status {name}"))?;
            console.print(&format!("{id}\n"))?;
        }
        Status::Rename { org, id, name } => {
            let mut shown = Ok(());
            let progress = &mut |spread: Spread| {
                shown = console.progress("activities updated", spread.changed, None);
            };
            let (by, name_then) = (authority(service, org)?, name.clone());
            let spread = wait(service.rename_status(by, StatusId(*id), name_then, progress))?;
            shown?;
            let changed = agreeing(spread.changed, "activity", "activities");
            console.note(&format!("status {id} is now called {name}; {changed} updated"))?;
            if let Some(problem) = spread.problem() {
                console.note(&hint::hinted_text(problem))?;
            }
        }
        Status::Done { org, id } => {
            wait(service.set_status_done(authority(service, org)?, StatusId(*id), true))?;
            console.note(&format!("activities with status {id} now count as done"))?;
        }
        Status::ToDo { org, id } => {
            wait(service.set_status_done(authority(service, org)?, StatusId(*id), false))?;
            console.note(&format!("activities with status {id} now count as to do"))?;
        }
        Status::Begin { org, id } => {
            wait(service.begin_with_status(authority(service, org)?, StatusId(*id)))?;
            console.note(&format!("new activities now start with status {id}"))?;
        }
        Status::Move { org, id, way } => {
            let step = match way {
                Way::Up => Step::Up,
                Way::Down => Step::Down,
            };
            wait(service.move_status(authority(service, org)?, StatusId(*id), step))?;
            console.note(&format!("moved status {id}"))?;
        }
        Status::Restore { org, id } => {
            wait(service.restore_status(authority(service, org)?, StatusId(*id)))?;
            console.note(&format!("status {id} can be chosen again"))?;
        }
        Status::Retire { org, id } => {
            wait(service.retire_status(authority(service, org)?, StatusId(*id)))?;
            console.note(&format!("status {id} is retired"))?;
        }
    }
    Ok(())
}

//! `org`, `user`, `key`, `status`.

use std::io::{BufRead, Read};
use std::path::Path;

use domain::{KeyId, Name, StatusId, UserId, Zone};
use service::{NewUser, PASSWORD_BYTES_MAX, Password, Service};

use super::{Ending, Failure, Files, keys};
use crate::cli::{Key, Org, STANDARD_INPUT, Status, User};
use crate::console::{Console, table};

pub(super) fn org(org: &Org, service: &Service, console: &mut dyn Console) -> Result<(), Failure> {
    match org {
        Org::Add { org, name, time_zone } => {
            // An organization's id has only characters that a name may have.
            let name = name.clone().map_or_else(|| Name::parse(org.as_str()), Ok)?;
            let zone = time_zone.clone().unwrap_or_else(Zone::utc);
            service.add_org(org.clone(), name, zone.clone())?;
            let taken = match time_zone {
                Some(_) => format!("in the time zone {zone}"),
                None => format!(
                    "in the time zone {zone}, since none was named (--time-zone America/Chicago): an admin can change it in the pages"
                ),
            };
            console.note(&format!("added organization {org}, {taken}"))?;
            console.note(&format!("next: driftless user add {org} \"NAME\""))?;
        }
        Org::List => {
            let rows = service.orgs().into_iter().map(|org| {
                let directory = org.directory();
                let organization = &directory.organization;
                let (zone, name) = (organization.zone.to_string(), organization.name.to_string());
                vec![org.id.to_string(), zone, name]
            });
            console.print(&table(&["ORG", "TIME ZONE", "NAME"], &rows.collect::<Vec<_>>()))?;
        }
    }
    Ok(())
}

pub(super) fn user(
    user: &User,
    service: &Service,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    match user {
        User::Add { org, name, id, role, login, .. } => {
            let tenant = service.known_org(org)?;
            let user = NewUser { id: id.map(UserId), name: name.clone(), role: *role };
            let id = match login {
                Some(login) => {
                    let password = password(files)?;
                    service.add_person(&tenant, user, login.clone(), &password)?
                }
                None => service.add_user(&tenant, user)?,
            };
            console
                .note(&format!("added {role} {name}; next: driftless key add {org} --user {id}"))?;
            console.print(&format!("{id}\n"))?;
        }
        User::Login { org, id, login, .. } => {
            let password = password(files)?;
            let tenant = service.known_org(org)?;
            service.give_login(&tenant, UserId(*id), login.clone(), &password)?;
            console.note(&format!("user {id} signs in as {login}"))?;
        }
        User::List { org } => {
            let directory = service.known_org(org)?.directory();
            let rows = directory.users.values().map(|user| {
                let state = if user.disabled { "disabled" } else { "" };
                vec![
                    user.id.to_string(),
                    user.role.to_string(),
                    user.name.to_string(),
                    user.login.as_ref().map_or_else(String::new, |login| login.name.to_string()),
                    state.to_owned(),
                ]
            });
            console
                .print(&table(&["ID", "ROLE", "NAME", "LOGIN", ""], &rows.collect::<Vec<_>>()))?;
        }
        User::Disable { org, id } => {
            service.disable_user(&service.known_org(org)?, UserId(*id))?;
            console.note(&format!("user {id} is disabled; keys and sessions have ended"))?;
        }
    }
    Ok(())
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The first line of standard input, without what tools on Windows put before it and after.
fn password(files: &mut dyn Files) -> Result<Password, Failure> {
    let mut line = String::new();
    let input = files.open(Path::new(STANDARD_INPUT))?;
    let more = BYTE_ORDER_MARK.len_utf8() + "\r\n".len();
    input.take((PASSWORD_BYTES_MAX + more) as u64).read_line(&mut line)?;
    let line = line.trim_start_matches(BYTE_ORDER_MARK).trim_end_matches(['\r', '\n']);
    let password = Password::parse(line);
    password.map_err(|problem| format!("the password on standard input {problem}").into())
}

pub(super) fn key(
    key: &Key,
    service: &Service,
    console: &mut dyn Console,
) -> Result<Ending, Failure> {
    match key {
        Key::Add { org, user, label } => {
            let key = service.add_key(&service.known_org(org)?, UserId(*user), label.clone())?;
            console.note(&format!("key {}; it is shown only now:", key.id))?;
            console.print(&format!("{}\n", key.secret))?;
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
            let head = ["KEY", "USER", "NAME", "MADE", "LAST LOGIN", "LABEL", ""];
            console.print(&table(&head, &rows.collect::<Vec<_>>()))?;
        }
        Key::Check { org } => return keys::check(org, service, console),
        Key::Expect { org, key, every, .. } => {
            service.expect_of_key(&service.known_org(org)?, KeyId(*key), *every)?;
            console.note(&match every {
                Some(every) => format!("key {key} is expected to ask every {every}"),
                None => format!("nothing is expected of key {key}; its own rhythm tells"),
            })?;
        }
        Key::Revoke { org, key } => {
            service.revoke_key(&service.known_org(org)?, KeyId(*key))?;
            console.note(&format!("key {key} is revoked; its sessions have ended"))?;
        }
    }
    Ok(Ending::Done)
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
                true => &["ID", "NAME", "MEANS", "FOR", ""],
                false => &["ID", "NAME", ""],
            };
            console.print(&table(head, &rows.collect::<Vec<_>>()))?;
        }
        Status::Add { org, name, id } => {
            let id =
                service.add_status(&service.known_org(org)?, id.map(StatusId), name.clone())?;
            console.note(&format!("added status {name}"))?;
            console.print(&format!("{id}\n"))?;
        }
        Status::Rename { org, id, name } => {
            let org = service.known_org(org)?;
            let mut shown = Ok(());
            let spread =
                service.rename_status(&org, StatusId(*id), name.clone(), &mut |spread| {
                    shown = console.progress("activities brought up to date", spread.changed, None);
                })?;
            shown?;
            let changed = match spread.changed {
                1 => "1 activity shows it and has changed".to_owned(),
                many => format!("{many} activities show it and have changed"),
            };
            console.note(&format!("status {id} is now {name}; {changed}"))?;
            if let Some(problem) = spread.problem() {
                console.note(&problem)?;
            }
        }
        Status::Done { org, id } => {
            service.mark_status_done(&service.known_org(org)?, StatusId(*id), true)?;
            console.note(&format!("activities with status {id} count as done"))?;
        }
        Status::ToDo { org, id } => {
            service.mark_status_done(&service.known_org(org)?, StatusId(*id), false)?;
            console.note(&format!("activities with status {id} count as to do"))?;
        }
        Status::Begin { org, id } => {
            service.mark_status_begins(&service.known_org(org)?, StatusId(*id))?;
            console.note(&format!("new activities begin with status {id}"))?;
        }
        Status::Retire { org, id } => {
            service.retire_status(&service.known_org(org)?, StatusId(*id))?;
            console.note(&format!("status {id} is retired"))?;
        }
    }
    Ok(())
}

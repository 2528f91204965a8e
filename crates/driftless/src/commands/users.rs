//! `user`.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use domain::{ListedUser, LoginName, OrgId, UserId};
use service::{
    AddUsersError, AdminError, Authority, NewUser, PASSWORD_BYTES_MAX, Password, Service, Tenant,
    USERS_AT_ONCE_MAX, UserChange, wait,
};

use super::import::tell_ignored;
use super::{BYTE_ORDER_MARK, Failure, Files, agreeing, authority};
use crate::cli::{STANDARD_INPUT, User};
use crate::console::{Console, table};

/// How many problems of a list are shown; the rest are counted.
const PROBLEMS_SHOWN_MAX: usize = 20;

pub(super) fn run(
    user: &User,
    service: &Service,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let change = |org: &OrgId, id: &i64, change: UserChange| {
        wait(service.change_user(authority(service, org)?, UserId(*id), change))
    };
    match user {
        User::Add { org, name, id, role, login, .. } => {
            let by = authority(service, org)?;
            let user = NewUser { id: id.map(UserId), name: name.clone(), role: *role };
            let login = match login {
                Some(login) => Some((login.clone(), password(files)?)),
                None => None,
            };
            let id = wait(service.add_user(by, user, login))?;
            console
                .note(&format!("added {role} {name}; next: driftless key add {org} --user {id}"))?;
            console.print(&format!("{id}\n"))?;
        }
        User::Import { org, files: paths } => import(org, paths, service, files, console)?,
        User::Login { org, id, login, generate, .. } => {
            let (password, generated) = match generate {
                true => {
                    let text = service.generate_password()?;
                    (Password::parse(&text)?, Some(text))
                }
                false => (password(files)?, None),
            };
            let tenant = service.known_org(org)?;
            let login = login.clone().map_or_else(|| login_of(&tenant, *id), Ok)?;
            let by = Authority::CommandLine(tenant);
            wait(service.set_login(by, UserId(*id), login.clone(), password))?;
            console.note(&format!("user {id} can now sign in as {login}"))?;
            if let Some(password) = generated {
                console.note("the password is shown only this once:")?;
                console.print(&format!("{password}\n"))?;
            }
        }
        User::List { org } => list(org, service, console)?,
        User::Rename { org, id, name } => {
            change(org, id, UserChange { name: Some(name.clone()), ..UserChange::default() })?;
            console.note(&format!("user {id} is now called {name}"))?;
        }
        User::Role { org, id, role } => {
            change(org, id, UserChange { role: Some(*role), ..UserChange::default() })?;
            console.note(&format!("user {id} now has the role {role}"))?;
        }
        User::Enable { org, id } => {
            change(org, id, UserChange { disabled: Some(false), ..UserChange::default() })?;
            console.note(&format!("user {id} is enabled; their password and keys work again"))?;
        }
        User::Disable { org, id } => {
            change(org, id, UserChange::DISABLE)?;
            console
                .note(&format!("user {id} is disabled; their keys and sessions no longer work"))?;
        }
    }
    Ok(())
}

/// The name that a user signs in with.
fn login_of(tenant: &Tenant, id: i64) -> Result<LoginName, Failure> {
    let directory = tenant.directory();
    let user = directory.users.get(&UserId(id)).ok_or(AdminError::UnknownUser(UserId(id)))?;
    let login = user.login.as_ref().map(|login| login.name.clone());
    login.ok_or_else(|| {
        format!(
            "user {id} has no login name yet; to give them one: driftless user login {} {id} NAME",
            tenant.id
        )
        .into()
    })
}

fn list(org: &OrgId, service: &Service, console: &mut dyn Console) -> Result<(), Failure> {
    let directory = service.known_org(org)?.directory();
    let rows = directory.users.values().map(|user| {
        let waits = user.login.as_ref().is_some_and(|login| login.password.is_none());
        let state = match (user.disabled, waits) {
            (true, _) => "disabled",
            (false, true) => "no password yet",
            (false, false) => "",
        };
        vec![
            user.id.to_string(),
            user.role.to_string(),
            user.name.to_string(),
            user.login.as_ref().map_or_else(String::new, |login| login.name.to_string()),
            state.to_owned(),
        ]
    });
    console.print(&table(&["ID", "ROLE", "NAME", "LOGIN", ""], &rows.collect::<Vec<_>>()))?;
    Ok(())
}

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

/// Where in the files a user is.
struct Row<'p> {
    path: &'p Path,
    row: u64,
}

fn import(
    org: &OrgId,
    paths: &[PathBuf],
    service: &Service,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let by = authority(service, org)?;
    let (rows, users) = read(paths, files, console)?;
    let logins = users.iter().filter(|user| user.login.is_some()).count();
    let added = wait(service.add_users(by, users.clone())).map_err(|error| match error {
        AddUsersError::Users(problems) => {
            let told = problems.iter().map(|(at, problem)| {
                let Row { path, row } = &rows[*at];
                format!("{}, row {row}: {problem}", path.display())
            });
            unchanged(told.collect())
        }
        AddUsersError::Admin(error) => error.into(),
    })?;
    for (id, user) in added.iter().zip(&users) {
        console.print(&format!("{id}  {}\n", user.name))?;
    }
    console.note(&format!("{} added", agreeing(added.len() as u64, "user", "users")))?;
    if logins > 0 {
        let have = agreeing(logins as u64, "has a login name", "have a login name");
        console.note(&format!(
            "{have} but no password yet; next: driftless user login {org} ID --generate, or Settings in the web pages"
        ))?;
    }
    Ok(())
}

/// Reads all files before anything is written, and names all that is wrong with them.
fn read<'p>(
    paths: &'p [PathBuf],
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(Vec<Row<'p>>, Vec<ListedUser>), Failure> {
    let (mut rows, mut users, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        let name = path.display().to_string();
        let source = files
            .open(path)
            .map_err(|e| format!("cannot read {name}: {e}\nnothing was changed"))?;
        let (before, mut more) = (users.len(), false);
        let read = files::read_users(&name, source, &mut |row, user| {
            more |= users.len() == USERS_AT_ONCE_MAX;
            if !more {
                rows.push(Row { path, row });
                users.push(user);
            }
        });
        match read {
            Ok(_) if more => problems
                .push(format!("{name} has more than {USERS_AT_ONCE_MAX} users: split the file")),
            Ok(ignored) => tell_ignored(&name, users.len() == before, &ignored, console)?,
            Err(e) => problems.push(e.to_string()),
        }
    }
    if problems.is_empty() { Ok((rows, users)) } else { Err(unchanged(problems)) }
}

fn unchanged(mut problems: Vec<String>) -> Failure {
    let more = problems.len().saturating_sub(PROBLEMS_SHOWN_MAX);
    problems.truncate(PROBLEMS_SHOWN_MAX);
    if more > 0 {
        problems.push(format!("and {}", agreeing(more as u64, "more problem", "more problems")));
    }
    format!("{}\nnothing was changed", problems.join("\n")).into()
}

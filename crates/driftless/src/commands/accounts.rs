//! `accounts`: the names of accounts.

use std::path::PathBuf;

use domain::{Account, AuditKind, ClientId, Name};
use service::Service;

use super::import::tell_ignored;
use super::{Failure, Files, agreeing, noted};
use crate::cli::Accounts;
use crate::console::{Console, table};

/// New accounts whose ids are told.
const NEW_SHOWN_MAX: usize = 20;

pub(super) fn run(
    accounts: &Accounts,
    service: &Service,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    match accounts {
        Accounts::Import { org, files: paths } => {
            let org = service.known_org(org)?;
            let read = read(paths, files, console)?;
            let (total, mut shown) = (read.len() as u64, Ok(()));
            let what = format!("importing {}", agreeing(total, "account", "accounts"));
            noted(service, &org, AuditKind::Import, &what, console)?;
            let (changed, new) = service.put_listed_accounts(&org, read, &mut |done| {
                shown = console.progress("writing", done, Some(total));
            })?;
            shown?;
            let read = agreeing(total, "account", "accounts");
            console.note(&format!("{read} read; {changed} added or renamed"))?;
            if !new.is_empty() {
                let first = new.iter().take(NEW_SHOWN_MAX).map(ToString::to_string);
                let first = first.collect::<Vec<_>>().join(", ");
                let more = if new.len() > NEW_SHOWN_MAX { " …" } else { "" };
                console.note(&format!("ids of new accounts: {first}{more}"))?;
            }
        }
        Accounts::List { org } => {
            let org = service.known_org(org)?;
            let found = org.all_accounts();
            let row = |account: Account| vec![account.id.to_string(), account.name.to_string()];
            let rows: Vec<_> = found.into_iter().map(row).collect();
            console.print(&table(&["ID", "NAME"], &rows))?;
        }
    }
    Ok(())
}

/// Reads all files before anything is written, and names all that is wrong with them.
fn read(
    paths: &[PathBuf],
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<Vec<(Option<ClientId>, Name)>, Failure> {
    let (mut accounts, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path.display().to_string();
        let source = files
            .open(path)
            .map_err(|e| format!("cannot read {name}: {e}\nnothing was changed"))?;
        let before = accounts.len();
        match files::read_accounts(&name, source, &mut |id, name| accounts.push((id, name))) {
            Ok(ignored) => tell_ignored(&name, accounts.len() == before, &ignored, console)?,
            Err(e) => problems.push(e.to_string()),
        }
    }
    if !problems.is_empty() {
        return Err(format!("{}\nnothing was changed", problems.join("\n")).into());
    }
    Ok(accounts)
}

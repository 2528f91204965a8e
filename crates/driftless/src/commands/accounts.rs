//! `accounts`: the names of accounts.

use std::io::BufRead;
use std::path::Path;

use domain::{Account, ClientId, ID_MAX, Name};
use service::Service;

use super::{Failure, Files, agreeing};
use crate::cli::Accounts;
use crate::console::{Console, table};

pub(super) fn run(
    accounts: &Accounts,
    service: &Service,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    match accounts {
        Accounts::Import { org, files: paths } => {
            let org = service.known_org(org)?;
            let mut read = Vec::new();
            for path in paths {
                let shown = path.display().to_string();
                let source = open(files, path)
                    .map_err(|e| format!("{shown} cannot be read: {e}\nnothing was changed"))?;
                let rows =
                    rows(source).map_err(|e| format!("{shown}, {e}; nothing was changed"))?;
                read.extend(rows);
            }
            let (total, mut shown) = (read.len() as u64, Ok(()));
            let changed = service.put_accounts(&org, &read, &mut |done| {
                shown = console.progress("writing", done, Some(total));
            })?;
            shown?;
            let read = agreeing(total, "account", "accounts");
            let are = agreeing(changed, "is new or has", "are new or have");
            console.note(&format!("{read} read; {are} another name"))?;
        }
        Accounts::List { org } => {
            let org = service.known_org(org)?;
            let found = org.accounts().find("");
            let row = |account: Account| vec![account.id.to_string(), account.name.to_string()];
            let rows: Vec<_> = found.into_iter().map(row).collect();
            console.print(&table(&["ID", "NAME"], &rows))?;
        }
    }
    Ok(())
}

fn open<'f>(files: &'f mut dyn Files, path: &Path) -> std::io::Result<Box<dyn BufRead + 'f>> {
    files.open(path)
}

/// Reads `id,name`; what is wrong is named with its line.
fn rows(source: Box<dyn BufRead + '_>) -> Result<Vec<Account>, String> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(source);
    let head = reader.headers().map_err(|e| unreadable(&e))?.clone();
    let place = |names: &[&str]| {
        let named = |head: &str| names.iter().any(|name| head.eq_ignore_ascii_case(name));
        head.iter().position(|head| named(head.trim_start_matches('\u{feff}')))
    };
    let (Some(id_at), Some(name_at)) =
        (place(&["id", "clientId", "accountId", "account id"]), place(&["name", "account name"]))
    else {
        return Err("line 1: the first row must name the columns id and name".to_owned());
    };
    let mut accounts = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|e| unreadable(&e))?;
        let line = row.position().map_or(0, csv::Position::line);
        let id = row.get(id_at).unwrap_or_default();
        let number = id.parse().ok().filter(|id| (1..=ID_MAX).contains(id));
        let number = number.ok_or_else(|| {
            format!("line {line}: the id is {id:?}, expected a whole number from 1 to {ID_MAX}")
        })?;
        let name = Name::parse(row.get(name_at).unwrap_or_default());
        let name = name.map_err(|e| format!("line {line}: the name {e}"))?;
        accounts.push(Account { id: ClientId(number), name });
    }
    Ok(accounts)
}

fn unreadable(error: &csv::Error) -> String {
    match (error.kind(), error.position()) {
        (csv::ErrorKind::Utf8 { .. }, Some(at)) => format!("line {}: this is no UTF-8", at.line()),
        _ => error.to_string(),
    }
}

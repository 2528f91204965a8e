//! `backup` and `check`.

use domain::AuditKind;
use store_sqlite::SqliteStore;

use super::{Context, Failure, Files, noted};
use crate::cli::Backup;
use crate::console::Console;

pub(super) fn backup(
    backup: &Backup,
    context: &Context,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let to = backup.destination.display();
    for org in context.service.orgs() {
        noted(&context.service, &org, AuditKind::Export, "made a backup", console)?;
    }
    files.back_up(context, &backup.destination)?;
    console.print(&format!("backed up to {to}; to check it: driftless --data {to} check\n"))?;
    Ok(())
}

/// The warning about a database without its marker.
pub(crate) const UNMARKED: &str = "the data folder has no driftless.marker: it is a backup, or the file has been removed. It is not possible to tell whether acknowledged changes are missing; if some are, integrations that have received them must read everything again";

pub(crate) fn check(store: &SqliteStore, console: &mut dyn Console) -> Result<(), Failure> {
    let mut shown = Ok(());
    let checked = service::check(store, &mut |versions| {
        shown = console.progress("versions checked", versions, None);
    })?;
    shown?;
    if store.is_unmarked() {
        console.note(UNMARKED)?;
    }
    if checked.problems == 0 {
        console.print("no problems found\n")?;
        return Ok(());
    }
    console.print(&format!("{}\n", checked.lines.join("\n")))?;
    let found = match checked.problems {
        1 => "1 problem".to_owned(),
        many => format!("{many} problems"),
    };
    Err(format!("{found} found; restore the folder from a backup").into())
}

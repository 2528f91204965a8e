//! `backup` and `check`.

use store_sqlite::SqliteStore;

use super::{Context, Failure, Files};
use crate::cli::Backup;
use crate::console::Console;

pub(super) fn backup(
    backup: &Backup,
    context: &Context,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let to = backup.destination.display();
    files.back_up(context, &backup.destination)?;
    console.print(&format!("{to} is a data folder of its own: driftless --data {to} check\n"))?;
    Ok(())
}

/// What is to be said of a database without its marker.
pub(crate) const UNMARKED: &str = "there is no driftless.marker beside the database, as in a backup or once somebody has removed it: whether the database lacks something that was acknowledged cannot be told; if it does, whoever has been told more has to read everything again";

pub(crate) fn check(store: &SqliteStore, console: &mut dyn Console) -> Result<(), Failure> {
    let mut shown = Ok(());
    let checked = service::check(store, &mut |versions| {
        shown = console.progress("versions looked at", versions, None);
    })?;
    shown?;
    if store.is_unmarked() {
        console.note(UNMARKED)?;
    }
    if checked.problems == 0 {
        console.print("everything is as it should be\n")?;
        return Ok(());
    }
    console.print(&format!("{}\n", checked.lines.join("\n")))?;
    let found = match checked.problems {
        1 => "1 problem".to_owned(),
        many => format!("{many} problems"),
    };
    Err(format!("{found} found; restore the folder from a backup").into())
}

//! `backup` and `check`.

use store_sqlite::SqliteStore;

use super::{Failure, Files, Ground};
use crate::cli::Backup;
use crate::console::Console;

pub(super) fn backup(
    backup: &Backup,
    ground: &Ground,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let to = backup.destination.display();
    files.back_up(ground, &backup.destination)?;
    console.print(&format!("{to} is a data folder of its own: driftless --data {to} check\n"))?;
    Ok(())
}

pub(crate) fn check(store: &SqliteStore, console: &mut dyn Console) -> Result<(), Failure> {
    let mut shown = Ok(());
    let problems = service::check(store, &mut |versions| {
        shown = console.progress("versions looked at", versions, None);
    })?;
    shown?;
    if problems.is_empty() {
        console.print("everything is as it should be\n")?;
        return Ok(());
    }
    console.print(&format!("{}\n", problems.join("\n")))?;
    Err(format!("{} problems found; restore the folder from a backup", problems.len()).into())
}

//! `export` and `history`.

use std::io::{self, Write};

use domain::{ActivityId, AuditKind, Kind, Origin, Stage, State, Zone};
use neon::export::{OrganizationWriter, Writer};
use service::{Change, Difference, Refusal, Service};

use super::{Failure, noted};
use crate::cli::{Export, History};
use crate::console::Console;

/// Text is handed to the console in pieces of about this size.
const PIECE_BYTES: usize = 64 << 10;

pub(super) fn run(
    export: &Export,
    service: &Service,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let org = service.known_org(&export.org)?;
    if org.directory().organization.stage == Stage::Importing {
        return Err(Refusal::under_import().into());
    }
    let what = if export.all { "exported everything" } else { "exported all activities" };
    noted(service, &org, AuditKind::Export, what, console)?;
    let zone = org.directory().organization.zone.clone();
    let out = io::BufWriter::with_capacity(PIECE_BYTES, ToConsole { console, cut: Vec::new() });
    if export.all {
        let mut writer =
            OrganizationWriter::new(&export.org, service.organization_data(&org), out)?;
        service.export::<Failure>(&org, &mut |version| Ok(writer.write(version)?))?;
        writer.finish()?.flush()?;
        return Ok(());
    }
    let mut writer = Writer::new(export.format, zone, out)?;
    service.export::<Failure>(&org, &mut |version| Ok(writer.write(version)?))?;
    writer.finish()?.flush()?;
    Ok(())
}

/// Lets a writer of bytes write to a console. A character may be cut between two writes: what there is
/// of it waits for the rest.
struct ToConsole<'a> {
    console: &'a mut dyn Console,
    cut: Vec<u8>,
}

impl Write for ToConsole<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.cut.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.cut) {
            Ok(text) => text.len(),
            Err(e) if e.error_len().is_none() => e.valid_up_to(),
            Err(e) => return Err(io::Error::new(io::ErrorKind::InvalidData, e)),
        };
        let rest = self.cut.split_off(whole);
        let text = std::mem::replace(&mut self.cut, rest);
        self.console.print(&String::from_utf8_lossy(&text))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn history(
    history: &History,
    service: &Service,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let org = service.known_org(&history.org)?;
    let zone = org.directory().organization.zone.clone();
    let id = ActivityId(history.activity);
    let known = service.history::<Failure>(&org, id, &mut |change| {
        Ok(console.print(&described(&change, &zone))?)
    })?;
    if known {
        Ok(())
    } else {
        Err(format!("{} has never had an activity {id}", history.org).into())
    }
}

fn described(change: &Change, zone: &Zone) -> String {
    let version = &change.version;
    let what = match (&version.state, change.before) {
        (State::Tombstone, _) => "removed",
        (State::Record(_), None) => "created",
        (State::Record(_), Some(Kind::Record)) => "changed",
        (State::Record(_), Some(Kind::Tombstone)) => "restored",
    };
    let who = match (&change.author, version.author.user) {
        (Some(name), _) => format!(" by {name}"),
        (None, Some(user)) => format!(" by user {user}"),
        (None, None) => String::new(),
    };
    let door = match version.author.origin {
        Origin::Api => "API",
        Origin::Web => "web",
        Origin::Import => "import",
        Origin::CommandLine => "command line",
        Origin::Examples => "examples",
    };
    let mut text = format!("{}  {what}{who}, {door}\n", zone.at(version.stamp));
    text.extend(change.differences.iter().map(difference));
    text
}

/// A member, what it was and what it is, on a line.
pub(super) fn difference(difference: &Difference) -> String {
    let name = difference.member.name();
    let shown = |value: &Option<String>| value.as_ref().map(|text| format!("{text:?}"));
    match (shown(&difference.before), shown(&difference.after)) {
        (Some(before), Some(after)) => format!("    {name}: {before} → {after}\n"),
        (None, Some(after)) => format!("    {name}: {after}\n"),
        (Some(before), None) => format!("    {name}: {before} → nothing\n"),
        (None, None) => String::new(),
    }
}

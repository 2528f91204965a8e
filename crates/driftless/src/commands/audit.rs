//! `audit`.

use domain::{Actor, AuditEntry, AuditQuery, By, UserId, Zone};
use serde::Serialize;
use service::{Directory, Service, wait};

use super::Failure;
use crate::cli::{Audit, AuditFormat};
use crate::console::Console;

/// Entries that are read at a time.
const STEP: usize = 1_000;

pub(super) fn run(
    audit: &Audit,
    service: &Service,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let org = service.known_org(&audit.org)?;
    let directory = org.directory();
    let actor = audit.user.map(|id| Actor::Person(UserId(id)));
    let mut left = match audit.limit {
        0 => usize::MAX,
        limit => usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let mut query = AuditQuery { before: u64::MAX, kind: audit.kind, actor, limit: 0 };
    loop {
        query.limit = left.min(STEP);
        let entries = wait(service.audit(&org, query))?;
        let Some(last) = entries.last() else { return Ok(()) };
        query.before = last.number;
        left = left.saturating_sub(entries.len());
        for entry in &entries {
            console.print(&match audit.format {
                AuditFormat::Text => line(entry, &directory),
                AuditFormat::Json => json(entry, &directory)?,
            })?;
        }
        if left == 0 {
            return Ok(());
        }
    }
}

/// `2026-03-04T10:00:00-06:00  sign-in  Ada Byron (user 1), 192.0.2.7: signed in`
fn line(entry: &AuditEntry, directory: &Directory) -> String {
    let zone = &directory.organization.zone;
    let who = who(entry.by, directory);
    let from = entry.by.from.map_or_else(String::new, |address| format!(", {address}"));
    let often = match entry.count {
        1 => String::new(),
        count => format!(" ({count} times, the last at {})", zone.at(entry.last)),
    };
    let AuditEntry { at, kind, what, .. } = entry;
    format!("{}  {kind}  {who}{from}: {what}{often}\n", zone.at(*at))
}

fn who(by: By, directory: &Directory) -> String {
    match (by.actor, name(by, directory)) {
        (Actor::Person(id), Some(name)) => format!("{name} (user {id})"),
        (Actor::Person(id), None) => format!("user {id}"),
        (Actor::Key(id), Some(label)) => format!("key {id} ({label})"),
        (Actor::Key(id), None) => format!("key {id}"),
        (Actor::CommandLine, _) => "command line".to_owned(),
        (Actor::SetupLink, _) => "setup link".to_owned(),
        (Actor::Unknown, _) => "unknown".to_owned(),
    }
}

/// What a person or a key is called now.
fn name(by: By, directory: &Directory) -> Option<String> {
    match by.actor {
        Actor::Person(id) => directory.users.get(&id).map(|user| user.name.to_string()),
        Actor::Key(id) => {
            let label = directory.keys.get(&id).map(|key| key.label.clone());
            label.filter(|label| !label.is_empty())
        }
        _ => None,
    }
}

/// An entry as programs read it.
#[derive(Serialize)]
struct Shown<'a> {
    number: u64,
    time: String,
    kind: &'a str,
    actor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    what: &'a str,
    count: u64,
    last: String,
}

fn json(entry: &AuditEntry, directory: &Directory) -> Result<String, Failure> {
    let (actor, id) = match entry.by.actor {
        Actor::Person(UserId(id)) => ("user", Some(id)),
        Actor::Key(key) => ("key", Some(key.0)),
        Actor::CommandLine => ("command-line", None),
        Actor::SetupLink => ("setup-link", None),
        Actor::Unknown => ("unknown", None),
    };
    let utc = Zone::utc();
    let shown = Shown {
        number: entry.number,
        time: utc.at(entry.at).to_string(),
        kind: entry.kind.as_str(),
        actor,
        id,
        name: name(entry.by, directory),
        from: entry.by.from.map(|address| address.to_string()),
        what: &entry.what,
        count: entry.count,
        last: utc.at(entry.last).to_string(),
    };
    Ok(serde_json::to_string(&shown)? + "\n")
}

//! A whole organization in one file of JSON lines: what it is, its users, statuses and accounts, then its
//! activities as records of API v1, one a line, and at the end how many there were of each.
//!
//! ```json
//! {"driftlessExport":1,"organization":{"id":"acme","name":"Acme Relief","timeZone":"America/Chicago","lastUserNamed":7}}
//! {"user":{"id":7,"name":"Ada Byron","role":"editor","enabled":true,"login":"ada","timeZone":null}}
//! {"status":{"id":1,"name":"In Progress","position":1,"done":false,"begins":false,"retired":false}}
//! {"account":{"id":12,"name":"Doe, Jane"}}
//! {"createdDateTime":…
//! {"end":{"users":1,"statuses":1,"accounts":1,"activities":1,"removed":0}}
//! ```

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, BufRead, Write};

use domain::{
    Account, ClientId, Follows, ID_MAX, Login, LoginName, Name, OrgId, OrganizationData, Role,
    Stamp, Status, StatusId, StatusName, SystemUser, UserId, Zone,
};
use serde::{Deserialize, Serialize};

use super::Intake;
use super::json;
use super::object::message;
use super::problem::Fault;
use super::stretch::Stretches;

/// What a file begins with that has a whole organization, to the byte.
pub(super) const BEGINNING: &[u8] = br#"{"driftlessExport""#;

/// The form of such files. A release that writes another one takes this one still.
const VERSION: u32 = 1;

/// What cannot be told apart further, in messages.
const LINE: &str = "this line";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Head {
    driftless_export: u32,
    organization: HeadOrganization,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HeadOrganization {
    /// Said for people: it may be taken in under another.
    id: String,
    name: String,
    time_zone: String,
    last_user_named: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follows: Option<FollowsLine>,
}

/// Times are milliseconds since 1970 UTC.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FollowsLine {
    source: String,
    organization: String,
    from: Option<i64>,
    complete_to: Option<i64>,
    loaded: Option<i64>,
    log: Option<String>,
    compared: Option<i64>,
}

impl FollowsLine {
    fn of(follows: &Follows) -> FollowsLine {
        FollowsLine {
            source: follows.source.clone(),
            organization: follows.organization.clone(),
            from: follows.from.map(Stamp::millis),
            complete_to: follows.complete_to.map(Stamp::millis),
            loaded: follows.loaded.map(Stamp::millis),
            log: follows.log.clone(),
            compared: follows.compared.map(Stamp::millis),
        }
    }

    fn follows(self) -> Follows {
        Follows {
            source: self.source,
            organization: self.organization,
            from: self.from.map(Stamp::from_millis),
            complete_to: self.complete_to.map(Stamp::from_millis),
            loaded: self.loaded.map(Stamp::from_millis),
            log: self.log,
            compared: self.compared.map(Stamp::from_millis),
        }
    }
}

/// A line that is no activity.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    User(UserLine),
    Status(StatusLine),
    Account(AccountLine),
    End(Counts),
}

impl Line {
    /// What the lines begin with, to the byte. Activities begin otherwise.
    const BEGINNINGS: [&[u8]; 4] =
        [br#"{"user":"#, br#"{"status":"#, br#"{"account":"#, br#"{"end":"#];
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserLine {
    id: i64,
    name: String,
    role: String,
    enabled: bool,
    login: Option<String>,
    time_zone: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StatusLine {
    id: i64,
    name: String,
    position: i64,
    done: bool,
    begins: bool,
    retired: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccountLine {
    id: i64,
    name: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Counts {
    users: u64,
    statuses: u64,
    accounts: u64,
    activities: u64,
    removed: u64,
}

/// Writes how such a file begins: everything but the activities, which follow as JSON lines.
///
/// # Errors
/// When `out` does not take it.
pub fn write_beginning(
    org: &OrgId,
    data: &OrganizationData,
    mut out: impl Write,
) -> io::Result<()> {
    let organization = HeadOrganization {
        id: org.to_string(),
        name: data.name.to_string(),
        time_zone: data.zone.name().to_owned(),
        last_user_named: data.last_user_named.0,
        follows: data.follows.as_ref().map(FollowsLine::of),
    };
    write_line(&Head { driftless_export: VERSION, organization }, &mut out)?;
    for user in &data.users {
        write_line(&Line::User(UserLine::of(user)), &mut out)?;
    }
    for status in &data.statuses {
        write_line(&Line::Status(StatusLine::of(status)), &mut out)?;
    }
    for Account { id, name } in &data.accounts {
        let account = AccountLine { id: id.0, name: name.to_string() };
        write_line(&Line::Account(account), &mut out)?;
    }
    Ok(())
}

/// Writes how such a file ends: how many there were of each.
///
/// # Errors
/// When `out` does not take it.
pub fn write_end(
    data: &OrganizationData,
    activities: u64,
    removed: u64,
    out: impl Write,
) -> io::Result<()> {
    let counts = Counts { activities, removed, ..Counts::of(data) };
    write_line(&Line::End(counts), out)
}

fn write_line(line: &impl Serialize, mut out: impl Write) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    out.write_all(&text)
}

impl Counts {
    /// Of what there is beside the activities.
    fn of(data: &OrganizationData) -> Counts {
        Counts {
            users: data.users.len() as u64,
            statuses: data.statuses.len() as u64,
            accounts: data.accounts.len() as u64,
            ..Counts::default()
        }
    }
}

impl UserLine {
    fn of(user: &SystemUser) -> UserLine {
        UserLine {
            id: user.id.0,
            name: user.name.to_string(),
            role: user.role.to_string(),
            enabled: !user.disabled,
            login: user.login.as_ref().map(|login| login.name.to_string()),
            time_zone: user.zone.as_ref().map(|zone| zone.name().to_owned()),
        }
    }

    fn user(self) -> Result<SystemUser, Fault> {
        let login = self.login.map(|login| valid("user.login", LoginName::parse(&login)));
        let zone = self.time_zone.map(|zone| valid("user.timeZone", Zone::parse(&zone)));
        Ok(SystemUser {
            id: UserId(id("user.id", self.id)?),
            name: valid("user.name", Name::parse(&self.name))?,
            role: valid("user.role", self.role.parse::<Role>())?,
            disabled: !self.enabled,
            login: login.transpose()?.map(|name| Login {
                name,
                password: None,
                password_set: Stamp::MIN,
            }),
            calendar: None,
            zone: zone.transpose()?,
        })
    }
}

impl StatusLine {
    fn of(status: &Status) -> StatusLine {
        StatusLine {
            id: status.id.0,
            name: status.name.to_string(),
            position: status.position,
            done: status.done,
            begins: status.begins,
            retired: status.retired,
        }
    }

    fn status(self) -> Result<Status, Fault> {
        Ok(Status {
            id: StatusId(id("status.id", self.id)?),
            name: valid("status.name", StatusName::parse(&self.name))?,
            position: self.position,
            done: self.done,
            begins: self.begins,
            retired: self.retired,
            spreading: false,
        })
    }
}

fn valid<T, E: Display>(member: &'static str, parsed: Result<T, E>) -> Result<T, Fault> {
    parsed.map_err(|error| wrong(member, &error))
}

fn id(member: &'static str, id: i64) -> Result<i64, Fault> {
    let expected = || wrong(member, &"expected a number from 1 to 9007199254740991");
    Some(id).filter(|id| (1..=ID_MAX).contains(id)).ok_or_else(expected)
}

fn wrong(member: &'static str, error: &impl Display) -> Fault {
    Fault::Object { member, error: error.to_string() }
}

/// Reads such a file, whose first `line - 1` lines were blank.
pub(super) fn read(source: &mut dyn BufRead, line: u64, intake: &mut Intake<'_>) -> io::Result<()> {
    let mut stretches = Stretches::new(source, line);
    let mut reading = Reading::default();
    while stretches.advance()? {
        let (text, line) = (stretches.text.trim_ascii(), stretches.first_line);
        if reading.has_ended && !text.is_empty() {
            intake.problems.add(|| line, wrong("the export", &"it continues after its last line"));
            return Ok(());
        }
        if Line::BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
            let taken = reading.line(text, intake);
            taken.unwrap_or_else(|fault| intake.problems.add(|| line, fault));
        } else if text.starts_with(BEGINNING) {
            match head(text).and_then(|data| reading.begin(data)) {
                Ok(()) => {}
                Err(fault) => {
                    // Of another form: every line would be wrong.
                    intake.problems.add(|| line, fault);
                    return Ok(());
                }
            }
        } else if json::read_stretch(&stretches.text, line, intake).is_break() {
            return Ok(());
        }
    }
    if !reading.has_ended {
        let missing = wrong("the export", &"its last line is missing: is the file incomplete?");
        intake.problems.add(|| stretches.first_line, missing);
    }
    intake.summary.organization = reading.data.map(Box::new);
    Ok(())
}

fn head(text: &[u8]) -> Result<OrganizationData, Fault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        driftless_export: u32,
    }
    let version: Version = serde_json::from_slice(text).map_err(|e| wrong(LINE, &message(&e)))?;
    if version.driftless_export != VERSION {
        let told = format!(
            "version {} is not supported, only {VERSION}: use the release that wrote the file, or a later one",
            version.driftless_export
        );
        return Err(wrong("driftlessExport", &told));
    }
    let Head { organization, .. } =
        serde_json::from_slice(text).map_err(|e| wrong(LINE, &message(&e)))?;
    let last = organization.last_user_named;
    let last = Some(last).filter(|last| (0..=ID_MAX).contains(last));
    let expected = || wrong("organization.lastUserNamed", &"expected a number, or 0 for none");
    Ok(OrganizationData {
        name: valid("organization.name", Name::parse(&organization.name))?,
        zone: valid("organization.timeZone", Zone::parse(&organization.time_zone))?,
        last_user_named: UserId(last.ok_or_else(expected)?),
        follows: organization.follows.map(FollowsLine::follows),
        users: Vec::new(),
        statuses: Vec::new(),
        accounts: Vec::new(),
    })
}

/// What has been read beside the activities.
#[derive(Default)]
struct Reading {
    data: Option<OrganizationData>,
    users: BTreeSet<UserId>,
    logins: BTreeSet<LoginName>,
    statuses: BTreeSet<StatusId>,
    accounts: BTreeSet<ClientId>,
    has_ended: bool,
}

impl Reading {
    fn begin(&mut self, data: OrganizationData) -> Result<(), Fault> {
        if self.data.is_some() {
            return Err(wrong(
                "the export",
                &"a second one starts here: a file may contain only one organization",
            ));
        }
        self.data = Some(data);
        Ok(())
    }

    fn line(&mut self, text: &[u8], intake: &Intake<'_>) -> Result<(), Fault> {
        let line = serde_json::from_slice(text).map_err(|e| wrong(LINE, &message(&e)))?;
        let Some(data) = &mut self.data else {
            return Err(wrong("the export", &"its first line is missing"));
        };
        let twice = |member, is_new: bool| match is_new {
            true => Ok(()),
            false => Err(wrong(member, &"is in the file twice")),
        };
        match line {
            Line::User(user) => {
                let user = user.user()?;
                twice("user.id", self.users.insert(user.id))?;
                if let Some(login) = &user.login {
                    twice("user.login", self.logins.insert(login.name.clone()))?;
                }
                data.users.push(user);
            }
            Line::Status(status) => {
                let status = status.status()?;
                twice("status.id", self.statuses.insert(status.id))?;
                if status.begins && data.statuses.iter().any(|other| other.begins) {
                    return Err(wrong("status.begins", &"more than one status has it"));
                }
                data.statuses.push(status);
            }
            Line::Account(account) => {
                let id = ClientId(id("account.id", account.id)?);
                let name = valid("account.name", Name::parse(&account.name))?;
                twice("account.id", self.accounts.insert(id))?;
                data.accounts.push(Account { id, name });
            }
            Line::End(counts) => {
                self.has_ended = true;
                let read = Counts {
                    activities: intake.summary.records,
                    removed: intake.summary.removals,
                    ..Counts::of(data)
                };
                if counts != read && intake.problems.count() == 0 {
                    let told = format!("it says {counts}, but the file contains {read}");
                    return Err(wrong("the end of the export", &told));
                }
            }
        }
        Ok(())
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Counts { users, statuses, accounts, activities, removed } = self;
        write!(
            f,
            "{users} users, {statuses} statuses, {accounts} accounts, {activities} activities and {removed} removed activities"
        )
    }
}

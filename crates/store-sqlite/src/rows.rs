//! Converts rows into their types; the error for an invalid row says where it is.

use domain::{
    Account, ActivityId, Actor, ApiKey, AuditEntry, Author, By, CalendarFeed, ClientId, Examples,
    Follows, Guide, Interval, KeyId, Kind, Login, LoginName, Name, Opener, OrgId, OrgKey,
    Organization, Origin, PasswordHash, Priority, Role, SecretHash, Seq, Stage, Stamp, State,
    Status, StatusId, StatusName, SystemUser, UserId, Version, Zone,
};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use store::{
    AuditEnds, Content, CoverageRecord, CurrentRow, DeviceKey, FolderState, LogEntry, RunRecord,
    SessionRecord, StoreError, StoredVersion,
};

use crate::{checksum, failed};

/// A position as SQLite keeps it. Positions count commits: they never come near 2^63.
pub(crate) fn number(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

pub(crate) fn seq(number: i64) -> Seq {
    Seq(u64::try_from(number).unwrap_or(0))
}

fn column<T: rusqlite::types::FromSql>(row: &Row<'_>, index: usize) -> Result<T, StoreError> {
    row.get(index).map_err(failed)
}

fn stamp(row: &Row<'_>, index: usize) -> Result<Stamp, StoreError> {
    Ok(Stamp::from_millis(column(row, index)?))
}

fn hash(row: &Row<'_>, index: usize) -> Result<SecretHash, StoreError> {
    Ok(SecretHash(column(row, index)?))
}

/// Names the table and what is wrong in it.
pub(crate) fn damaged(table: &str, problem: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("table {table}: {problem}"))
}

fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::Record => 1,
        Kind::Tombstone => 2,
    }
}

fn kind(number: i64) -> Result<Kind, StoreError> {
    match number {
        1 => Ok(Kind::Record),
        2 => Ok(Kind::Tombstone),
        other => Err(damaged("change", format!("kind {other}"))),
    }
}

fn origin_number(origin: Origin) -> i64 {
    match origin {
        Origin::Api => 1,
        Origin::Web => 2,
        Origin::Import => 3,
        Origin::CommandLine => 4,
        Origin::Examples => 5,
    }
}

fn origin(number: i64) -> Result<Origin, StoreError> {
    match number {
        1 => Ok(Origin::Api),
        2 => Ok(Origin::Web),
        3 => Ok(Origin::Import),
        4 => Ok(Origin::CommandLine),
        5 => Ok(Origin::Examples),
        other => Err(damaged("change", format!("origin {other}"))),
    }
}

/// A version's row in `change`: `organization, seq, stamp, activity, kind, actor, origin, previous, document`.
pub(crate) fn change<'a>(
    org: OrgKey,
    version: &Version,
    document: Option<&'a str>,
) -> [ValueRef<'a>; checksum::COLUMNS] {
    let optional = |value: Option<i64>| value.map_or(ValueRef::Null, ValueRef::Integer);
    [
        ValueRef::Integer(org.0),
        ValueRef::Integer(number(version.seq)),
        ValueRef::Integer(version.stamp.millis()),
        ValueRef::Integer(version.id.0),
        ValueRef::Integer(kind_number(version.state.kind())),
        optional(version.author.user.map(|user| user.0)),
        ValueRef::Integer(origin_number(version.author.origin)),
        optional(version.previous.map(number)),
        document.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())),
    ]
}

/// Reads `seq, stamp, activity, kind, actor, origin, previous, document`.
pub(crate) fn version(row: &Row<'_>) -> Result<Version, StoreError> {
    let state = match kind(column(row, 3)?)? {
        Kind::Tombstone => State::Tombstone,
        Kind::Record => State::Record(Box::new(content(row, 7)?.to_activity()?)),
    };
    Ok(Version {
        seq: seq(column(row, 0)?),
        stamp: stamp(row, 1)?,
        id: ActivityId(column(row, 2)?),
        previous: column::<Option<i64>>(row, 6)?.map(seq),
        author: Author {
            user: column::<Option<i64>>(row, 4)?.map(UserId),
            origin: origin(column(row, 5)?)?,
        },
        state,
    })
}

/// Reads `seq, stamp, activity, coalesce(document, kind)`: the last is the kind of what has no content.
pub(crate) fn shown<'a>(row: &'a Row<'_>) -> Result<StoredVersion<'a>, StoreError> {
    let is_tombstone = match row.get_ref(3).map_err(failed)? {
        ValueRef::Integer(number) => kind(number)? == Kind::Tombstone,
        _ => false,
    };
    Ok(StoredVersion {
        seq: seq(column(row, 0)?),
        stamp: stamp(row, 1)?,
        id: ActivityId(column(row, 2)?),
        content: if is_tombstone { None } else { Some(content(row, 3)?) },
    })
}

fn content<'a>(row: &'a Row<'_>, index: usize) -> Result<Content<'a>, StoreError> {
    let document = row.get_ref(index).map_err(failed)?;
    Content::read(document.as_str().map_err(|e| damaged("change", e))?)
}

/// Reads `seq, stamp, activity, kind`.
pub(crate) fn log_entry(row: &Row<'_>) -> Result<LogEntry, StoreError> {
    Ok(LogEntry {
        seq: seq(column(row, 0)?),
        stamp: stamp(row, 1)?,
        id: ActivityId(column(row, 2)?),
        kind: kind(column(row, 3)?)?,
    })
}

pub(crate) fn stage_number(stage: Stage) -> i64 {
    match stage {
        Stage::Fresh => 1,
        Stage::Importing => 2,
        Stage::Open => 3,
    }
}

fn stage(number: i64) -> Result<Stage, StoreError> {
    match number {
        1 => Ok(Stage::Fresh),
        2 => Ok(Stage::Importing),
        3 => Ok(Stage::Open),
        other => Err(damaged("organization", format!("stage {other}"))),
    }
}

/// What [`organization`] reads.
pub(crate) const ORGANIZATION: &str =
    "organization, id, name, zone, stage, last_user_named, guide_hidden,
    examples, examples_until, example_account, example_accounts, examples_removed, import_columns,
    follows_source, follows_organization, follows_from, follows_complete_to, follows_loaded,
    follows_log, follows_compared";

/// Reads [`ORGANIZATION`].
pub(crate) fn organization(row: &Row<'_>) -> Result<Organization, StoreError> {
    let wrong = |e: &dyn std::fmt::Display| damaged("organization", e);
    Ok(Organization {
        key: OrgKey(column(row, 0)?),
        id: OrgId::parse(&column::<String>(row, 1)?).map_err(|e| wrong(&e))?,
        name: Name::parse(&column::<String>(row, 2)?).map_err(|e| wrong(&e))?,
        zone: Zone::parse(&column::<String>(row, 3)?).map_err(|e| wrong(&e))?,
        stage: stage(column(row, 4)?)?,
        last_user_named: UserId(column(row, 5)?),
        guide: Guide { hidden: column(row, 6)?, examples: examples(row)? },
        import_columns: column(row, 12)?,
        follows: follows(row)?,
    })
}

fn follows(row: &Row<'_>) -> Result<Option<Follows>, StoreError> {
    let Some(source) = column(row, 13)? else { return Ok(None) };
    let stamp = |index| Ok(column::<Option<i64>>(row, index)?.map(Stamp::from_millis));
    Ok(Some(Follows {
        source,
        organization: column(row, 14)?,
        from: stamp(15)?,
        complete_to: stamp(16)?,
        loaded: stamp(17)?,
        log: column(row, 18)?,
        compared: stamp(19)?,
    }))
}

fn examples(row: &Row<'_>) -> Result<Option<Examples>, StoreError> {
    let Some(activities) = column(row, 7)? else { return Ok(None) };
    Ok(Some(Examples {
        activities,
        until: seq(column(row, 8)?),
        first_account: ClientId(column(row, 9)?),
        accounts: column(row, 10)?,
        removed: column(row, 11)?,
    }))
}

/// Reads `id, name, role, disabled, login, password, password_set, zone, calendar, calendar_created`.
pub(crate) fn user(row: &Row<'_>) -> Result<SystemUser, StoreError> {
    let role: String = column(row, 2)?;
    Ok(SystemUser {
        id: UserId(column(row, 0)?),
        name: Name::parse(&column::<String>(row, 1)?).map_err(|e| damaged("system_user", e))?,
        role: Role::parse(&role).ok_or_else(|| damaged("system_user", format!("role {role:?}")))?,
        disabled: column(row, 3)?,
        login: login(row)?,
        zone: column::<Option<String>>(row, 7)?
            .map(|name| Zone::parse(&name).map_err(|e| damaged("system_user", e)))
            .transpose()?,
        calendar: calendar(row)?,
    })
}

/// The calendar feed: both of its columns have a value, or neither.
fn calendar(row: &Row<'_>) -> Result<Option<CalendarFeed>, StoreError> {
    match (column::<Option<[u8; 32]>>(row, 8)?, column::<Option<i64>>(row, 9)?) {
        (Some(hash), Some(created)) => {
            Ok(Some(CalendarFeed { hash: SecretHash(hash), created: Stamp::from_millis(created) }))
        }
        (None, None) => Ok(None),
        _ => Err(damaged("system_user", "a calendar feed without its secret or its time")),
    }
}

/// How a person signs in: name and time have a value, or none of the columns has.
fn login(row: &Row<'_>) -> Result<Option<Login>, StoreError> {
    let columns: (Option<String>, Option<String>, Option<i64>) =
        (column(row, 4)?, column(row, 5)?, column(row, 6)?);
    let (name, password, set) = match columns {
        (Some(name), password, Some(set)) => (name, password, set),
        (None, None, None) => return Ok(None),
        _ => return Err(damaged("system_user", "a login without its name or time")),
    };
    Ok(Some(Login {
        name: LoginName::parse(&name).map_err(|e| damaged("system_user", e))?,
        password: password.map(PasswordHash),
        password_set: Stamp::from_millis(set),
    }))
}

/// Reads `id, system_user, label, hash, created, revoked, last_login, expected_ms`.
pub(crate) fn key(row: &Row<'_>) -> Result<ApiKey, StoreError> {
    let expected = column::<Option<i64>>(row, 7)?.map(Interval::of_millis).transpose();
    Ok(ApiKey {
        id: KeyId(column(row, 0)?),
        user: UserId(column(row, 1)?),
        label: column(row, 2)?,
        hash: hash(row, 3)?,
        created: stamp(row, 4)?,
        revoked: column(row, 5)?,
        last_login: column::<Option<i64>>(row, 6)?.map(Stamp::from_millis),
        expected: expected.map_err(|e| damaged("api_key", e))?,
    })
}

/// Reads `id, name, position, done, begins, retired, spreading`.
pub(crate) fn status(row: &Row<'_>) -> Result<Status, StoreError> {
    let name: String = column(row, 1)?;
    Ok(Status {
        id: StatusId(column(row, 0)?),
        name: StatusName::parse(&name).map_err(|e| damaged("activity_status", e))?,
        position: column(row, 2)?,
        done: column(row, 3)?,
        begins: column(row, 4)?,
        retired: column(row, 5)?,
        spreading: column(row, 6)?,
    })
}

/// Reads `lease, clean, boot, lost_before, transactions, device_key`.
pub(crate) fn folder(row: &Row<'_>) -> Result<FolderState, StoreError> {
    Ok(FolderState {
        lease: stamp(row, 0)?,
        clean: column(row, 1)?,
        boot: column(row, 2)?,
        lost_before: stamp(row, 3)?,
        transactions: count(row, 4)?,
        device_key: column::<Option<[u8; 32]>>(row, 5)?.map(DeviceKey),
    })
}

/// The columns of `activity` that follow from its version, in the order of [`current`].
pub(crate) const CURRENT_COLUMNS: [&str; 10] = [
    "seq",
    "stamp",
    "removed",
    "subject",
    "starts",
    "ends",
    "client",
    "system_user",
    "status",
    "priority",
];

/// What `activity` holds of an activity's latest version.
pub(crate) fn current(version: &Version) -> [ValueRef<'_>; CURRENT_COLUMNS.len()] {
    let record = version.record();
    let number = |value: Option<i64>| value.map_or(ValueRef::Null, ValueRef::Integer);
    [
        ValueRef::Integer(self::number(version.seq)),
        ValueRef::Integer(version.stamp.millis()),
        ValueRef::Integer(i64::from(record.is_none())),
        record.map_or(ValueRef::Null, |a| ValueRef::Text(a.subject.as_str().as_bytes())),
        number(record.map(|a| a.start.stamp.millis())),
        number(record.and_then(|a| a.end).map(|end| end.stamp.millis())),
        number(record.and_then(|a| a.client).map(|id| id.0)),
        number(record.and_then(|a| a.system_user).map(|id| id.0)),
        number(record.map(|a| a.status.0)),
        number(record.map(|a| a.priority as i64 + 1)),
    ]
}

/// Reads `id, seq, stamp, subject, starts, ends, client, system_user, status, priority` of an activity
/// that is there.
pub(crate) fn current_row<'a>(row: &'a Row<'_>) -> Result<CurrentRow<'a>, StoreError> {
    let subject = row.get_ref(3).map_err(failed)?;
    let level: u8 = column(row, 9)?;
    let priority = level.checked_sub(1).and_then(|level| Priority::ALL.get(usize::from(level)));
    Ok(CurrentRow {
        id: ActivityId(column(row, 0)?),
        seq: seq(column(row, 1)?),
        stamp: stamp(row, 2)?,
        subject: subject.as_str().map_err(|e| damaged("activity", e))?,
        start: stamp(row, 4)?,
        end: column::<Option<i64>>(row, 5)?.map(Stamp::from_millis),
        client: column::<Option<i64>>(row, 6)?.map(ClientId),
        system_user: column::<Option<i64>>(row, 7)?.map(UserId),
        status: StatusId(column(row, 8)?),
        priority: *priority.ok_or_else(|| damaged("activity", format!("priority {level}")))?,
    })
}

/// Reads `hash, api_key, system_user, created, last_used, stays`.
pub(crate) fn session(row: &Row<'_>) -> Result<SessionRecord, StoreError> {
    let opener = match (column(row, 1)?, column(row, 2)?) {
        (Some(key), None) => Opener::Key(KeyId(key)),
        (None, Some(user)) => Opener::Login(UserId(user)),
        _ => return Err(damaged("session", "neither a key's nor a user's")),
    };
    Ok(SessionRecord {
        hash: hash(row, 0)?,
        opener,
        created: stamp(row, 3)?,
        last_used: stamp(row, 4)?,
        stays: column(row, 5)?,
    })
}

/// Reads `session, query, upper_bound, api_key, number, page_size, seq, horizon, first_served,
/// last_page, last_used`.
pub(crate) fn run(row: &Row<'_>) -> Result<RunRecord, StoreError> {
    Ok(RunRecord {
        session: hash(row, 0)?,
        query: column(row, 1)?,
        to: stamp(row, 2)?,
        key: KeyId(column(row, 3)?),
        number: count(row, 4)?,
        page_size: page_size(row, 5)?,
        seq: seq(column(row, 6)?),
        horizon: stamp(row, 7)?,
        first_page_served: column(row, 8)?,
        last_page: count(row, 9)?,
        last_used: stamp(row, 10)?,
    })
}

/// The size of a run's pages, which nothing is divided by when it is damaged.
fn page_size(row: &Row<'_>, index: usize) -> Result<u32, StoreError> {
    match column(row, index)? {
        0 => Err(damaged("run", "pages without records")),
        size => Ok(size),
    }
}

/// The numbers of who did something: what they are, and which.
pub(crate) fn actor_numbers(actor: Actor) -> (i64, Option<i64>) {
    match actor {
        Actor::Person(UserId(id)) => (1, Some(id)),
        Actor::Key(KeyId(id)) => (2, Some(id)),
        Actor::CommandLine => (3, None),
        Actor::SetupLink => (4, None),
        Actor::Unknown => (5, None),
    }
}

/// Reads `number, at, last, count, kind, actor, actor_id, address, what`.
pub(crate) fn audit(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    let damaged_by = |e: &dyn std::fmt::Display| damaged("audit", e);
    let actor = match (column(row, 5)?, column(row, 6)?) {
        (1, Some(id)) => Actor::Person(UserId(id)),
        (2, Some(id)) => Actor::Key(KeyId(id)),
        (3, None) => Actor::CommandLine,
        (4, None) => Actor::SetupLink,
        (5, None) => Actor::Unknown,
        (other, _) => return Err(damaged("audit", format!("actor {other}"))),
    };
    let address = column::<Option<String>>(row, 7)?.map(|text| text.parse()).transpose();
    Ok(AuditEntry {
        number: count(row, 0)?,
        at: stamp(row, 1)?,
        last: stamp(row, 2)?,
        count: count(row, 3)?,
        kind: column::<String>(row, 4)?.parse().map_err(|e| damaged_by(&e))?,
        by: By { actor, from: address.map_err(|e| damaged_by(&e))? },
        what: column(row, 8)?,
    })
}

/// Reads the first number, when that was, and the last number.
pub(crate) fn audit_ends(row: &Row<'_>) -> Result<AuditEnds, StoreError> {
    Ok(AuditEnds { first: count(row, 0)?, first_at: stamp(row, 1)?, last: count(row, 2)? })
}

/// A count, as the store keeps it.
pub(crate) fn count_number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count as the store keeps it.
fn count(row: &Row<'_>, index: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(column::<i64>(row, index)?).unwrap_or(0))
}

/// Reads `api_key, document, checksum`.
pub(crate) fn coverage(row: &Row<'_>) -> Result<CoverageRecord, StoreError> {
    let document: String = column(row, 1)?;
    if column::<i64>(row, 2)? != checksum::of_document(&document) {
        return Err(damaged(
            "coverage",
            "the checksum does not match, so it is not what was written",
        ));
    }
    Ok(CoverageRecord { key: KeyId(column(row, 0)?), document })
}

/// The same, with an empty document where it is damaged: what a key was given concerns nobody else.
pub(crate) fn coverage_if_sound(row: &Row<'_>) -> Result<CoverageRecord, StoreError> {
    match coverage(row) {
        Err(StoreError::Damaged(_)) => {
            Ok(CoverageRecord { key: KeyId(column(row, 0)?), document: String::new() })
        }
        read => read,
    }
}

/// Reads `id, name`.
pub(crate) fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    let name: String = column(row, 1)?;
    Ok(Account {
        id: ClientId(column(row, 0)?),
        name: Name::parse(&name).map_err(|e| damaged("account", e))?,
    })
}

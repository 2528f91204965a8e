//! Values to fill a store with: plain ones, from which a test changes what it is about.

use domain::{
    Account, Activity, ActivityId, ApiKey, Author, ClientId, CustomField, Guide, KeyId, Login,
    LoginName, Name, Note, Opener, OrgId, OrgKey, Organization, Origin, PasswordHash, Provenance,
    Role, SecretHash, Seq, Stage, Stamp, State, Status, StatusId, StatusName, Subject, SystemUser,
    UserId, Version, Zone,
};

use crate::{
    CoverageRecord, DeviceKey, Durability, Examined, FolderState, RunRecord, SessionRecord, Store,
    StoreError, Transaction,
};

/// The organization that most tests are about.
pub const ORG: OrgKey = OrgKey(1);

/// Another one, to be told apart from it.
pub const OTHER: OrgKey = OrgKey(2);

/// Seconds after an instant in 2023, in whose neighbourhood everything happens.
#[must_use]
pub fn stamp(seconds: i64) -> Stamp {
    Stamp::from_millis(1_700_000_000_123 + seconds * 1_000)
}

/// An organization of this name in UTC that nobody has logged in to.
///
/// # Panics
/// When the text is no organization id.
#[must_use]
pub fn organization(key: OrgKey, id: &str) -> Organization {
    Organization {
        key,
        id: OrgId::parse(id).unwrap(),
        name: Name::parse(&format!("The {id} organization")).unwrap(),
        zone: Zone::utc(),
        stage: Stage::Fresh,
        last_user_named: UserId(0),
        guide: Guide::default(),
        import_columns: String::new(),
        follows: None,
    }
}

/// An editor.
///
/// # Panics
/// Never.
#[must_use]
pub fn user(id: i64) -> SystemUser {
    SystemUser {
        id: UserId(id),
        name: Name::parse(&format!("User {id}")).unwrap(),
        role: Role::Editor,
        disabled: false,
        login: None,
        zone: None,
        calendar: None,
    }
}

/// A login of this name, with a password that nobody knows.
///
/// # Panics
/// When the text is no login name.
#[must_use]
pub fn login(name: &str) -> Login {
    Login {
        name: LoginName::parse(name).unwrap(),
        password: Some(PasswordHash("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA".to_owned())),
        password_set: stamp(0),
    }
}

/// A key of the user with the same number, never used.
#[must_use]
pub fn key(id: i64) -> ApiKey {
    ApiKey {
        id: KeyId(id),
        user: UserId(id),
        label: format!("Key {id}"),
        hash: SecretHash([7; 32]),
        created: stamp(0),
        revoked: false,
        last_login: None,
        expected: None,
    }
}

/// A status in use.
///
/// # Panics
/// When the text is no status name.
#[must_use]
pub fn status(id: i64, name: &str) -> Status {
    Status::new(StatusId(id), StatusName::parse(name).unwrap())
}

/// A session of key 1; sessions of different bytes are different.
#[must_use]
pub fn session(byte: u8) -> SessionRecord {
    SessionRecord {
        hash: SecretHash([byte; 32]),
        opener: Opener::Key(KeyId(1)),
        created: stamp(0),
        last_used: stamp(60),
        stays: false,
    }
}

/// The run of this session and query that has no upper bound.
#[must_use]
pub fn run(session: u8, query: u8) -> RunRecord {
    RunRecord {
        session: SecretHash([session; 32]),
        key: KeyId(1),
        query: [query; 16],
        to: Stamp::MAX,
        number: 3,
        page_size: 10,
        seq: Seq(5),
        horizon: stamp(30),
        first_page_served: true,
        last_page: 2,
        last_used: stamp(60),
    }
}

/// What this key has asked for.
#[must_use]
pub fn coverage(key: i64) -> CoverageRecord {
    CoverageRecord { key: KeyId(key), document: format!("{{\"told\":{key}}}") }
}

/// An account of this name.
///
/// # Panics
/// When the text is no name.
#[must_use]
pub fn account(id: i64, name: &str) -> Account {
    Account { id: ClientId(id), name: Name::parse(name).unwrap() }
}

/// What stands beside the organizations.
#[must_use]
pub fn folder_state(lease: Stamp, clean: bool, boot: &str) -> FolderState {
    let transactions = boot.len() as u64; // None in an empty store.
    let device_key = (!boot.is_empty()).then_some(DeviceKey([lease.millis().to_le_bytes()[0]; 32]));
    let (boot, lost_before) = (boot.to_owned(), lease);
    FolderState { lease, clean, boot, lost_before, transactions, device_key }
}

/// An activity with the required members alone.
///
/// # Panics
/// Never.
#[must_use]
pub fn activity() -> Activity {
    Activity {
        created: stamp(0),
        subject: Subject::parse("Call the printer").unwrap(),
        start: stamp(3_600).at_offset(0),
        status: StatusId(1),
        status_name: StatusName::parse("In Progress").unwrap(),
        ..Activity::blank()
    }
}

/// An activity with every member.
///
/// # Panics
/// Never.
#[must_use]
pub fn full_activity() -> Activity {
    Activity {
        created_by: Some("Ada Byron".to_owned()),
        modified_by: Some("Charles Babbage".to_owned()),
        note: Note::parse("Two reams.\nThe blue ink, not the black.").unwrap(),
        start: stamp(3_600).at_offset(8 * 3_600),
        end: Some(stamp(1_800).at_offset(-(5 * 60 + 30) * 60)),
        client: Some(ClientId(9_001)),
        system_user: Some(UserId(42)),
        custom_fields: vec![custom_field("81", Some("Blue"), Some("3"))],
        external_id: None,
        provenance: Provenance::imported(stamp(-60)).refreshed(stamp(-30)),
        ..activity()
    }
}

/// A custom field with what it may have.
#[must_use]
pub fn custom_field(id: &str, value: Option<&str>, option: Option<&str>) -> CustomField {
    CustomField {
        field_id: id.to_owned(),
        value: value.map(str::to_owned),
        option_id: option.map(str::to_owned),
    }
}

/// A version with this state: the first of its activity, made through the API.
#[must_use]
pub fn version(seq: u64, id: i64, state: State) -> Version {
    Version {
        seq: Seq(seq),
        stamp: stamp(i64::try_from(seq).unwrap_or(0)),
        id: ActivityId(id),
        previous: None,
        author: Author { user: Some(UserId(1)), origin: Origin::Api },
        state,
    }
}

/// A version that makes an activity what [`activity`] is.
#[must_use]
pub fn record(seq: u64, id: i64) -> Version {
    version(seq, id, State::Record(Box::new(activity())))
}

/// A version that removes an activity.
#[must_use]
pub fn tombstone(seq: u64, id: i64, previous: u64) -> Version {
    Version { previous: Some(Seq(previous)), ..version(seq, id, State::Tombstone) }
}

/// A version that gives an activity a status.
#[must_use]
pub fn with_status(seq: u64, id: i64, status: i64) -> Version {
    let activity = Activity { status: StatusId(status), ..activity() };
    version(seq, id, State::Record(Box::new(activity)))
}

/// Commits what `work` does, durable against a power cut.
///
/// # Panics
/// When the store fails.
pub fn commit(store: &dyn Store, work: impl FnOnce(&mut dyn Transaction)) {
    let mut transaction = store.begin(Durability::Power).unwrap();
    work(transaction.as_mut());
    transaction.commit().unwrap();
}

/// Appends versions in one commit.
///
/// # Panics
/// When the store fails.
pub fn append(store: &dyn Store, org: OrgKey, versions: &[Version]) {
    commit(store, |t| versions.iter().for_each(|version| t.append(org, version).unwrap()));
}

/// What an examination finds wrong.
///
/// # Errors
/// When the store cannot read.
pub fn problems(store: &dyn Store) -> Result<Vec<String>, StoreError> {
    let mut problems = Vec::new();
    store.examine(&mut |examined| {
        if let Examined::Problem(problem) = examined {
            problems.push(problem);
        }
    })?;
    Ok(problems)
}

//! What is kept besides versions.

use domain::{
    Account, Actor, ApiKey, AuditEntry, AuditKind, AuditQuery, By, CalendarFeed, ClientId,
    Examples, Follows, Guide, Interval, KeyId, Login, Name, Opener, OrgId, OrgKey, Organization,
    PasswordHash, Role, SecretHash, Seq, Stage, Stamp, Status, SystemUser, UserId, Zone,
};

use super::sample::{
    ORG, OTHER, account, commit, coverage, folder_state, key, login, organization, problems,
    record, run, session, stamp, status, user,
};
use crate::{CoverageRecord, RunRecord, SessionRecord, Store, TenantRecord};

/// An organization in a form that can be compared: zones are what they were made from.
type Shown = (OrgKey, String, String, String, Stage, UserId, Guide, String, Option<Follows>);

fn shown(organization: &Organization) -> Shown {
    (
        organization.key,
        organization.id.to_string(),
        organization.name.to_string(),
        organization.zone.name().to_owned(),
        organization.stage,
        organization.last_user_named,
        organization.guide,
        organization.import_columns.clone(),
        organization.follows.clone(),
    )
}

/// All organizations by key: no other order is promised.
fn organizations(store: &dyn Store) -> Vec<Shown> {
    let mut all: Vec<_> = store.tenants().unwrap().iter().map(|t| shown(&t.organization)).collect();
    all.sort_unstable_by_key(|one| one.0);
    all
}

/// What belongs to one organization.
pub(super) fn tenant(store: &dyn Store, org: OrgKey) -> TenantRecord {
    store.tenants().unwrap().into_iter().find(|t| t.organization.key == org).unwrap()
}

/// The sessions by hash: no order is promised.
pub(super) fn sessions(store: &dyn Store, org: OrgKey) -> Vec<SessionRecord> {
    let mut all = store.sessions(org).unwrap();
    all.sort_unstable_by_key(|session| session.hash);
    all
}

/// The runs by session, query and upper bound: no order is promised.
pub(super) fn runs(store: &dyn Store, org: OrgKey) -> Vec<RunRecord> {
    let mut all = store.runs(org).unwrap();
    all.sort_unstable_by_key(|run| (run.session, run.query, run.to));
    all
}

/// What was asked with each key, by key: no order is promised.
pub(super) fn coverages(store: &dyn Store, org: OrgKey) -> Vec<CoverageRecord> {
    let mut all = store.coverages(org).unwrap();
    all.sort_unstable_by_key(|coverage| coverage.key);
    all
}

/// The accounts by number: no order is promised.
pub(super) fn accounts(store: &dyn Store, org: OrgKey) -> Vec<Account> {
    let mut all = store.accounts(org).unwrap();
    all.sort_unstable_by_key(|account| account.id);
    all
}

/// Adds the organization that the rows of a case belong to.
fn found(store: &dyn Store) {
    commit(store, |t| t.put_organization(&organization(ORG, "one")).unwrap());
}

fn put_users(store: &dyn Store, users: &[SystemUser]) {
    commit(store, |t| users.iter().for_each(|user| t.put_user(ORG, user).unwrap()));
}

fn put_keys(store: &dyn Store, keys: &[ApiKey]) {
    commit(store, |t| keys.iter().for_each(|key| t.put_key(ORG, key).unwrap()));
}

fn put_statuses(store: &dyn Store, statuses: &[Status]) {
    commit(store, |t| statuses.iter().for_each(|status| t.put_status(ORG, status).unwrap()));
}

fn put_sessions(store: &dyn Store, sessions: &[SessionRecord]) {
    commit(store, |t| sessions.iter().for_each(|session| t.put_session(ORG, session).unwrap()));
}

fn put_runs(store: &dyn Store, runs: &[RunRecord]) {
    commit(store, |t| runs.iter().for_each(|run| t.put_run(ORG, run).unwrap()));
}

pub(super) fn an_empty_store_holds_nothing_and_is_in_order(store: &dyn Store) {
    assert!(store.tenants().unwrap().is_empty());
    assert!(store.sessions(ORG).unwrap().is_empty());
    assert!(store.runs(ORG).unwrap().is_empty());
    assert!(store.accounts(ORG).unwrap().is_empty());
    assert!(store.coverages(ORG).unwrap().is_empty());
    assert_eq!(problems(store).unwrap(), [""; 0]);
    // Nothing has been exposed yet, and no process has died over it.
    assert_eq!(store.folder().unwrap(), folder_state(Stamp::MIN, true, ""));
}

pub(super) fn organizations_are_kept_and_changed(store: &dyn Store) {
    let mut one = organization(ORG, "one");
    let two = organization(OTHER, "two");
    commit(store, |t| {
        t.put_organization(&two).unwrap();
        t.put_organization(&one).unwrap();
    });
    assert_eq!(organizations(store), [shown(&one), shown(&two)]);

    one.id = OrgId::parse("renamed").unwrap();
    one.name = Name::parse("Another name").unwrap();
    one.zone = Zone::parse("America/Chicago").unwrap();
    one.stage = Stage::Open;
    one.last_user_named = UserId(i64::MAX);
    let examples = Examples {
        activities: u32::MAX,
        until: Seq(1 << 40),
        first_account: ClientId(domain::ID_MAX),
        accounts: 12,
        removed: true,
    };
    one.import_columns = "Fällig=endDateTime\nIntern=\n".to_owned();
    one.follows = Some(Follows {
        source: "https://example.org/neonws/services/api".to_owned(),
        organization: "acme".to_owned(),
        from: Some(Stamp::from_millis(-1)),
        complete_to: None,
        loaded: Some(Stamp::from_millis(1 << 40)),
        log: Some("7b1f".to_owned()),
        compared: Some(Stamp::from_millis(2)),
    });
    one.guide = Guide { hidden: true, examples: Some(examples) };
    commit(store, |t| t.put_organization(&one).unwrap());
    assert_eq!(organizations(store), [shown(&one), shown(&two)]);
}

pub(super) fn an_organization_is_changed_without_its_belongings(store: &dyn Store) {
    found(store);
    put_users(store, &[user(1)]);
    put_keys(store, &[key(1)]);
    put_statuses(store, &[status(1, "Waiting")]);
    commit(store, |t| t.append(ORG, &record(1, 7)).unwrap());

    let opened = Organization { stage: Stage::Open, ..organization(ORG, "one") };
    commit(store, |t| t.put_organization(&opened).unwrap());
    let tenant = tenant(store, ORG);
    assert_eq!(tenant.users, [user(1)]);
    assert_eq!(tenant.keys, [key(1)]);
    assert_eq!(tenant.statuses, [status(1, "Waiting")]);
    assert_eq!(store.versions(ORG, &[record(1, 7).seq]).unwrap(), [record(1, 7)]);
}

pub(super) fn an_organization_id_is_given_once(store: &dyn Store) {
    found(store);
    let mut transaction = store.begin(crate::Durability::Power).unwrap();
    assert!(transaction.put_organization(&organization(OTHER, "one")).is_err());
    drop(transaction);
    assert_eq!(organizations(store), [shown(&organization(ORG, "one"))]);
}

pub(super) fn users_are_kept_and_changed(store: &dyn Store) {
    found(store);
    put_users(store, &[user(30), user(4), user(200)]);
    assert_eq!(tenant(store, ORG).users, [user(4), user(30), user(200)], "by id");

    let name = Name::parse("Married").unwrap();
    let changed = SystemUser { name, role: Role::Admin, disabled: true, ..user(30) };
    let zone = Some(Zone::parse("Asia/Tokyo").unwrap());
    let viewer = SystemUser { role: Role::Viewer, zone, ..user(4) };
    put_users(store, &[changed.clone(), viewer.clone()]);
    assert_eq!(tenant(store, ORG).users, [viewer, changed, user(200)]);
}

pub(super) fn logins_are_kept_and_changed(store: &dyn Store) {
    found(store);
    let ada = SystemUser { login: Some(login("ada")), ..user(1) };
    put_users(store, &[ada, user(2)]);
    assert_eq!(
        tenant(store, ORG).users,
        [SystemUser { login: Some(login("ada")), ..user(1) }, user(2)]
    );

    let another = Login {
        password: Some(PasswordHash("another".to_owned())),
        password_set: stamp(9),
        ..login("ada@example.org")
    };
    let moved = SystemUser { login: Some(another), ..user(1) };
    // A name that has been given up can be another's.
    let second = SystemUser { login: Some(login("ada")), ..user(2) };
    put_users(store, &[moved.clone(), second.clone()]);
    assert_eq!(tenant(store, ORG).users, [moved, second.clone()]);
    let waiting = Login { password: None, ..login("bob") };
    let waiting = SystemUser { login: Some(waiting), ..user(1) };
    put_users(store, std::slice::from_ref(&waiting));
    assert_eq!(tenant(store, ORG).users, [waiting, second.clone()], "a name without a password");
    put_users(store, &[user(1)]);
    assert_eq!(tenant(store, ORG).users, [user(1), second]);
}

pub(super) fn calendar_feeds_are_kept_and_changed(store: &dyn Store) {
    found(store);
    let feed = |byte| CalendarFeed { hash: SecretHash([byte; 32]), created: stamp(byte.into()) };
    let with = |byte| SystemUser { calendar: Some(feed(byte)), ..user(1) };
    put_users(store, &[with(7), user(2)]);
    assert_eq!(tenant(store, ORG).users, [with(7), user(2)]);
    put_users(store, &[with(8)]);
    assert_eq!(tenant(store, ORG).users, [with(8), user(2)]);
    put_users(store, &[user(1)]);
    assert_eq!(tenant(store, ORG).users, [user(1), user(2)]);
}

pub(super) fn keys_are_kept_and_changed(store: &dyn Store) {
    found(store);
    put_keys(store, &[key(30), key(4), key(200)]);
    assert_eq!(tenant(store, ORG).keys, [key(4), key(30), key(200)], "by id");

    let label = String::new();
    let expected = Interval::parse("7d").ok();
    let last_login = Some(stamp(5));
    let changed = ApiKey { label, revoked: true, last_login, expected, ..key(30) };
    put_keys(store, std::slice::from_ref(&changed));
    assert_eq!(tenant(store, ORG).keys, [key(4), changed, key(200)]);
}

pub(super) fn a_login_leaves_the_rest_of_a_key(store: &dyn Store) {
    found(store);
    let revoked = ApiKey { revoked: true, last_login: Some(stamp(1)), ..key(1) };
    put_keys(store, &[revoked.clone(), key(2)]);
    commit(store, |t| t.put_last_login(ORG, revoked.id, stamp(9)).unwrap());
    let seen = ApiKey { last_login: Some(stamp(9)), ..revoked };
    assert_eq!(tenant(store, ORG).keys, [seen, key(2)]);
}

pub(super) fn statuses_are_kept_and_changed(store: &dyn Store) {
    found(store);
    put_statuses(store, &[status(30, "Waiting"), status(4, "Done"), status(200, "Late")]);
    let by_id = [status(4, "Done"), status(30, "Waiting"), status(200, "Late")];
    assert_eq!(tenant(store, ORG).statuses, by_id);

    let retired = Status { retired: true, ..status(30, "Parked") };
    let spreading = Status { spreading: true, ..status(4, "Finished") };
    put_statuses(store, &[retired.clone(), spreading.clone()]);
    assert_eq!(tenant(store, ORG).statuses, [spreading, retired, status(200, "Late")]);
}

pub(super) fn place_and_meaning_of_a_status_are_kept(store: &dyn Store) {
    found(store);
    let late = Status { position: -3, done: true, begins: true, ..status(1, "Late") };
    let last = Status { position: i64::MAX, ..status(2, "Last") };
    put_statuses(store, &[late.clone(), last.clone()]);
    assert_eq!(tenant(store, ORG).statuses, [late, last.clone()], "by id, whatever their place");
    let first = Status { position: 7, done: false, ..status(1, "Late") };
    put_statuses(store, std::slice::from_ref(&first));
    assert_eq!(tenant(store, ORG).statuses, [first, last]);
}

pub(super) fn sessions_are_kept_and_changed(store: &dyn Store) {
    found(store);
    put_sessions(store, &[session(1), session(2)]);
    assert_eq!(sessions(store, ORG), [session(1), session(2)]);

    let used = SessionRecord { last_used: stamp(900), ..session(1) };
    put_sessions(store, &[used]);
    assert_eq!(sessions(store, ORG), [used, session(2)]);
}

pub(super) fn a_session_opened_with_a_login_is_told_from_one_opened_with_a_key(store: &dyn Store) {
    found(store);
    let opener = Opener::Login(UserId(1));
    let persons = SessionRecord { opener, stays: true, ..session(2) };
    put_sessions(store, &[session(1), persons]);
    assert_eq!(sessions(store, ORG), [session(1), persons]);
    let used = SessionRecord { last_used: stamp(99), ..persons };
    commit(store, |t| t.touch_session(ORG, &used).unwrap());
    assert_eq!(sessions(store, ORG), [session(1), used]);
    commit(store, |t| t.drop_session(ORG, &used).unwrap());
    assert_eq!(sessions(store, ORG), [session(1)]);
}

pub(super) fn what_a_key_was_given_is_replaced(store: &dyn Store) {
    found(store);
    let put = |kept: &[CoverageRecord]| {
        commit(store, |t| kept.iter().for_each(|one| t.put_coverage(ORG, one).unwrap()));
    };
    put(&[coverage(2), coverage(1)]);
    assert_eq!(coverages(store, ORG), [coverage(1), coverage(2)]);
    let later = CoverageRecord { document: "é\"\\".repeat(10_000), ..coverage(1) };
    put(std::slice::from_ref(&later));
    assert_eq!(coverages(store, ORG), [later, coverage(2)]);
}

pub(super) fn accounts_are_kept_and_renamed(store: &dyn Store) {
    found(store);
    let put = |accounts: &[Account]| {
        commit(store, |t| accounts.iter().for_each(|a| t.put_account(ORG, a).unwrap()));
    };
    let longest = "é".repeat(domain::NAME_CHARS_MAX);
    put(&[account(7, "O'Hara \"Bob\"; --"), account(domain::ID_MAX, &longest), account(1, "Same")]);
    let expected =
        [account(1, "Same"), account(7, "O'Hara \"Bob\"; --"), account(domain::ID_MAX, &longest)];
    assert_eq!(accounts(store, ORG), expected);
    put(&[account(7, "Same")]);
    assert_eq!(accounts(store, ORG)[1], account(7, "Same"));
    assert_eq!(accounts(store, ORG).len(), 3);
}

pub(super) fn an_account_that_is_dropped_is_gone_and_no_other(store: &dyn Store) {
    found(store);
    commit(store, |t| {
        t.put_organization(&organization(OTHER, "two")).unwrap();
        for (org, id) in [(ORG, 1), (ORG, 7), (OTHER, 7)] {
            t.put_account(org, &account(id, "Same")).unwrap();
        }
    });
    commit(store, |t| {
        t.drop_account(ORG, ClientId(7)).unwrap();
        t.drop_account(ORG, ClientId(8)).unwrap();
    });
    assert_eq!(accounts(store, ORG), [account(1, "Same")]);
    assert_eq!(accounts(store, OTHER), [account(7, "Same")]);
}

pub(super) fn runs_are_kept_and_changed(store: &dyn Store) {
    found(store);
    let bounded = RunRecord { to: stamp(10), ..run(1, 1) };
    let all = [bounded, run(1, 1), run(1, 2), run(2, 1)];
    put_runs(store, &all);
    assert_eq!(runs(store, ORG), all);

    let unserved = RunRecord {
        seq: domain::Seq(6),
        horizon: stamp(31),
        first_page_served: false,
        last_page: 1 << 62,
        last_used: stamp(61),
        ..run(1, 1)
    };
    put_runs(store, &[unserved]);
    assert_eq!(runs(store, ORG), [bounded, unserved, run(1, 2), run(2, 1)]);
}

pub(super) fn a_session_that_has_ended_is_not_touched(store: &dyn Store) {
    let used = |byte| SessionRecord { last_used: stamp(99), ..session(byte) };
    commit(store, |t| t.put_session(ORG, &session(1)).unwrap());
    commit(store, |t| {
        t.touch_session(ORG, &used(1)).unwrap();
        t.touch_session(ORG, &used(2)).unwrap();
    });
    assert_eq!(sessions(store, ORG), [used(1)]);
}

pub(super) fn a_session_is_dropped_without_its_runs(store: &dyn Store) {
    found(store);
    put_sessions(store, &[session(1), session(2)]);
    put_runs(store, &[run(1, 1), run(1, 2), run(2, 1)]);
    commit(store, |t| t.drop_session(ORG, &session(1)).unwrap());
    assert_eq!(sessions(store, ORG), [session(2)]);
    assert_eq!(runs(store, ORG), [run(1, 1), run(1, 2), run(2, 1)]);
}

pub(super) fn one_run_is_dropped_alone(store: &dyn Store) {
    found(store);
    put_sessions(store, &[session(1)]);
    let bounded = RunRecord { to: stamp(10), ..run(1, 1) };
    put_runs(store, &[bounded, run(1, 1), run(1, 2), run(2, 1)]);
    // Which run it is does not depend on how far it has come.
    let further = RunRecord { last_page: 3, ..run(1, 1) };
    commit(store, |t| t.drop_run(ORG, &further).unwrap());
    assert_eq!(runs(store, ORG), [bounded, run(1, 2), run(2, 1)]);
    assert_eq!(sessions(store, ORG), [session(1)]);
}

pub(super) fn what_is_not_there_can_be_dropped(store: &dyn Store) {
    found(store);
    commit(store, |t| {
        t.drop_session(ORG, &session(1)).unwrap();
        t.drop_run(ORG, &run(1, 1)).unwrap();
    });
}

pub(super) fn the_folder_state_is_replaced(store: &dyn Store) {
    for state in [
        folder_state(stamp(0), false, "first"),
        folder_state(stamp(10), true, ""),
        folder_state(Stamp::MAX, false, "second"),
    ] {
        commit(store, |t| t.put_folder(&state).unwrap());
        assert_eq!(store.folder().unwrap(), state);
    }
}

pub(super) fn names_of_every_kind_are_kept(store: &dyn Store) {
    found(store);
    let longest = "é".repeat(domain::NAME_CHARS_MAX);
    for name in ["O'Hara \"Bob\"; --", "Zoë 王小明 🎉", "a\\b%_?", longest.as_str()] {
        let user = SystemUser { name: Name::parse(name).unwrap(), ..user(1) };
        let key = ApiKey { label: name.to_owned(), ..key(1) };
        put_users(store, std::slice::from_ref(&user));
        put_keys(store, std::slice::from_ref(&key));
        put_statuses(store, &[status(1, name)]);
        let tenant = tenant(store, ORG);
        assert_eq!(tenant.users, [user]);
        assert_eq!(tenant.keys, [key]);
        assert_eq!(tenant.statuses, [status(1, name)]);
    }
}

pub(super) fn extreme_stamps_of_records_are_kept(store: &dyn Store) {
    found(store);
    for stamp in [Stamp::MIN, Stamp::from_millis(-1), Stamp::from_millis(0), Stamp::MAX] {
        let key = ApiKey { created: stamp, last_login: Some(stamp), ..key(1) };
        let session = SessionRecord { created: stamp, last_used: stamp, ..session(1) };
        let run = RunRecord { horizon: stamp, last_used: stamp, ..run(1, 1) };
        put_keys(store, std::slice::from_ref(&key));
        put_sessions(store, &[session]);
        put_runs(store, &[run]);
        assert_eq!(tenant(store, ORG).keys, [key]);
        assert_eq!(store.sessions(ORG).unwrap(), [session]);
        assert_eq!(store.runs(ORG).unwrap(), [run]);
    }
}

/// An entry that is told from others by its number.
fn entry(number: u64) -> AuditEntry {
    let seconds = i64::try_from(number).unwrap();
    AuditEntry {
        number,
        at: stamp(seconds),
        last: stamp(seconds),
        count: 1,
        kind: AuditKind::Key,
        by: By { actor: Actor::Person(UserId(1)), from: Some("2001:db8::1".parse().unwrap()) },
        what: format!("entry {number}: é\"\\"),
    }
}

const ALL: AuditQuery = AuditQuery { before: u64::MAX, kind: None, actor: None, limit: usize::MAX };

fn numbers(store: &dyn Store, query: &AuditQuery) -> Vec<u64> {
    store.audit(ORG, query).unwrap().iter().map(|entry| entry.number).collect()
}

pub(super) fn audit_entries_are_kept_replaced_and_found(store: &dyn Store) {
    found(store);
    assert_eq!(store.audit_ends(ORG).unwrap(), None);
    let of = |actor| By { actor, from: None };
    let entries = [
        entry(1),
        AuditEntry { by: of(Actor::Key(KeyId(1))), kind: AuditKind::KeyLogin, ..entry(2) },
        AuditEntry { by: of(Actor::CommandLine), ..entry(4) },
        AuditEntry { by: of(Actor::SetupLink), kind: AuditKind::Setup, ..entry(5) },
        AuditEntry { by: of(Actor::Unknown), kind: AuditKind::SignInRefused, ..entry(6) },
    ];
    commit(store, |t| entries.iter().for_each(|entry| t.put_audit(ORG, entry).unwrap()));
    commit(store, |t| t.put_audit(OTHER, &entry(9)).unwrap());
    let mut latest_first = entries.to_vec();
    latest_first.reverse();
    assert_eq!(store.audit(ORG, &ALL).unwrap(), latest_first);
    let counted = AuditEntry { count: 70, last: stamp(99), ..entries[4].clone() };
    commit(store, |t| t.put_audit(ORG, &counted).unwrap());
    assert_eq!(store.audit(ORG, &AuditQuery { limit: 1, ..ALL }).unwrap(), [counted]);
    assert_eq!(numbers(store, &AuditQuery { before: 5, limit: 2, ..ALL }), [4, 2]);
    assert_eq!(numbers(store, &AuditQuery { kind: Some(AuditKind::Key), ..ALL }), [4, 1]);
    for (actor, right) in [
        (Actor::Person(UserId(1)), vec![1]),
        (Actor::Person(UserId(2)), vec![]),
        (Actor::Key(KeyId(1)), vec![2]),
        (Actor::CommandLine, vec![4]),
    ] {
        assert_eq!(numbers(store, &AuditQuery { actor: Some(actor), ..ALL }), right, "{actor:?}");
    }
    let ends = store.audit_ends(ORG).unwrap().unwrap();
    assert_eq!((ends.first, ends.first_at, ends.last), (1, stamp(1), 6));
}

pub(super) fn audit_entries_expire_from_the_beginning(store: &dyn Store) {
    found(store);
    commit(store, |t| (1..=9).for_each(|number| t.put_audit(ORG, &entry(number)).unwrap()));
    commit(store, |t| (1..=9).for_each(|number| t.put_audit(OTHER, &entry(number)).unwrap()));
    let expire = |before, through, max| {
        commit(store, |t| t.expire_audit(ORG, before, through, max).unwrap());
        numbers(store, &ALL).last().copied()
    };
    assert_eq!(expire(stamp(4), 0, 2), Some(3), "a few at a time");
    assert_eq!(expire(stamp(4), 0, 9), Some(4), "what is not older stays");
    assert_eq!(expire(stamp(0), 6, 9), Some(7), "too many");
    assert_eq!(expire(stamp(99), 0, 9), None);
    assert_eq!(store.audit(OTHER, &ALL).unwrap().len(), 9);
}

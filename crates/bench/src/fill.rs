//! Fills a data folder straight through the store: ten million activities in minutes.

use std::path::Path;

use domain::{
    Activity, ActivityId, ApiKey, Author, ClientId, Guide, KeyId, Login, LoginName, Name, Note,
    OrgId, OrgKey, Organization, Origin, PasswordHash, Priority, Role, SecretHash, Seq, Stage,
    Stamp, State, Status, StatusId, StatusName, Subject, SystemUser, UserId, Version, Zone,
};
use sha2::{Digest, Sha256};
use store::{Durability, Mark, SearchIndex, Store, Text, Transaction};
use store_sqlite::{SqliteSearch, SqliteStore};

use crate::Outcome;

/// The key of every organization: an editor's.
pub(crate) const KEY: &str = "00000000000000000000000000000001";

/// The times of change are spread evenly over these three years, in milliseconds since 1970.
pub(crate) const FIRST_STAMP: i64 = 1_640_995_200_000;
const STAMPS_END: i64 = 1_735_689_600_000;

/// Versions in a transaction.
const CHUNK: u64 = 20_000;

const STATUSES: [&str; 5] = ["In Progress", "Not Started", "Deferred", "Completed", "Canceled"];
const PEOPLE: [&str; 4] = ["Colin Pizarek", "Maribel Okafor", "Jonas Lindqvist", "Priya Raman"];
const VERBS: [&str; 6] = ["Call", "Meet", "Send", "Follow up", "Prepare", "Check"];
const MATTERS: [&str; 8] = [
    "about the pledge balance",
    "over coffee on a major gift",
    "the annual report and the tax receipt",
    "on the lapsed membership",
    "the talking points for the visit",
    "the new mailing address",
    "to thank for the spring gift",
    "on the seating at the gala",
];
const NOTES: [&str; 4] = [
    "",
    "Prefers mornings; do not call on Fridays.",
    "Asked to be taken off the phone list, mail is fine.",
    "Spoke for ten minutes. Wants to hear how the kitchen project goes on before deciding.",
];

/// What there is to be.
#[derive(Clone, Copy, clap::Args)]
pub(crate) struct Content {
    /// Activities of each organization.
    #[arg(long)]
    pub(crate) activities: u64,
    /// Activities of each that have been removed, before the others were changed.
    #[arg(long, default_value_t = 0)]
    pub(crate) tombstones: u64,
    /// Organizations.
    #[arg(long, default_value_t = 1)]
    pub(crate) organizations: u32,
}

impl Content {
    /// One organization of so many activities.
    pub(crate) fn of(activities: u64) -> Content {
        Content { activities, tombstones: 0, organizations: 1 }
    }

    /// When activity number `n` was changed, from 0: all different, in order.
    pub(crate) fn stamp(&self, n: u64) -> i64 {
        stamp(self.tombstones + n, self.tombstones + self.activities)
    }
}

/// The name of organization number `n`, from 1.
pub(crate) fn org(n: u32) -> String {
    format!("bench{n}")
}

/// That of the version at this place of so many.
fn stamp(place: u64, of: u64) -> i64 {
    let apart = (STAMPS_END - FIRST_STAMP) as u64 / of.max(1);
    // Not quite evenly: a number that looks thrown, and is the same every time.
    let thrown = place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    FIRST_STAMP + (place * apart + thrown % (apart / 2).max(1)) as i64
}

/// Fills a folder that is not there yet, the index of words too.
pub(crate) fn fill(folder: &Path, content: Content) -> Outcome<()> {
    std::fs::create_dir_all(folder)?;
    let (store, index) = (SqliteStore::open(folder)?, SqliteSearch::open(folder)?);
    for n in 1..=content.organizations {
        let key = OrgKey(n.into());
        let mut transaction = store.begin(Durability::Process)?;
        add_organization(transaction.as_mut(), key, &org(n))?;
        transaction.commit()?;
        let versions = content.tombstones + content.activities;
        for first in (0..versions).step_by(CHUNK as usize) {
            let places = first..versions.min(first + CHUNK);
            let chunk = places.map(|place| version(place, content)).collect::<Outcome<Vec<_>>>()?;
            let mut transaction = store.begin(Durability::Process)?;
            for version in &chunk {
                transaction.append(key, version)?;
            }
            transaction.commit()?;
            add_words(&index, key, &chunk)?;
        }
    }
    Ok(())
}

fn add_words(index: &SqliteSearch, key: OrgKey, versions: &[Version]) -> Outcome<()> {
    let Some(last) = versions.last() else { return Ok(()) };
    let changed: Vec<_> = versions.iter().map(|version| (version.id, Text::of(version))).collect();
    Ok(index.put(key, Mark { seq: last.seq, stamp: last.stamp }, &changed)?)
}

fn add_organization(transaction: &mut dyn Transaction, key: OrgKey, id: &str) -> Outcome<()> {
    transaction.put_organization(&Organization {
        key,
        id: OrgId::parse(id)?,
        name: Name::parse("Harbor Street Relief")?,
        zone: Zone::parse("America/Chicago")?,
        stage: Stage::Fresh,
        last_user_named: UserId(0),
        guide: Guide::default(),
        import_columns: String::new(),
        follows: None,
    })?;
    for (id, name) in (1..).zip(PEOPLE) {
        let (name, role) = (Name::parse(name)?, Role::Editor);
        let login = if id == 1 { Some(login()?) } else { None };
        let (zone, calendar) = (None, None);
        let user =
            SystemUser { id: UserId(id), name, role, disabled: false, login, zone, calendar };
        transaction.put_user(key, &user)?;
    }
    for (id, name) in (1..).zip(STATUSES) {
        let mut status = Status::new(StatusId(id), StatusName::parse(name)?);
        status.position = id;
        transaction.put_status(key, &status)?;
    }
    let api_key = ApiKey {
        id: KeyId(1),
        user: UserId(1),
        label: "bench".to_owned(),
        hash: SecretHash(Sha256::digest(KEY).into()),
        created: Stamp::from_millis(FIRST_STAMP),
        revoked: false,
        last_login: None,
        expected: None,
    };
    Ok(transaction.put_key(key, &api_key)?)
}

/// One that no password opens. Where somebody has a login, the index of words is kept.
fn login() -> Outcome<Login> {
    let (name, password) = (LoginName::parse("bench")?, PasswordHash("none".to_owned()));
    Ok(Login { name, password: Some(password), password_set: Stamp::from_millis(FIRST_STAMP) })
}

/// Tombstones come first in the log. Activities have the ids from 1 in the order of their changes,
/// tombstones those after.
fn version(place: u64, content: Content) -> Outcome<Version> {
    let Content { activities, tombstones, .. } = content;
    let removed = place < tombstones;
    let id = if removed { activities + place } else { place - tombstones } + 1;
    let stamp = Stamp::from_millis(stamp(place, tombstones + activities));
    let state = match removed {
        true => State::Tombstone,
        false => State::Record(Box::new(activity(id, stamp)?)),
    };
    let author = Author { user: Some(UserId(1)), origin: Origin::Api };
    let id = ActivityId(i64::try_from(id)?);
    Ok(Version { seq: Seq(place + 1), stamp, id, previous: None, author, state })
}

/// Activity number `n`, from 0, and when it was changed.
pub(crate) fn activity_with_stamp(n: u64, content: Content) -> Outcome<(Activity, Stamp)> {
    let stamp = Stamp::from_millis(content.stamp(n));
    Ok((activity(n + 1, stamp)?, stamp))
}

fn activity(id: u64, changed: Stamp) -> Outcome<Activity> {
    let pick = |from: &[&'static str], by: u64| from[(id / by) as usize % from.len()];
    let zone = Zone::parse("America/Chicago")?;
    let start = changed.plus_millis((id % 45) as i64 * 86_400_000);
    let status = id % 5;
    Ok(Activity {
        created: changed.plus_millis(-(id as i64 % 90) * 3_600_000),
        created_by: Some(pick(&PEOPLE, 1).to_owned()),
        modified_by: Some(pick(&PEOPLE, 3).to_owned()),
        subject: Subject::parse(&format!("{} {} {id}", pick(&VERBS, 1), pick(&MATTERS, 6)))?,
        note: Note::parse(pick(&NOTES, 1))?,
        start: zone.at(start),
        end: Some(zone.at(start.plus_millis(2_700_000))),
        client: Some(ClientId((3_000 + id % 5_000) as i64)),
        system_user: Some(UserId((id % 4 + 1) as i64)),
        status: StatusId(status as i64 + 1),
        status_name: StatusName::parse(STATUSES[status as usize])?,
        priority: [Priority::Low, Priority::Normal, Priority::High][id as usize % 3],
        ..Activity::blank()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_differ_and_are_in_order() {
        let content = Content { tombstones: 7, ..Content::of(100_000) };
        let stamps: Vec<i64> = (0..100_000).map(|n| content.stamp(n)).collect();
        assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(stamps[99_999] < STAMPS_END);
    }

    #[test]
    fn what_is_filled_is_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let content = Content { activities: 20, tombstones: 3, organizations: 2 };
        fill(folder.path(), content).unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        assert_eq!(store.head(OrgKey(2)).unwrap(), Seq(23));
        store
            .examine(&mut |examined| assert!(!matches!(examined, store::Examined::Problem(_))))
            .unwrap();
    }
}

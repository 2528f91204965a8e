//! Questions and work that take long in one organization, and what others feel of them.

use domain::{Account, ClientId, Name, Opener, OrgKey, SecretHash, Stamp, UserId};
use sha2::{Digest, Sha256};
use store::{Durability, SessionRecord, Store};
use store_sqlite::SqliteStore;

use super::beside::{logins, updates};
use super::{Ask, Row, compare};
use crate::Outcome;
use crate::client::Client;
use crate::connection::Connection;
use crate::fill::Content;
use crate::question::{Question, Scenario, Update};
use crate::server::Server;
use crate::setup::{Setup, Way};

/// The organization that is the neighbour; the other one attacks.
const NEIGHBOUR: u32 = 2;
const ACTIVITIES: u64 = 10_000;
const TOMBSTONES: u64 = 200_000;
const ACCOUNTS: i64 = 300_000;

/// Who asks at once.
const ASKING: usize = 16;

/// The id of the session of a person in the pages.
const SESSION: &str = "0000000000000000000000000000000000000000000000000000000000000001";

/// Polls, writes and logins of an organization while another one asks for what takes long.
pub(crate) fn long_work(way: &Way) -> Outcome<Vec<Row>> {
    let content = Content { organizations: 2, tombstones: TOMBSTONES, ..Content::of(ACTIVITIES) };
    let setup = Setup::new(way, content)?;
    let cookie = add_accounts(&setup)?;
    let server = setup.serve()?;
    setup.tell("a neighbour beside searches in 300,000 accounts");
    let searches = (0..ASKING).map(|_| search(&server, &cookie)).collect::<Outcome<Vec<_>>>()?;
    let searched =
        compare(&server, way.during, "account search", neighbour(&server, content)?, searches)?;
    setup.tell("a neighbour beside lists of 200,000 removed ids");
    let removals = (0..ASKING).map(|_| removals(&server)).collect::<Outcome<Vec<_>>>()?;
    let listed =
        compare(&server, way.during, "removed ids", neighbour(&server, content)?, removals)?;
    Ok(searched.into_iter().chain(listed).collect())
}

/// Adds accounts, and a session in the pages; returns its cookie.
fn add_accounts(setup: &Setup) -> Outcome<String> {
    setup.tell("adding accounts");
    let (store, org) = (SqliteStore::open(&setup.data())?, OrgKey(1));
    let mut transaction = store.begin(Durability::Power)?;
    for id in 1..=ACCOUNTS {
        let name =
            Name::parse(&format!("Harbor Street Relief {:x}", id.wrapping_mul(0x9E37_79B1)))?;
        transaction.put_account(org, &Account { id: ClientId(id), name })?;
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let now = Stamp::from_millis(i64::try_from(now.as_millis())?);
    let hash = SecretHash(Sha256::digest(SESSION).into());
    let opener = Opener::Login(UserId(1));
    transaction.put_session(
        org,
        &SessionRecord { hash, opener, created: now, last_used: now, stays: false },
    )?;
    transaction.commit()?;
    let identity = store.identity()?.ok_or("the database has no identity")?;
    let folder: String = identity[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("driftless_session_{folder}={SESSION}"))
}

/// Searches for what no account has in its name.
fn search<'a>(server: &Server, cookie: &'a str) -> Outcome<Ask<'a>> {
    let mut connection = Connection::open(&server.base)?;
    Ok(Box::new(move || {
        let words = format!("q={:x}zz", fastrand::u16(..));
        connection.get_with(&format!("/accounts?{words}"), &format!("Cookie: {cookie}\r\n"))?;
        Ok(())
    }))
}

/// Changes something, and asks for everything, which has all removed ids in it: of a view that no one has asked for.
fn removals(server: &Server) -> Outcome<Ask<'static>> {
    let session = server.session.clone();
    let mut connection = Connection::open(&server.base)?;
    Ok(Box::new(move || {
        connection.get(&Update::draw(ACTIVITIES).driftless(&session).target)?;
        connection.get(&Question::everything(1, 1).driftless(&session))?;
        Ok(())
    }))
}

/// One that polls, writes and logs in.
fn neighbour(server: &Server, content: Content) -> Outcome<Vec<(&'static str, Ask<'_>)>> {
    let session = Client::log_in(&server.base, NEIGHBOUR)?.session().to_owned();
    let write = updates(server, &session, ACTIVITIES)?;
    let mut polls = Connection::open(&server.base)?;
    let poll: Ask<'_> =
        Box::new(move || polls.get(&Scenario::Idle.draw(content).driftless(&session)).map(drop));
    Ok(vec![("polls", poll), ("writes", write), ("logins", logins(server, NEIGHBOUR)?)])
}

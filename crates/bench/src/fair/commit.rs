//! Large writes of one organization, and what others commit meanwhile.

use super::beside::{logins, updates};
use super::{Ask, Row, compare};
use crate::Outcome;
use crate::client::Client;
use crate::connection::Connection;
use crate::fill::Content;
use crate::question::{Question, Update};
use crate::server::Server;
use crate::setup::{Setup, Way};

const ACTIVITIES: u64 = 10_000;

/// Who writes at once, and how much each: the longest fields that there are, which make nearly a megabyte.
const WRITERS: u64 = 50;
const FIELDS: u32 = 10;
const FIELD_CHARS: usize = 99_000;

/// The organization that is the neighbour; the other one attacks.
const NEIGHBOUR: u32 = 2;

/// Writes, logins and first pages of an organization while another one writes as much as it can.
pub(crate) fn commit(way: &Way) -> Outcome<Vec<Row>> {
    let content = Content { organizations: 2, ..Content::of(ACTIVITIES) };
    let setup = Setup::new(way, content)?;
    let server = setup.serve()?;
    setup.tell("writes, logins and first pages beside large writes");
    let writers = (1..=WRITERS).map(|id| writer(&server, id)).collect::<Outcome<Vec<_>>>()?;
    let large = compare(&server, way.during, "large writes", neighbour(&server)?, writers)?;
    setup.tell("the same beside small writes that rewrite large records");
    let writers = (1..=WRITERS).map(|id| rewriter(&server, id)).collect::<Outcome<Vec<_>>>()?;
    let small = compare(&server, way.during, "rewrites", neighbour(&server)?, writers)?;
    Ok(large.into_iter().chain(small).collect())
}

/// Gives an activity other custom fields of nearly a megabyte, again and again.
fn writer(server: &Server, id: u64) -> Outcome<Ask<'_>> {
    let session = server.session.clone();
    let mut connection = Connection::open(&server.base)?;
    let (mut n, filler) = (0, "x".repeat(FIELD_CHARS));
    let mut write = move || {
        n += 1;
        let mut form = format!("userSessionId={session}&activity.activityId={id}");
        for field in 1..=FIELDS {
            let name = "&activity.customFieldDataList.customFieldData";
            form += &format!("{name}.fieldId={field}{name}.fieldValue={n}{filler}");
        }
        let answer = connection.post("/neonws/services/api/account/updateActivity", &form)?;
        Outcome::Ok(String::from_utf8_lossy(answer).into_owned())
    };
    // Before others write: this one must be accepted, or nothing is measured.
    let answer = write()?;
    if !answer.contains("SUCCESS") {
        return Err(answer.into());
    }
    Ok(Box::new(move || write().map(drop)))
}

/// Changes the subject of such an activity, which writes all of it again.
fn rewriter(server: &Server, id: u64) -> Outcome<Ask<'_>> {
    let session = server.session.clone();
    let mut connection = Connection::open(&server.base)?;
    Ok(Box::new(move || {
        let Update { subject, .. } = Update::draw(1);
        connection.get(&Update { id, subject }.driftless(&session).target)?;
        Ok(())
    }))
}

/// One that writes, logs in, and begins to read everything.
fn neighbour(server: &Server) -> Outcome<Vec<(&'static str, Ask<'_>)>> {
    let session = Client::log_in(&server.base, NEIGHBOUR)?.session().to_owned();
    let write = updates(server, &session, ACTIVITIES)?;
    let mut pages = Connection::open(&server.base)?;
    let first_page: Ask<'_> = Box::new(move || {
        // Without an end, each question begins a run of its own, which is noted before it is answered.
        pages.get(&Question::everything(1, 10).driftless(&session)).map(drop)
    });
    let login = logins(server, NEIGHBOUR)?;
    Ok(vec![("writes", write), ("logins", login), ("first pages", first_page)])
}

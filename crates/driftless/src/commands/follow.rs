//! What `mirror` asks for, on an open data folder: an organization that follows another server.

use std::ops::ControlFlow;
use std::path::Path;

use domain::{
    ActivityId, Follows, Imported, Name, OrgId, Organization, Stamp, State as Content, Version,
    Zone,
};
use files::WholeRecords;
use mirror::columns::{Values, values};
use mirror::{Row, State};
use service::{Directory, FollowError, FollowPage, Followed, Integration, Service, wait};

use super::{Context, Failure, Files, agreeing};
use crate::cli::{Follow, STANDARD_INPUT, What};
use crate::console::{Console, table};

/// Lines of ids that are handed to the console at once.
const LINES_AT_ONCE: usize = 1_000;

/// An integration goes back that far in any case.
const MINUTE_MS: u64 = 60_000;

pub(super) fn run(
    follow: &Follow,
    context: &Context,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let (service, org) = (&context.service, &follow.org);
    match &follow.what {
        What::State { must_follow } => {
            let known = service.org(org);
            if *must_follow {
                let known = known.as_ref();
                let follows = known.is_some_and(|org| org.directory().is_writable().is_err());
                follows.then_some(()).ok_or(FollowError::FollowsNone(org.clone()))?;
            }
            let follows = known.map(|tenant| service.follows(&tenant)).transpose()?.flatten();
            console.print(&serde_json::to_string(&follows.as_ref().map(state))?)?;
        }
        What::Count => {
            let count = service.org(org).map_or(0, |tenant| service.activities(&tenant));
            console.print(&count.to_string())?;
        }
        What::CountOf(ids) => {
            let count = service.org(org).map(|tenant| service.followed(&tenant, &ids.list()));
            console.print(&count.transpose()?.map_or(0, |rows| rows.len()).to_string())?;
        }
        What::Rows(ids) => {
            let rows = service.org(org).map(|tenant| service.followed(&tenant, &ids.list()));
            let rows = rows.transpose()?.unwrap_or_default();
            let values: Vec<Values> =
                rows.into_iter().filter_map(row).map(|row| values(&row)).collect();
            console.print(&serde_json::to_string(&values)?)?;
        }
        What::Ids => {
            let ids = service.org(org).map_or_else(Vec::new, |tenant| service.ids(&tenant));
            print_ids(&ids, console)?;
        }
        What::Removed => {
            let ids = service.org(org).map_or_else(Vec::new, |tenant| service.removed_ids(&tenant));
            print_ids(&ids, console)?;
        }
        What::Apply { state, is_repair } => {
            let items = items(service, files)?;
            let tenant = match service.org(org) {
                Some(tenant) => tenant,
                None => add(service, org, console)?,
            };
            let follows = Follows {
                source: state.source.clone(),
                organization: state.organization.clone(),
                from: state.from(),
                complete_to: state.complete_to_millis.map(Stamp::from_millis),
                loaded: None,
                log: state.log.clone(),
                compared: state.compared_millis.map(Stamp::from_millis),
            };
            let page = FollowPage { follows, items, is_repair: *is_repair };
            let Followed { written, removed } = service.take_followed(&tenant, page)?;
            console.print(&format!("{written} {removed}"))?;
        }
        What::Finish { ahead_ms } => finish(service, org, *ahead_ms, console)?,
    }
    Ok(())
}

/// A version as the source has it.
fn row(version: Version) -> Option<Row> {
    let Content::Record(activity) = version.state else { return None };
    let (modified, is_dated) = (activity.provenance.as_of(), !activity.provenance.is_undated);
    let created = is_dated.then_some(activity.created);
    Some(Row { id: version.id, modified, created, activity })
}

fn print_ids(ids: &[ActivityId], console: &mut dyn Console) -> Result<(), Failure> {
    for ids in ids.chunks(LINES_AT_ONCE) {
        console.print(&ids.iter().map(|id| format!("{id}\n")).collect::<String>())?;
    }
    Ok(())
}

fn add(
    service: &Service,
    org: &OrgId,
    console: &mut dyn Console,
) -> Result<std::sync::Arc<service::Tenant>, Failure> {
    let tenant = wait(service.add_org(org.clone(), Name::parse(org.as_str())?, Zone::utc()))?;
    console.note(&format!(
        "added organization {org} with the time zone UTC (to change it: driftless org zone {org} ZONE)"
    ))?;
    Ok(tenant)
}

fn state(follows: &Follows) -> State {
    State {
        source: follows.source.clone(),
        organization: follows.organization.clone(),
        from_millis: follows.from.map(Stamp::millis),
        complete_to_millis: follows.complete_to.map(Stamp::millis),
        log: follows.log.clone(),
        compared_millis: follows.compared.map(Stamp::millis),
    }
}

fn items(service: &Service, files: &mut dyn Files) -> Result<Vec<Imported>, Failure> {
    let mut source = files.open(Path::new(STANDARD_INPUT))?;
    let mut items = Vec::new();
    // A page of nothing but progress.
    if source.fill_buf()?.is_empty() {
        return Ok(items);
    }
    let mut whole = WholeRecords::default();
    files::read("the source's answer", source, whole.reading(service.now()), &mut |item| {
        items.push(item);
        ControlFlow::Continue(())
    })?;
    Ok(items)
}

/// Opens the organization, and says what is left to do.
fn finish(
    service: &Service,
    org: &OrgId,
    ahead_ms: Option<i64>,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let tenant = service.known_org(org)?;
    let follows = service.stop_following(&tenant)?;
    let directory = tenant.directory();
    let zone = &directory.organization.zone;
    let address = follows.address();
    let complete = match follows.complete_to {
        Some(to) => format!("It has everything that {address} showed up to {}.", zone.at(to)),
        None => format!("The first load from {address} was not complete: activities are missing."),
    };
    console.print(&format!(
        "Organization {org} no longer follows {address}: people and scripts can write to it now.\n{complete}\n\n"
    ))?;
    let integrations = service.integrations(&tenant);
    let is_live = |one: &&Integration| directory.live_user(one.key.id).is_some();
    let live: Vec<&Integration> = integrations.iter().filter(is_live).collect();
    if live.is_empty() {
        console.print("It has no API key yet.\n")?;
    } else {
        let head = ["KEY", "LABEL", "USER", "LAST POLL HERE", "NEXT FROM HERE"];
        let rows: Vec<Vec<String>> = live.iter().map(|one| integration(one, &directory)).collect();
        console.print(&table(&head, &rows))?;
    }
    Ok(console.print(&steps(&follows, &directory, ahead_ms))?)
}

fn integration(one: &Integration, directory: &Directory) -> Vec<String> {
    let zone = &directory.organization.zone;
    let user = directory.users.get(&one.key.user).map(|user| user.name.to_string());
    let at = |at: Option<Stamp>, none: &str| {
        at.map_or_else(|| none.to_owned(), |at| zone.at(at).to_string())
    };
    vec![
        one.key.id.to_string(),
        one.key.label.clone(),
        user.unwrap_or_default(),
        at(one.poll.as_ref().map(|poll| poll.last_at), "never"),
        at(one.complete_until, "-"),
    ]
}

/// What to do for each integration.
///
/// A change gets its stamp here when it is written here. That is later than the moment at which the source showed it, and
/// so later than every answer of the source that lacks it, by how far the clocks differ. So what an integration lacks
/// after its last poll there has a stamp after that answer's time, less that difference; a minute more is for clocks
/// that were set in between.
fn steps(follows: &Follows, directory: &Directory, ahead_ms: Option<i64>) -> String {
    let Organization { id: org, zone, .. } = &directory.organization;
    let (address, there) = (follows.address(), &follows.organization);
    let ahead = ahead_ms.unwrap_or(0).max(0).unsigned_abs();
    let minutes = 1 + ahead.div_ceil(MINUTE_MS);
    let back = agreeing(minutes, "minute", "minutes");
    let id = match org.as_str() == there {
        true => String::new(),
        false => format!(", and the organization's id {there} with {org}"),
    };
    let loaded = follows.loaded.map(|at| {
        let before = i64::try_from(minutes * MINUTE_MS).unwrap_or(i64::MAX);
        let (at, from) = (zone.at(at), zone.at(at.plus_millis(-before)));
        format!("   - if you do not know that time, but it was after the first load was complete, {at}: {from}\n")
    });
    let clock = match ahead_ms {
        Some(1..) => format!(
            "The clock of {address} is ahead of the one here by {} s: an integration that simply continues with what\nit has stored can miss what changed here in that time.",
            ahead.div_ceil(1_000)
        ),
        Some(_) => format!(
            "The clock of {address} is not ahead of the one here: an integration that simply continues with the\nresponseDateTime that it has stored misses nothing either."
        ),
        None => format!(
            "The clock of {address} was not compared with the one here: if it was ahead, go back by that much more."
        ),
    };
    format!(
        "
For each integration:
1. Stop it.
2. In its configuration, replace {address} with the address of this server{id}.
3. Give it a key of this organization, or bring its old one: driftless key add {org} --user ID --key-file FILE
4. Set the From (syncActivityTimeFrom) of its next poll:
   - if its last poll was of {address}: the responseDateTime of page 1 of that poll, minus {back}.
     Only the integration knows this time.
{}   - otherwise: 2000-01-01T00:00:00Z, which returns everything once
   - if it has already brought the same copy up to date from here: NEXT FROM HERE, or what it has stored
5. Start it.

{clock}
What comes twice does no harm. lastModifiedDateTime is the time at which an activity changed here.
",
        loaded.unwrap_or_default()
    )
}

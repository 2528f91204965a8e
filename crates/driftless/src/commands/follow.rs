//! What `mirror` asks for, on an open data folder: an organization that follows another server.

use std::ops::ControlFlow;
use std::path::Path;

use domain::{Follows, Imported, Name, NoNames, OrgId, Stamp, Zone};
use files::{ColumnNames, Reading};
use mirror::State;
use neon::export::{Format, Writer};
use service::{FollowError, FollowPage, Followed, Integration, Service};

use super::{Context, Failure, Files};
use crate::cli::{Follow, STANDARD_INPUT, What};
use crate::console::{Console, table};

/// Lines of ids that are handed to the console at once.
const LINES_AT_ONCE: usize = 1_000;

/// An integration goes back that far in any case.
const MINUTE_MS: i64 = 60_000;

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
            let mut writer = Writer::new(Format::JsonLines, Zone::utc(), Vec::new())?;
            rows.transpose()?.unwrap_or_default().iter().try_for_each(|row| writer.write(row))?;
            console.print(&String::from_utf8(writer.finish()?)?)?;
        }
        What::Ids => {
            let ids = service.org(org).map_or_else(Vec::new, |tenant| service.ids(&tenant));
            for ids in ids.chunks(LINES_AT_ONCE) {
                console.print(&ids.iter().map(|id| format!("{id}\n")).collect::<String>())?;
            }
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
            };
            let page = FollowPage { follows, items, is_repair: *is_repair };
            let Followed { written, removed } = service.take_followed(&tenant, page)?;
            console.print(&format!("{written} {removed}"))?;
        }
        What::Finish { ahead_ms } => finish(service, org, *ahead_ms, console)?,
    }
    Ok(())
}

fn add(
    service: &Service,
    org: &OrgId,
    console: &mut dyn Console,
) -> Result<std::sync::Arc<service::Tenant>, Failure> {
    let tenant = service.add_org(org.clone(), Name::parse(org.as_str())?, Zone::utc())?;
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
    }
}

fn items(service: &Service, files: &mut dyn Files) -> Result<Vec<Imported>, Failure> {
    let source = files.open(Path::new(STANDARD_INPUT))?;
    let mut items = Vec::new();
    let reading = Reading {
        now: service.now(),
        zone: &Zone::utc(),
        zone_is_said: true,
        dates: None,
        columns: &ColumnNames::default(),
        folder: None,
        unpacked_max: files::WORKBOOK_UNPACKED_BYTES_MAX,
        names: &mut NoNames,
    };
    files::read("the source's answer", source, reading, &mut |item| {
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
    let zone = tenant.directory().organization.zone.clone();
    let (address, there) = (follows.address(), &follows.organization);
    let complete = match follows.complete_to {
        Some(to) => format!("Everything that {address} showed up to {} is here.", zone.at(to)),
        None => format!("The first load from {address} was not complete: activities are missing."),
    };
    console.print(&format!(
        "Organization {org} no longer follows {address}: people and scripts can write to it. {complete}\n"
    ))?;
    let integrations = service.integrations(&tenant);
    let live: Vec<&Integration> = integrations
        .iter()
        .filter(|one| tenant.directory().live_user(one.key.id).is_some())
        .collect();
    if live.is_empty() {
        console.print(&format!(
            "There is no API key yet: driftless key add {org} --user ID --label NAME; with --key-file, one that an integration has already.\n"
        ))?;
    } else {
        let rows = live.iter().map(|one| {
            let user =
                tenant.directory().users.get(&one.key.user).map(|user| user.name.to_string());
            vec![
                one.key.id.to_string(),
                one.key.label.clone(),
                user.unwrap_or_default(),
                one.poll
                    .as_ref()
                    .map_or_else(|| "never".to_owned(), |p| zone.at(p.last_at).to_string()),
                one.complete_until.map_or_else(|| "see 3".to_owned(), |at| zone.at(at).to_string()),
            ]
        });
        let head = ["KEY", "LABEL", "USER", "LAST POLL HERE", "NEXT FROM"];
        console.print(&format!("\n{}", table(&head, &rows.collect::<Vec<_>>())))?;
    }
    console.print(&steps(&follows, org.as_str(), there, &zone, ahead_ms))?;
    Ok(())
}

/// What to do for each integration.
fn steps(follows: &Follows, org: &str, there: &str, zone: &Zone, ahead_ms: Option<i64>) -> String {
    let address = follows.address();
    let minutes = 1
        + ahead_ms.unwrap_or(0).max(0).div_euclid(MINUTE_MS)
        + i64::from(ahead_ms.unwrap_or(0).max(0) % MINUTE_MS > 0);
    let minutes = match minutes {
        1 => "1 minute".to_owned(),
        many => format!("{many} minutes"),
    };
    let id = match org == there {
        true => String::new(),
        false => format!(" Change login.orgid from {there} to {org}."),
    };
    let clock = match ahead_ms {
        Some(ahead) if ahead > 0 => format!(
            "The clock of {address} is ahead of the one here by {} s at most: a script that continues with its own From, without these {minutes}, may miss what changed in that time.",
            (ahead + 999) / 1_000
        ),
        Some(_) => format!(
            "The clock of {address} is not ahead of the one here: a script that simply continues with its last responseDateTime misses nothing either."
        ),
        None => format!(
            "How the clock of {address} compares with the one here was not measured: if it is ahead, go back by that much more."
        ),
    };
    let loaded = match follows.loaded {
        Some(at) => format!(
            "If it is not known, but later than {}: use that time. Otherwise use 2000-01-01T00:00:00Z, which returns everything once.",
            zone.at(at.plus_millis(-MINUTE_MS))
        ),
        None => "If it is not known: use 2000-01-01T00:00:00Z, which returns everything once."
            .to_owned(),
    };
    format!(
        "
For each integration:
1. Stop it. In its configuration, replace {address} with the address of this server.{id}
2. Use its key from here. If it brings its old key, add that with driftless key add {org} --key-file FILE --user ID.
3. Set From (syncActivityTimeFrom) for its next poll. If its own copy was last updated from {address}: the
   responseDateTime of the first page of that poll, minus {minutes}. That time is known only to the integration.
   {loaded}
   If its own copy was last updated from here: NEXT FROM, or simply what it has stored.
4. Start it. From the second poll on, it uses the responseDateTime of this server.

{clock}
Activities that come twice do no harm; their lastModifiedDateTime is now when they changed here.
"
    )
}

//! `demo`: sets up and serves an organization with realistic data.

mod integration;

use std::path::Path;
use std::sync::Arc;

use domain::{
    Account, Activity, ActivityId, Author, ClientId, Imported, LoginName, Members, Moment, Name,
    Note, OrgId, Origin, Patch, Presence, Role, Stamp, StatusId, StatusName, Subject, Terms,
    UserId, Zone,
};
use service::made_up::{self, Dice};
use service::{
    AcceptClock, Authority, FIRST_STATUSES, ImportOptions, NewUser, Password, Service, Spool,
    Tenant, Write, wait,
};

use crate::cli::{Demo, Tuning};
use crate::commands::{Context, Failure};
use crate::console::{Console, Terminal};
use crate::log;
use crate::serve::{Opening, Server};
use crate::signals::Hangup;

const ORG: &str = "demo";
const ORG_NAME: &str = "Harbor Street Relief";
const ZONE: &str = "America/Chicago";

/// The user that the demo's key belongs to: the one of the manual's sample.
const KEY_USER: UserId = UserId(101_132);

/// The admin who signs in to the pages, and how long the password of each start is.
const WEB_USER: UserId = UserId(101_133);
const WEB_LOGIN: &str = "maribel";
const PASSWORD_DIGITS: usize = 12;

const USERS: [(i64, &str, Role); 5] = [
    (101_132, "Colin Pizarek", Role::Editor),
    (101_133, "Maribel Okafor", Role::Admin),
    (101_134, "Jonas Lindqvist", Role::Editor),
    (101_135, "Priya Raman", Role::Editor),
    (101_136, "Theo Abernathy", Role::Viewer),
];

/// Activities of a demo that have been removed again.
const REMOVED: i64 = 12;

/// The first activities of the demo are the admin's, on these days from today, at these hours.
const PLANNED: [(i64, i64); 7] = [(0, 9), (0, 11), (0, 13), (0, 15), (-1, 10), (-1, 14), (1, 10)];

/// The first of these, and the one for trying out a conflict.
const FIRST_ID: i64 = 1_000;
const CONFLICT: ActivityId = ActivityId(FIRST_ID + 6);
const CONFLICT_SUBJECT: &str = "Try a conflict: edit this in two tabs";
const CONFLICT_NOTE: &str = "Open this activity in two browser tabs.\nChange the priority in the first tab and save. Then choose another priority in the second tab and save: it shows both and asks which one to keep.\nChanges to different fields do not conflict: both are kept.";

/// The accounts: the number of the first one, and how many there are.
const FIRST_ACCOUNT: i64 = 3_400;
const ACCOUNTS: i64 = 420;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// How far back the demo's activities reach.
const DAYS: i64 = 730;

/// Sets up what is missing, prints how to use it, and serves.
pub(crate) fn run(folder: &Path, demo: &Demo) -> Result<(), Failure> {
    let tuning = Tuning::default();
    // What was printed is to be seen for longer than the first page takes.
    log::start(tuning.log_format, log::WITHOUT_REQUESTS);
    // People come back to it after a while.
    let opening = Opening { init: true, accept_clock: AcceptClock::Later };
    let server =
        Server::start(folder, &demo.listening.listen, None, &demo.proxied, &tuning, opening)?;
    let org = set_up(&server.context, demo.activities)?;
    bring_to_life(&server, &org)?;
    let (service, by) = (&server.context.service, || Authority::command_line(&org));
    let key = server.wait(service.add_key(by(), KEY_USER, Some(Name::parse("demo")?)))?;
    let password = service.new_secret()?[..PASSWORD_DIGITS].to_owned();
    let login = LoginName::parse(WEB_LOGIN)?;
    server.wait(service.set_login(by(), WEB_USER, login, Password::parse(&password)?))?;
    let week_ago = service.now().plus_millis(-7 * DAY_MS);
    let address = server.address()?;
    let since = org.directory().organization.zone.at(week_ago);
    let told = format!(
        "\n\
         Driftless is set up in {folder} and running at http://{address}\n\n\
         \x20 organization   {ORG} ({ORG_NAME}, {ZONE})\n\
         \x20 web pages      http://{address}/   sign in as {WEB_LOGIN}, password {password}\n\
         \x20 API key        {key}   (new, like the password; earlier keys keep working)\n\n\
         Look at these first:\n\n\
         {sights}\n\
         What changed, or was deleted, in the last seven days? This logs in and asks:\n\n\
         \x20 {curl}\n\n\
         Ctrl-C stops it; the same command continues with the same data. RUST_LOG=info logs each request.\n\n",
        folder = server.context.folder.display(),
        sights = sights(&address),
        key = key.secret,
        curl = curl(&format!("http://{address}"), &key.secret, &since.to_string()),
    );
    server.run(Hangup::Stops, || Ok(Terminal::new().print(&told)?))
}

/// What to look at first, one line each.
fn sights(address: &str) -> String {
    let sights = [
        ("what is due today or overdue", String::new()),
        ("an edit conflict to try (see its note)", format!("activities/{CONFLICT}")),
        ("an integration that has missed changes", "integrations".to_owned()),
    ];
    sights.map(|(what, path)| format!("  {what:<40} http://{address}/{path}\n")).concat()
}

/// One line for a shell: the inner request logs in, the outer one asks.
fn curl(base: &str, key: &str, since: &str) -> String {
    let api = format!("{base}{}", neon::BASE_PATH);
    let login = format!(
        "$(curl -s '{api}/common/login?login.apiKey={key}&login.orgid={ORG}' | sed 's/.*\"userSessionId\":\"\\([0-9a-f]*\\)\".*/\\1/')"
    );
    format!(
        "curl -s \"{api}/account/syncActivities?userSessionId={login}&syncActivityTimeFrom={since}&page.pageSize=200\""
    )
}

/// Adds what is missing; what exists stays as it is.
pub(crate) fn set_up(context: &Context, activities: u32) -> Result<Arc<Tenant>, Failure> {
    let service = &context.service;
    let id = OrgId::parse(ORG)?;
    let org = match service.org(&id) {
        Some(org) => org,
        None if !service.orgs().is_empty() => {
            let folder = context.folder.display();
            return Err(format!(
                "{folder} contains other organizations: choose another folder with --data"
            )
            .into());
        }
        None => wait(service.add_org(id, Name::parse(ORG_NAME)?, Zone::parse(ZONE)?))?,
    };
    for (id, name, role) in USERS {
        if !org.directory().users.contains_key(&UserId(id)) {
            let user = NewUser { id: Some(UserId(id)), name: Name::parse(name)?, role };
            wait(service.add_user(Authority::command_line(&org), user, None))?;
        }
    }
    if org.accounts().is_empty() {
        let names = made_up::account_names(usize::try_from(ACCOUNTS)?)?;
        let account = |(id, name)| Account { id: ClientId(id), name };
        let accounts: Vec<Account> = (FIRST_ACCOUNT..).zip(names).map(account).collect();
        service.put_accounts(&org, &accounts, &mut |_| {})?;
    }
    if !service.has_activities(&org) {
        import(context, &org, i64::from(activities))?;
    }
    Ok(org)
}

/// Makes something due today on every day, and lets a script miss something from the first start on.
fn bring_to_life(server: &Server, org: &Arc<Tenant>) -> Result<(), Failure> {
    let service = &server.context.service;
    if org.directory().keys.is_empty() {
        let label = Some(Name::parse(integration::LABEL)?);
        let by = Authority::command_line(org);
        let key = server.wait(service.add_key(by, KEY_USER, label))?;
        server.wait(integration::misses_something(service, org, &key.secret))?;
    }
    server.wait(plan_anew(service, org))
}

fn import(context: &Context, org: &Arc<Tenant>, activities: i64) -> Result<(), Failure> {
    let mut terminal = Terminal::new();
    let mut spool = Spool::new(&context.folder)?;
    for item in manual_records()? {
        spool.push(&item)?;
    }
    let mut dice = Dice::new(20_140_111);
    for n in 0..activities {
        if n % 10_000 == 0 {
            terminal.progress(
                "generating activities",
                n.unsigned_abs(),
                Some(activities.unsigned_abs()),
            )?;
        }
        let mut item = one_of_many(ActivityId(FIRST_ID + n), &context.service, &mut dice)?;
        if let Some(planned) = usize::try_from(n).ok().and_then(|n| PLANNED.get(n)) {
            plan(&mut item, *planned, &context.service)?;
        }
        spool.push(&item)?;
    }
    for n in 0..REMOVED {
        // Some in the week that the printed question is about.
        let days = if n < REMOVED / 4 { 6 } else { 90 };
        let at = context.service.now().plus_millis(-dice.below(days * DAY_MS));
        spool.push(&Imported::Removed { id: ActivityId(700 + n), at: Some(at) })?;
    }
    let plan = spool.finish()?;
    wait(context.service.import(org, plan, ImportOptions::default(), &|_| {}))?;
    Ok(())
}

/// The two records of the manual's sample.
fn manual_records() -> Result<Vec<Imported>, Failure> {
    let record = |id, changed: &str, start: &str, end: &str| -> Result<Imported, Failure> {
        Ok(Imported::Record {
            id: Some(ActivityId(id)),
            stamp: Some(Moment::parse(changed)?.stamp),
            named: Members::ALL,
            terms: Terms::Exact,
            row: None,
            activity: Box::new(Activity {
                created: Moment::parse("2013-07-09T15:53:19.000+08:00")?.stamp,
                created_by: Some("Colin Pizarek".to_owned()),
                subject: Subject::parse("ddddd")?,
                start: Moment::parse(start)?,
                end: Some(Moment::parse(end)?),
                system_user: Some(KEY_USER),
                status: StatusId(2),
                status_name: StatusName::parse("Not Started")?,
                ..Activity::blank()
            }),
        })
    };
    Ok(vec![
        record(
            653,
            "2014-04-09T03:26:06.000+08:00",
            "2014-04-08T11:00:00.000-05:00",
            "2014-03-31T11:00:00.000-05:00",
        )?,
        record(
            652,
            "2014-03-09T20:15:14.000+08:00",
            "2014-03-08T11:00:00.000-05:00",
            "2014-02-28T11:00:00.000-05:00",
        )?,
    ])
}

/// An activity as there are many: written some day of the last two years, mostly changed since.
fn one_of_many(id: ActivityId, service: &Service, dice: &mut Dice) -> Result<Imported, Failure> {
    let now = service.now();
    let created = now.plus_millis(-dice.below(DAYS * DAY_MS) - MINUTE_MS);
    let since = now.millis() - created.millis();
    let changed = if id.0 % 12 == 0 {
        // The last days are lively, however few activities there are.
        created.max(now.plus_millis(-dice.below(5 * DAY_MS) - MINUTE_MS))
    } else if dice.below(3) == 0 {
        created
    } else {
        created.plus_millis(dice.below(since.min(60 * DAY_MS)))
    };
    let start = in_office_hours(created.plus_millis((dice.below(45) - 2) * DAY_MS), dice);
    let status = match (start < now, dice.below(10)) {
        (true, 0..=6) => 4,
        (true, 7) => 5,
        (false, 0..=6) => 2,
        (_, 8) => 3,
        (true, _) => 2,
        (false, _) => 1,
    };
    let subject = dice.subject();
    let author = dice.pick(&USERS[..4]).1;
    let editor = if changed == created { author } else { dice.pick(&USERS[..4]).1 };
    let zone = Zone::parse(ZONE)?;
    let note = dice.note();
    let has_end = dice.below(4) > 0;
    let length_ms = (1 + dice.below(8)) * 15 * MINUTE_MS;
    Ok(Imported::Record {
        id: Some(id),
        stamp: Some(whole_second(changed)),
        named: Members::ALL,
        terms: Terms::Exact,
        row: None,
        activity: Box::new(Activity {
            created: whole_second(created),
            created_by: Some((*author).to_owned()),
            modified_by: Some((*editor).to_owned()),
            subject: Subject::parse(&subject)?,
            note: Note::parse(note)?,
            start: zone.at(whole_second(start)),
            end: has_end.then(|| zone.at(whole_second(start).plus_millis(length_ms))),
            client: Some(ClientId(FIRST_ACCOUNT + dice.below(ACCOUNTS))),
            system_user: Some(UserId(dice.pick(&USERS[..4]).0)),
            status: StatusId(status),
            status_name: StatusName::parse(FIRST_STATUSES[usize::try_from(status - 1)?])?,
            priority: dice.priority(),
            ..Activity::blank()
        }),
    })
}

/// Makes an activity a task of the admin for that day.
fn plan(item: &mut Imported, planned: (i64, i64), service: &Service) -> Result<(), Failure> {
    let Imported::Record { id, activity, .. } = item else { return Ok(()) };
    let (start, end) = times(planned, service.now())?;
    activity.start = start;
    activity.end = Some(end);
    activity.system_user = Some(WEB_USER);
    activity.status = StatusId(2);
    activity.status_name = StatusName::parse(FIRST_STATUSES[1])?;
    if *id == Some(CONFLICT) {
        activity.subject = Subject::parse(CONFLICT_SUBJECT)?;
        activity.note = Note::parse(CONFLICT_NOTE)?;
    }
    Ok(())
}

/// Start and end of what is planned for this many days from today, at that hour.
fn times((days, hour): (i64, i64), now: Stamp) -> Result<(Moment, Moment), Failure> {
    let zone = Zone::parse(ZONE)?;
    let start = made_up::on_day(&zone, now, days, hour * 60);
    Ok((zone.at(start), zone.at(start.plus_millis(45 * MINUTE_MS))))
}

/// Moves what is unchanged since an earlier start to the day that it is planned for, counted from today.
async fn plan_anew(service: &Service, org: &Arc<Tenant>) -> Result<(), Failure> {
    for (id, planned) in (FIRST_ID..).zip(PLANNED) {
        let (_, version) = service.retrieve(org, ActivityId(id)).await?;
        let Some(version) = version.filter(|version| version.author.user.is_none()) else {
            continue;
        };
        let (start, end) = times(planned, service.now())?;
        if version.record().is_some_and(|activity| activity.start != start) {
            let patch = Patch { start: Some(start), end: Presence::Set(end), ..Patch::default() };
            let update = Write::Update(version.id, Box::new(patch));
            let author = Author { user: None, origin: Origin::CommandLine };
            service.write(org, author, update).await?;
        }
    }
    Ok(())
}

/// A quarter of an hour of that day at which people work in Chicago.
fn in_office_hours(day: Stamp, dice: &mut Dice) -> Stamp {
    let first = day.millis().div_euclid(DAY_MS) * DAY_MS + 14 * 60 * MINUTE_MS;
    Stamp::from_millis(first + dice.below(9 * 4) * 15 * MINUTE_MS)
}

/// The vendor keeps stamps to the second.
fn whole_second(stamp: Stamp) -> Stamp {
    Stamp::from_millis(stamp.millis().div_euclid(1_000) * 1_000)
}

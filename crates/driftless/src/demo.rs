//! `demo`: an organization that looks like one, set up and served.

mod accounts;

use std::path::Path;
use std::sync::Arc;

use domain::{
    Activity, ActivityId, ClientId, Imported, LoginName, Members, Moment, Name, Note, OrgId,
    Priority, Provenance, Role, Stamp, StatusId, StatusName, Subject, Terms, UserId, Zone,
};
use service::{
    AcceptClock, FIRST_STATUSES, ImportOptions, NewUser, Password, Service, Spool, Tenant,
};

use crate::cli::{Demo, Tuning};
use crate::commands::{Failure, Ground};
use crate::console::{Console, Terminal};
use crate::log;
use crate::serve::{Opening, Server};
use crate::signals::Hangup;

const ORG: &str = "demo";
const ORG_NAME: &str = "Harbor Street Relief";
const ZONE: &str = "America/Chicago";

/// The user on whose behalf the demo's key works: the one of the manual's sample.
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

const SUBJECTS: [(&str, &[&str]); 6] = [
    (
        "Call",
        &[
            "to thank for the spring gift",
            "about the pledge balance",
            "to confirm the visit",
            "back about volunteering",
        ],
    ),
    (
        "Meet",
        &[
            "over coffee about a major gift",
            "with the board treasurer",
            "on the gala seating",
            "at the food bank",
        ],
    ),
    ("Send", &["tax receipt again", "the annual report", "a birthday card", "the grant budget"]),
    (
        "Follow up",
        &[
            "on the lapsed membership",
            "after the open house",
            "on matching gift form",
            "on bounced email",
        ],
    ),
    (
        "Prepare",
        &[
            "the grant report",
            "the donor wall proof",
            "talking points for the visit",
            "name badges",
        ],
    ),
    (
        "Check",
        &[
            "the new mailing address",
            "the employer match",
            "whether the cheque has cleared",
            "the seating wish",
        ],
    ),
];

const NOTES: [&str; 6] = [
    "",
    "",
    "Prefers mornings; do not call on Fridays.",
    "Left a message with the assistant.",
    "Asked to be taken off the phone list, mail is fine.",
    "Spoke for ten minutes.\nWants to hear how the kitchen project goes on before deciding.",
];

/// Activities of a demo that have been removed again.
const REMOVED: i64 = 12;

/// Activities that are due on the day of the first start.
const DUE_TODAY: i64 = 4;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// How far back the demo's activities reach.
const DAYS: i64 = 730;

/// Sets up what is missing, prints how to ask, and serves.
pub(crate) fn run(folder: &Path, demo: &Demo) -> Result<(), Failure> {
    let tuning = Tuning::default();
    // What was printed is to be seen for longer than the first page takes.
    log::start(tuning.log_format, log::WITHOUT_REQUESTS);
    // People come back to it after a while.
    let opening = Opening { init: true, accept_clock: AcceptClock::Later };
    let server = Server::start(folder, &demo.listen, None, &demo.proxied, &tuning, opening)?;
    let org = set_up(&server.ground, demo.activities)?;
    let key = server.ground.service.add_key(&org, KEY_USER, Some(Name::parse("demo")?))?;
    let password = server.ground.service.new_secret()?[..PASSWORD_DIGITS].to_owned();
    let login = LoginName::parse(WEB_LOGIN)?;
    server.ground.service.give_login(&org, WEB_USER, login, &Password::parse(&password)?)?;
    let week_ago = server.ground.service.now().plus_millis(-7 * DAY_MS);
    let address = server.address()?;
    let since = org.directory().organization.zone.at(week_ago);
    let told = format!(
        "\n\
         Driftless is set up in {folder} and serves http://{address}\n\n\
         \x20 organization   {ORG} ({ORG_NAME}, {ZONE})\n\
         \x20 web pages      http://{address}/   sign in as {WEB_LOGIN}, password {password}\n\
         \x20 API key        {key}   (fresh, like the password; earlier keys go on working)\n\n\
         What changed, or was deleted, in the last seven days? This logs in and asks:\n\n\
         \x20 {curl}\n\n\
         Ctrl-C stops it; the same command goes on with the same data. RUST_LOG=info shows each request.\n\n",
        folder = server.ground.folder.display(),
        key = key.secret,
        curl = curl(&format!("http://{address}"), &key.secret, &since.to_string()),
    );
    server.run(Hangup::Stops, || Ok(Terminal::new().print(&told)?))
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

/// Adds what a first start misses; what is there stays as it is.
pub(crate) fn set_up(ground: &Ground, activities: u32) -> Result<Arc<Tenant>, Failure> {
    let service = &ground.service;
    let id = OrgId::parse(ORG)?;
    let org = match service.org(&id) {
        Some(org) => org,
        None if !service.orgs().is_empty() => {
            let folder = ground.folder.display();
            return Err(format!(
                "{folder} has other organizations in it: name another folder with --data"
            )
            .into());
        }
        None => service.add_org(id, Name::parse(ORG_NAME)?, Zone::parse(ZONE)?)?,
    };
    for (id, name, role) in USERS {
        if !org.directory().users.contains_key(&UserId(id)) {
            service
                .add_user(&org, NewUser { id: Some(UserId(id)), name: Name::parse(name)?, role })?;
        }
    }
    if !service.has_activities(&org) {
        import(ground, &org, i64::from(activities))?;
    }
    if org.accounts().is_empty() {
        service.put_accounts(&org, &accounts::made_up()?, &mut |_| {})?;
    }
    Ok(org)
}

fn import(ground: &Ground, org: &Arc<Tenant>, activities: i64) -> Result<(), Failure> {
    let mut terminal = Terminal::new();
    let mut spool = Spool::new(&ground.folder)?;
    for item in manual_records()? {
        spool.push(&item)?;
    }
    let mut dice = Dice(20_140_111);
    for n in 0..activities {
        if n % 10_000 == 0 {
            terminal.progress(
                "making up activities",
                n.unsigned_abs(),
                Some(activities.unsigned_abs()),
            )?;
        }
        let mut item = made_up(ActivityId(1_000 + n), &ground.service, &mut dice)?;
        if n < DUE_TODAY {
            set_due_today(&mut item, n, &ground.service)?;
        }
        spool.push(&item)?;
    }
    for n in 0..REMOVED {
        // Some in the week that the printed question is about.
        let days = if n < REMOVED / 4 { 6 } else { 90 };
        let at = ground.service.now().plus_millis(-dice.below(days * DAY_MS));
        spool.push(&Imported::Removed { id: ActivityId(700 + n), at: Some(at) })?;
    }
    let plan = spool.finish()?;
    let quiet: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(|_| {});
    ground.service.import(org, plan, ImportOptions::default(), &quiet)?;
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
            activity: Box::new(Activity {
                created: Moment::parse("2013-07-09T15:53:19.000+08:00")?.stamp,
                created_by: Some("Colin Pizarek".to_owned()),
                modified_by: None,
                subject: Subject::parse("ddddd")?,
                note: Note::empty(),
                start: Moment::parse(start)?,
                end: Some(Moment::parse(end)?),
                client: None,
                system_user: Some(KEY_USER),
                status: StatusId(2),
                status_name: StatusName::parse("Not Started")?,
                priority: Priority::Normal,
                custom_fields: Vec::new(),
                provenance: Provenance::default(),
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
fn made_up(id: ActivityId, service: &Service, dice: &mut Dice) -> Result<Imported, Failure> {
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
    let (verb, rests) = dice.pick(&SUBJECTS);
    let author = dice.pick(&USERS[..4]).1;
    let editor = if changed == created { author } else { dice.pick(&USERS[..4]).1 };
    let zone = Zone::parse(ZONE)?;
    let priority =
        [Priority::Low, Priority::Normal, Priority::Normal, Priority::Normal, Priority::High];
    let note: &&str = dice.pick(&NOTES);
    let has_end = dice.below(4) > 0;
    let length_ms = (1 + dice.below(8)) * 15 * MINUTE_MS;
    Ok(Imported::Record {
        id: Some(id),
        stamp: Some(whole_second(changed)),
        named: Members::ALL,
        terms: Terms::Exact,
        activity: Box::new(Activity {
            created: whole_second(created),
            created_by: Some((*author).to_owned()),
            modified_by: Some((*editor).to_owned()),
            subject: Subject::parse(&format!("{verb} {}", dice.pick(rests)))?,
            note: Note::parse(note)?,
            start: zone.at(whole_second(start)),
            end: has_end.then(|| zone.at(whole_second(start).plus_millis(length_ms))),
            client: Some(ClientId(accounts::FIRST_ID + dice.below(accounts::COUNT))),
            system_user: Some(UserId(dice.pick(&USERS[..4]).0)),
            status: StatusId(status),
            status_name: StatusName::parse(FIRST_STATUSES[usize::try_from(status - 1)?])?,
            priority: *dice.pick(&priority),
            custom_fields: Vec::new(),
            provenance: Provenance::default(),
        }),
    })
}

/// Makes an activity one that whoever signs in has to do today: the first page shows what it is for.
fn set_due_today(item: &mut Imported, n: i64, service: &Service) -> Result<(), Failure> {
    let Imported::Record { activity, .. } = item else { return Ok(()) };
    let zone = Zone::parse(ZONE)?;
    let today = zone.at(service.now()).to_string();
    let day = today.get(..10).unwrap_or_default();
    let midnight = Moment::parse(&format!("{day}T00:00:00Z"))?.stamp;
    let start = zone.instant_of(midnight.plus_millis((9 + 2 * n) * 60 * MINUTE_MS));
    activity.start = zone.at(start);
    activity.end = Some(zone.at(start.plus_millis(45 * MINUTE_MS)));
    activity.system_user = Some(WEB_USER);
    activity.status = StatusId(2);
    activity.status_name = StatusName::parse(FIRST_STATUSES[1])?;
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

/// Numbers that look thrown and are the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` − 1; 0 where there is none.
    fn below(&mut self, bound: i64) -> i64 {
        let bound = u64::try_from(bound).unwrap_or(0).max(1);
        i64::try_from(self.throw() % bound).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let last = i64::try_from(from.len()).unwrap_or(i64::MAX);
        &from[usize::try_from(self.below(last)).unwrap_or(0)]
    }
}

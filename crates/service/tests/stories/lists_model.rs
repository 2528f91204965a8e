//! Whatever happens, a list shows what a look at every record would find.

use std::collections::BTreeSet;

use domain::{
    Account, ActivityId, ClientId, Draft, Moment, Name, Note, Patch, Presence, Priority, StatusId,
    StatusRef, Subject, UserId, Version,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use service::{Column, Direction, Filter, ListQuery, Listing, SystemClock, Write};

use crate::harness::{EDITOR, World, everything, moment};

/// In the order in which people look for them; those within one row are the same to them.
const SUBJECTS: [&[&str]; 10] = [
    &["ann O'Hara"],
    &["Äpfel"],
    &["Call", "CALL"],
    &["Call 2"],
    &["call 10"],
    &["call Ann"],
    &["Écrire"],
    &["Østrup"],
    &["Zebra call"],
    &["新東京商店"],
];
/// The same for names, of accounts and of users.
const NAMES: [&[&str]; 6] = [
    &["Ada Byron", "ada byron"],
    &["Älpha"],
    &["Alphabet", "alphabet"],
    &["beta Call"],
    &["Colin Pizarek"],
    &["京都"],
];
const NOTES: [&str; 4] = ["", "about Ann's printer", "callback", "東京と京都"];
const WORDS: [&str; 14] = [
    "",
    "call",
    "ann",
    "ecr",
    "o'hara ann",
    "printer call",
    "c",
    "東京",
    "京",
    "ostrup",
    "alph",
    "alpha call",
    "2",
    "call byron 1",
];
const DAY_MS: i64 = 86_400_000;

#[derive(Clone, Debug)]
enum Step {
    Write(Box<Draft>),
    Update(Index, Box<Draft>),
    Remove(Index),
    Restore(Index),
    Name(i64, &'static str),
    Ask(Box<ListQuery>),
    Housekeep,
    Restart,
}

fn day(day: i64) -> Moment {
    moment().stamp.plus_millis(day * DAY_MS).at_offset(0)
}

fn drafts() -> impl Strategy<Value = Box<Draft>> {
    let texts = (select(SUBJECTS.concat()), select(&NOTES[..]));
    let times = (0_i64..4, option::of(0_i64..4));
    let whose = (1_i64..4, option::of(select(vec![EDITOR, UserId(7)])));
    let rest = (1_i64..5, select(&Priority::ALL[..]));
    (texts, times, whose, rest).prop_map(|((subject, note), (start, end), (client, user), rest)| {
        Box::new(Draft {
            subject: Subject::parse(subject).unwrap(),
            note: Note::parse(note).unwrap(),
            start: day(start),
            end: end.map(day),
            client: ClientId(client),
            system_user: user.map_or(Presence::Keep, Presence::Set),
            status: StatusRef::Id(StatusId(rest.0)),
            priority: rest.1,
            custom_fields: Vec::new(),
        })
    })
}

fn columns() -> impl Strategy<Value = Column> {
    select(vec![
        Column::Id,
        Column::Subject,
        Column::Start,
        Column::End,
        Column::Client,
        Column::SystemUser,
        Column::Status,
        Column::Priority,
        Column::Modified,
    ])
}

fn questions() -> impl Strategy<Value = Box<ListQuery>> {
    let filter = (
        select(&WORDS[..]),
        vec(1_i64..6, 0..3),
        option::weighted(0.2, select(&Priority::ALL[..])),
        option::weighted(0.2, select(vec![EDITOR, UserId(7)])),
        option::weighted(0.2, vec(1_i64..5, 0..3)),
        option::weighted(0.2, 0_i64..4),
        option::weighted(0.2, 0_i64..4),
    );
    let direction = select(vec![Direction::Ascending, Direction::Descending]);
    (filter, columns(), direction, 1_u64..4, 1_u32..6).prop_map(
        |(
            (words, statuses, priority, system_user, clients, from, to),
            by,
            direction,
            page,
            size,
        )| {
            let filter = Filter {
                words: words.to_owned(),
                statuses: statuses.into_iter().map(StatusId).collect(),
                priority,
                system_user,
                clients: clients.map(|clients| clients.into_iter().map(ClientId).collect()),
                start_from: from.map(|from| day(from).stamp),
                start_to: to.map(|to| day(to).stamp),
                ..Filter::default()
            };
            Box::new(ListQuery { filter, by, direction, page, page_size: size })
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => drafts().prop_map(Step::Write),
        5 => (any::<Index>(), drafts()).prop_map(|(at, draft)| Step::Update(at, draft)),
        2 => any::<Index>().prop_map(Step::Remove),
        2 => any::<Index>().prop_map(Step::Restore),
        1 => (1_i64..4, select(NAMES.concat())).prop_map(|(id, name)| Step::Name(id, name)),
        12 => questions().prop_map(Step::Ask),
        1 => Just(Step::Housekeep),
        1 => Just(Step::Restart),
    ];
    vec(step, 1..60)
}

/// The words of a text, as people would take it apart.
fn words(text: &str) -> Vec<String> {
    let plain = text.to_lowercase().replace('é', "e").replace('ä', "a").replace('ø', "o");
    plain
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

fn has_words(world: &World<SystemClock>, asked: &str, version: &Version) -> bool {
    let record = version.record().unwrap();
    let (accounts, directory) = (world.org.accounts(), world.org.directory());
    let account = record.client.and_then(|client| accounts.name(client));
    let user = record.system_user.and_then(|user| directory.users.get(&user));
    let names = [account, user.map(|user| &user.name)].map(|name| name.map_or("", Name::as_str));
    let there =
        words(&[record.subject.as_str(), record.note.as_str(), names[0], names[1]].join(" "));
    let numbers = [Some(version.id.0), record.client.map(|client| client.0)];
    let is_number = |word: &str| numbers.iter().flatten().any(|number| number.to_string() == word);
    let asked = words(asked);
    let has = |(at, word): (usize, &String)| {
        is_number(word)
            || there.iter().any(|other| match word.is_ascii() {
                true if at + 1 < asked.len() => other == word,
                true => other.starts_with(word),
                false => other.contains(word),
            })
    };
    asked.iter().enumerate().all(has)
}

fn passes(world: &World<SystemClock>, filter: &Filter, version: &Version) -> bool {
    let record = version.record().unwrap();
    has_words(world, &filter.words, version)
        && (filter.statuses.is_empty() || filter.statuses.contains(&record.status))
        && filter.priority.is_none_or(|priority| record.priority == priority)
        && filter.system_user.is_none_or(|user| record.system_user == Some(user))
        && filter
            .clients
            .as_ref()
            .is_none_or(|clients| record.client.is_some_and(|c| clients.contains(&c)))
        && filter.start_from.is_none_or(|from| record.start.stamp >= from)
        && filter.start_to.is_none_or(|to| record.start.stamp <= to)
}

/// What a record is sorted by; none comes last.
fn key(world: &World<SystemClock>, by: Column, version: &Version) -> Option<(bool, usize, i64)> {
    let record = version.record().unwrap();
    let number = |number: i64| Some((false, 0, number));
    let row = |rows: &[&[&str]], text: &str| rows.iter().position(|row| row.contains(&text));
    let named = |name: Option<&Name>, number: i64| match name {
        Some(name) => Some((false, row(&NAMES, name.as_str()).unwrap(), 0)),
        None => Some((true, 0, number)),
    };
    match by {
        Column::Id => number(version.id.0),
        Column::Subject => Some((false, row(&SUBJECTS, record.subject.as_str()).unwrap(), 0)),
        Column::Start => number(record.start.stamp.millis()),
        Column::End => number(record.end?.stamp.millis()),
        Column::Client => named(world.org.accounts().name(record.client?), record.client?.0),
        Column::SystemUser => {
            let user = record.system_user?;
            named(world.org.directory().users.get(&user).map(|user| &user.name), user.0)
        }
        Column::Status => number(record.status.0),
        Column::Priority => number(record.priority as i64),
        // Changes of the same millisecond are in the order in which they were made.
        Column::Modified => number(i64::try_from(version.seq.0).unwrap()),
    }
}

/// All ids that pass, in the order asked for.
fn expected(world: &World<SystemClock>, query: &ListQuery) -> Vec<ActivityId> {
    let session = world.log_in();
    let all = world.sync(&world.caller(&session).unwrap(), &everything()).records;
    let passing = all.iter().filter(|v| passes(world, &query.filter, v));
    let keyed = passing.map(|v| (key(world, query.by, v), v.id));
    let (mut valued, mut without): (Vec<_>, Vec<_>) = keyed.partition(|(key, _)| key.is_some());
    valued.sort();
    without.sort();
    if query.direction == Direction::Descending {
        valued.reverse();
        without.reverse();
    }
    valued.into_iter().chain(without).map(|(_, id)| id).collect()
}

fn check(world: &World<SystemClock>, query: &ListQuery) {
    let expected = expected(world, query);
    let Listing { records, total, pages, .. } = world.list(query).unwrap();
    let size = query.page_size as usize;
    let skip = usize::try_from(query.page - 1).unwrap() * size;
    let page: Vec<_> = expected.iter().copied().skip(skip).take(size).collect();
    assert_eq!(records.iter().map(|v| v.id).collect::<Vec<_>>(), page, "{query:?}");
    assert_eq!(total, expected.len() as u64);
    assert_eq!(pages, total.div_ceil(size as u64).max(1));

    // A change of all that match, and a download of them, are about the very same.
    let matching = world.block_on(world.service.matching(&world.org, &query.filter)).unwrap();
    assert!(matching.is_sorted());
    assert_eq!(BTreeSet::from_iter(matching), BTreeSet::from_iter(expected.iter().copied()));
    let selected = world.block_on(world.service.select(&world.org, query)).unwrap();
    let selected = world.block_on(world.service.selected(&world.org, selected)).unwrap();
    assert_eq!(selected.iter().map(|v| v.id).collect::<Vec<_>>(), expected);
}

fn patch(draft: Draft) -> Patch {
    Patch {
        subject: Some(draft.subject),
        note: Some(draft.note),
        start: Some(draft.start),
        end: draft.end.map_or(Presence::Clear, Presence::Set),
        client: Some(draft.client),
        system_user: match draft.system_user {
            Presence::Set(user) => Presence::Set(user),
            Presence::Keep | Presence::Clear => Presence::Clear,
        },
        status: Some(draft.status),
        priority: Some(draft.priority),
        ..Patch::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_list_shows_what_a_look_at_every_record_finds(steps in steps()) {
        let mut world = World::new(SystemClock);
        let mut ids: Vec<ActivityId> = Vec::new();
        for step in steps {
            let write = match step {
                Step::Write(draft) => Write::Create(draft),
                Step::Update(at, draft) if !ids.is_empty() => {
                    Write::Update(*at.get(&ids), Box::new(patch(*draft)))
                }
                Step::Remove(at) if !ids.is_empty() => Write::Remove(*at.get(&ids)),
                Step::Restore(at) if !ids.is_empty() => {
                    Write::Restore { id: *at.get(&ids), to: None, seen: None }
                }
                Step::Name(id, name) => {
                    let account = Account { id: ClientId(id), name: Name::parse(name).unwrap() };
                    world.service.put_accounts(&world.org, &[account], &mut |_| {}).unwrap();
                    continue;
                }
                Step::Ask(query) => {
                    check(&world, &query);
                    continue;
                }
                Step::Housekeep => {
                    world.service.housekeep();
                    continue;
                }
                Step::Restart => {
                    world.restart(true);
                    continue;
                }
                _ => continue,
            };
            // What has been removed can be neither changed nor removed: that is refused.
            if let Ok(written) = world.write(write) && !ids.contains(&written.id) {
                ids.push(written.id);
            }
        }
        let by = Column::Subject;
        let (direction, filter) = (Direction::Ascending, Filter::default());
        check(&world, &ListQuery { filter, by, direction, page: 1, page_size: 100 });
    }
}

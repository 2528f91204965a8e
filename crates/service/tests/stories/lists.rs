//! Lists, the bin, and what they are derived from: lost, damaged, of another log.

use domain::{
    Account, ActivityId, ClientId, ManualClock, Name, OrgId, Priority, Role, Stamp, StatusId, Zone,
};
use service::{
    AskError, Authority, Column, Direction, Filter, ListError, ListQuery, NewUser, SystemClock,
    Tenant, Write, wait,
};
use std::sync::Arc;
use store_sqlite::SEARCH_FILE;

use crate::harness::{World, author, create, imported, left_in, stamp, update};

fn by(by: Column, words: &str) -> ListQuery {
    let filter = Filter { words: words.to_owned(), ..Filter::default() };
    ListQuery { filter, by, direction: Direction::Ascending, page: 1, page_size: 10 }
}

fn ids<C: domain::Clock + 'static>(world: &World<C>, query: &ListQuery) -> Vec<i64> {
    world.list(query).unwrap().records.iter().map(|version| version.id.0).collect()
}

fn name_account(world: &World<SystemClock>, id: i64, name: &str) {
    let account = Account { id: ClientId(id), name: Name::parse(name).unwrap() };
    let changed = world.service.put_accounts(&world.org, &[account], &mut |_| {}).unwrap();
    assert_eq!(changed, 1);
}

/// A commit that is durable and not shown yet.
#[test]
fn what_the_store_has_and_the_view_has_not_is_in_no_list() {
    let world = World::new(SystemClock);
    world.write(create("shown")).unwrap();
    world.damage(
        "INSERT INTO activity (organization, id, seq, stamp, removed, subject, starts, client, status,
             priority)
         SELECT organization, 2, 2, stamp, removed, 'not yet', starts, client, status, priority
         FROM activity",
    );
    assert_eq!(ids(&world, &by(Column::Id, "")), [1]);
}

#[test]
fn a_list_of_nothing_has_one_empty_page() {
    let world = World::new(SystemClock);
    for words in ["", "call"] {
        let listing = world.list(&by(Column::Subject, words)).unwrap();
        assert_eq!((listing.records.len(), listing.total, listing.pages), (0, 0, 1));
    }
}

#[test]
fn a_page_behind_the_last_is_empty() {
    let world = World::new(SystemClock);
    world.write(create("Call")).unwrap();
    for page in [2, u64::MAX] {
        let listing = world.list(&ListQuery { page, ..by(Column::Id, "") }).unwrap();
        assert_eq!((listing.records.len(), listing.total), (0, 1));
    }
}

#[test]
fn bounds_of_change_are_inclusive() {
    let clock = ManualClock::new(stamp("2026-03-01T00:00:00Z"));
    let world = World::new(clock);
    let stamps: Vec<Stamp> = ["a", "b", "c"]
        .map(|subject| {
            world.clock.advance(60_000);
            let id = world.write(create(subject)).unwrap().id;
            world.last_stamp(id)
        })
        .into();
    let between = |from, to| {
        let filter = Filter { changed_from: from, changed_to: to, ..Filter::default() };
        world.list(&ListQuery { filter, ..by(Column::Modified, "") }).unwrap().total
    };
    assert_eq!(between(Some(stamps[1]), None), 2);
    assert_eq!(between(None, Some(stamps[1])), 2);
    assert_eq!(between(Some(stamps[1]), Some(stamps[1])), 1);
    assert_eq!(between(Some(stamps[1].plus_millis(1)), Some(stamps[2].plus_millis(-1))), 0);
    assert_eq!(between(Some(stamps[2]), Some(stamps[0])), 0);
}

#[test]
fn accounts_come_by_the_name_that_they_have_now() {
    let world = World::new(SystemClock);
    let records = [(1, Some(30)), (2, Some(4)), (3, None), (4, Some(5)), (5, Some(30))];
    let items = records.map(|(id, client)| {
        let mut item = imported(ActivityId(id), Some("Call"));
        if let domain::Imported::Record { activity, .. } = &mut item {
            activity.client = client.map(ClientId);
        }
        item
    });
    world.import(&items, false).unwrap();
    let query = by(Column::Client, "");
    assert_eq!(ids(&world, &query), [2, 4, 1, 5, 3], "numbers, and none last");
    name_account(&world, 30, "Zuse");
    assert_eq!(ids(&world, &query), [1, 5, 2, 4, 3], "names before numbers");
    name_account(&world, 5, "adler");
    assert_eq!(ids(&world, &query), [4, 1, 5, 2, 3], "whatever the case");
    name_account(&world, 30, "Aachen");
    assert_eq!(ids(&world, &query), [1, 5, 4, 2, 3]);
    let descending = ListQuery { direction: Direction::Descending, ..query };
    assert_eq!(ids(&world, &descending), [2, 4, 5, 1, 3], "none last all the same");
}

#[test]
fn many_changes_at_once_are_followed() {
    let world = World::new(SystemClock);
    let first: Vec<_> = (1..=20).map(|id| imported(ActivityId(id), Some("Old call"))).collect();
    world.import(&first, false).unwrap();
    world.log_in(); // Opens it: from here on imports are shown as they are written.
    assert_eq!(world.list(&by(Column::Subject, "old")).unwrap().total, 20);
    // More than are followed one by one, and with ids before, between and behind the others.
    let next: Vec<_> = (10..=1_500)
        .map(|id| imported(ActivityId(id), (id % 7 != 0).then_some("New call")))
        .collect();
    world.import(&next, false).unwrap();
    let there = (10..=1_500).filter(|id| id % 7 != 0).count() as u64;
    assert_eq!(world.list(&by(Column::Subject, "new")).unwrap().total, there);
    assert_eq!(world.list(&by(Column::Subject, "")).unwrap().total, there + 9);
    assert_eq!(ids(&world, &by(Column::Id, ""))[..], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn ids_that_come_late_take_their_place() {
    let world = World::new(SystemClock);
    world.log_in();
    let import = |id, subject| world.import(&[imported(ActivityId(id), Some(subject))], false);
    for id in [50, 70] {
        import(id, "call").unwrap();
    }
    assert_eq!(ids(&world, &by(Column::Id, "call")), [50, 70]);
    for id in [60, 10, 80, 55] {
        import(id, "call").unwrap();
        assert!(ids(&world, &by(Column::Subject, "call")).contains(&id));
    }
    for column in [Column::Id, Column::Subject, Column::Priority] {
        assert_eq!(ids(&world, &by(column, "call")), [10, 50, 55, 60, 70, 80]);
    }
}

#[test]
fn those_who_ask_first_at_once_get_the_same() {
    let world = World::new(SystemClock);
    for n in 0..30 {
        world.write(create(&format!("Call {}", n % 7))).unwrap();
    }
    let asked = (0..20).map(|n| {
        let column = if n % 2 == 0 { Column::Subject } else { Column::Start };
        let (service, org) = (world.service.clone(), world.org.clone());
        tokio::spawn(async move { service.list(&org, &by(column, "call")).await.unwrap().total })
    });
    let totals = world.block_on(async {
        let mut totals = Vec::new();
        // All are under way before the first is waited for.
        for asked in asked.collect::<Vec<_>>() {
            totals.push(asked.await.unwrap());
        }
        totals
    });
    assert_eq!(totals, [30; 20]);
}

/// Another organization in the same data folder, with an activity of its own under the same id.
fn another(world: &World<SystemClock>, subject: &str) -> Arc<Tenant> {
    let (service, name) = (&world.service, Name::parse("Other").unwrap());
    let org =
        wait(service.add_org(OrgId::parse("other").unwrap(), name.clone(), Zone::utc())).unwrap();
    let user = NewUser { id: Some(crate::harness::EDITOR), name, role: Role::Editor };
    wait(service.add_user(Authority::command_line(&org), user, None)).unwrap();
    world.block_on(service.write(&org, author(), create(subject))).unwrap();
    org
}

#[test]
fn organizations_see_nothing_of_each_other() {
    let world = World::new(SystemClock);
    let ours = world.write(create("Our call")).unwrap().id;
    let other = another(&world, "Their call");
    let removed = world.block_on(world.service.write(&other, author(), create("gone"))).unwrap();
    world.block_on(world.service.write(&other, author(), Write::Remove(removed.id))).unwrap();
    let theirs = |words| {
        let query = by(Column::Subject, words);
        let listing = world.block_on(world.service.list(&other, &query)).unwrap();
        let subjects = listing.records.iter().map(|v| v.record().unwrap().subject.to_string());
        subjects.collect::<Vec<_>>()
    };
    // They take turns, since there is not memory for both.
    for _ in 0..2 {
        assert_eq!(ids(&world, &by(Column::Subject, "call")), [ours.0]);
        assert_eq!(theirs("call"), ["Their call"]);
        assert_eq!(theirs("our"), [""; 0]);
        assert_eq!(ids(&world, &by(Column::Subject, "their")), [0; 0]);
    }
    assert_eq!(world.block_on(world.service.removed(&world.org, 1, 10)).unwrap().total, 0);
    assert_eq!(world.block_on(world.service.removed(&other, 1, 10)).unwrap().total, 1);
}

#[test]
fn no_words_are_too_strange_to_be_searched_for() {
    let world = World::new(SystemClock);
    world.write(create("Call O'Hara (\"urgent\")")).unwrap();
    for words in ["o'hara \"urgent", "(call", "CALL* -", "call OHara's OR"] {
        world.list(&by(Column::Id, words)).unwrap();
    }
    assert_eq!(world.list(&by(Column::Id, "\"o'hara\" (urg")).unwrap().total, 1);
    for no_words in ["\" * ()", "Ⓐ", "\u{93f}", "🄰 ⓑ", "\u{e31}"] {
        assert_eq!(world.list(&by(Column::Id, no_words)).unwrap().total, 0, "{no_words}");
    }
    assert_eq!(world.list(&by(Column::Id, "  ")).unwrap().total, 1, "nothing is searched for");
}

#[test]
fn an_index_that_is_lost_or_damaged_is_built_anew() {
    let mut world = World::new(SystemClock);
    let call = world.write(create("Call")).unwrap().id;
    let find = |world: &World<SystemClock>| ids(world, &by(Column::Id, "call"));
    assert_eq!(find(&world), [call.0]);
    for damage in ["lost", "damaged"] {
        world.service.close();
        let left = left_in(&world.folder());
        let file = left.path().join(SEARCH_FILE);
        for beside in ["driftless-search.db-wal", "driftless-search.db-shm"] {
            let _ = std::fs::remove_file(left.path().join(beside));
        }
        match damage {
            "lost" => std::fs::remove_file(&file).unwrap(),
            _ => std::fs::write(&file, [0xA5; 10_000]).unwrap(),
        }
        world.go_on(left);
        assert_eq!(find(&world), [call.0], "{damage}");
    }
}

#[test]
fn an_index_of_a_later_log_is_built_anew() {
    let mut world = World::new(SystemClock);
    let call = world.write(create("Call")).unwrap().id;
    world.settle();
    let backup = tempfile::tempdir().unwrap();
    world.store.real.backup(backup.path()).unwrap();
    world.write(update(call, "Letter")).unwrap();
    let late = world.write(create("Late call")).unwrap().id;
    assert_eq!(ids(&world, &by(Column::Id, "call")), [late.0]);
    world.service.close();
    // The backup takes the place of the data; the index of what came after it has stayed.
    let left = left_in(&world.folder());
    for file in std::fs::read_dir(left.path()).unwrap().map(Result::unwrap) {
        let name = file.file_name().into_string().unwrap();
        if name.starts_with("driftless-search.db") {
            std::fs::copy(file.path(), backup.path().join(name)).unwrap();
        }
    }
    world.go_on(backup);
    assert_eq!(ids(&world, &by(Column::Id, "call")), [call.0]);
    // As many changes as the lost ones had: the position alone would not tell.
    for word in ["Printer", "Paper"] {
        world.write(create(word)).unwrap();
    }
    assert_eq!(ids(&world, &by(Column::Id, "late")), [0; 0]);
    assert_eq!(ids(&world, &by(Column::Id, "letter")), [0; 0]);
    for begun in ["pr", "pa"] {
        assert_eq!(world.list(&by(Column::Id, begun)).unwrap().total, 1);
    }
}

fn world_with_calls(number: i64) -> World<SystemClock> {
    let world = World::new(SystemClock);
    let items: Vec<_> = (1..=number).map(|id| imported(ActivityId(id), Some("Call"))).collect();
    world.import(&items, false).unwrap();
    world
}

#[test]
fn what_a_burst_has_brought_is_found_at_once() {
    let world = world_with_calls(6_000);
    assert_eq!(world.list(&by(Column::Id, "call")).unwrap().total, 6_000);
}

#[test]
fn an_index_far_behind_catches_up_in_the_background() {
    let world = world_with_calls(21_000);
    assert_eq!(world.list(&by(Column::Id, "")).unwrap().total, 21_000);
    let behind = world.list(&by(Column::Id, "call")).unwrap_err();
    let ListError::Ask(AskError::Unavailable(reason)) = behind else { panic!("{behind}") };
    assert_eq!(reason, "the search index covers 0 of 21000 changes so far: try again in a moment");
    world.service.housekeep();
    assert_eq!(world.list(&by(Column::Id, "call")).unwrap().total, 21_000);
}

#[test]
fn a_large_list_is_made_ready_in_the_background_and_says_so_meanwhile() {
    let world = world_with_calls(51_000);
    let query = by(Column::Subject, "");
    assert!(matches!(world.list(&query), Err(ListError::Preparing)));
    // Downloads and changes of many wait for it.
    let all = world.block_on(world.service.matching(&world.org, &query.filter)).unwrap();
    assert_eq!(all.len(), 51_000);
    let until_ready = || loop {
        match world.list(&query) {
            Err(ListError::Preparing) => std::thread::yield_now(),
            listing => return listing.unwrap(),
        }
    };
    assert_eq!(until_ready().total, 51_000);
    // What comes is never older than the question.
    let id = world.write(create("A new one")).unwrap().id;
    let listing = until_ready();
    assert_eq!((listing.total, listing.records[0].id), (51_001, id));
}

#[test]
fn nobody_waits_for_a_list_of_a_service_that_ends() {
    let world = world_with_calls(51_000);
    world.service.close();
    let ended = world.block_on(world.service.matching(&world.org, &Filter::default()));
    assert!(ended.is_err_and(|why| why.to_string().contains("the server is stopping")));
    let ended = world.list(&by(Column::Subject, ""));
    assert!(matches!(ended, Err(ListError::Ask(AskError::Unavailable(_)))));
}

#[test]
fn a_record_that_cannot_be_read_does_not_keep_the_others_from_being_found() {
    let world = World::new(SystemClock);
    world.write(create("Call one")).unwrap();
    let second = world.write(create("Call two")).unwrap();
    let seq = second.version.unwrap().0;
    world.damage(&format!("UPDATE change SET document = '{{' WHERE seq = {seq}"));
    world.write(create("Call three")).unwrap();
    assert_eq!(world.list(&ListQuery { page_size: 1, ..by(Column::Id, "call") }).unwrap().total, 2);
    assert_eq!(world.list(&ListQuery { page_size: 1, ..by(Column::Id, "") }).unwrap().total, 3);
}

#[test]
fn the_bin_shows_what_was_removed_last_first() {
    let world = World::new(SystemClock);
    let made: Vec<_> = ["a", "b", "c"].map(|s| world.write(create(s)).unwrap().id).into();
    for id in [made[1], made[0], made[2]] {
        world.write(Write::Remove(id)).unwrap();
    }
    world.write(Write::Restore { id: made[0], to: None, seen: None }).unwrap();
    let page = |n| world.block_on(world.service.removed(&world.org, n, 1)).unwrap();
    let shown: Vec<_> = [1, 2]
        .map(|n| {
            let page = page(n);
            assert_eq!((page.total, page.pages, page.removed.len()), (2, 2, 1));
            let last = page.removed[0].last.as_ref().unwrap();
            assert!(page.removed[0].tombstone.record().is_none());
            assert_eq!(page.removed[0].tombstone.id, last.id);
            last.record().unwrap().subject.to_string()
        })
        .into();
    assert_eq!(shown, ["c", "b"]);
    assert_eq!(page(3).removed.len(), 0);
}

#[test]
fn a_removal_that_an_import_begins_with_has_nothing_before_it() {
    let world = World::new(SystemClock);
    let items = [imported(ActivityId(1), Some("Call")), imported(ActivityId(2), None)];
    world.import(&items, false).unwrap();
    let page = world.block_on(world.service.removed(&world.org, 1, 10)).unwrap();
    assert_eq!(page.total, 1);
    assert_eq!(page.removed[0].tombstone.id, ActivityId(2));
    assert!(page.removed[0].last.is_none());
}

#[test]
fn three_conditions_narrow_each_other() {
    let world = World::new(SystemClock);
    world.write(create("Call")).unwrap();
    let listed =
        |filter: Filter| world.list(&ListQuery { filter, ..by(Column::Start, "") }).unwrap().total;
    let all = Filter {
        statuses: vec![StatusId(2), StatusId(99)],
        priority: Some(Priority::Normal),
        clients: Some(vec![ClientId(3480)]),
        ..Filter::default()
    };
    assert_eq!(listed(all.clone()), 1);
    assert_eq!(listed(Filter { statuses: vec![StatusId(99)], ..all.clone() }), 0);
    assert_eq!(listed(Filter { clients: Some(vec![ClientId(1)]), ..all.clone() }), 0);
    assert_eq!(listed(Filter { clients: Some(Vec::new()), ..all.clone() }), 0, "none of none");
    let two = vec![ClientId(1), ClientId(3480)];
    assert_eq!(listed(Filter { clients: Some(two), ..all.clone() }), 1);
    assert_eq!(listed(Filter { priority: Some(Priority::High), ..all }), 0);
}

#[test]
fn subjects_come_as_people_sort_however_long_they_are() {
    let world = World::new(SystemClock);
    let long =
        |end: &str| format!("{} {end}", "A very long subject, the same for all of them".repeat(20));
    // What differs in case alone is the same, and comes by id.
    let expected = [
        long("1"),
        long("2 b"),
        long("2 c"),
        long("10"),
        "Apfel".to_owned(),
        "Äpfel".to_owned(),
        "apple".to_owned(),
        "Apple".to_owned(),
        "banana".to_owned(),
        "Call 2".to_owned(),
        "call 10".to_owned(),
        "Éclair".to_owned(),
        "eclat".to_owned(),
        "Olsen".to_owned(),
        "Østrup".to_owned(),
        "straße".to_owned(),
        "Strasse 2".to_owned(),
        "zoo".to_owned(),
        "Žuk".to_owned(),
        "Ελλάς".to_owned(),
        "Яма".to_owned(),
        "東京".to_owned(),
    ];
    let subjects = |world: &World<SystemClock>| {
        let query = ListQuery { page_size: 100, ..by(Column::Subject, "") };
        let records = world.list(&query).unwrap().records;
        records.iter().map(|v| v.record().unwrap().subject.to_string()).collect::<Vec<_>>()
    };
    // Every other one at first; the others are put between them later.
    let write = |world: &World<SystemClock>, nth: usize| {
        for subject in expected.iter().skip(nth).step_by(2) {
            world.write(create(subject)).unwrap();
        }
    };
    write(&world, 0);
    assert_eq!(subjects(&world), expected.iter().step_by(2).cloned().collect::<Vec<_>>());
    write(&world, 1);
    assert_eq!(subjects(&world), expected);
    // And sorted anew.
    let mut world = world;
    world.restart(true);
    assert_eq!(subjects(&world), expected);
}

#[test]
fn a_search_finds_names_and_numbers_as_they_are_now() {
    let world = World::new(SystemClock);
    for (id, client, user) in [(1, 30, 12), (2, 31, 7), (30, 77, 12)] {
        let mut item = imported(ActivityId(id), Some("Budget"));
        if let domain::Imported::Record { activity, .. } = &mut item {
            activity.client = Some(ClientId(client));
            activity.system_user = Some(domain::UserId(user));
        }
        world.import(&[item], false).unwrap();
    }
    let find = |words: &str| ids(&world, &by(Column::Id, words));
    name_account(&world, 30, "Acmé Bakery");
    name_account(&world, 31, "新東京商店");
    assert_eq!(find("acme budget"), [1]);
    assert_eq!(find("budget acme bak"), [1]);
    assert_eq!(find("bakery acme"), [1]);
    assert_eq!(find("acme nothing"), [0; 0]);
    assert_eq!(find("東京"), [2]);
    assert_eq!(find("30"), [1, 30], "the account's number, and the activity's");
    assert_eq!(find("77 budget"), [30]);
    assert_eq!(find("3"), [0; 0], "a number is exact");
    name_account(&world, 30, "Zuse");
    assert_eq!(find("acme"), [0; 0]);
    assert_eq!(find("zuse"), [1]);
}

#[test]
fn every_word_counts_however_many_there_are() {
    let world = World::new(SystemClock);
    let words: Vec<String> = (0..90).map(|n| format!("w{n}")).collect();
    let all = words.join(" ");
    let found = world.write(create(&all)).unwrap().id;
    world.write(create(&words[..80].join(" "))).unwrap();
    assert_eq!(ids(&world, &by(Column::Id, &all)), [found.0]);
    assert_eq!(ids(&world, &by(Column::Id, &format!("{all} other"))), [0; 0]);
}

//! Writers and readers at the same time, on threads of their own.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;

use domain::{ActivityId, Note, Patch, Stamp};
use service::{SyncQuery, SystemClock, Write};

use crate::harness::{PAGE_SIZE_MAX, World, answer, author, create, everything, runtime, update};

const WRITERS: usize = 3;
const ROUNDS: usize = 60;

#[test]
fn readers_beside_writers_miss_nothing() {
    let world = World::new(SystemClock);
    let truth = Mutex::new(BTreeMap::new());
    let written = AtomicBool::new(false);
    let sessions: Vec<String> = (0..2).map(|_| world.log_in()).collect();

    let write = |writer: usize| {
        let runtime = runtime();
        let write =
            |write| runtime.block_on(world.service.write(&world.org, author(), write)).unwrap();
        let mut mine = std::collections::VecDeque::new();
        for round in 0..ROUNDS {
            let subject = format!("{writer}/{round}");
            if round % 4 == 3 {
                let id = mine.pop_front().unwrap();
                write(Write::Remove(id));
                truth.lock().unwrap().remove(&id);
                continue;
            }
            let id = match round % 4 {
                2 => write(update(mine[round / 6], &subject)).id,
                _ => write(create(&subject)).id,
            };
            if round % 4 < 2 {
                mine.push_back(id);
            }
            truth.lock().unwrap().insert(id, subject);
        }
    };
    let read = |session: &str| {
        let runtime = runtime();
        let mut mirror: BTreeMap<ActivityId, String> = BTreeMap::new();
        let mut from = Stamp::MIN;
        let mut rounds_left = 2;
        while rounds_left > 0 {
            if written.load(Ordering::SeqCst) {
                rounds_left -= 1;
            }
            let caller = world.caller(session).unwrap();
            let (mut page, mut pages) = (1, 1);
            let mut horizons = Vec::new();
            while page <= pages {
                let query = SyncQuery { from: Some(from), page_size: 7, page, ..everything() };
                let answer = runtime
                    .block_on(answer(&world.service, &caller, &query, PAGE_SIZE_MAX))
                    .unwrap();
                for version in &answer.records {
                    mirror.insert(version.id, version.record().unwrap().subject.to_string());
                }
                answer.removed.iter().flatten().for_each(|id| drop(mirror.remove(id)));
                horizons.push(answer.horizon);
                (page, pages) = (page + 1, answer.pages);
            }
            horizons.dedup();
            assert_eq!(horizons.len(), 1, "one run, one horizon");
            from = horizons[0];
        }
        mirror
    };
    let mirrors: Vec<_> = std::thread::scope(|scope| {
        let (write, read) = (&write, &read);
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        let readers: Vec<_> =
            sessions.iter().map(|session| scope.spawn(move || read(session))).collect();
        let ended: Vec<_> = writers.into_iter().map(ScopedJoinHandle::join).collect();
        written.store(true, Ordering::SeqCst);
        ended.into_iter().for_each(Result::unwrap);
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    let truth: BTreeMap<ActivityId, String> = truth.into_inner().unwrap();
    for mirror in mirrors {
        assert_eq!(mirror, truth);
    }
}

#[test]
fn two_who_change_different_members_at_once_both_hold() {
    let world = World::new(SystemClock);
    let id = world.write(create("start")).unwrap().id;
    let rounds = 100;
    let edit = |patch: &dyn Fn(usize) -> Write| {
        let runtime = runtime();
        for round in 0..rounds {
            runtime.block_on(world.service.write(&world.org, author(), patch(round))).unwrap();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| edit(&|round| update(id, &format!("subject {round}"))));
        scope.spawn(|| {
            edit(&|round| {
                let note = Some(Note::parse(&format!("note {round}")).unwrap());
                Write::Update(id, Box::new(Patch { note, ..Patch::default() }))
            });
        });
    });
    let version = runtime().block_on(world.service.retrieve(&world.org, id)).unwrap().1.unwrap();
    let record = version.record().unwrap();
    assert_eq!((record.subject.as_str(), record.note.as_str()), ("subject 99", "note 99"));
}

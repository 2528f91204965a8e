//! Everything that a report shows, one measurement after the other.

use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::about::about;
use crate::client::Client;
use crate::connection::Connection;
use crate::fill::Content;
use crate::load::Request;
use crate::mirrors::mirrors;
use crate::process::{memory_bytes, settle};
use crate::question::{Question, Scenario, Update};
use crate::results::{
    FirstSync, Latency, LatencyRound, Memory, Poll, Results, Soak, Spread, Start, SyncRound, median,
};
use crate::server::{CACHE_MIB, Server, default_binary};
use crate::setup::{Setup, Way, default_folder};
use crate::steady::Steady;
use crate::{Outcome, Report, others, rates};

/// How many activities the table is about, and up to how many each other server is measured.
pub(crate) const TABLE_SIZES: [u64; 2] = [100_000, 10_000_000];
const OTHERS_MAX: u64 = TABLE_SIZES[0];

/// How many activities the chart of polls goes through.
const SIZES: [u64; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The scenarios of the table.
pub(crate) const SCENARIOS: [(&str, Scenario); 4] = [
    ("S1", Scenario::Idle),
    ("S2", Scenario::Newest),
    ("S3", Scenario::Place),
    ("S4", Scenario::Page),
];

/// Numbers of writers in the chart.
const WRITERS: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Starts, of which the median counts: for the time and for the memory that they take.
const STARTS: usize = 5;

/// A first sync's pages.
const SYNC_PAGE_SIZE: u32 = 200;

/// A short one is repeated until it has had so many, since a tenth of a second measures nothing.
const SYNC_PAGES_MIN: u64 = 5_000;

/// Tombstones of a first sync that has some.
pub(crate) const TOMBSTONES: u64 = 100_000;

/// Organizations of S9, and activities of each.
const ORGANIZATIONS: (u32, u64) = (1_000, 1_000);

/// A budget for caches that is as good as none.
const CACHE_MIB_LEAST: u32 = 1;

/// Connections of S10's reads: as many as requests are due at once, and some.
const READERS: u32 = 64;

/// Connections of other loads at a fixed rate.
const STEADY_CONNECTIONS: u32 = 32;
const WRITES_PER_SECOND: f64 = 2_000.0;

/// What the soak asks and writes a second.
const SOAK_READS_PER_SECOND: f64 = 2_000.0;
const SOAK_WRITES_PER_SECOND: f64 = 200.0;

/// In which part of the time the caches fill, which are so small that they do: what is held at its end counts as
/// held at the start.
const SOAK_WARM_UP: u32 = 5;
const SOAK_CACHE_MIB: u32 = 64;

/// Answers whose mean length is that of the limit's.
const SAMPLES: usize = 100;

/// Requests that a load at a fixed rate draws from.
const REQUESTS: usize = 100_000;

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// S1 to S4: requests a second.
    Rates,
    /// S5: updates a second.
    Updates,
    /// S6: the first sync.
    Sync,
    /// S7: memory beyond the caches.
    Memory,
    /// S8: from the start to the first answer.
    Start,
    /// S9: many organizations.
    Organizations,
    /// S10: how long reads take while writes go on.
    Latency,
    /// The cost of a poll by the number of activities.
    Polls,
    /// Mirrors: first load, poll, comparison.
    Mirrors,
    /// Mixed load for long.
    Soak,
}

/// Measures what is wanted; the rest stays as it was measured before.
pub(crate) fn measure(args: &Report, results: &mut Results) -> Outcome<()> {
    let binary = args.driftless.clone().map_or_else(default_binary, Ok)?;
    let (rounds, seconds) = if args.quick { (1, 2) } else { (3, 4) };
    let folder = default_folder()?;
    let way = Way { binary, folder, rounds, during: Duration::from_secs(seconds) };
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    results.about = about(args.quick)?;
    Part::value_variants()
        .iter()
        .copied()
        .filter(|part| wanted(*part))
        .for_each(|part| results.forget(part));
    let largest = if args.quick { TABLE_SIZES[0] } else { TABLE_SIZES[1] };
    for activities in SIZES.into_iter().filter(|size| *size <= largest) {
        one_size(&way, activities, &wanted, results)?;
    }
    if wanted(Part::Organizations) {
        organizations(&way, results)?;
    }
    if wanted(Part::Mirrors) {
        results.mirrors = mirrors(&way, args.quick)?;
    }
    if wanted(Part::Soak) {
        let during = Duration::from_secs(if args.quick { 10 } else { 600 });
        results.soak = Some(soak(&way, during)?);
    }
    Ok(())
}

/// What depends on how many activities there are. What writes comes last.
fn one_size(
    way: &Way,
    activities: u64,
    wanted: &dyn Fn(Part) -> bool,
    results: &mut Results,
) -> Outcome<()> {
    use Part::{Latency, Memory, Polls, Rates, Start, Sync, Updates};
    let in_table = TABLE_SIZES.contains(&activities);
    let of_table = [Rates, Updates, Sync, Memory, Start, Latency];
    if !(wanted(Polls) || in_table && of_table.into_iter().any(wanted)) {
        return Ok(());
    }
    let setup = Setup::new(way, Content::of(activities))?;
    if in_table && wanted(Start) {
        results.start.push(start(&setup)?);
    }
    if in_table && wanted(Memory) {
        results.memory.push(memory(way, &setup)?);
    }
    let server = setup.serve()?;
    if wanted(Polls) {
        polls(&setup, &server, results)?;
    }
    if !in_table {
        return Ok(());
    }
    let mut others = Vec::new();
    if activities <= OTHERS_MAX && (wanted(Rates) || wanted(Updates)) {
        setup.tell("filling PocketBase and PostgreSQL");
        others.push(others::pocketbase(&setup.folder, setup.content)?);
        others.push(others::fastapi(&setup.folder, setup.content)?);
    }
    let servers: Vec<&Server> = [&server].into_iter().chain(&others).collect();
    if wanted(Rates) {
        for (name, scenario) in SCENARIOS {
            results.rates.push(rates::rates(&setup, name, scenario, &servers)?);
        }
    }
    if wanted(Sync) {
        results.sync.push(first_sync(&setup, &server, true)?);
    }
    if wanted(Latency) {
        results.latency.push(latency(&setup, &server)?);
    }
    if wanted(Updates) {
        results.updates.push(rates::updates(&setup, &servers)?);
        if activities <= OTHERS_MAX {
            results.writers = writers(&setup, &server)?;
        }
    }
    drop((server, others, setup));
    if wanted(Sync) {
        let content = Content { tombstones: TOMBSTONES, ..Content::of(activities) };
        let setup = Setup::new(way, content)?;
        let server = setup.serve()?;
        results.sync.push(first_sync(&setup, &server, false)?);
        results.sync.push(first_sync(&setup, &server, true)?);
    }
    Ok(())
}

/// Polls one after the other on one connection.
fn polls(setup: &Setup, server: &Server, results: &mut Results) -> Outcome<()> {
    setup.tell("polls one after the other");
    let activities = setup.content.activities;
    for (name, scenario) in SCENARIOS.into_iter().filter(|(name, _)| *name != "S3") {
        let micros = rates::poll_micros(setup, scenario, server)?;
        results.polls.push(Poll { scenario: name.to_owned(), activities, micros });
    }
    Ok(())
}

/// Updates a second by the number of writers.
fn writers(setup: &Setup, server: &Server) -> Outcome<Vec<(u32, f64)>> {
    setup.tell("updates a second by the number of writers");
    let rate = |writers| Ok((writers, rates::updates_per_second(setup, server, writers)?));
    WRITERS.into_iter().map(rate).collect()
}

/// S8: from the start of the process until somebody has logged in and has the answer to a poll.
fn start(setup: &Setup) -> Outcome<Start> {
    setup.tell("S8: from the start to the first answer");
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let server = Server::driftless(&setup.binary, &setup.data(), CACHE_MIB)?;
        let poll = server.question(&Scenario::Idle.draw(setup.content)).target;
        Connection::open(&server.base)?.get(&poll)?;
        times.push(begun.elapsed().as_secs_f64());
    }
    let seconds = median(times).ok_or("no start")?;
    Ok(Start { activities: setup.content.activities, seconds })
}

/// S6: everything, page by page on one connection, beside as many answers of the limit that are as
/// large. Whoever has nothing yet need not hear what has been removed; who does not say so gets the
/// list with every page.
fn first_sync(setup: &Setup, server: &Server, removed: bool) -> Outcome<FirstSync> {
    let said = if removed { "" } else { ", without the list of removed ids" };
    setup.tell(&format!("S6: the first sync of everything{said}"));
    let Content { activities, tombstones, .. } = setup.content;
    let pages = activities.div_ceil(SYNC_PAGE_SIZE.into());
    let times = SYNC_PAGES_MIN.div_ceil(pages);
    let ask = |server: &Server| -> Outcome<(f64, usize)> {
        let mut connection = Connection::open(&server.base)?;
        let (begun, mut bytes) = (Instant::now(), 0);
        for page in (0..times).flat_map(|_| 1..=pages) {
            let mut target = server.question(&Question::everything(page, SYNC_PAGE_SIZE)).target;
            if !removed {
                target += "&ignoreDeletedIdList=true";
            }
            bytes += connection.get(&target)?.len();
        }
        Ok((begun.elapsed().as_secs_f64() / times as f64, bytes / usize::try_from(times * pages)?))
    };
    let (mut rounds, mut bytes) = (Vec::new(), 0);
    for _ in 0..setup.rounds {
        let ours;
        (ours, bytes) = ask(server)?;
        let (limit, _) = ask(&Server::limit(&setup.folder, bytes, server)?)?;
        rounds.push(SyncRound { ours, limit });
    }
    Client::of(server).expect_no_failure()?;
    Ok(FirstSync { activities, tombstones, removed, pages, bytes, rounds })
}

/// S10: reads at half the limit's rate while writes go on, beside the limit under the same reads.
fn latency(setup: &Setup, server: &Server) -> Outcome<Latency> {
    setup.tell("S10: how long reads take at a fixed rate while writes go on");
    let polls = [Scenario::Idle, Scenario::Newest];
    let (reads, updates) = mixed(setup.content, server, &polls)?;
    let mut connection = Connection::open(&server.base)?;
    let mut bytes = 0;
    for read in &reads[..SAMPLES] {
        bytes += connection.get(&read.target)?.len();
    }
    let limit = Server::limit(&setup.folder, bytes / SAMPLES, server)?;
    let rate = |_| Ok(rates::rate(setup, &limit, rates::CONNECTIONS, &reads)?.per_second);
    let of_limit = median((0..setup.rounds).map(rate).collect::<Outcome<_>>()?);
    let per_second = of_limit.ok_or("no round")? / 2.0;
    let during = setup.during * 3;
    let read = |base| Steady { base, per_second, during, connections: READERS };
    let base = &server.base;
    let write =
        Steady { base, per_second: WRITES_PER_SECOND, during, connections: STEADY_CONNECTIONS };
    let round = |_| {
        let limit = read(&limit.base).run(&reads)?;
        let (reads, writes) =
            at_once(|| read(base).run(&reads), || write.run(&updates), || Ok(()))?;
        Ok(LatencyRound { reads, writes, limit })
    };
    Ok(Latency {
        activities: setup.content.activities,
        reads_per_second: per_second,
        writes_per_second: WRITES_PER_SECOND,
        rounds: (0..setup.rounds).map(round).collect::<Outcome<_>>()?,
    })
}

/// Reads, and updates of the older half of the activities, which leave the answers alone.
fn mixed(
    content: Content,
    server: &Server,
    scenarios: &[Scenario],
) -> Outcome<(Vec<Request>, Vec<Request>)> {
    let bounded = |question: Question| server.question(&question.bounded(content));
    // It is page 1 that begins a run.
    Connection::open(&server.base)?.get(&bounded(Question::everything(1, 10)).target)?;
    let read = |n: usize| bounded(scenarios[n % scenarios.len()].draw(content));
    let update = |_| server.update(&Update::draw(content.activities / 2));
    Ok(((0..REQUESTS).map(read).collect(), (0..REQUESTS).map(update).collect()))
}

/// Does two things at once, and looks at something now and then.
fn at_once(
    one: impl FnOnce() -> Outcome<Spread> + Send,
    other: impl FnOnce() -> Outcome<Spread> + Send,
    mut look: impl FnMut() -> Outcome<()>,
) -> Outcome<(Spread, Spread)> {
    std::thread::scope(|scope| {
        let (one, other) = (scope.spawn(one), scope.spawn(other));
        while !(one.is_finished() && other.is_finished()) {
            look()?;
            std::thread::sleep(Duration::from_millis(200));
        }
        let panicked = |_| "a sender panicked";
        Ok((one.join().map_err(panicked)??, other.join().map_err(panicked)??))
    })
}

/// S7: what the server holds with as good as no room for caches, after it was asked some.
fn memory(way: &Way, setup: &Setup) -> Outcome<Memory> {
    setup.tell("S7: memory beyond the caches");
    let bytes = held(setup)?;
    let activities = setup.content.activities;
    let half_bytes = held(&Setup::new(way, Content::of(activities / 2))?)?;
    Ok(Memory { activities, bytes, half_bytes })
}

/// What a server holds after it has answered for a while.
fn held(setup: &Setup) -> Outcome<u64> {
    let mut bytes = Vec::new();
    for _ in 0..STARTS {
        let server = Server::driftless(&setup.binary, &setup.data(), CACHE_MIB_LEAST)?;
        settle(server.id())?;
        let everything = server.question(&Question::everything(1, 10));
        rates::rate(setup, &server, rates::CONNECTIONS, &[everything])?;
        settle(server.id())?;
        bytes.push(memory_bytes(server.id())? as f64);
    }
    Ok(median(bytes).ok_or("no start")? as u64)
}

/// S9: polls over many organizations.
fn organizations(way: &Way, results: &mut Results) -> Outcome<()> {
    let (organizations, activities) = ORGANIZATIONS;
    let content = Content { organizations, ..Content::of(activities) };
    let setup = Setup::new(way, content)?;
    let server = setup.serve()?;
    for (name, scenario) in
        [("S9 nothing new", Scenario::Idle), ("S9 ten newest", Scenario::Newest)]
    {
        results.organizations.push(rates::spread(&setup, name, scenario, &server)?);
    }
    Ok(())
}

/// Reads of all kinds and updates at a moderate rate, for long.
fn soak(way: &Way, during: Duration) -> Outcome<Soak> {
    let setup = Setup::new(way, Content::of(TABLE_SIZES[0]))?;
    let server = Server::driftless(&setup.binary, &setup.data(), SOAK_CACHE_MIB)?;
    settle(server.id())?;
    setup.tell(&format!("soak: mixed load for {} s", during.as_secs()));
    let (base, scenarios) = (&server.base, SCENARIOS.map(|(_, scenario)| scenario));
    let (reads, updates) = mixed(setup.content, &server, &scenarios)?;
    let steady = |per_second| Steady { base, per_second, during, connections: STEADY_CONNECTIONS };
    let (begun, mut memory_begin, mut memory_max) = (Instant::now(), 0, 0);
    let (reads, writes) = at_once(
        || steady(SOAK_READS_PER_SECOND).run(&reads),
        || steady(SOAK_WRITES_PER_SECOND).run(&updates),
        || {
            let held = memory_bytes(server.id())?;
            memory_max = memory_max.max(held);
            if begun.elapsed() < during / SOAK_WARM_UP {
                memory_begin = held;
            }
            Ok(())
        },
    )?;
    Client::of(&server).expect_no_failure()?;
    let (seconds, memory_end) = (during.as_secs_f64(), memory_bytes(server.id())?);
    Ok(Soak { seconds, reads, writes, memory_begin, memory_end, memory_max })
}

//! The report: `performance.md` and its charts, from figures that have been measured.

use std::fmt::Write;
use std::path::Path;

use crate::charts::{SERVERS, charts};
use crate::results::{LatencyRound, MirrorPoll, MirrorRound, Mirrors, Rates, Results, Spread};
use crate::setup::default_folder;
use crate::table::table;
use crate::{Outcome, Report, run};

/// Measures what is wanted, and writes. What was only tried out goes to a folder of its own.
pub(crate) fn report(args: &Report) -> Outcome<()> {
    let mut folder = default_folder()?;
    let mut docs = Path::new("docs").to_owned();
    if args.quick {
        folder.push("quick");
        docs.clone_from(&folder);
    }
    std::fs::create_dir_all(&folder)?;
    let figures = folder.join("results.json");
    let measures_all = args.only.is_empty() && !args.render_only;
    let mut results = if measures_all { Results::default() } else { Results::read(&figures)? };
    if !args.render_only {
        let measured = run::measure(args, &mut results);
        results.write(&figures)?;
        measured?;
    }
    let drawn = docs.join("performance");
    std::fs::create_dir_all(&drawn)?;
    let mut text = page(&results)?;
    for (file, what, chart) in charts(&results) {
        std::fs::write(drawn.join(file), chart)?;
        writeln!(text, "\n![{what}](performance/{file})")?;
    }
    Ok(std::fs::write(docs.join("performance.md"), text)?)
}

fn page(results: &Results) -> Outcome<String> {
    let mut text = String::from("# Performance\n\n");
    if results.about.quick {
        text += "**Only tried out:** one short round, which says little.\n\n";
    }
    write!(
        text,
        "Written by `bench/run` on {date}; do not edit. It compares the released binary with the *limit*,\n\
         a bare hyper server that returns a prebuilt body of the same size, and with what people would use\n\
         instead: PocketBase, and FastAPI with PostgreSQL. All are measured in turn, on one computer.\n\n",
        date = results.about.date,
    )?;
    text += &table(results)?;
    text += &rates(results)?;
    text += &more(results)?;
    text += HOW;
    text += "\n## Where\n\n| | |\n| --- | --- |\n";
    for (name, value) in &results.about.facts {
        writeln!(text, "| {name} | {value} |")?;
    }
    text += "\n## Charts\n";
    Ok(text)
}

/// What all servers did, and what it cost them.
fn rates(results: &Results) -> Outcome<String> {
    let mut text = String::from(
        "\n## Requests a second, and microseconds of the processor for each\n\n| scenario | activities | bytes |",
    );
    SERVERS.iter().for_each(|(_, name, _)| text += &format!(" {name} |"));
    text += "\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for rates in results.rates.iter().chain(&results.organizations) {
        let Rates { scenario, activities, bytes, .. } = rates;
        let (activities, bytes) = (number(*activities as f64), number(*bytes as f64));
        write!(text, "| {scenario} | {activities} | {bytes} |")?;
        for (who, ..) in SERVERS {
            let per_second = rates.median(who, |rate| rate.per_second);
            let cpu = rates.median(who, |rate| rate.cpu_micros);
            match per_second.zip(cpu) {
                Some((per_second, cpu)) => {
                    write!(text, " {} · {} µs |", number(per_second), number(cpu))?;
                }
                None => text += " – |",
            }
        }
        text += "\n";
    }
    Ok(text)
}

/// What is behind the rows of the table that are no requests a second.
fn more(results: &Results) -> Outcome<String> {
    let mut text = String::from("\n## In figures\n\n");
    for updates in &results.updates {
        let activities = number(updates.activities as f64);
        let sqlite = crate::results::median(updates.rounds.iter().map(|r| r.sqlite).collect());
        write!(text, "- **Updates a second, {activities} activities**, 32 clients · one: ",)?;
        for (who, name, _) in SERVERS {
            let many = updates.rounds.iter().filter_map(|round| round.many.get(&who).copied());
            let one = updates.rounds.iter().filter_map(|round| round.one.get(&who).copied());
            let medians = crate::results::median(many.collect());
            if let Some((many, one)) = medians.zip(crate::results::median(one.collect())) {
                write!(text, "{name} {} · {}; ", number(many), number(one))?;
            }
        }
        writeln!(text, "bare SQLite commits {} rows.", number(sqlite.unwrap_or_default()))?;
    }
    for sync in &results.sync {
        let listed = if sync.removed { "" } else { " not asked for" };
        let [activities, tombstones, pages, bytes] =
            [sync.activities, sync.tombstones, sync.pages, sync.bytes as u64]
                .map(|n| number(n as f64));
        writeln!(
            text,
            "- **First sync of {activities} activities, {tombstones} tombstones{listed}:** {pages} pages of {bytes} bytes in {:.2} s; the limit {:.2} s.",
            sync.median(|round| round.ours).unwrap_or_default(),
            sync.median(|round| round.limit).unwrap_or_default()
        )?;
    }
    for memory in &results.memory {
        let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
        writeln!(
            text,
            "- **Memory, {} activities:** {:.1} MiB with a cache of 1 MiB; {:.1} MiB with half as many.",
            number(memory.activities as f64),
            mib(memory.bytes),
            mib(memory.half_bytes)
        )?;
    }
    for latency in &results.latency {
        let of: [fn(&LatencyRound) -> Spread; 3] =
            [|round| round.reads, |round| round.limit, |round| round.writes];
        let [ours, limit, writes] = of.map(|of| {
            let [median, p99] = [|spread: Spread| spread.median, |spread: Spread| spread.p99]
                .map(|micros| latency.median(|round| micros(of(round))).unwrap_or_default() / 1e3);
            format!("{median:.2} · {p99:.2} ms")
        });
        writeln!(
            text,
            "- **{} reads a second, {} activities**, median · 99th percentile: {ours} while {} updates a second go on (which take {writes}); the limit {limit} without them.",
            number(latency.reads_per_second),
            number(latency.activities as f64),
            number(latency.writes_per_second)
        )?;
    }
    for mirrors in &results.mirrors {
        text += &mirrored(mirrors);
    }
    if let Some(soak) = &results.soak {
        let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
        writeln!(
            text,
            "- **Soak:** {} reads of all kinds and {} updates in {} s, no error. 99.9th percentile {:.2} ms of reads, {:.2} ms of updates. Memory {:.1} MiB after a fifth of the time, {:.1} at the end, {:.1} at most.",
            number(soak.reads.requests as f64),
            number(soak.writes.requests as f64),
            number(soak.seconds),
            soak.reads.p999 / 1e3,
            soak.writes.p999 / 1e3,
            mib(soak.memory_begin),
            mib(soak.memory_end),
            mib(soak.memory_max)
        )?;
    }
    Ok(text)
}

/// What a mirror took.
fn mirrored(mirrors: &Mirrors) -> String {
    let activities = number(mirrors.activities as f64);
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    let [ours, limit] = [|round: &MirrorRound| round.ours, |round: &MirrorRound| round.limit]
        .map(|of| mirrors.median(of).unwrap_or_default());
    let share = mirrors.median(|round| round.limit / round.ours).unwrap_or_default();
    let dlt = mirrors.dlt_seconds.map_or(String::new(), |seconds| {
        format!(", dlt {seconds:.1} s ({} ×)", number((seconds / ours).floor()))
    });
    let [first, later] = mirrors.digest_seconds;
    let MirrorPoll { ours: poll, bare } = mirrors.poll;
    format!(
        "- **Mirror of {activities} activities:** first load into SQLite {ours:.2} s, the limit {limit:.2} s ({share:.2}){dlt}; {:.1} MiB at most. A poll with nothing new {} µs, a bare request {} µs ({:.1} ×). A comparison {:.2} s in {} requests with {:.1} MiB at most, of which the server's digest {first:.2} s, the second time {later:.2} s.\n",
        mib(mirrors.memory),
        number(poll.round()),
        number(bare.round()),
        poll / bare,
        mirrors.compare_seconds,
        mirrors.compare_requests,
        mib(mirrors.compare_memory),
    )
}

const HOW: &str = "
## How it is measured, and how to repeat it

```sh
bench/run            # everything; run nothing else on the computer meanwhile
bench/run --quick    # a quick trial
```

- wrk sends random requests: one thread, 8 connections that are kept open. Rounds alternate: the limit, Driftless,
  PocketBase, FastAPI. Shares are calculated within a round; figures are medians of the rounds. The soak runs once.
- Before each run, some answers are checked: they must contain the expected number of records. Any answer that is an error,
  in a run or in Driftless's own metrics, ends the measurement.
- Every answer of Driftless is complete: session checked, totals correct, metrics counted, log line written to a file.
- Processor time is what the server's processes used, including PostgreSQL's, from `/proc`.
- PocketBase and FastAPI get the same 100,000 records with an index on the time of change. PocketBase is queried by its
  superuser, because it delays empty answers for everyone else. PostgreSQL is set up as Debian's package does it. uvicorn has
  uvloop, httptools, and as many workers as there are cores.
- S5 keeps the history and the search index, which the benchmark's own command fills along with the log.
- S6 uses one connection and requests one page after another. The list of removed ids comes with every page, unless a script
  sends `ignoreDeletedIdList=true`: with all pages, since a run is the pages of exactly the same request. A script that has
  no data yet can do so. With 100,000 activities, at most the first pass reads the records from the store; the median is
  of a pass that finds them in memory. With ten million, every round reads them.
- S7 is the memory that the server uses with a cache of 1 MiB, minus what it uses with half as many activities, divided by
  that half. Each is the median of five starts, one after another, on a folder in which nothing has been updated. Starts
  differ by about a MiB, which is 21 bytes of the figure with 100,000 activities.
- S10 and the soak send at a fixed rate, from one thread for reads and one for updates. Requests are due in whole
  milliseconds, the reads of S10 over 64 connections, all others over 32. Times are measured from when a request was due, so
  waiting behind a late answer counts.
- Mirrors: the binary's `mirror run` into an empty database, from its start to its end. The limit is a loop over the same HTTP
  client that requests the same pages and writes the same rows with one prepared statement, a transaction for each page,
  without any checks. dlt's REST source loads the same pages into DuckDB, with Python's start. A poll is a run of a mirror
  that stays (`--every`), a bare request is the same request over the same client; both are medians.
- The soak has a cache of 64 MiB, so that it is full after a fifth of the time and later growth can be seen.
- The figures are stored in `target/bench/results.json`. `bench/run --render-only` writes this page again from them, and
  `--only rates,soak` repeats some measurements. Date and commit are those of the latest measurement.
";

/// With commas between the thousands; small ones with a decimal.
pub(crate) fn number(value: f64) -> String {
    if value != value.round() && value.abs() < 10.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            ["0.5", "12", "999", "1,000", "10,000,000"],
            [0.5, 12.3, 999.0, 1e3, 1e7].map(number).as_slice()
        );
    }
}

//! `compare`: asks two servers of API v1 the same questions. It needs no data folder.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use mirror::compare::{Asked, Difference, Extent, Kind, MEMBERS, SET_ASIDE, Side, compare};
use mirror::source::PAGE_SIZE;
use mirror::{Patience, Stop};
use serde::Serialize;

use crate::api_key;
use crate::commands::{Ending, Failure, Usage};
use crate::signals::stop_on_signals;

/// A longer file of requests is not read.
const REQUESTS_BYTES_MAX: u64 = 16 << 20;

#[derive(Args, Debug)]
pub(crate) struct Compare {
    /// The address of the first server, for example the vendor's.
    #[arg(long, env = "DRIFTLESS_COMPARE_LEFT", value_name = "URL")]
    left: String,
    /// The organization's id on the first server.
    #[arg(long, env = "DRIFTLESS_COMPARE_LEFT_ORG", value_name = "ORG")]
    left_org: String,
    /// A file whose first line is the API key for the first server. Without it, the key is read from the
    /// environment: DRIFTLESS_COMPARE_LEFT_KEY.
    #[arg(long, env = "DRIFTLESS_COMPARE_LEFT_KEY_FILE", value_name = "FILE")]
    left_key_file: Option<PathBuf>,
    /// The address of the second server, for example the one that is to replace it.
    #[arg(long, env = "DRIFTLESS_COMPARE_RIGHT", value_name = "URL")]
    right: String,
    /// The organization's id on the second server [default: that on the first].
    #[arg(long, env = "DRIFTLESS_COMPARE_RIGHT_ORG", value_name = "ORG")]
    right_org: Option<String>,
    /// A file whose first line is the API key for the second server. Without it, the key is read from the
    /// environment: DRIFTLESS_COMPARE_RIGHT_KEY.
    #[arg(long, env = "DRIFTLESS_COMPARE_RIGHT_KEY_FILE", value_name = "FILE")]
    right_key_file: Option<PathBuf>,
    /// A file of more requests, one on each line: account/syncActivities?…, an address, or a line of a log
    /// that contains one. Only methods that list, retrieve or sync are accepted, since others may change something.
    #[arg(long, env = "DRIFTLESS_COMPARE_REQUESTS", value_name = "FILE")]
    requests: Option<PathBuf>,
    /// How many activities are compared, the oldest change first.
    #[arg(long, env = "DRIFTLESS_COMPARE_RECORDS", default_value_t = 1_000, value_name = "NUMBER")]
    records: u64,
    /// A member whose value is allowed to differ; can be given several times. userSessionId and
    /// responseDateTime always are.
    #[arg(long, env = "DRIFTLESS_COMPARE_SET_ASIDE", value_name = "MEMBER", value_delimiter = ',')]
    set_aside: Vec<String>,
    /// How the result is written.
    #[arg(long, env = "DRIFTLESS_COMPARE_FORMAT", default_value = "text", value_name = "FORMAT")]
    format: Format,
    /// Keep trying that long if a server is not available.
    #[arg(long, env = "DRIFTLESS_COMPARE_PATIENCE", default_value = "1m", value_name = "DURATION",
          value_parser = humantime::parse_duration)]
    patience: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people: a line for each question, and its differences below.
    Text,
    /// One JSON object.
    Json,
}

/// The result as JSON.
#[derive(Serialize)]
struct Comparison<'r> {
    left: &'r str,
    right: &'r str,
    set_aside: Vec<&'r str>,
    asked: usize,
    different: usize,
    questions: &'r [Asked],
}

pub(crate) fn run(command: &Compare) -> Result<Ending, Failure> {
    expect_members(&command.set_aside)?;
    let stop = stop_on_signals()?;
    let left_key = api_key::read(
        command.left_key_file.as_deref(),
        "--left-key-file",
        "DRIFTLESS_COMPARE_LEFT_KEY",
    )?;
    let right_key = api_key::read(
        command.right_key_file.as_deref(),
        "--right-key-file",
        "DRIFTLESS_COMPARE_RIGHT_KEY",
    )?;
    let right_org = command.right_org.as_ref().unwrap_or(&command.left_org);
    let mut left = side(command, &command.left, &command.left_org, &left_key, &stop)?;
    let mut right = side(command, &command.right, right_org, &right_key, &stop)?;
    let extent = Extent {
        pages_max: command.records.div_ceil(PAGE_SIZE),
        recorded: requests(command)?,
        set_aside: command.set_aside.clone(),
    };
    let mut all = Vec::new();
    let (mut unwritten, mut shown) = (None, HashSet::new());
    compare(&mut left, &mut right, &extent, &mut |asked| {
        if matches!(command.format, Format::Text) && unwritten.is_none() {
            unwritten = say(&asked, &mut shown).err();
        }
        all.push(asked);
    })?;
    unwritten.map_or(Ok(()), Err)?;
    conclude(command.format, &left, &right, &all, &extent)
}

/// Refuses what is no member: misspelled, it would be set aside without effect.
fn expect_members(set_aside: &[String]) -> Result<(), Usage> {
    let is_unknown = |name: &&String| !MEMBERS.iter().chain(&SET_ASIDE).any(|known| known == name);
    let unknown = set_aside.iter().find(is_unknown);
    unknown.map_or(Ok(()), |name| {
        let known = MEMBERS.join(", ");
        Err(Usage(format!(
            "--set-aside {name}: no answer has such a member. These can be set aside: {known}"
        )))
    })
}

fn side(
    command: &Compare,
    address: &str,
    organization: &str,
    key: &str,
    stop: &Stop,
) -> Result<Side, Failure> {
    let patience = Patience { total: command.patience, ..Patience::default() };
    crate::mirror::source(Side::new(address, organization, key, patience, stop.clone()))
}

fn requests(command: &Compare) -> Result<String, Failure> {
    let Some(file) = &command.requests else { return Ok(String::new()) };
    let unreadable = |problem: io::Error| {
        io::Error::new(problem.kind(), format!("{}: {problem}", file.display()))
    };
    let mut text = String::new();
    let opened = fs::File::open(file).map_err(unreadable)?;
    let read = opened.take(REQUESTS_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if read as u64 > REQUESTS_BYTES_MAX {
        return Err(unreadable(io::Error::other("larger than 16 MiB")).into());
    }
    Ok(text)
}

/// A line for a question and each of its differences. One that was told before is only counted.
fn say(asked: &Asked, shown: &mut HashSet<(String, Kind)>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let word = if asked.differences.is_empty() { "same" } else { "different" };
    writeln!(out, "{word:9}  {}", asked.question)?;
    let mut known = 0;
    for difference in &asked.differences {
        match shown.insert((difference.path.clone(), difference.kind)) {
            true => writeln!(out, "             {}", sentence(difference))?,
            false => known += 1,
        }
    }
    if known > 0 {
        writeln!(out, "             {known} as above")?;
    }
    out.flush()
}

/// A difference, for people.
fn sentence(difference: &Difference) -> String {
    let Difference { path, kind, count, activity, left, right } = difference;
    let what = match kind {
        Kind::Status | Kind::Value => "another value",
        Kind::Header => "another header",
        Kind::Body => "another body",
        Kind::OnlyLeft => "only on the left",
        Kind::OnlyRight => "only on the right",
        Kind::Type => "another type",
        Kind::Form => "written differently",
        Kind::Order => "another order",
    };
    let often = if *count > 1 { format!(" ({count} times)") } else { String::new() };
    let example = activity.map(|id| format!(" in activity {id}")).unwrap_or_default();
    let path = if path.is_empty() { "the answer" } else { path };
    match kind {
        Kind::OnlyLeft => format!("{path}: {what}{often}:{example} {left}"),
        Kind::OnlyRight => format!("{path}: {what}{often}:{example} {right}"),
        _ => format!("{path}: {what}{often}:{example} left {left}, right {right}"),
    }
}

fn conclude(
    format: Format,
    left: &Side,
    right: &Side,
    all: &[Asked],
    extent: &Extent,
) -> Result<Ending, Failure> {
    let different = all.iter().filter(|asked| !asked.differences.is_empty()).count();
    let mut out = io::stdout().lock();
    let set_aside: Vec<&str> =
        SET_ASIDE.into_iter().chain(extent.set_aside.iter().map(String::as_str)).collect();
    match format {
        Format::Text => {
            let named = |side: &Side| match side.version() {
                Some(version) => format!("{} (Driftless {version})", side.address()),
                None => side.address().to_owned(),
            };
            writeln!(out, "\nleft   {}\nright  {}", named(left), named(right))?;
            let set_aside = set_aside.join(", ");
            writeln!(
                out,
                "{} questions, {different} answered differently; set aside: {set_aside}",
                all.len()
            )?;
        }
        Format::Json => {
            let (left, right) = (left.address(), right.address());
            let result =
                Comparison { left, right, set_aside, asked: all.len(), different, questions: all };
            serde_json::to_writer_pretty(&mut out, &result).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(if different == 0 { Ending::Done } else { Ending::Warning })
}

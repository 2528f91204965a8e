//! Driftless: the command line, the configuration, and the composition root.
//!
//! `cli` defines what can be typed. `demo` and `serve` run a server; every other command runs in
//! `commands`, here or (through `remote`) in the server that owns the data folder, which `folder` finds
//! out. Only this crate names a back-end.

mod address;
mod api_key;
mod cli;
mod commands;
mod compare;
mod console;
mod demo;
mod folder;
mod follow;
mod forwarded;
mod front;
mod health;
mod hint;
mod log;
mod mirror;
mod observe;
mod private;
mod prompt;
mod remote;
mod request_log;
mod serve;
mod service_manager;
mod signals;
mod text;

use std::error::Error;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use service::AcceptClock;

use crate::cli::{Cli, Command, Key, Org, Tuning, Work};
use crate::commands::{Ending, Failure, LocalFiles, Usage};
use crate::console::{Console, Terminal, Unread};
use crate::folder::{Access, Folder};

/// The exit code of monitoring plugins that could not check.
const UNKNOWN: u8 = 3;

/// Runs a command line: all that the binary does.
#[must_use]
pub fn run(line: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Where it cannot be had, such a file ends the process as before.
    let _ = signals::survive_limits();
    let line: Vec<OsString> = line.into_iter().collect();
    let cli = Cli::try_parse_from(&line).unwrap_or_else(|refused| {
        let _ = refused.print();
        std::process::exit(usage_code(&refused, &line));
    });
    let is_for_monitoring = matches!(&cli.command, Command::Work(Work::Key(Key::Check { .. })));
    match carry_out(cli).map_err(hint::hinted) {
        Ok(ending) => ExitCode::from(ending.code()),
        Err(failure) if is_unread(&failure) => ExitCode::SUCCESS,
        Err(failure) if is_for_monitoring => {
            let problem = format_args!("KEYS UNKNOWN - {failure}\n");
            let _ = io::Write::write_fmt(&mut io::stdout(), problem);
            ExitCode::from(UNKNOWN)
        }
        Err(failure) => {
            let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("driftless: {failure}\n"));
            match failure.is::<Usage>() {
                true => ExitCode::from(Usage::CODE),
                false => ExitCode::FAILURE,
            }
        }
    }
}

/// The exit code for wrong usage. Monitoring would take the usual 2 of `key check`
/// for lost changes.
fn usage_code(refused: &clap::Error, line: &[OsString]) -> i32 {
    let cli = Cli::command();
    let is_key = |word: &OsString| word == "key" || word == "keys";
    let is_command = |word: &&OsString| is_key(word) || cli.find_subcommand(word).is_some();
    let is_of_keys = line.iter().find(is_command).is_some_and(is_key);
    if refused.use_stderr() && is_of_keys { UNKNOWN.into() } else { refused.exit_code() }
}

/// Only the results may be cut short: any other pipe that breaks is a failure.
fn is_unread(failure: &Failure) -> bool {
    let cause = failure.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    cause.is_some_and(<dyn Error + Send + Sync>::is::<Unread>)
}

fn carry_out(cli: Cli) -> Result<Ending, Failure> {
    let path = cli.data_folder();
    match cli.command {
        Command::Demo(demo) => demo::run(&path, &demo).map(|()| Ending::Done),
        Command::Serve(serve) => serve::run(&path, &serve).map(|()| Ending::Done),
        Command::Health(health) => health::run(&health),
        Command::Mirror(mirror) => mirror::run(&mirror, &path, cli.data.is_some()),
        Command::Compare(command) => compare::run(&command),
        Command::Work(mut work) => {
            if let Work::Import(import) = &mut work {
                import.keep_columns()?;
            }
            let typed = prompt::ask(&work)?;
            let create = matches!(work, Work::Org(Org::Add { .. }));
            match folder::access(&path, create)? {
                Access::Owned(folder) => work_here(&folder, &work, typed),
                Access::Served(stream) => {
                    let mut terminal = Terminal::of(&work);
                    remote::ask(&stream, work, typed, &mut terminal)
                }
            }
        }
    }
}

fn work_here(folder: &Folder, work: &Work, typed: Option<String>) -> Result<Ending, Failure> {
    let mut terminal = Terminal::of(work);
    if matches!(work, Work::Check) {
        // Without putting it to work: what is damaged could not be.
        let store = store_sqlite::SqliteStore::open(&folder.path)?;
        note(&private::mend(&folder.path)?, &mut terminal)?;
        return commands::check(&store, &mut terminal).map(|()| Ending::Done);
    }
    let accept_clock = if work.needs_no_clock() { AcceptClock::Kept } else { AcceptClock::Near };
    let context = serve::open(folder, &Tuning::default(), accept_clock, false)?;
    note(&context.mended, &mut terminal)?;
    let done = commands::run(work, &context, &mut LocalFiles { typed }, &mut terminal);
    context.service.close();
    done
}

fn note(sentences: &[String], terminal: &mut Terminal) -> io::Result<()> {
    sentences.iter().try_for_each(|sentence| terminal.note(sentence))
}

//! Where a command writes: results to standard output, everything else to standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use thiserror::Error;

use crate::cli::Work;

/// Where a command's output goes, on this computer or elsewhere.
pub(crate) trait Console {
    /// A piece of the result.
    fn print(&mut self, text: &str) -> io::Result<()>;

    /// A line about the result.
    fn note(&mut self, line: &str) -> io::Result<()>;

    /// How far long work has come.
    fn progress(&mut self, what: &str, done: u64, total: Option<u64>) -> io::Result<()>;
}

/// The reader of the results is gone, and so has seen enough.
#[derive(Debug, Error)]
#[error("the reader of the results is gone")]
pub(crate) struct Unread;

/// Where there is no terminal, progress is a line this often.
const PROGRESS_LINE_EVERY: Duration = Duration::from_secs(2);

/// This process's own standard output and error.
pub(crate) struct Terminal {
    /// Whether work continues when the reader of the results is gone: its exit code is a result too.
    goes_on_unread: bool,
    bar: Option<ProgressBar>,
    is_terminal: bool,
    last_line: Instant,
}

impl Terminal {
    pub(crate) fn new() -> Terminal {
        let is_terminal = io::stderr().is_terminal();
        Terminal { goes_on_unread: false, bar: None, is_terminal, last_line: Instant::now() }
    }

    /// One for this work.
    pub(crate) fn of(work: &Work) -> Terminal {
        let mut terminal = Terminal::new();
        terminal.goes_on_unread = work.is_check();
        terminal
    }

    fn bar(&mut self, what: &str, total: Option<u64>) -> &ProgressBar {
        let same = self.bar.as_ref().is_some_and(|bar| bar.message() == what);
        if !same {
            self.clear();
        }
        self.bar.get_or_insert_with(|| {
            let bar = match total {
                Some(total) => ProgressBar::new(total),
                None => ProgressBar::new_spinner(),
            };
            let template = match total {
                Some(_) => "{msg} {wide_bar} {human_pos} of {human_len}, {rate}/s, {eta} left",
                None => "{spinner} {msg} {human_pos}",
            };
            bar.set_style(
                ProgressStyle::with_template(template)
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .with_key("rate", |state: &ProgressState, rate: &mut dyn fmt::Write| {
                        let _ = write!(rate, "{:.0}", state.per_sec());
                    }),
            );
            bar.set_message(what.to_owned());
            bar
        })
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Console for Terminal {
    fn print(&mut self, text: &str) -> io::Result<()> {
        self.clear();
        match io::stdout().write_all(text.as_bytes()) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => match self.goes_on_unread {
                true => Ok(()),
                false => Err(io::Error::new(e.kind(), Unread)),
            },
            done => done,
        }
    }

    // What is told beside the results need not be read.
    fn note(&mut self, line: &str) -> io::Result<()> {
        self.clear();
        let _ = writeln!(io::stderr(), "{line}");
        Ok(())
    }

    fn progress(&mut self, what: &str, done: u64, total: Option<u64>) -> io::Result<()> {
        if self.is_terminal {
            let bar = self.bar(what, total);
            bar.set_position(done);
            if let Some(total) = total {
                bar.set_length(total);
            }
            return Ok(());
        }
        if self.last_line.elapsed() < PROGRESS_LINE_EVERY {
            return Ok(());
        }
        self.last_line = Instant::now();
        let of = total.map_or_else(String::new, |total| format!(" of {total}"));
        let _ = writeln!(io::stderr(), "{what}: {done}{of}");
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.clear();
        let _ = io::stdout().flush();
    }
}

/// Rows in columns, for people and for `awk`.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut text = line(head.to_vec());
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

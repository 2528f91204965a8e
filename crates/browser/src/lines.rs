//! The lines that a process writes, as they come.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use crate::WAIT_MAX;

/// The output of a process that has not been read yet. It is collected to the end, so that the process never waits
/// for a reader.
#[derive(Debug)]
pub(crate) struct Lines(Receiver<String>);

impl Lines {
    /// Reads a pipe on a thread of its own.
    #[track_caller]
    pub(crate) fn of(pipe: Option<impl Read + Send + 'static>) -> Lines {
        let pipe = pipe.expect("the output is piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Lines(lines)
    }

    /// Waits for a line that has something in it.
    #[track_caller]
    pub(crate) fn find<T>(&self, what: &str, has: impl Fn(&str) -> Option<T>) -> T {
        let until = Instant::now() + WAIT_MAX;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.0.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no line tells {what}"));
            if let Some(found) = has(&line) {
                return found;
            }
        }
    }

    /// All that is there now.
    pub(crate) fn rest(&self) -> Vec<String> {
        self.0.try_iter().collect()
    }
}

//! Commands that are typed while a server owns the folder: they travel to it through the socket in
//! the folder, are done there, and what they say travels back.
//!
//! A line of JSON says what to do; for an import the files follow, in chunks, each file ended by an
//! empty chunk. Back come frames, a line of JSON each, the last of which says how it ended; the one
//! that announces a backup has its bytes behind it.
//!
//! Files are opened, and made, by whoever typed the command: the server neither needs the right to,
//! nor does a path mean the same to it.

mod ask;
mod serve;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cli::Work;
use crate::commands::Ending;

pub(crate) use ask::ask;
pub(crate) use serve::{clear_copies, serve};

/// Commands that a server does at the same time.
const COMMANDS_MAX: usize = 8;

/// The longest line that says what to do.
const REQUEST_BYTES_MAX: u64 = 1 << 20;

/// How long whoever has connected may take to say what to do, and the server to say that it has heard.
const REQUEST_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long the next piece of a file may take: it may come from a slow program's output.
const CHUNK_WAIT_MAX: Duration = Duration::from_secs(600);

/// How long whoever typed a command may leave unread what it says: people page through an export.
pub(crate) const READER_WAIT_MAX: Duration = Duration::from_secs(600);

/// Files travel in chunks of this size; larger ones are not taken.
const CHUNK_BYTES: usize = 64 << 10;

#[derive(Serialize, Deserialize)]
struct Request {
    version: String,
    work: Work,
}

#[derive(Serialize, Deserialize)]
enum Frame {
    /// The server is there and begins: the first of all frames.
    Heard,
    Print(String),
    Note(String),
    Progress {
        what: String,
        done: u64,
        total: Option<u64>,
    },
    /// So many bytes follow, which are a backup.
    Backup {
        bytes: u64,
    },
    Done(Ending),
    Failed(String),
}

fn send(mut to: impl Write, frame: &Frame) -> io::Result<()> {
    let mut line = serde_json::to_vec(frame)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

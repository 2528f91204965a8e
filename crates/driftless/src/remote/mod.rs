//! Commands that run while a server owns the folder: they are sent to it through the socket in the folder,
//! run there, and their output is sent back.
//!
//! The request is a line of JSON; for an import the files follow in chunks, each file ended by an empty
//! chunk. The answer is a sequence of frames, one line of JSON each, the last of which has the result; the
//! frame that announces a backup is followed by its bytes.
//!
//! Files are opened and created by the command's own process: the server may not have the permission to do so,
//! and a path may mean something else to it.

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

/// How long a client may take to send its command, and the server to acknowledge it.
const REQUEST_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long the next piece of a file may take: it may come from a slow program's output.
const CHUNK_WAIT_MAX: Duration = Duration::from_secs(600);

/// How long a command's output may stay unread: people page through an export.
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
    /// The server has started the command: the first of all frames.
    Heard,
    Print(String),
    Note(String),
    Progress {
        what: String,
        done: u64,
        total: Option<u64>,
    },
    /// A backup of this many bytes follows.
    Backup {
        /// Under which name it is written.
        name: String,
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

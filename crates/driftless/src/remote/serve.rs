//! The server's end: accepts commands, runs them, and sends back their output.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use store_sqlite::DATABASE_FILE;
use tokio::sync::Semaphore;

use super::{
    CHUNK_BYTES, CHUNK_WAIT_MAX, COMMANDS_MAX, Frame, REQUEST_BYTES_MAX, REQUEST_WAIT_MAX, Request,
    send,
};
use crate::cli::{Follow, What, Work};
use crate::commands::{self, Context, Failure, Files};
use crate::console::Console;
use crate::hint;
use edge::Outage;

/// Accepting fails when the process is out of file descriptors: trying again at once would only burn
/// the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Copies for backups are made in folders of the data folder whose names begin so.
const COPY_PREFIX: &str = "backup-";

/// Serves commands until the listener's thread ends with the process. What commands work on is not
/// kept open for it. `reader_wait` is [`READER_WAIT_MAX`](super::READER_WAIT_MAX).
pub(crate) fn serve(
    listener: UnixListener,
    context: Weak<Context>,
    reader_wait: Duration,
) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(COMMANDS_MAX));
    let accepting = move || {
        let mut outage = Outage::default();
        while context.strong_count() > 0 {
            match listener.accept() {
                Ok((stream, _)) => {
                    // Without it a reader that stops would keep the slot.
                    match stream.set_write_timeout(Some(reader_wait)) {
                        Ok(()) => take(stream, &context, &slots),
                        Err(problem) => tracing::warn!(%problem, "cannot accept a command"),
                    }
                }
                Err(problem) => {
                    outage.failed("commands", &problem);
                    pause();
                }
            }
        }
    };
    thread::Builder::new().name("commands".to_owned()).spawn(accepting).map(|_| ())
}

/// Nothing tells when there are file descriptors again.
#[expect(clippy::disallowed_methods, reason = "bounded, and on a thread of its own")]
fn pause() {
    thread::sleep(ACCEPT_PAUSE);
}

fn take(stream: UnixStream, context: &Weak<Context>, slots: &Arc<Semaphore>) {
    let Some(context) = context.upgrade() else { return };
    let Ok(slot) = slots.clone().try_acquire_owned() else {
        let busy =
            format!("the server is already running {COMMANDS_MAX} commands; try again later");
        let _ = send(&stream, &Frame::Failed(busy));
        return;
    };
    let doing = move || {
        // Given back however this ends, even if it never begins.
        let _slot = slot;
        if let Err(problem) = answer(&stream, &context) {
            tracing::warn!(%problem, "a command failed, and its result could not be delivered");
        }
    };
    if let Err(problem) = thread::Builder::new().name("command".to_owned()).spawn(doing) {
        tracing::error!(%problem, "cannot start a thread for a command");
    }
}

fn answer(stream: &UnixStream, context: &Context) -> Result<(), Failure> {
    let mut source = BufReader::with_capacity(CHUNK_BYTES, stream);
    let mut line = Vec::new();
    stream.set_read_timeout(Some(REQUEST_WAIT_MAX))?;
    source.by_ref().take(REQUEST_BYTES_MAX).read_until(b'\n', &mut line).map_err(silent)?;
    if line.is_empty() {
        return Ok(()); // Somebody only looked whether there is a server.
    }
    stream.set_read_timeout(Some(CHUNK_WAIT_MAX))?;
    let mut console = Remote(BufWriter::with_capacity(CHUNK_BYTES, Back(stream)));
    console.send(&Frame::Heard)?;
    let done = understand(&line).and_then(|work| {
        match &work {
            // One for each page.
            Work::Follow(Follow { what, .. }) if !matches!(what, What::Finish { .. }) => {
                tracing::debug!(command = work.name(), "running a command");
            }
            _ => tracing::info!(command = work.name(), "running a command"),
        }
        let mut files = SentFiles { source: &mut source, back: Back(stream) };
        commands::run(&work, context, &mut files, &mut console)
    });
    match done {
        Ok(ending) => Ok(console.send(&Frame::Done(ending))?),
        // What cannot be told there is told in the log.
        Err(problem) => {
            let problem = hint::hinted(problem);
            console.send(&Frame::Failed(problem.to_string())).map_err(|_| problem)
        }
    }
}

/// Says what a read that has timed out means.
fn silent(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            io::Error::new(io::ErrorKind::TimedOut, "the client sent nothing for too long")
        }
        _ => error,
    }
}

fn understand(line: &[u8]) -> Result<Work, Failure> {
    #[derive(Deserialize)]
    struct Version {
        version: String,
    }
    let (ours, theirs) =
        (env!("CARGO_PKG_VERSION"), serde_json::from_slice::<Version>(line)?.version);
    if theirs != ours {
        let problem = format!(
            "the server runs Driftless {ours}, this command is {theirs}: use the same release"
        );
        return Err(problem.into());
    }
    Ok(serde_json::from_slice::<Request>(line)?.work)
}

/// The connection back to the command. It ends when the output is not read: further output
/// would only block again.
#[derive(Clone, Copy)]
struct Back<'a>(&'a UnixStream);

impl Write for Back<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                let _ = self.0.shutdown(Shutdown::Both);
                io::Error::new(io::ErrorKind::TimedOut, "the output was not read for too long")
            }
            _ => error,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A console at the other end of the socket.
struct Remote<'a>(BufWriter<Back<'a>>);

impl Remote<'_> {
    fn send(&mut self, frame: &Frame) -> io::Result<()> {
        send(&mut self.0, frame)
    }
}

impl Console for Remote<'_> {
    fn print(&mut self, text: &str) -> io::Result<()> {
        self.send(&Frame::Print(text.to_owned()))
    }

    fn note(&mut self, line: &str) -> io::Result<()> {
        self.send(&Frame::Note(line.to_owned()))
    }

    fn progress(&mut self, what: &str, done: u64, total: Option<u64>) -> io::Result<()> {
        self.send(&Frame::Progress { what: what.to_owned(), done, total })
    }
}

/// The files of the command: those of an import arrive one after the other, a backup goes
/// back between two frames.
struct SentFiles<'a, R> {
    source: &'a mut R,
    back: Back<'a>,
}

impl<R: BufRead> Files for SentFiles<'_, R> {
    fn open(&mut self, _: &Path) -> io::Result<Box<dyn BufRead + '_>> {
        let SentFiles { source, back } = self;
        let chunks = Chunks { source, back: back.0, left: 0, ended: false };
        Ok(Box::new(BufReader::with_capacity(CHUNK_BYTES, chunks)))
    }

    /// The copy is made in the data folder, where there is the right to, and has no name any more
    /// when it is sent: however that ends, nothing of it is left.
    fn back_up(&mut self, context: &Context, _: &Path) -> Result<(), Failure> {
        let folder = tempfile::Builder::new().prefix(COPY_PREFIX).tempdir_in(&context.folder)?;
        context.store.backup(folder.path())?;
        // The database comes last: without it, there is no backup.
        let mut names = crate::follow::copy_aside(&context.folder, folder.path())?;
        names.push(DATABASE_FILE.to_owned());
        let open = |name: String| Ok((File::open(folder.path().join(&name))?, name));
        let copies: io::Result<Vec<(File, String)>> = names.into_iter().map(open).collect();
        let copies = copies?;
        folder.close()?;
        for (copy, name) in copies {
            let bytes = copy.metadata()?.len();
            send(self.back, &Frame::Backup { name, bytes })?;
            let mut back = BufWriter::with_capacity(CHUNK_BYTES, self.back);
            io::copy(&mut copy.take(bytes), &mut back)?;
            back.flush()?;
        }
        Ok(())
    }
}

/// Takes away copies that a killed server has left behind. For the folder's owner alone.
pub(crate) fn clear_copies(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_copy = entry.file_name().to_string_lossy().starts_with(COPY_PREFIX);
        if is_copy && entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// One file in chunks. What a reader leaves of it is skipped, so that the next file follows.
struct Chunks<'a, R: BufRead> {
    source: &'a mut R,
    back: &'a UnixStream,
    left: usize,
    ended: bool,
}

impl<R: BufRead> Chunks<'_, R> {
    fn next(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let mut len = [0; 4];
            self.source.read_exact(&mut len)?;
            self.left = u32::from_le_bytes(len) as usize;
            self.ended = self.left == 0;
            if self.left > CHUNK_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a chunk is too large"));
            }
        }
        let wanted = buffer.len().min(self.left);
        if wanted == 0 {
            // Even a read of nothing would wait for the sender, who now waits for an answer.
            return Ok(0);
        }
        let read = self.source.read(&mut buffer[..wanted])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        Ok(read)
    }
}

impl<R: BufRead> Read for Chunks<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        self.next(buffer).map_err(|error| {
            // Nothing behind this can be told apart: the files that would follow have ended too.
            self.ended = true;
            let _ = self.back.shutdown(Shutdown::Read);
            silent(error)
        })
    }
}

impl<R: BufRead> Drop for Chunks<'_, R> {
    fn drop(&mut self) {
        let _ = io::copy(self, &mut io::sink());
    }
}

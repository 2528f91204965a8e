//! The command's end: sends it with its files, and shows the server's output.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;

use store_sqlite::BackupError;

use super::{CHUNK_BYTES, Frame, REQUEST_WAIT_MAX, Request};
use crate::cli::Work;
use crate::commands::{Ending, Failure, Files, LocalFiles};
use crate::console::Console;

/// Lets the server behind the stream do the work. Text already typed replaces standard input.
pub(crate) fn ask(
    stream: &UnixStream,
    work: Work,
    typed: Option<String>,
    console: &mut dyn Console,
) -> Result<Ending, Failure> {
    let files = work.files();
    let undone = match &work {
        Work::Import(_) => "nothing was imported",
        _ => "nothing was changed",
    };
    let destination = match &work {
        Work::Backup(backup) => Some(Destination::make(&backup.destination)?),
        _ => None,
    };
    let request = Request { version: env!("CARGO_PKG_VERSION").to_owned(), work };
    let mut line = serde_json::to_vec(&request)?;
    line.push(b'\n');
    if (&*stream).write_all(&line).is_err() {
        // The server says best why it does not listen; its silence is a failure too.
        return listen(stream, destination.as_ref(), console);
    }
    thread::scope(|scope| {
        // A thread of its own, since the server may say much before it has read all.
        let sending = scope.spawn(move || send_files(&files, typed, undone, stream));
        let answer = listen(stream, destination.as_ref(), console);
        let sent = sending
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("sending the files ended unexpectedly")));
        match (answer, sent) {
            // The server says best what is wrong, except when it only noticed that we stopped.
            (_, Err(e)) if !is_hung_up(&e) => Err(e.into()),
            (answer, _) => answer,
        }
    })
}

/// The other end has stopped reading; which of the two it is depends on what it left unread.
fn is_hung_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

fn send_files(
    files: &[PathBuf],
    typed: Option<String>,
    undone: &str,
    stream: &UnixStream,
) -> io::Result<()> {
    let mut local = LocalFiles { typed };
    let mut out = BufWriter::with_capacity(CHUNK_BYTES + 4, stream);
    for path in files {
        let named = |e: io::Error| {
            let _ = stream.shutdown(std::net::Shutdown::Write);
            io::Error::new(e.kind(), format!("cannot read {}: {e}\n{undone}", path.display()))
        };
        let mut source = local.open(path).map_err(named)?;
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let len = source.read(&mut chunk).map_err(named)?;
            out.write_all(&u32::try_from(len).unwrap_or(0).to_le_bytes())?;
            out.write_all(&chunk[..len])?;
            if len == 0 {
                break;
            }
        }
    }
    out.flush()
}

/// Shows what the server says until it says how it ended.
fn listen(
    stream: &UnixStream,
    destination: Option<&Destination>,
    console: &mut dyn Console,
) -> Result<Ending, Failure> {
    let mut source = BufReader::with_capacity(CHUNK_BYTES, stream);
    let mut line = String::new();
    stream.set_read_timeout(Some(REQUEST_WAIT_MAX))?;
    while source.read_line(&mut line).map_err(|e| unheard(stream, e))? > 0 {
        match (serde_json::from_str(&line)?, destination) {
            // From here on it may work for as long as it takes.
            (Frame::Heard, _) => stream.set_read_timeout(None)?,
            (Frame::Print(text), _) => console.print(&text)?,
            (Frame::Note(line), _) => console.note(&line)?,
            (Frame::Progress { what, done, total }, _) => console.progress(&what, done, total)?,
            (Frame::Backup { name, bytes }, Some(to)) => {
                to.take(&name, &mut source, bytes, console)?;
            }
            (Frame::Backup { .. }, None) => {
                return Err("the server sent an unexpected answer".into());
            }
            (Frame::Done(ending), _) => return Ok(ending),
            (Frame::Failed(problem), _) => return Err(problem.into()),
        }
        line.clear();
    }
    Err("the server stopped before the command had finished; check its log, then try again".into())
}

/// Says what it means that the server has not answered, and gives up sending to it.
fn unheard(stream: &UnixStream, error: io::Error) -> io::Error {
    if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
        return error;
    }
    let _ = stream.shutdown(Shutdown::Both);
    let advice = "the server that is using the data folder does not answer; if it is stuck, stop it and try again";
    io::Error::new(io::ErrorKind::TimedOut, advice)
}

/// A folder for a backup: created by this process, so that its path means what the user meant.
struct Destination(PathBuf);

impl Destination {
    /// Makes the folder, or takes an empty one.
    fn make(folder: &Path) -> Result<Destination, BackupError> {
        let failed = |e| cannot_write(folder, &e);
        // As the data folder itself: for its owner alone.
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        if fs::read_dir(folder).map_err(failed)?.next().is_some() {
            return Err(BackupError::Exists(folder.display().to_string()));
        }
        Ok(Destination(folder.to_owned()))
    }

    /// Writes what comes. It appears under its name when it is whole and on disk.
    fn take(
        &self,
        name: &str,
        source: &mut impl Read,
        bytes: u64,
        console: &mut dyn Console,
    ) -> Result<(), Failure> {
        let partial = self.0.join("backup.partial");
        let taken = write(&partial, source, bytes, console)
            .and_then(|()| fs::rename(&partial, self.0.join(name)))
            .and_then(|()| File::open(&self.0)?.sync_all());
        if taken.is_err() {
            let _ = fs::remove_file(&partial); // So that the folder can be named again.
        }
        Ok(taken.map_err(|e| cannot_write(&self.0, &e))?)
    }
}

fn cannot_write(folder: &Path, error: &io::Error) -> BackupError {
    BackupError::Failed { path: folder.display().to_string(), problem: error.to_string() }
}

fn write(
    path: &Path,
    source: &mut impl Read,
    bytes: u64,
    console: &mut dyn Console,
) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut done = 0;
    while done < bytes {
        let wanted = usize::try_from(bytes - done).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        let read = source.read(&mut chunk[..wanted])?;
        if read == 0 {
            let problem = "the server stopped before the copy was complete";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, problem));
        }
        file.write_all(&chunk[..read])?;
        done += read as u64;
        console.progress("copying", done, Some(bytes))?;
    }
    file.sync_all()
}

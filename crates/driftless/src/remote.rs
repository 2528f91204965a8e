//! Commands that are typed while a server owns the folder: they travel to it through the socket in
//! the folder, are done there, and what they say travels back.
//!
//! A line of JSON says what to do; for an import the files follow, in chunks, each file ended by an
//! empty chunk. Back come frames, a line of JSON each, the last of which says how it ended.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::cli::Work;
use crate::commands::{self, Failure, Files, Ground, LocalFiles};
use crate::console::Console;

/// Commands that a server does at the same time.
const COMMANDS_MAX: usize = 8;

/// The longest line that says what to do.
const REQUEST_BYTES_MAX: u64 = 1 << 20;

/// Files travel in chunks of this size; larger ones are not taken.
const CHUNK_BYTES: usize = 64 << 10;

#[derive(Serialize, Deserialize)]
struct Request {
    version: String,
    work: Work,
}

#[derive(Serialize, Deserialize)]
enum Frame {
    Print(String),
    Note(String),
    Progress { what: String, done: u64, total: Option<u64> },
    Done,
    Failed(String),
}

/// Has the server behind the stream do the work.
pub(crate) fn ask(
    stream: &UnixStream,
    work: Work,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let files = match &work {
        Work::Import(import) => import.files.clone(),
        _ => Vec::new(),
    };
    let request = Request { version: env!("CARGO_PKG_VERSION").to_owned(), work };
    let mut line = serde_json::to_vec(&request)?;
    line.push(b'\n');
    if let Err(e) = (&*stream).write_all(&line) {
        // The server says best why it does not listen; its silence is a failure too.
        return listen(stream, console)
            .map_err(|_| format!("the server did not take the command: {e}").into());
    }
    thread::scope(|scope| {
        // A thread of its own, since the server may say much before it has read all.
        let sending = scope.spawn(move || send_files(&files, stream));
        let answer = listen(stream, console);
        let sent =
            sending.join().unwrap_or_else(|_| Err(io::Error::other("the sender ended abnormally")));
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

fn send_files(files: &[PathBuf], stream: &UnixStream) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(CHUNK_BYTES + 4, stream);
    for path in files {
        let named = |e: io::Error| {
            let _ = stream.shutdown(std::net::Shutdown::Write);
            io::Error::new(
                e.kind(),
                format!("{} cannot be read: {e}\nnothing was imported", path.display()),
            )
        };
        let mut local = LocalFiles;
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
fn listen(stream: &UnixStream, console: &mut dyn Console) -> Result<(), Failure> {
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            Frame::Print(text) => console.print(&text)?,
            Frame::Note(line) => console.note(&line)?,
            Frame::Progress { what, done, total } => console.progress(&what, done, total)?,
            Frame::Done => return Ok(()),
            Frame::Failed(problem) => return Err(problem.into()),
        }
    }
    Err("the server stopped before the command was done; look at its log, then try again".into())
}

/// Serves commands until the listener's thread ends with the process. What commands work on is not
/// kept open for it.
pub(crate) fn serve(listener: UnixListener, ground: Weak<Ground>) -> io::Result<()> {
    let under_way = Arc::new(AtomicUsize::new(0));
    let accepting = move || {
        for stream in listener.incoming().flatten() {
            let Some(ground) = ground.upgrade() else { break };
            let counter = under_way.clone();
            if counter.fetch_add(1, Ordering::SeqCst) >= COMMANDS_MAX {
                let _ = send(
                    &stream,
                    &Frame::Failed("too many commands at once; try again".to_owned()),
                );
                counter.fetch_sub(1, Ordering::SeqCst);
                continue;
            }
            let doing = move || {
                if let Err(problem) = answer(&stream, &ground) {
                    tracing::warn!(%problem, "a command could not be answered");
                }
                counter.fetch_sub(1, Ordering::SeqCst);
            };
            if let Err(problem) = thread::Builder::new().name("command".to_owned()).spawn(doing) {
                tracing::error!(%problem, "no thread for a command");
            }
        }
    };
    thread::Builder::new().name("commands".to_owned()).spawn(accepting).map(|_| ())
}

fn answer(stream: &UnixStream, ground: &Ground) -> Result<(), Failure> {
    let mut source = BufReader::with_capacity(CHUNK_BYTES, stream);
    let mut line = Vec::new();
    source.by_ref().take(REQUEST_BYTES_MAX).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(()); // Somebody only looked whether there is a server.
    }
    let mut console = Remote(BufWriter::with_capacity(CHUNK_BYTES, stream));
    let done = understand(&line).and_then(|work| {
        tracing::info!(command = work.name(), "a command");
        commands::run(&work, ground, &mut SentFiles(&mut source), &mut console)
    });
    let frame = match done {
        Ok(()) => Frame::Done,
        Err(problem) => Frame::Failed(problem.to_string()),
    };
    Ok(console.send(&frame)?)
}

fn understand(line: &[u8]) -> Result<Work, Failure> {
    #[derive(Deserialize)]
    struct Version {
        version: String,
    }
    let (ours, theirs) =
        (env!("CARGO_PKG_VERSION"), serde_json::from_slice::<Version>(line)?.version);
    if theirs != ours {
        let problem =
            format!("the server is Driftless {ours}, this command {theirs}: use the same release");
        return Err(problem.into());
    }
    Ok(serde_json::from_slice::<Request>(line)?.work)
}

fn send(mut to: impl Write, frame: &Frame) -> io::Result<()> {
    let mut line = serde_json::to_vec(frame)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

/// A console at the other end of the socket.
struct Remote<'a>(BufWriter<&'a UnixStream>);

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

/// The files of an import, as they come through the socket, one after the other.
struct SentFiles<'a, R>(&'a mut R);

impl<R: BufRead> Files for SentFiles<'_, R> {
    fn open(&mut self, _: &Path) -> io::Result<Box<dyn BufRead + '_>> {
        Ok(Box::new(BufReader::with_capacity(
            CHUNK_BYTES,
            Chunks { source: self.0, left: 0, ended: false },
        )))
    }
}

/// One file in chunks. What a reader leaves of it is skipped, so that the next file follows.
struct Chunks<'a, R: BufRead> {
    source: &'a mut R,
    left: usize,
    ended: bool,
}

impl<R: BufRead> Read for Chunks<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 && !self.ended {
            let mut len = [0; 4];
            self.source.read_exact(&mut len)?;
            self.left = u32::from_le_bytes(len) as usize;
            self.ended = self.left == 0;
            if self.left > CHUNK_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a chunk is too large"));
            }
        }
        if self.ended || buffer.is_empty() {
            // Even a read of nothing would wait for the sender, who now waits for an answer.
            return Ok(0);
        }
        let wanted = buffer.len().min(self.left);
        let read = self.source.read(&mut buffer[..wanted])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        Ok(read)
    }
}

impl<R: BufRead> Drop for Chunks<'_, R> {
    fn drop(&mut self) {
        let _ = io::copy(self, &mut io::sink());
    }
}

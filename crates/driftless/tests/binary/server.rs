//! A running server, ended by its process id whatever becomes of the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::folder::Folder;

/// Whatever a test waits for takes far less, unless the binary is broken.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(30);

/// A process that serves.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) out: Lines,
    pub(crate) log: Lines,
}

impl Server {
    /// Starts a server on the folder's data and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(folder: &Folder, more: &[&str]) -> Server {
        Server::of(folder.serving(more))
    }

    /// Runs a command that serves and waits until it is ready.
    #[track_caller]
    pub(crate) fn of(command: Command) -> Server {
        let server = Server::listening(command);
        let ready = server.get("/readyz");
        assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
        server
    }

    /// Runs a command that serves and waits until it listens.
    #[track_caller]
    pub(crate) fn listening(command: Command) -> Server {
        let server = Server::spawn(command);
        let line = server.log.wait_for("the server to listen", |line| line.contains("serving"));
        server.at(&line)
    }

    /// Runs a command whose address is not known yet.
    pub(crate) fn spawn(mut command: Command) -> Server {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Server::running(command.spawn().unwrap())
    }

    /// A process that serves already, with what is left to read of its output.
    pub(crate) fn running(mut child: Child) -> Server {
        let (out, log) = (Lines::default(), Lines::default());
        out.follow(child.stdout.take());
        log.follow(child.stderr.take());
        Server { child, address: "127.0.0.1:0".parse().unwrap(), out, log }
    }

    /// The server with the address that a line of its output names.
    #[track_caller]
    pub(crate) fn at(mut self, line: &str) -> Server {
        let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '[' | ']');
        let mut words = line.split(|c| !is_part(c));
        let address = words.find_map(|word| word.trim_start_matches(':').parse().ok());
        self.address = address.unwrap_or_else(|| panic!("an address: {line}"));
        self
    }

    /// Changes how many file descriptors the process may have, and returns how many it might have before.
    pub(crate) fn limit_descriptors(&self, current: Option<u64>) -> Option<u64> {
        let pid = Pid::from_child(&self.child);
        let limit = getrlimit(Resource::Nofile);
        prlimit(Some(pid), Resource::Nofile, Rlimit { current, ..limit }).unwrap().current
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(WAIT_MAX)).unwrap();
        stream.set_write_timeout(Some(WAIT_MAX)).unwrap();
        stream
    }

    /// Asks for a page, on a connection of its own.
    pub(crate) fn get(&self, path: &str) -> Page {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
    }

    /// Sends these bytes on a connection of their own and reads until the server closes it.
    pub(crate) fn send(&self, bytes: &[u8]) -> Page {
        let mut stream = self.connect();
        // The server may have answered, and closed, before it has read all.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        Page::of(&String::from_utf8_lossy(&answer))
    }

    /// A power cut, as far as a process can have one.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Stops the server in order; gives all that it has logged.
    #[track_caller]
    pub(crate) fn stop(self) -> Vec<String> {
        self.signal("-TERM");
        let (status, log) = self.ended();
        assert_eq!(status.code(), Some(0), "{log:?}");
        log
    }

    /// Waits for the end of the process.
    #[track_caller]
    pub(crate) fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let log = self.log.all();
        (self.child.wait().unwrap(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Status line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Page {
    #[track_caller]
    fn of(answer: &str) -> Page {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        let head = head.to_ascii_lowercase();
        Page { status: head[9..12].parse().unwrap(), head, body: body.to_owned() }
    }
}

/// The lines that a process writes, as they come.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<(Mutex<Written>, Condvar)>);

#[derive(Default)]
struct Written {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    fn follow(&self, from: Option<impl Read + Send + 'static>) {
        let lines = self.clone();
        std::thread::spawn(move || {
            let (written, changed) = &*lines.0;
            let from = from.into_iter().flat_map(|from| BufReader::new(from).lines());
            for line in from.map_while(Result::ok) {
                written.lock().unwrap().lines.push(line);
                changed.notify_all();
            }
            written.lock().unwrap().ended = true;
            changed.notify_all();
        });
    }

    /// Waits for a line.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let find = |written: &Written| written.lines.iter().find(|line| is_it(line)).cloned();
        let (written, changed) = &*self.0;
        let waiting = changed.wait_timeout_while(written.lock().unwrap(), WAIT_MAX, |written| {
            !written.ended && find(written).is_none()
        });
        let written = waiting.unwrap().0;
        find(&written).unwrap_or_else(|| panic!("waited for {what}, got {:?}", written.lines))
    }

    /// What has been written by now.
    pub(crate) fn so_far(&self) -> Vec<String> {
        self.0.0.lock().unwrap().lines.clone()
    }

    /// Everything, once the process has ended.
    #[track_caller]
    pub(crate) fn all(&self) -> Vec<String> {
        let (written, changed) = &*self.0;
        let written = changed.wait_timeout_while(written.lock().unwrap(), WAIT_MAX, |w| !w.ended);
        let written = written.unwrap().0;
        assert!(written.ended, "the process does not end: {:?}", written.lines);
        written.lines.clone()
    }
}

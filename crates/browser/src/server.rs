//! The built binary, serving a fresh folder on the loopback interface.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

/// How many of its last lines of log a server shows when its test fails.
const LINES_SHOWN: usize = 20;

/// The organization of a demo.
const DEMO: &str = "demo";

/// A server on a data folder of its own. When this is dropped both are gone.
#[derive(Debug)]
pub struct Server {
    process: Child,
    folder: TempDir,
    log: Arc<Mutex<Vec<String>>>,
    /// Where it listens: `http://127.0.0.1:12345`.
    pub base: String,
}

/// Somebody who can sign in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The organization's id.
    pub org: String,
    /// The user's id.
    pub id: String,
    /// The login name.
    pub login: String,
    /// The password.
    pub password: String,
}

impl Server {
    /// Serves an empty folder.
    #[track_caller]
    pub fn start() -> Server {
        Server::running(&["serve"])
    }

    /// Serves a demo with this many activities; gives also whom it says that one can sign in as.
    #[track_caller]
    pub fn demo(activities: u32) -> (Server, Person) {
        let mut server = Server::running(&["demo", "--activities", &activities.to_string()]);
        let stdout = server.process.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let told = lines.find_map(|line| {
            let (_, told) = line.split_once("sign in as ")?;
            let (login, password) = told.split_once(", password ")?;
            Some((login.to_owned(), password.split(' ').next()?.to_owned()))
        });
        std::thread::spawn(move || lines.for_each(drop));
        let (login, password) = told.expect("the demo says whom to sign in as");
        let users = server.run(&["user", "list", DEMO]);
        let user = users.lines().find(|line| line.split_whitespace().any(|word| word == login));
        let id = user.and_then(|line| line.split_whitespace().next()).unwrap_or_default();
        let person = Person { org: DEMO.to_owned(), id: id.to_owned(), login, password };
        (server, person)
    }

    /// Runs a command that serves and waits until it listens.
    #[track_caller]
    fn running(words: &[&str]) -> Server {
        let folder = tempfile::tempdir().expect("a folder for the data");
        let mut command = command(folder.path(), words);
        command.args(["--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the binary starts");
        let stderr = process.stderr.take().expect("its log is piped");
        let log = Arc::default();
        let mut server = Server { process, folder, log: Arc::clone(&log), base: String::new() };
        let mut lines = BufReader::new(stderr).lines().map_while(Result::ok).inspect(move |line| {
            log.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
        });
        let address = lines.find_map(|line| address(&line).map(str::to_owned));
        server.base = format!("http://{}", address.expect("the server listens"));
        // Its log is read to the end, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        server
    }

    /// Runs a command on the server's folder, and so inside the server; gives what it prints.
    #[track_caller]
    pub fn run(&self, words: &[&str]) -> String {
        self.run_with(words, "")
    }

    /// Runs a command that reads this from its standard input.
    #[track_caller]
    pub fn run_with(&self, words: &[&str], input: &str) -> String {
        let mut command = command(self.folder.path(), words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the binary starts");
        // A command that fails before it reads closes the pipe; its own message says why.
        let _ = process.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let output = process.wait_with_output().expect("the command ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "driftless {}: {said}", words.join(" "));
        String::from_utf8(output.stdout).expect("it prints text")
    }

    /// Adds somebody who can sign in, by the first word of the name; the organization, if it is not
    /// there yet.
    #[track_caller]
    pub fn person(&self, org: &str, name: &str, role: &str) -> Person {
        if !self.run(&["org", "list"]).lines().any(|line| line.starts_with(org)) {
            self.run(&["org", "add", org]);
        }
        let login = name.split(' ').next().unwrap_or(name).to_lowercase();
        let password = format!("the password of {login}");
        let words = ["user", "add", org, name, "--role", role];
        let words = [&words[..], &["--login", &login, "--password-stdin"]].concat();
        let id = self.run_with(&words, &format!("{password}\n")).trim().to_owned();
        Person { org: org.to_owned(), id, login, password }
    }

    /// Makes a key with which scripts work on a person's behalf.
    #[track_caller]
    pub fn key(&self, person: &Person) -> String {
        self.run(&["key", "add", &person.org, "--user", &person.id]).trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            let shown = &log[log.len().saturating_sub(LINES_SHOWN)..];
            let _ = writeln!(std::io::stderr(), "the server's log ends:\n{}", shown.join("\n"));
        }
    }
}

/// A command of the binary, with nothing of this process's settings.
#[track_caller]
fn command(folder: &Path, words: &[&str]) -> Command {
    let binary = out_folder().join("driftless");
    assert!(
        binary.exists(),
        "there is no {}: run `cargo build -p driftless` first",
        binary.display()
    );
    let mut command = Command::new(binary);
    let settings = std::env::vars_os().map(|(name, _)| name);
    for name in settings.filter(|name| name.to_string_lossy().starts_with("DRIFTLESS_")) {
        command.env_remove(name);
    }
    command.arg("--data").arg(folder).args(words);
    command
}

/// Where cargo puts binaries, like `target/debug`. Tests run one folder deeper.
pub(crate) fn out_folder() -> PathBuf {
    let mut folder = std::env::current_exe().expect("this program is a file");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    folder
}

/// The address in the line that says that it serves.
fn address(line: &str) -> Option<&str> {
    let from = line.contains("serving").then(|| line.find("127.0.0.1:"))??;
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ':';
    line[from..].split(|c| !is_part(c)).next()
}

//! The built binary, serving a new folder on the loopback interface.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::lines::Lines;

/// How many of the last log lines are printed when a test fails.
const LINES_SHOWN: usize = 20;

/// The organization of a demo.
const DEMO: &str = "demo";

/// A server with its own data folder. Dropping it removes both.
#[derive(Debug)]
pub struct Server {
    process: Child,
    folder: TempDir,
    out: Lines,
    log: Lines,
    /// Where it listens: `http://127.0.0.1:12345`.
    pub base: String,
}

/// A person who can sign in.
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
        let mut server = Server::spawn(&["serve", "--init"]);
        server.base = server.log.find("where it serves", base);
        server
    }

    /// The path of the link that creates the first admin, as the server prints it. Can be read once.
    #[track_caller]
    pub fn setup_link(&self) -> String {
        let of = |line: &str| Some(line.trim().strip_prefix(&self.base)?.to_owned());
        self.out.find("the setup link", of)
    }

    /// Serves a demo with this many activities; also returns the person to sign in as.
    #[track_caller]
    pub fn demo(activities: u32) -> (Server, Person) {
        let mut server = Server::spawn(&["demo", "--activities", &activities.to_string()]);
        server.base = server.out.find("where it serves", base);
        let (login, password) = server.out.find("whom to sign in as", |line| {
            let (_, told) = line.split_once("sign in as ")?;
            let (login, password) = told.split_once(", password ")?;
            Some((login.to_owned(), password.split(' ').next()?.to_owned()))
        });
        let users = server.run(&["user", "list", DEMO]);
        let user = users.lines().find(|line| line.split_whitespace().any(|word| word == login));
        let id = user.and_then(|line| line.split_whitespace().next()).unwrap_or_default();
        let person = Person { org: DEMO.to_owned(), id: id.to_owned(), login, password };
        (server, person)
    }

    /// Starts a command that serves, on a port that it prints.
    #[track_caller]
    fn spawn(words: &[&str]) -> Server {
        let folder = tempfile::tempdir().expect("a folder for the data");
        let mut command = command(folder.path(), words);
        command.args(["--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the binary starts");
        let (out, log) = (Lines::of(process.stdout.take()), Lines::of(process.stderr.take()));
        Server { process, folder, out, log, base: String::new() }
    }

    /// Runs a command on the server's folder, and so inside the server; returns its output.
    #[track_caller]
    pub fn run(&self, words: &[&str]) -> String {
        self.run_with(words, "")
    }

    /// Runs a command with this standard input.
    #[track_caller]
    pub fn run_with(&self, words: &[&str], input: &str) -> String {
        let mut command = command(self.folder.path(), words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the binary starts");
        // A command that fails early closes the pipe; its own message says why.
        let _ = process.stdin.take().expect("it is piped").write_all(input.as_bytes());
        let output = process.wait_with_output().expect("the command ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "driftless {}: {said}", words.join(" "));
        String::from_utf8(output.stdout).expect("it prints text")
    }

    /// Adds a person who can sign in with the first word of the name, and the organization if it does not exist yet.
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

    /// Creates an API key for a person.
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
            let log = self.log.rest();
            let shown = &log[log.len().saturating_sub(LINES_SHOWN)..];
            let _ = writeln!(std::io::stderr(), "the server's log ends:\n{}", shown.join("\n"));
        }
    }
}

/// A command of the binary, without the settings of this process.
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

/// The address in the line that says where it serves.
fn base(line: &str) -> Option<String> {
    let tells = ["serv", "running at"].iter().any(|words| line.contains(words));
    let from = tells.then(|| line.find("127.0.0.1:"))??;
    let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ':';
    let address = line[from..].split(|c| !is_part(c)).next()?;
    Some(format!("http://{address}"))
}

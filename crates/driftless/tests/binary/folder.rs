//! A folder to work in, and commands typed in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use tempfile::TempDir;

use crate::fake_clock::FakeClock;
use crate::server::{Server, WAIT_MAX};
use crate::shape;

/// Where commands look for data when nothing else is said.
pub(crate) const DATA: &str = "driftless-data";

/// A folder of its own, in which every command is typed. The data folder is `driftless-data` in it,
/// which the first `org add` makes.
pub(crate) struct Folder {
    temp: TempDir,
    /// What every command takes for the machine's clock, if not that.
    clock: Option<FakeClock>,
}

/// What a command has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder { temp: tempfile::tempdir().unwrap(), clock: None }
    }

    /// A folder on a machine whose clock is that of the test.
    pub(crate) fn with_clock(clock: &FakeClock) -> Folder {
        Folder { clock: Some(clock.clone()), ..Folder::new() }
    }

    /// A folder with an organization `acme`, its editor 7, Ada Byron, and a key.
    pub(crate) fn with_key() -> (Folder, String) {
        Folder::new().filled()
    }

    /// The same on a machine whose clock is that of the test.
    pub(crate) fn with_key_and_clock(clock: &FakeClock) -> (Folder, String) {
        Folder::with_clock(clock).filled()
    }

    fn filled(self) -> (Folder, String) {
        self.ok("org add acme");
        let key = self.add_editor();
        (self, key)
    }

    /// Adds the editor Ada Byron with id 7, and a key.
    pub(crate) fn add_editor(&self) -> String {
        self.ok("user add acme \"Ada Byron\" --id 7");
        self.ok("key add acme --user 7").trim().to_owned()
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.temp.path().join(name)
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// The names of all that lies in the folder, or in one below it; empty where there is none.
    pub(crate) fn names(&self, below: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(below)) else { return Vec::new() };
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> =
            entries.map(|entry| name(entry).into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The binary, to be run in the folder, and with nothing set that would change what it does.
    pub(crate) fn command<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftless"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DRIFTLESS_") {
                command.env_remove(name);
            }
        }
        command.env_remove("RUST_LOG").env_remove("COLUMNS").env("NO_COLOR", "1");
        if let Some(clock) = &self.clock {
            clock.put_before(&mut command);
        }
        command.current_dir(self.temp.path()).stdin(Stdio::null()).args(words);
        command
    }

    /// Runs a command as it would be typed; double quotes keep words together.
    pub(crate) fn run(&self, line: &str) -> Output {
        self.run_with_input(line, "")
    }

    /// Runs a command that reads this on its standard input.
    pub(crate) fn run_with_input(&self, line: &str, input: &str) -> Output {
        let words = words(line);
        let mut command = self.command(words.iter().map(String::as_str));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let id = child.id().to_string();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        // A command that wants nothing more to read ends before all is written.
        std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let (tell, ended) = mpsc::channel();
        std::thread::spawn(move || tell.send(child.wait_with_output()));
        let output = ended.recv_timeout(WAIT_MAX).unwrap_or_else(|_| {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
            panic!("`{line}` does not end");
        });
        Output::of(&output.unwrap())
    }

    /// Runs a command that must succeed; gives its standard output.
    #[track_caller]
    pub(crate) fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!(output.code, 0, "{line}: {output:?}");
        output.out
    }

    /// Runs a command that must fail with exit code 1 and nothing on standard output; gives what it
    /// says, which must be one sentence.
    #[track_caller]
    pub(crate) fn refused(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!((output.code, output.out.as_str()), (1, ""), "{line}: {output:?}");
        let said = output.err.strip_prefix("driftless: ").and_then(|e| e.strip_suffix('\n'));
        let said = said.unwrap_or_else(|| panic!("{line}: {output:?}"));
        assert!(!said.contains('\n'), "{line}: {said}");
        said.to_owned()
    }

    /// Runs a command that cannot be meant; gives what it says about that.
    #[track_caller]
    pub(crate) fn misused(&self, line: &str) -> String {
        let output = self.run(line);
        assert_eq!((output.code, output.out.as_str()), (2, ""), "{line}: {output:?}");
        output.err
    }

    /// What is typed and shown when these commands follow one another.
    pub(crate) fn transcript(&self, lines: &[&str]) -> String {
        let shown = |line: &&str| format!("$ driftless {line}\n{}", self.run(line).shown());
        let told = lines.iter().map(shown).collect::<Vec<_>>().join("\n");
        let folder = self.temp.path().display().to_string();
        shape::out(&told.replace(&folder, "[folder]"))
    }

    /// The command that serves on a port that the system chooses.
    pub(crate) fn serving(&self, more: &[&str]) -> Command {
        self.command(["serve", "--listen", "127.0.0.1:0"].iter().chain(more).copied())
    }

    /// Runs a server on the data folder.
    pub(crate) fn serve(&self) -> Server {
        Server::start(self, &[])
    }

    /// Runs a server on a data folder that is not there yet.
    pub(crate) fn serve_new(&self) -> Server {
        Server::start(self, &["--init"])
    }
}

impl Output {
    pub(crate) fn of(output: &std::process::Output) -> Output {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
        Output {
            code: output.status.code().expect("a command ends by itself"),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// What a person sees, standard error marked.
    pub(crate) fn shown(&self) -> String {
        let marked = self.err.lines().map(|line| format!("! {line}").trim_end().to_owned() + "\n");
        let code = match self.code {
            0 => String::new(),
            code => format!("exit {code}\n"),
        };
        format!("{}{}{code}", self.out, marked.collect::<String>())
    }
}

/// What a command shows must not depend on whether a server runs on the folder. Runs the story both
/// ways, each in a fresh folder, and gives what it told, which must be the same.
#[track_caller]
pub(crate) fn either_way(story: impl Fn(&Folder) -> String) -> String {
    let alone = Folder::new();
    let locally = story(&alone);
    let served = Folder::new();
    let server = served.serve_new();
    let through_the_socket = story(&served);
    server.stop();
    similar(&locally, &through_the_socket);
    locally
}

#[track_caller]
fn similar(locally: &str, through_the_socket: &str) {
    let mut pairs = locally.lines().zip(through_the_socket.lines());
    let differing = pairs.find(|(here, there)| here != there);
    assert!(
        locally == through_the_socket,
        "first difference: {differing:?}\nlocally:\n{locally}\nthrough the socket:\n{through_the_socket}"
    );
}

/// Splits what is typed at blanks outside double quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (n, part) in line.split('"').enumerate() {
        if n % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

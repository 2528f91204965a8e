//! Secrets that are typed at a terminal: a real one, to which what is typed goes and from which what is shown
//! is read.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::folder::Folder;
use crate::people::signs_in;
use crate::server::WAIT_MAX;

const PASSWORD: &str = "correct-horse-battery";

/// A command at a terminal of its own.
struct Typing {
    terminal: File,
    child: Child,
    pieces: Receiver<Vec<u8>>,
    /// All that the terminal has shown.
    shown: String,
}

impl Typing {
    fn start(folder: &Folder, words: &[&str]) -> Typing {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC);
        let terminal: OwnedFd = terminal.unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let mut options = File::options();
        let side = options.read(true).write(true).open(name).unwrap();
        let typed = folder.command(words.iter().copied());
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(typed.get_program()).args(typed.get_args());
        for (name, value) in typed.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(folder.path("")).stdin(Stdio::from(side.try_clone().unwrap()));
        command.stdout(Stdio::from(side.try_clone().unwrap())).stderr(Stdio::from(side));
        let child = command.spawn().unwrap();
        drop(command); // It holds the terminal's other end open.
        let terminal = File::from(terminal);
        let (mut source, (tell, pieces)) = (terminal.try_clone().unwrap(), mpsc::channel());
        thread::spawn(move || {
            let mut piece = [0; 1_024];
            // A terminal whose other end is closed everywhere is an error.
            while let Ok(read @ 1..) = source.read(&mut piece) {
                let _ = tell.send(piece[..read].to_vec());
            }
        });
        Typing { terminal, child, pieces, shown: String::new() }
    }

    /// Waits for a prompt that shows nothing of what is typed, and types.
    fn types(&mut self, prompt: &str, text: &str) {
        while !self.shown.ends_with(prompt) {
            let piece = self.pieces.recv_timeout(WAIT_MAX);
            let piece = piece.unwrap_or_else(|_| panic!("no {prompt:?} in {:?}", self.shown));
            self.shown.push_str(std::str::from_utf8(&piece).unwrap());
        }
        assert!(!self.shows_what_is_typed());
        self.terminal.write_all(text.as_bytes()).unwrap();
    }

    fn shows_what_is_typed(&self) -> bool {
        tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Waits for the end; gives the exit code and what the terminal has shown.
    fn ends(mut self) -> (Option<i32>, String) {
        while let Ok(piece) = self.pieces.recv_timeout(WAIT_MAX) {
            self.shown.push_str(std::str::from_utf8(&piece).unwrap());
        }
        assert!(self.shows_what_is_typed(), "as before");
        (self.child.wait().unwrap().code(), self.shown.replace("\r\n", "\n"))
    }
}

const ADD: [&str; 9] =
    ["user", "add", "acme", "Ada", "--role", "admin", "--login", "ada", "--password-stdin"];

#[test]
fn a_password_is_asked_for_twice_and_never_shown() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let server = folder.serve();
    let mut typing = Typing::start(&folder, &ADD);
    // Ctrl-U begins the line anew, a backspace takes back a letter.
    typing.types("Password: ", &format!("wrong\u{15}{PASSWORD}x\u{7f}\r"));
    typing.types("Password again: ", &format!("{PASSWORD}\r"));
    let (code, shown) = typing.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.ends_with("\n1\n") && !shown.contains(PASSWORD), "{shown}");
    assert!(signs_in(&server, "ada", PASSWORD));
    server.stop();
}

#[test]
fn a_password_that_will_not_do_changes_nothing() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let mut typing = Typing::start(&folder, &ADD);
    typing.types("Password: ", "too short\r");
    let (code, shown) = typing.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("the password must have at least 10 characters"), "{shown}");
    assert!(!shown.contains("again"), "it is told at once: {shown}");

    let mut typing = Typing::start(&folder, &ADD);
    typing.types("Password: ", &format!("{PASSWORD}\r"));
    typing.types("Password again: ", &format!("{PASSWORD}s\r"));
    let (code, shown) = typing.ends();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("the passwords do not match; nothing was changed"), "{shown}");

    let mut typing = Typing::start(&folder, &ADD);
    typing.types("Password: ", "\u{3}");
    let (code, shown) = typing.ends();
    assert_ne!(code, Some(0), "Ctrl-C: {shown}");
    assert_eq!(folder.ok("user list acme").lines().count(), 1, "the head alone");
}

#[test]
fn an_existing_key_can_be_typed_too() {
    const KEY: &str = "83f1c06a5be94d27a1c0f2687be3d954";
    let (folder, _) = Folder::with_key();
    let words = ["key", "add", "acme", "--user", "7", "--key-file", "-"];
    let mut typing = Typing::start(&folder, &words);
    typing.types("API key: ", &format!("{KEY}\r"));
    let (code, shown) = typing.ends();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains(KEY), "{shown}");
    let server = folder.serve();
    crate::client::Client::log_in(&server, KEY);
    server.stop();
}

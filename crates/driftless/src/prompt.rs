//! Secrets typed at a terminal: they are not shown, and are asked for before the data folder is opened, so
//! that nothing waits for the person typing.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use service::{BroughtKey, Password};

use crate::cli::{Wanted, Work};
use crate::commands::Failure;

/// What Ctrl-C sends.
const INTERRUPT: u8 = 3;

/// The longest line that a terminal takes.
const LINE_BYTES_MAX: usize = 4_096;

/// The secret that the command would read from standard input, if that is a terminal.
pub(crate) fn ask(work: &Work) -> Result<Option<String>, Failure> {
    match work.wanted() {
        Some(wanted) if io::stdin().is_terminal() => typed(wanted).map(Some),
        _ => Ok(None),
    }
}

fn typed(wanted: Wanted) -> Result<String, Failure> {
    match wanted {
        Wanted::Password => {
            let password = read("Password: ")?;
            Password::parse(&password).map_err(|e| format!("the password {e}"))?;
            if read("Password again: ")? != password {
                return Err("the passwords do not match; nothing was changed".into());
            }
            Ok(password)
        }
        Wanted::Key => {
            let key = read("API key: ")?;
            BroughtKey::parse(&key).map_err(|e| format!("the API key {e}"))?;
            Ok(key)
        }
    }
}

/// Asks at the terminal that the process belongs to, wherever its output goes.
fn read(prompt: &str) -> Result<String, Failure> {
    let failed = |e| format!("cannot read from the terminal: {e}");
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(failed)?;
    let mut line = read_silently(&terminal, prompt).map_err(failed)?;
    if line.last() == Some(&INTERRUPT) {
        // The terminal shows again what is typed: now it may end as Ctrl-C ends any program.
        let _ = kill_process(getpid(), Signal::INT);
        return Err("interrupted; nothing was changed".into());
    }
    if line.pop_if(|last| *last == b'\n').is_none() {
        return Err("the input ended before Enter, or is too long; nothing was changed".into());
    }
    let line = String::from_utf8(line)
        .map_err(|_| "the input is not UTF-8; nothing was changed".to_owned())?;
    if line.chars().any(char::is_control) {
        return Err("the input contains a control character; nothing was changed".into());
    }
    Ok(line)
}

/// One line with what ends it: Enter or Ctrl-C. Something else is at its end where the terminal was closed, or
/// the line is longer than any.
fn read_silently(mut terminal: &File, prompt: &str) -> io::Result<Vec<u8>> {
    let _silent = Silent::make(terminal)?;
    terminal.write_all(prompt.as_bytes())?;
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line.len() < LINE_BYTES_MAX && terminal.read(&mut byte)? == 1 {
        line.push(byte[0]);
        if matches!(byte[0], b'\n' | INTERRUPT) {
            break;
        }
    }
    Ok(line)
}

/// A terminal that shows nothing of what is typed but the end of the line. It still edits the line: that is
/// the kernel's. Ctrl-C ends the line like Enter, so that nothing ends the process before the terminal is as
/// it was.
struct Silent<'t> {
    terminal: &'t File,
    before: Termios,
}

impl Silent<'_> {
    fn make(terminal: &File) -> io::Result<Silent<'_>> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        silent.local_modes.insert(LocalModes::ICANON | LocalModes::ECHONL);
        silent.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        // What was typed before the question was shown, and is no answer to it.
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Silent { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

//! Processes that are measured, and ended by their id.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Outcome;

/// What Linux counts a process's time in: hundredths of a second, on every machine that this runs on.
const TICK_MICROS: u64 = 10_000;

/// What starts takes no longer.
const START_MAX: Duration = Duration::from_secs(300);

/// What ends in order takes no longer.
const END_MAX: Duration = Duration::from_secs(30);

/// Which users what is started belongs to.
#[derive(Clone, Copy)]
pub(crate) enum User<'a> {
    /// Whoever runs this.
    Same,
    /// Another one: only root can do that.
    Other(&'a str),
}

/// A process; ended when this is dropped, or when this process ends in whichever way.
pub(crate) struct Process {
    child: Child,
    signal: &'static str,
    log: PathBuf,
}

impl Process {
    /// Starts a program, whose output goes to a file. The signal is what ends it in order.
    pub(crate) fn start<S: AsRef<OsStr>>(
        words: impl IntoIterator<Item = S>,
        log: &Path,
        signal: &'static str,
        user: User<'_>,
    ) -> Outcome<Process> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", signal]);
        if let User::Other(name) = user {
            command.args(["--reuid", name, "--regid", name, "--init-groups"]);
        }
        let output = File::create(log)?;
        command.arg("--").args(words);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        Ok(Process { child: command.spawn()?, signal, log: log.to_owned() })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has come up.
    pub(crate) fn wait_for<T>(&mut self, mut sign: impl FnMut(&Path) -> Option<T>) -> Outcome<T> {
        let begun = Instant::now();
        loop {
            if let Some(found) = sign(&self.log) {
                return Ok(found);
            }
            if self.child.try_wait()?.is_some() || begun.elapsed() > START_MAX {
                let said = std::fs::read_to_string(&self.log).unwrap_or_default();
                return Err(format!("a process did not start; it said {said}").into());
            }
            sleep(Duration::from_millis(2));
        }
    }

    /// Waits for its own end, which must be a success.
    pub(crate) fn expect_success(&mut self) -> Outcome<()> {
        match self.child.wait()?.success() {
            true => Ok(()),
            false => Err(std::fs::read_to_string(&self.log)?.into()),
        }
    }

    /// Waits for its own end, which must be a success; the most memory that it was seen to hold, in bytes.
    pub(crate) fn run_to_the_end(&mut self) -> Outcome<u64> {
        let mut most = 0;
        while self.child.try_wait()?.is_none() {
            // None when it has just ended.
            most = most.max(peak_bytes(self.id()).unwrap_or_default());
            sleep(Duration::from_millis(5));
        }
        self.expect_success().map(|()| most)
    }

    /// Ends it in order.
    pub(crate) fn end(&mut self) {
        let kill = format!("kill -s {} {}", self.signal, self.id());
        let _ = Command::new("sh").args(["-c", &kill]).status();
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begun.elapsed() > END_MAX {
                let _ = self.child.kill();
            }
            sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// The address in the line of a log that says that something serves.
pub(crate) fn address(log: &Path) -> Option<String> {
    let text = std::fs::read_to_string(log).ok()?;
    text.lines().find_map(|line| {
        let from = line.contains("serving").then(|| line.find("127.0.0.1:"))??;
        let is_part = |c: char| c.is_ascii_digit() || c == '.' || c == ':';
        line[from..].split(|c| !is_part(c)).next().map(str::to_owned)
    })
}

/// Microseconds of the processor that these processes have used, with all that descend from them.
pub(crate) fn cpu_micros(roots: &[u32]) -> Outcome<u64> {
    let mut family = roots.to_vec();
    let mut all = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Ok(stat) = std::fs::read_to_string(entry?.path().join("stat")) else { continue };
        all.extend(parent_and_ticks(&stat));
    }
    let mut known = 0;
    while known < family.len() {
        let children = all.iter().filter(|process| process.parent == family[known]);
        let children: Vec<u32> = children.map(|process| process.id).collect();
        family.extend(children);
        known += 1;
    }
    let ours = all.iter().filter(|process| family.contains(&process.id));
    Ok(ours.map(|process| process.ticks).sum::<u64>() * TICK_MICROS)
}

struct Used {
    id: u32,
    parent: u32,
    ticks: u64,
}

/// Reads `/proc/ID/stat`: the name, which may hold anything, stands in brackets.
fn parent_and_ticks(stat: &str) -> Option<Used> {
    let (start, rest) = (stat.split(' ').next()?, stat.rsplit_once(") ")?.1);
    let words: Vec<&str> = rest.split(' ').collect();
    // User and system time, and that of children that have ended.
    let ticks = words.get(11..15)?.iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Some(Used { id: start.parse().ok()?, parent: words.get(1)?.parse().ok()?, ticks })
}

/// Bytes of memory that a process holds.
pub(crate) fn memory_bytes(id: u32) -> Outcome<u64> {
    status_bytes(id, "VmRSS:")
}

/// The most that it has held.
pub(crate) fn peak_bytes(id: u32) -> Outcome<u64> {
    status_bytes(id, "VmHWM:")
}

fn status_bytes(id: u32, name: &str) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1_024)
}

/// Waits until a process has nothing to do any more.
pub(crate) fn settle(id: u32) -> Outcome<()> {
    const LOOK: Duration = Duration::from_secs(2);
    loop {
        let before = cpu_micros(&[id])?;
        sleep(LOOK);
        if cpu_micros(&[id])? - before <= 2 * TICK_MICROS {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let stat = "17 (a) b (c)) S 4 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99";
        let used = parent_and_ticks(stat).unwrap();
        assert_eq!((used.id, used.parent, used.ticks), (17, 4, 5 + 6 + 7 + 8));
    }
}

//! A clock that a test sets, for the processes that it starts: libfaketime, which takes the place of the C
//! library's clock (Debian's package `faketime`).

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use domain::{Moment, Stamp};
use tempfile::TempDir;

/// How far a clock may be off what a test expects of it: processes take their time.
pub(crate) const SLACK_MS: i64 = 60_000;

pub(crate) const DAY_MS: i64 = 24 * 3_600_000;
pub(crate) const YEAR_MS: i64 = 365 * DAY_MS;

/// Clones are the same clock.
#[derive(Clone)]
pub(crate) struct FakeClock {
    /// Where libfaketime looks at each call how far the clock is off.
    folder: Arc<TempDir>,
    /// Whether what only ever counts on is moved too. No clock of a machine does that, but it is what
    /// libfaketime does if nothing else is said.
    moves_all: bool,
}

impl FakeClock {
    /// One that is so many milliseconds ahead.
    pub(crate) fn ahead(millis: i64) -> FakeClock {
        let clock = FakeClock { folder: Arc::new(tempfile::tempdir().unwrap()), moves_all: false };
        clock.set_ahead(millis);
        clock
    }

    /// The same as libfaketime is mostly used.
    pub(crate) fn all_ahead(millis: i64) -> FakeClock {
        FakeClock { moves_all: true, ..FakeClock::ahead(millis) }
    }

    /// Sets the clock, of processes that run too.
    pub(crate) fn set_ahead(&self, millis: i64) {
        // In one step: it may be looked at any time.
        let new = self.folder.path().join("new");
        std::fs::write(&new, format!("{}{}", if millis < 0 { "" } else { "+" }, millis / 1_000))
            .unwrap();
        std::fs::rename(new, self.file()).unwrap();
    }

    /// Sets the clock to an instant.
    pub(crate) fn set(&self, instant: &str) {
        self.set_ahead(stamp(instant).millis() - now().millis());
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    /// Has a command take this for the clock.
    pub(crate) fn put_before(&self, command: &mut Command) {
        command.env("LD_PRELOAD", library()).env("FAKETIME_TIMESTAMP_FILE", self.file());
        command.env("FAKETIME_NO_CACHE", "1");
        if !self.moves_all {
            command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
    }
}

fn library() -> PathBuf {
    let places = std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let mut places = places.map(|place| place.join("faketime/libfaketimeMT.so.1"));
    places.find(|path| path.exists()).expect("Debian's package libfaketime is installed")
}

/// What the machine's clock shows.
#[expect(clippy::disallowed_methods, reason = "the test sees the clock that its processes do not")]
pub(crate) fn now() -> Stamp {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Stamp::from_millis(since_1970.as_millis().try_into().unwrap())
}

pub(crate) fn stamp(text: &str) -> Stamp {
    Moment::parse(text).unwrap().stamp
}

//! The mutants that are kept: each breaks one thing that the promise rests on.

/// A change of one place in the source, and the tests that are to notice it.
pub(crate) struct Mutant {
    /// What is wrong with it.
    pub(crate) name: &'static str,
    /// The file, below `crates/`.
    pub(crate) file: &'static str,
    /// What stands there, once.
    pub(crate) from: &'static str,
    /// What is put in its place.
    pub(crate) to: &'static str,
    /// Where to look for a test that fails, the quickest first: the first that has one counts.
    pub(crate) tests: &'static [Tests],
}

/// A binary of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tests {
    /// The service over the real store: `crates/service/tests/stories`.
    Stories,
    /// API v1 over HTTP: `crates/neon/tests/api`.
    Api,
    /// The simulation: `crates/simulation/tests/schedules.rs`.
    Schedules,
}

impl Tests {
    /// The name of the target.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Tests::Stories => "stories",
            Tests::Api => "api",
            Tests::Schedules => "schedules",
        }
    }
}

use Tests::{Api, Schedules, Stories};

/// All of them.
pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a run of one page leaves the longer one that it replaces in the store",
        file: "service/src/runs/mod.rs",
        from: "let replaces = replaced.is_some_and(|run| run.recorded || run.replaces);",
        to: "let replaces = false && replaced.is_some();",
        tests: &[Api, Schedules],
    },
    Mutant {
        name: "runs that a power cut may have undone are kept",
        file: "service/src/engine/start.rs",
        from: "let runs_survived = folder.clean || (!boot.is_empty() && folder.boot == boot);",
        to: "let runs_survived = folder.clean || !boot.is_empty() || folder.boot == boot;",
        tests: &[Schedules],
    },
    Mutant {
        name: "the store keeps such runs until after the first lease",
        file: "service/src/engine/lifecycle.rs",
        from: "if !lost_runs.is_empty() {",
        to: "committer.renew_lease()?;\n        if !lost_runs.is_empty() {",
        tests: &[Stories, Schedules],
    },
    Mutant {
        name: "steady time begins at the last note instead of after it",
        file: "service/src/engine/lifecycle.rs",
        from: "began: latest.plus_millis(1)",
        to: "began: latest",
        tests: &[Api, Schedules],
    },
    Mutant {
        name: "an edit that has seen nothing passes for one that has seen the latest",
        file: "service/src/commit/judge.rs",
        from: "version.seq == seen && seen != Seq::ZERO",
        to: "version.seq == seen",
        tests: &[Stories, Schedules],
    },
    Mutant {
        name: "a list shows what its view does not have yet",
        file: "service/src/board/board.rs",
        from: "if row.seq <= view.seq() {",
        to: "if row.seq >= Seq::ZERO {",
        tests: &[Stories],
    },
    Mutant {
        name: "the limit on sessions counts those of other keys",
        file: "service/src/folder/sessions.rs",
        from: "let own = self.of.get(&of)?;",
        to: "let _ = of;\n        let own = &self.all;",
        tests: &[Api],
    },
    Mutant {
        name: "a version is shown before the clock has come to its stamp",
        file: "service/src/commit/mod.rs",
        from: "self.shared.clock.wait_until(stamp, AHEAD_WAIT_MS_MAX);",
        to: "",
        tests: &[Stories],
    },
    Mutant {
        name: "who reads is told the stamp of the last version, and gets it again",
        file: "service/src/log/exposure.rs",
        from: "now.max(self.head.plus_millis(1)).min(lease)",
        to: "now.min(lease)",
        tests: &[Stories],
    },
    Mutant {
        name: "two versions of an activity have the same stamp",
        file: "service/src/commit/batch/part.rs",
        from: "latest.seq != Seq::ZERO && latest.stamp >= self.stamp",
        to: "latest.seq != Seq::ZERO && latest.stamp > self.stamp",
        tests: &[Api],
    },
    Mutant {
        name: "a stamp may equal an instant that has been told",
        file: "service/src/log/exposure.rs",
        from: "now.max(self.exposed.plus_millis(1))",
        to: "now.max(self.exposed)",
        tests: &[Stories, Schedules],
    },
    Mutant {
        name: "the response time goes beyond To",
        file: "service/src/ask/sync.rs",
        from: "horizon.min(ask.to)",
        to: "horizon",
        tests: &[Api, Schedules],
    },
    Mutant {
        name: "an earlier To on a later page begins another run",
        file: "service/src/runs/mod.rs",
        from: "self.comes_next(ask) || ask.to.plus_millis(TO_EARLIER_MS_MAX) >= to",
        to: "ask.to >= to || (self.comes_next(ask) && to == ask.to)",
        tests: &[Api, Schedules],
    },
    Mutant {
        name: "a run takes the size of its pages from today's limit",
        file: "service/src/ask/sync.rs",
        from: "let RunRecord { to, page_size, horizon, .. } = run;",
        to: "let RunRecord { to, horizon, .. } = run;\n        let page_size = ask.page_size;",
        tests: &[Api, Schedules],
    },
    Mutant {
        name: "an unknown later page in an older session begins a run",
        file: "service/src/ask/sync.rs",
        from: "ask.session_created < self.shared.steady_start() || ask.now < in_doubt_until",
        to: "ask.now < in_doubt_until",
        tests: &[Api],
    },
    Mutant {
        name: "a new session takes over a run at any page",
        file: "service/src/runs/mod.rs",
        from: "run.is_certain(ask) && run.record.last_page == ask.page - 1",
        to: "run.is_certain(ask) && run.record.last_page >= 1",
        tests: &[Api, Schedules],
    },
];

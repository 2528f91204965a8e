//! Breaks what the promise rests on, one place at a time, and tells which test notices:
//! `cargo run -p driftless-mutants`. What survives is a hole in the tests.
//!
//! Works on a copy of the tracked files below `target/mutants`. To keep another mutant, see `table.rs`.

mod table;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use clap::Parser;

use crate::table::{MUTANTS, Mutant, Tests};

/// Failing tests that a row names.
const NAMED_MAX: usize = 3;

/// Breaks what the promise rests on, one place at a time, and tells which test notices.
#[derive(Parser)]
struct Args {
    /// Only the mutants whose name has this in it.
    #[arg(default_value = "")]
    only: String,
}

/// What became of a mutant.
enum Outcome {
    /// These tests fail with it.
    Caught(Vec<String>),
    /// All tests pass.
    Survived,
    /// It cannot be tried: what stands in the source has changed, or it does not build.
    Broken(String),
}

fn main() -> io::Result<ExitCode> {
    let args = Args::parse();
    let workspace = Workspace::create()?;
    let mut out = io::stdout();
    let mut all_caught = true;
    writeln!(out, "| with this mutant | these tests fail |\n| --- | --- |")?;
    for mutant in MUTANTS.iter().filter(|mutant| mutant.name.contains(&args.only)) {
        let outcome = workspace.try_out(mutant)?;
        all_caught &= matches!(outcome, Outcome::Caught(_));
        let shown = match outcome {
            Outcome::Caught(tests) => tests.join(", "),
            Outcome::Survived => "**none**".to_owned(),
            Outcome::Broken(problem) => format!("**not tried: {problem}**"),
        };
        writeln!(out, "| {} | {shown} |", mutant.name)?;
        out.flush()?;
    }
    Ok(if all_caught { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The copy that mutants are put into.
struct Workspace {
    tree: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Copies all tracked files, as they are in the working tree.
    fn create() -> io::Result<Workspace> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let place = root.join("target/mutants");
        let (tree, target) = (place.join("tree"), place.join("target"));
        if tree.exists() {
            fs::remove_dir_all(&tree)?;
        }
        let listed = Command::new("git").arg("-C").arg(&root).args(["ls-files", "-z"]).output()?;
        for file in String::from_utf8_lossy(&listed.stdout).split_terminator('\0') {
            let to = tree.join(file);
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::copy(root.join(file), to)?;
        }
        Ok(Workspace { tree, target })
    }

    fn try_out(&self, mutant: &Mutant) -> io::Result<Outcome> {
        let path = self.tree.join("crates").join(mutant.file);
        let sound = fs::read_to_string(&path)?;
        let found = sound.matches(mutant.from).count();
        if found != 1 {
            return Ok(Outcome::Broken(format!(
                "{:?} is in {} {found} times",
                mutant.from, mutant.file
            )));
        }
        fs::write(&path, sound.replace(mutant.from, mutant.to))?;
        let outcome = self.noticed_by(mutant.tests);
        fs::write(&path, sound)?;
        outcome
    }

    fn noticed_by(&self, tests: &[Tests]) -> io::Result<Outcome> {
        for tests in tests {
            let Output { status, stdout, stderr } = Command::new("cargo")
                .args(["test", "--workspace", "--locked", "--quiet", "--test", tests.target()])
                .current_dir(&self.tree)
                .env("CARGO_TARGET_DIR", &self.target)
                .output()?;
            let told = String::from_utf8_lossy(&stdout);
            let failed = failed(&told);
            if !status.success() && failed.is_empty() {
                let told = String::from_utf8_lossy(&stderr);
                let problem = told.lines().find(|line| line.starts_with("error"));
                return Ok(Outcome::Broken(problem.unwrap_or("no test ran").to_owned()));
            }
            if !failed.is_empty() {
                let more = failed.len().saturating_sub(NAMED_MAX);
                let named = failed.iter().take(NAMED_MAX).map(|name| format!("`{name}`"));
                let more = (more > 0).then(|| format!("{more} more"));
                return Ok(Outcome::Caught(named.chain(more).collect()));
            }
        }
        Ok(Outcome::Survived)
    }
}

/// The tests that failed, by what the harness lists at its end.
fn failed(told: &str) -> Vec<&str> {
    let listed = told.rsplit_once("failures:\n").map_or("", |(_, listed)| listed);
    let names = listed.lines().map_while(|line| line.strip_prefix("    "));
    names.map(|name| name.rsplit("::").next().unwrap_or(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a mutant changes may move or be said otherwise: then it is tried no more.
    #[test]
    fn every_mutant_stands_where_it_is_looked_for() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for Mutant { name, file, from, .. } in MUTANTS {
            let source = fs::read_to_string(crates.join(file)).unwrap();
            assert_eq!(source.matches(from).count(), 1, "{name}");
        }
    }
}

//! When and where it was measured.

use std::process::Command;

use crate::Outcome;
use crate::others::{environment, output};
use crate::results::About;

/// Reads what the machine says about itself, and which versions are there.
pub(crate) fn about(quick: bool) -> Outcome<About> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let member = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or(String::new(), |(_, value)| value.trim().to_owned())
    };
    let say = |program: &str, words: &[&str]| {
        let said = output(Command::new(program).args(words)).unwrap_or_default();
        said.lines().next().unwrap_or_default().trim().to_owned()
    };
    let processor = member(&read("/proc/cpuinfo"), "model name");
    let cores = std::thread::available_parallelism()?;
    let memory = member(&read("/proc/meminfo"), "MemTotal").replace(" kB", "");
    let memory = memory.parse::<f64>().unwrap_or_default() / 1_048_576.0;
    let disk = say("findmnt", &["-n", "-o", "SOURCE,FSTYPE", "-T", "."]);
    let pip = output(Command::new(environment()?.join("python")).args(["-m", "pip", "freeze"]))?;
    let wanted =
        ["pocketbase", "fastapi", "uvicorn", "uvloop", "httptools", "asyncpg", "dlt", "duckdb"];
    let packages = pip.lines().filter(|line| wanted.iter().any(|name| line.starts_with(name)));
    let packages: Vec<_> = packages.map(|line| line.replace("==", " ")).collect();
    let facts = [
        ("Driftless", say("git", &["describe", "--always", "--dirty"])),
        ("processor", format!("{processor}, {cores} cores")),
        ("memory", format!("{memory:.0} GiB")),
        ("disk", disk),
        ("system", say("uname", &["-sr"])),
        ("compiler", say("rustc", &["--version"])),
        ("Python packages", packages.join(", ")),
        ("PostgreSQL", say("psql", &["--version"])),
        ("Python", say(&environment()?.join("python").display().to_string(), &["--version"])),
    ];
    let facts = facts.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Ok(About { date: say("date", &["-u", "+%F"]), quick, facts })
}

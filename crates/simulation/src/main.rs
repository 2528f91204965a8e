//! Runs as many schedules as one likes: `cargo run --release -p driftless-simulation -- --help`.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use service::Guard;

/// Simulates Driftless under crashes, clock steps and careless pollers, and looks for a loss.
#[derive(Parser)]
struct Args {
    /// How many schedules.
    #[arg(long, default_value_t = 10_000)]
    schedules: u64,
    /// Stop after so many minutes, whatever is left.
    #[arg(long)]
    minutes: Option<u64>,
    /// The first schedule's seed.
    #[arg(long, env = "SEED", default_value_t = 1)]
    seed: u64,
    /// Switch a guard off: then a loss is what is looked for.
    #[arg(long, value_parser = guard)]
    off: Option<Guard>,
}

fn guard(text: &str) -> Result<Guard, String> {
    let name = |guard: &Guard| format!("{guard:?}");
    let known = Guard::ALL.iter().map(name).collect::<Vec<_>>().join(", ");
    Guard::ALL
        .into_iter()
        .find(|guard| name(guard).eq_ignore_ascii_case(text))
        .ok_or(format!("one of {known}"))
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut out = std::io::stdout();
    let begun = Instant::now();
    let (mut schedules, mut steps, mut crashes, mut runs, mut versions, mut losses) =
        (0_u64, 0, 0, 0, 0, 0_u64);
    for seed in args.seed..args.seed.saturating_add(args.schedules) {
        let outcome = simulation::run(seed, args.off);
        schedules += 1;
        steps += outcome.steps;
        crashes += outcome.crashes;
        runs += outcome.runs;
        versions += outcome.versions;
        if let Some(loss) = outcome.loss {
            losses += 1;
            let _ = writeln!(out, "SEED={seed}: {loss}");
            if args.off.is_none() {
                break;
            }
        }
        if args.minutes.is_some_and(|minutes| begun.elapsed() > Duration::from_secs(minutes * 60)) {
            break;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let _ = writeln!(
        out,
        "{schedules} schedules, {steps} steps, {crashes} crashes, {versions} versions, {runs} runs, {losses} losses, {seconds:.1} s"
    );
    if losses == 0 || args.off.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! What an organization feels while another one asks for as much as it can: each part measures a neighbour in
//! peace (the control) and then with the attack, in one run.

mod commit;
mod long_work;

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::process::memory_bytes;
use crate::server::{Server, default_binary};
use crate::setup::{Way, default_folder};

/// Options of `fair`.
#[derive(clap::Args)]
pub(crate) struct Fair {
    /// Measure only these.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
    /// The server's binary [default: `driftless` beside this one].
    #[arg(long, value_name = "FILE")]
    driftless: Option<PathBuf>,
    /// How long each of control and attack takes, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Fifty writers of 990 KB each.
    Commit,
    /// Account search, long lists of removed ids, a rename.
    LongWork,
}

/// How a neighbour's requests are answered.
#[derive(Clone, Copy)]
pub(crate) struct Felt {
    /// Milliseconds within which half of the requests are answered.
    pub(crate) p50: f64,
    /// The same of 99 of 100.
    pub(crate) p99: f64,
    /// The most memory that the server held meanwhile, in bytes.
    pub(crate) memory: u64,
}

/// What a neighbour feels of an attack.
pub(crate) struct Sharing {
    /// The attack, and what the neighbour asks for.
    pub(crate) what: String,
    pub(crate) control: Felt,
    pub(crate) attack: Felt,
}

/// Measures, and prints a table.
pub(crate) fn measure(args: &Fair) -> Outcome<()> {
    let binary = args.driftless.clone().map_or_else(default_binary, Ok)?;
    let during = Duration::from_secs(args.seconds);
    let way = Way { binary, folder: default_folder()?, rounds: 1, during };
    let wanted = |part| args.only.is_empty() || args.only.contains(&part);
    let mut all = Vec::new();
    if wanted(Part::Commit) {
        all.extend(commit::commit(&way)?);
    }
    if wanted(Part::LongWork) {
        all.extend(long_work::long_work(&way)?);
    }
    let mut out = stdout().lock();
    writeln!(out, "{:<44}{:>26}{:>26}{:>7}", "", "control: p50, p99, MiB", "attack", "p99")?;
    for Sharing { what, control, attack } in all {
        let felt =
            |felt: Felt| format!("{:>8.2}{:>9.2}{:>9}", felt.p50, felt.p99, felt.memory >> 20);
        let times = attack.p99 / control.p99;
        writeln!(out, "{what:<44}{}{}{times:>6.1}x", felt(control), felt(attack))?;
    }
    Ok(())
}

/// What a neighbour does: asks, and waits for the answer.
pub(crate) type Ask<'a> = Box<dyn FnMut() -> Outcome<()> + Send + 'a>;

/// A neighbour asks this often, for each kind of request.
const EVERY: Duration = Duration::from_millis(20);

/// How long an attack goes on before it is measured.
const WARM_UP: Duration = Duration::from_secs(2);

/// Measures a neighbour in peace, and then while attackers ask as fast as they can. Answers to attackers are not
/// looked at: they may be refusals.
pub(crate) fn compare(
    server: &Server,
    during: Duration,
    attack: &str,
    mut neighbour: Vec<(&str, Ask<'_>)>,
    attackers: Vec<Ask<'_>>,
) -> Outcome<Vec<Sharing>> {
    felt(server, WARM_UP, &mut neighbour)?; // What is asked for the first time is not measured.
    let controls = felt(server, during, &mut neighbour)?;
    let over = AtomicBool::new(false);
    let attacks = std::thread::scope(|scope| {
        for mut attacker in attackers {
            let over = &over;
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    if attacker().is_err() {
                        std::thread::sleep(EVERY);
                    }
                }
            });
        }
        std::thread::sleep(WARM_UP);
        let attacks = felt(server, during, &mut neighbour);
        over.store(true, Ordering::Relaxed);
        attacks
    })?;
    let both = controls.into_iter().zip(attacks);
    let sharing = |((name, _), (control, attack_felt)): (&(&str, Ask<'_>), (Felt, Felt))| Sharing {
        what: format!("{attack}: {name}"),
        control,
        attack: attack_felt,
    };
    Ok(neighbour.iter().zip(both).map(sharing).collect())
}

/// How each kind of request is answered, all of them at the same time.
fn felt(
    server: &Server,
    during: Duration,
    neighbour: &mut [(&str, Ask<'_>)],
) -> Outcome<Vec<Felt>> {
    let (begun, memory) = (Instant::now(), Mutex::new(0));
    let times = std::thread::scope(|scope| {
        let asking: Vec<_> = neighbour
            .iter_mut()
            .map(|(_, ask)| {
                let memory = &memory;
                scope.spawn(move || -> Outcome<Vec<f64>> {
                    let mut millis = Vec::new();
                    while begun.elapsed() < during {
                        let asked = Instant::now();
                        ask()?;
                        millis.push(asked.elapsed().as_secs_f64() * 1e3);
                        if millis.len() % 10 == 1 {
                            let held = memory_bytes(server.id())?;
                            let mut most = memory.lock().map_err(|_| "a thread has failed")?;
                            *most = held.max(*most);
                        }
                        std::thread::sleep(EVERY.saturating_sub(asked.elapsed()));
                    }
                    Ok(millis)
                })
            })
            .collect();
        let times = asking.into_iter().map(|one| one.join().map_err(|_| "a thread has failed")?);
        times.collect::<Outcome<Vec<_>>>()
    })?;
    let memory = memory.into_inner().map_err(|_| "a thread has failed")?;
    Ok(times.into_iter().map(|millis| of(millis, memory)).collect())
}

fn of(mut millis: Vec<f64>, memory: u64) -> Felt {
    millis.sort_by(f64::total_cmp);
    let last = millis.len().saturating_sub(1);
    let at = |part: f64| millis.get((last as f64 * part).ceil() as usize).copied().unwrap_or(0.0);
    Felt { p50: at(0.5), p99: at(0.99), memory }
}

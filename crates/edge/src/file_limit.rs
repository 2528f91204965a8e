//! How many connections the limit on open files allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the server needs besides connections: the database, once for each reader, and those of commands.
const OWN_FILES: u64 = 256;

/// Raises the limit as far as this process may, and returns how many of `wanted` connections it allows.
pub(crate) fn connections(wanted: usize) -> usize {
    let needed = wanted as u64 + OWN_FILES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let mut files = current.unwrap_or(u64::MAX);
    if files < needed {
        let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
        if setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
            files = raised;
        }
    }
    // With very few files, half of them are for connections.
    let allowed = files.saturating_sub(OWN_FILES.min(files / 2));
    usize::try_from(allowed).unwrap_or(usize::MAX).min(wanted)
}

//! The binary: what concerns its process as a whole. All else is in the library next to it.

use std::process::ExitCode;

/// Of Rust's memory alone. To take the place of the C library's, for SQLite too, saves nothing and keeps
/// libraries such as libfaketime from being preloaded: what the loader has allocated would be freed here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The allocator asks for huge pages, of which it often needs a few KiB each: 22 MiB more for a server
    // that has just started, 110 more with ten million activities, and nothing measurably faster. Where the
    // kernel refuses this, all goes on as before.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    driftless::run(std::env::args_os())
}

//! Who does not read what a command says. The limit is almost nothing here; everything else is real.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use service::AcceptClock;

use super::{COMMANDS_MAX, Request};
use crate::cli::{Backup, Export, Org, Tuning, Work};
use crate::commands::Context;
use crate::console::Terminal;
use crate::folder::{self, Access};
use crate::{demo, serve};

const SOON: Duration = Duration::from_millis(50);

/// Whatever a test waits for takes far less, unless the server is broken.
const WAIT_MAX: Duration = Duration::from_secs(30);

fn ask(path: &std::path::Path, work: Work) -> UnixStream {
    let Ok(Access::Served(mut stream)) = folder::access(path, false) else {
        panic!("the folder is served");
    };
    let request = Request { version: env!("CARGO_PKG_VERSION").to_owned(), work };
    stream.write_all(&serde_json::to_vec(&request).unwrap()).unwrap();
    stream.write_all(b"\n").unwrap();
    stream
}

fn org_list(path: &std::path::Path) -> bool {
    let Ok(Access::Served(stream)) = folder::access(path, false) else {
        panic!("the folder is served");
    };
    super::ask(&stream, Work::Org(Org::List), None, &mut Terminal::new()).is_ok()
}

#[test]
fn a_reader_that_stops_is_not_waited_for() {
    let temp = tempfile::tempdir().unwrap();
    let Ok(Access::Owned(folder)) = folder::access(temp.path(), true) else {
        panic!("the folder is nobody's");
    };
    let opened = serve::open(&folder, &Tuning::default(), AcceptClock::Near, false).unwrap();
    let context: Arc<Context> = Arc::new(opened);
    // More than a socket holds.
    demo::set_up(&context, 2_000).unwrap();
    super::serve(folder.listen().unwrap(), Arc::downgrade(&context), SOON).unwrap();

    let works = (0..COMMANDS_MAX).map(|n| match n % 2 {
        0 => Work::Backup(Backup { destination: PathBuf::from("copy") }),
        _ => Work::Export(Export {
            org: "demo".parse().unwrap(),
            format: "jsonl".parse().unwrap(),
            all: false,
        }),
    });
    let stuck: Vec<UnixStream> = works.map(|work| ask(temp.path(), work)).collect();
    let begun = Instant::now();
    while !org_list(temp.path()) {
        assert!(begun.elapsed() < WAIT_MAX, "the slots do not come back");
    }
    // One was given up for that; the others may be read to the end.
    let is_cut_off = |mut stream: UnixStream| {
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap();
        !said.ends_with(b"{\"Done\":\"Done\"}\n")
    };
    assert!(stuck.into_iter().any(is_cut_off));
    folder.stop_listening();
    context.service.close();
}

//! What fuzzers begin with, tried by all who run the tests.

use std::fs;
use std::path::Path;

/// A short run reads all of it first.
const FILES_MAX: usize = 30;

#[test]
fn what_must_hold_holds_for_the_corpus() {
    for (name, target) in crate::ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let files: Vec<_> =
            fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        assert!((1..FILES_MAX).contains(&files.len()), "{name}: {} files", files.len());
        for file in files {
            println!("{name}: {}", file.display());
            target(&fs::read(file).unwrap());
        }
    }
    crate::parameters::SERVER.clear();
    crate::forms::SERVER.clear();
    crate::server::SERVER.clear();
}

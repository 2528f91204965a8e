//! What must hold for any input. Each function in [`ALL`] takes an input and panics if something does not hold:
//! `fuzz/run` makes inputs up, and `tests/corpus.rs` tries those in `corpus/`.

mod stored;

pub use stored::stored;

/// What is tried with an input.
pub type Target = fn(&[u8]);

/// The functions by name, as `targets/` and `corpus/` have them.
pub const ALL: [(&str, Target); 1] = [("stored", stored)];

/// Makes a program of one of the functions: under `cargo fuzz`, a fuzzer that tries it; otherwise one that tries it with
/// the files named on its command line.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|input: &[u8]| $crate::$name(input));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            std::env::args_os().skip(1).try_for_each(|file| {
                $crate::$name(&std::fs::read(file)?);
                Ok(())
            })
        }
    };
}

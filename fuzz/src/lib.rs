//! What must hold for any input. Each function in [`ALL`] takes an input and panics if something does not hold:
//! `fuzz/run` makes inputs up, and `cargo test` tries those in `corpus/`.

#[cfg(test)]
mod corpus;
mod csv;
mod forms;
mod frames;
mod heads;
mod imported;
mod json;
mod parameters;
mod request;
mod server;
mod setup;
mod stored;
mod xml;

pub use csv::csv;
pub use forms::forms;
pub use frames::frames;
pub use heads::heads;
pub use json::json;
pub use parameters::parameters;
pub use stored::stored;
pub use xml::xml;

/// What is tried with an input.
pub type Target = fn(&[u8]);

/// The functions by name, as `targets/` and `corpus/` have them.
pub const ALL: [(&str, Target); 8] = [
    ("csv", csv),
    ("forms", forms),
    ("frames", frames),
    ("heads", heads),
    ("json", json),
    ("parameters", parameters),
    ("stored", stored),
    ("xml", xml),
];

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

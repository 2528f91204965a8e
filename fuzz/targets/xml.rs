//! Tries `fuzz::xml`.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(xml);

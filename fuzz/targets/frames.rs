//! Tries `fuzz::frames`.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(frames);

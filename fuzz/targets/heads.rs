//! Tries `fuzz::heads`.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(heads);

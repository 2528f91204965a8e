//! Tries `fuzz::forms`.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(forms);

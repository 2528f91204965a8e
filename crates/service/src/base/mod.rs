//! What everything else stands on: why something is refused, time, randomness, threads, and the guards.

pub(crate) mod alphabet;
pub(crate) mod clock;
pub(crate) mod difference;
pub(crate) mod network;
pub(crate) mod random;
pub(crate) mod refusal;
pub(crate) mod runtime;
pub(crate) mod sabotage;
pub(crate) mod secret;
pub(crate) mod trusted_clock;

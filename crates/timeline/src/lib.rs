//! Driftless: which versions are current, in which order, as of when. Pure, in memory, no I/O.

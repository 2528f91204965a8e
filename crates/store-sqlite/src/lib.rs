//! Driftless: the embedded store, SQLite.

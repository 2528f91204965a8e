//! Driftless: the storage traits, the stored form of a version, and the contract every back-end passes.

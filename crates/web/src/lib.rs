//! Driftless: the pages for people.

//! Driftless: the API v1: parameters in, JSON out. Every old quirk lives here and only here.

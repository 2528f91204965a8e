//! Why a server could not be asked.

use std::path::PathBuf;

use files::ReadError;
use thiserror::Error;

/// Why the source could not be asked.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The address is not valid.
    #[error("{0:?} is not the address of a server: give one like https://api.neoncrm.com")]
    Address(String),
    /// The address has a password in it.
    #[error("the address has a user or a password in it: API v1 has none, leave it out")]
    Password,
    /// The file of certificate authorities cannot be used.
    #[error("cannot use {file:?}, which SSL_CERT_FILE names: {problem}")]
    Authorities {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The run was told to stop.
    #[error("stopped")]
    Stopped,
    /// It was not there for longer than there was patience.
    #[error("{url} is not available: {problem}; given up after {attempts} attempts")]
    Unavailable {
        /// What was asked.
        url: String,
        /// What happened the last time.
        problem: String,
        /// How often.
        attempts: u32,
    },
    /// Its certificate is not trusted, or it does not speak TLS.
    #[error(
        "no secure connection with {url}: {problem}. Check the address: the server's certificate must be valid for it, and signed by a public certificate authority, or by one in the file that the environment variable SSL_CERT_FILE names"
    )]
    Tls {
        /// What was asked.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// It cannot be asked at all.
    #[error("{url} cannot be asked: {problem}")]
    Unusable {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What answered is not API v1.
    #[error(
        "{url} does not answer as API v1 does (status {status}): it begins {beginning:?}; is the address right?"
    )]
    NotApi {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// How the answer begins.
        beginning: String,
    },
    /// The key or the organization is wrong.
    #[error("{url} does not accept the key for organization {organization:?}: {message}")]
    Login {
        /// What was asked.
        url: String,
        /// The organization.
        organization: String,
        /// What it said.
        message: String,
    },
    /// It refuses for good.
    #[error("{url} refuses: {message}")]
    Refused {
        /// What was asked.
        url: String,
        /// What it said.
        message: String,
    },
    /// Sessions end before anything has come.
    #[error("{0} ends each session before it has answered; the next run continues")]
    Sessions(String),
    /// A record that no activity can be.
    #[error(transparent)]
    Record(#[from] ReadError),
    /// It is not what it was before.
    #[error("{0} was restored from a backup, or replaced by another, while it was read")]
    Replaced(String),
    /// The answer cannot be the whole truth.
    #[error("{url} gave an impossible answer: {problem}; it was ignored")]
    Odd {
        /// What was asked.
        url: String,
        /// What is wrong.
        problem: String,
    },
}

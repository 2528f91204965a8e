//! The API key for a server that is asked: from a file or the environment, never from the command line.

use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

use crate::commands::{Failure, Usage};

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 1_000;

/// Why there is no key.
#[derive(Debug, Error)]
pub(crate) enum NoKey {
    #[error("{file}: {source}", file = .file.display())]
    File { file: PathBuf, source: io::Error },
    #[error("{} has no API key in its first line", .0.display())]
    Empty(PathBuf),
}

/// The first line of the file that `option` named, or else what the environment has.
pub(crate) fn read(
    file: Option<&Path>,
    option: &'static str,
    variable: &'static str,
) -> Result<String, Failure> {
    let Some(file) = file else {
        let key = std::env::var(variable).ok().map(|key| key.trim().to_owned());
        let key = key.filter(|key| !key.is_empty());
        let nowhere = || Usage(format!("no API key: give {option}, or set {variable}"));
        return Ok(key.ok_or_else(nowhere)?);
    };
    let read = fs::read_to_string(file);
    let text = read.map_err(|source| NoKey::File { file: file.to_owned(), source })?;
    let line = text.lines().next().unwrap_or_default().trim();
    let key = Some(line).filter(|line| !line.is_empty() && line.len() <= KEY_BYTES_MAX);
    Ok(key.map(str::to_owned).ok_or_else(|| NoKey::Empty(file.to_owned()))?)
}

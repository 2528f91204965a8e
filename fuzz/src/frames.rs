//! What comes through the socket by which commands reach a server.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;

use serde_json::Value;

use crate::server::SERVER;

/// The longest input that is tried.
const BYTES_MAX: usize = 8 << 10;

/// Stands for the version, which must be that of the server.
const VERSION: &str = "VERSION";

/// Whatever comes is answered in frames, of which the first says that it was heard, and the last how it ended.
pub fn frames(input: &[u8]) {
    if input.len() > BYTES_MAX {
        return;
    }
    let mut stream = SERVER.command().expect("the server takes commands");
    // What has answered already may not read the rest.
    let _ = stream.write_all(&with_version(input));
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    if input.is_empty() {
        return;
    }
    match read {
        Ok(_) => assert!(is_whole(&answer), "{}", String::from_utf8_lossy(&answer)),
        // What was left unread resets the connection, which takes with it what has not been read here.
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

fn with_version(input: &[u8]) -> Vec<u8> {
    match input.windows(VERSION.len()).position(|part| part == VERSION.as_bytes()) {
        Some(at) => {
            let (before, after) = (&input[..at], &input[at + VERSION.len()..]);
            [before, env!("CARGO_PKG_VERSION").as_bytes(), after].concat()
        }
        None => input.to_vec(),
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let mut rest = answer;
    let Some(Value::String(first)) = next(&mut rest) else { return false };
    if first != "Heard" {
        return false;
    }
    while let Some(frame) = next(&mut rest) {
        if frame.get("Done").is_some() || frame.get("Failed").is_some() {
            return rest.is_empty();
        }
        if let Some(bytes) = frame["Backup"]["bytes"].as_u64() {
            let Some((_, after)) =
                usize::try_from(bytes).ok().and_then(|n| rest.split_at_checked(n))
            else {
                return false;
            };
            rest = after;
        }
    }
    false
}

/// Takes a line.
fn next(rest: &mut &[u8]) -> Option<Value> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let frame = serde_json::from_slice(&rest[..end]).ok()?;
    *rest = &rest[end + 1..];
    Some(frame)
}

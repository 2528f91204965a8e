//! Inputs that are requests: a line with the path and the query, and the form behind it. And the servers that they are
//! tried with.

use axum::http::Uri;
use parking_lot::Mutex;
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

/// The longest input that is tried.
const BYTES_MAX: usize = 4 << 10;

/// A server that inputs are tried with.
pub(crate) trait Tried {
    fn start() -> Self;

    /// Whether it has been through enough, and another one is to begin: inputs find a small organization, whichever they
    /// are.
    fn is_used_up(&self) -> bool;

    fn try_with(&mut self, path: &str, query: &str, form: &[u8]);
}

/// The server of a target. It is left as it is when the process ends: then, threads that it needs to close are gone
/// already.
pub(crate) struct Current<S>(Mutex<Option<S>>);

impl<S: Tried> Current<S> {
    pub(crate) const fn new() -> Current<S> {
        Current(Mutex::new(None))
    }

    pub(crate) fn try_with(&self, input: &[u8]) {
        if input.len() > BYTES_MAX {
            return;
        }
        let (line, form) = divided(input);
        let Some((path, query)) = path_and_query(line) else { return };
        let mut server = self.0.lock();
        // Closed before the next one starts.
        drop(server.take_if(|server| server.is_used_up()));
        server.get_or_insert_with(S::start).try_with(&path, &query, form);
    }

    /// Closes the server and takes its folder away.
    #[cfg(test)]
    pub(crate) fn clear(&self) {
        *self.0.lock() = None;
    }
}

/// What no address has; clients encode it.
const UNADDRESSABLE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// The line and what is behind it.
pub(crate) fn divided(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &[]),
    }
}

/// The path without the slash before it, and the query; none if no client can send them.
pub(crate) fn path_and_query(line: &[u8]) -> Option<(String, String)> {
    let line = percent_encode(line, UNADDRESSABLE).to_string();
    let (path, query) = line.split_once('?').unwrap_or((&line, ""));
    let is_address = format!("/{path}?{query}").parse::<Uri>().is_ok();
    is_address.then(|| (path.to_owned(), query.to_owned()))
}

//! Inputs that are requests: a line with the path and the query, and the form behind it.

use axum::http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

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

//! What comes through the socket by which clients of HTTP reach a server.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use crate::server::{SERVER, WAIT_MAX};

/// The longest input that is tried.
const BYTES_MAX: usize = 8 << 10;

/// After so much silence, the server seems to wait for more, and is told that there is none. Earlier, it might give up
/// what it is about to answer.
const PATIENCE: Duration = Duration::from_millis(20);

/// Behind an input: a request, in case that all before it was understood.
const LAST: &[u8] = b"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Whatever comes is answered with HTTP, and never with a fault of the server; what is refused has a body.
pub fn heads(input: &[u8]) {
    if input.len() > BYTES_MAX {
        return;
    }
    let answer = answer(input).expect("the server answers and closes");
    let answer = without_interim(&answer);
    if answer.is_empty() {
        return;
    }
    let shown = || String::from_utf8_lossy(answer).into_owned();
    let head = end_of_head(answer).map(|end| &answer[..end]);
    let head = std::str::from_utf8(head.unwrap_or_else(|| panic!("no head: {}", shown())));
    let head = head.unwrap_or_else(|_| panic!("a head that is no text: {}", shown()));
    let status = head.strip_prefix("HTTP/1.1 ").or_else(|| head.strip_prefix("HTTP/1.0 "));
    let status = status.and_then(|status| status.split(' ').next()?.parse::<u16>().ok());
    let status = status.unwrap_or_else(|| panic!("no status: {}", shown()));
    assert!((200..500).contains(&status) || status == 503, "{}", shown());
    let head = head.to_ascii_lowercase();
    let has_body = head.contains("transfer-encoding: chunked")
        || (head.contains("content-length: ") && !head.contains("content-length: 0\r\n"));
    assert!(status < 400 || has_body, "{}", shown());
}

/// All that comes for this input.
fn answer(input: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = SERVER.connect()?;
    // What has answered already may not read the rest.
    let _ = stream.write_all(input).and_then(|()| stream.write_all(LAST));
    let mut answer = Vec::new();
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut read = stream.read_to_end(&mut answer);
    if read.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
        let _ = stream.shutdown(Shutdown::Write);
        stream.set_read_timeout(Some(WAIT_MAX))?;
        read = stream.read_to_end(&mut answer);
    }
    match read {
        // By what was left unread; what came before is an answer all the same.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(answer),
        read => read.map(|_| answer),
    }
}

/// The answer behind those that say that it will come.
fn without_interim(answer: &[u8]) -> &[u8] {
    let mut rest = answer;
    while rest.starts_with(b"HTTP/1.1 1") {
        rest = end_of_head(rest).map_or(&[], |end| &rest[end..]);
    }
    rest
}

/// Behind its empty line.
fn end_of_head(answer: &[u8]) -> Option<usize> {
    answer.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4)
}

//! One connection that is kept, for clients whose own work must be little.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use memchr::memmem;

use crate::Outcome;

/// Whatever takes longer has failed.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(30);

const HEADERS_END: &[u8] = b"\r\n\r\n";

pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    /// How much has come of the answer that is awaited.
    filled: usize,
}

impl Connection {
    /// Connects to `http://127.0.0.1:12345`.
    pub(crate) fn open(base: &str) -> Outcome<Connection> {
        let stream = TcpStream::connect(base.trim_start_matches("http://"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        Ok(Connection { stream, read: vec![0; 1 << 20], filled: 0 })
    }

    /// Asks, and waits; the body of the answer, which must be a success.
    pub(crate) fn get(&mut self, target: &str) -> Outcome<&[u8]> {
        self.get_with(target, "")
    }

    /// The same with more lines in the header, each with its end.
    pub(crate) fn get_with(&mut self, target: &str, lines: &str) -> Outcome<&[u8]> {
        self.send(&format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n"))?;
        self.answer()
    }

    /// The same of a form.
    pub(crate) fn post(&mut self, target: &str, form: &str) -> Outcome<&[u8]> {
        let (length, kind) = (form.len(), "application/x-www-form-urlencoded");
        self.send(&format!(
            "POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{form}"
        ))?;
        self.answer()
    }

    fn answer(&mut self) -> Outcome<&[u8]> {
        let body = loop {
            if let Some(body) = self.receive()? {
                break body;
            }
        };
        Ok(self.body(body))
    }

    /// Asks, and leaves the answer to [`Connection::receive`].
    pub(crate) fn ask(&mut self, target: &str) -> Outcome<()> {
        self.send(&format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
    }

    fn send(&mut self, request: &str) -> Outcome<()> {
        self.filled = 0;
        Ok(self.stream.write_all(request.as_bytes())?)
    }

    /// Takes what has come, once there is something; where the body is, if that was the last of it.
    pub(crate) fn receive(&mut self) -> Outcome<Option<Range<usize>>> {
        match self.stream.read(&mut self.read[self.filled..])? {
            0 => return Err("the connection was closed, or the header is too large".into()),
            bytes => self.filled += bytes,
        }
        let Some(end) = memmem::find(&self.read[..self.filled], HEADERS_END) else {
            return Ok(None);
        };
        let begin = end + HEADERS_END.len();
        let body = begin..begin + length(&self.read[..end])?;
        if self.read.len() < body.end {
            self.read.resize(body.end, 0);
        }
        Ok((self.filled == body.end).then_some(body))
    }

    /// What [`Connection::receive`] has found.
    pub(crate) fn body(&self, at: Range<usize>) -> &[u8] {
        &self.read[at]
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// How long the body is that comes after this header.
fn length(header: &[u8]) -> Outcome<usize> {
    let header = str::from_utf8(header)?;
    let length = header.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    match length {
        Some(length) if header.starts_with("HTTP/1.1 200 ") => Ok(length.parse()?),
        _ => Err(format!("not the answer that was expected: {header}").into()),
    }
}

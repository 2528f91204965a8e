//! One connection that is kept, for clients whose own work must be little.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Outcome;

/// Whatever takes longer has failed.
const ANSWER_MAX: Duration = Duration::from_secs(30);

const HEADERS_END: &[u8] = b"\r\n\r\n";

pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// Connects to `http://127.0.0.1:12345`.
    pub(crate) fn open(base: &str) -> Outcome<Connection> {
        let stream = TcpStream::connect(base.trim_start_matches("http://"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        Ok(Connection { stream, read: vec![0; 1 << 20] })
    }

    /// Asks; the body of the answer, which must be a success.
    pub(crate) fn get(&mut self, target: &str) -> Outcome<&[u8]> {
        let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        self.stream.write_all(request.as_bytes())?;
        let mut filled = 0;
        let body = loop {
            filled += self.fill(filled)?;
            let read = &self.read[..filled];
            if let Some(end) = read.windows(4).position(|bytes| bytes == HEADERS_END) {
                break end + HEADERS_END.len();
            }
        };
        let end = body + length(&self.read[..body])?;
        if self.read.len() < end {
            self.read.resize(end, 0);
        }
        while filled < end {
            filled += self.fill(filled)?;
        }
        Ok(&self.read[body..end])
    }

    fn fill(&mut self, from: usize) -> Outcome<usize> {
        match self.stream.read(&mut self.read[from..])? {
            0 => Err("the connection was closed, or the header is too large".into()),
            bytes => Ok(bytes),
        }
    }
}

/// How long the body is that comes after this header.
fn length(header: &[u8]) -> Outcome<usize> {
    let header = str::from_utf8(header)?.to_ascii_lowercase();
    let length = header.lines().find_map(|line| line.strip_prefix("content-length: "));
    match length {
        Some(length) if header.starts_with("http/1.1 200 ") => Ok(length.trim().parse()?),
        _ => Err(format!("not the answer that was expected: {header}").into()),
    }
}

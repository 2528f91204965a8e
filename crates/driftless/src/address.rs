//! Where a server listens.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;

use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket, lookup_host};

/// An address or the name of a host, and a port. A name is looked up when it is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(String);

/// Connections that can wait in the kernel until they are accepted. It may allow fewer.
const WAITING_MAX: u32 = 1_024;

/// A text that is no address.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("expected a host and a port, like 127.0.0.1:8420, localhost:8420 or [::1]:8420")]
pub(crate) struct AddressError;

/// Why the server cannot listen on an address, and what to do.
#[derive(Debug, Error)]
#[error(
    "cannot listen on {address}: {problem}; {}choose another address with --listen",
    cause(problem)
)]
pub(crate) struct ListenError {
    address: Address,
    problem: io::Error,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Address, AddressError> {
        let is_name = |host: &str| {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        };
        let is_named = text
            .split_once(':')
            .is_some_and(|(host, port)| is_name(host) && port.parse::<u16>().is_ok());
        if is_named || text.parse::<SocketAddr>().is_ok() {
            Ok(Address(text.to_owned()))
        } else {
            Err(AddressError)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Address {
    /// Binds the port. Of the addresses that a name has, the first that can be bound is.
    pub(crate) async fn bind(&self) -> Result<TcpListener, ListenError> {
        self.bound().await.map_err(|problem| ListenError { address: self.clone(), problem })
    }

    async fn bound(&self) -> io::Result<TcpListener> {
        let mut problem = io::ErrorKind::AddrNotAvailable.into();
        for address in lookup_host(&self.0).await? {
            match bind(address) {
                Ok(listener) => return Ok(listener),
                Err(failed) => problem = failed,
            }
        }
        Err(problem)
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that has just stopped leaves connections behind that would keep the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING_MAX)
}

fn cause(problem: &io::Error) -> &'static str {
    match problem.kind() {
        io::ErrorKind::AddrInUse => "another program is using this port: ",
        io::ErrorKind::AddrNotAvailable => "this computer does not have that address: ",
        io::ErrorKind::PermissionDenied => "ports below 1024 need special permission: ",
        _ => "",
    }
}

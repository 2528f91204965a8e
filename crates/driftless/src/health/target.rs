//! Which server is asked, and for which path.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::http::Uri;
use thiserror::Error;

use crate::address::Address;

/// A server, and a path on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(super) is_tls: bool,
    /// A name or an address; one of IPv6 without its brackets.
    pub(super) host: String,
    port: u16,
    path: String,
}

/// A text that names no server.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("expected a server's address, like http://127.0.0.1:8420 or https://example.org/crm")]
pub(crate) struct TargetError;

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Target, TargetError> {
        let uri: Uri = text.parse().map_err(|_| TargetError)?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(TargetError),
        };
        let authority = uri.authority().ok_or(TargetError)?;
        // A password would show in lists of processes, and in what this prints.
        if authority.host().is_empty() || authority.as_str().contains('@') || uri.query().is_some()
        {
            return Err(TargetError);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        Ok(Target { is_tls, host, port, path: uri.path().to_owned() })
    }
}

impl Target {
    /// The server that listens there, on this machine.
    pub(super) fn of_listener(listen: &Address, is_tls: bool) -> Target {
        let text = listen.to_string();
        let (host, port) = text.rsplit_once(':').unwrap_or((&text, ""));
        let host = match text.parse::<SocketAddr>().map(|address| address.ip()) {
            Ok(IpAddr::V4(ip)) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
            Ok(IpAddr::V6(ip)) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.to_string(),
            Ok(ip) => ip.to_string(),
            Err(_) => host.to_owned(),
        };
        Target { is_tls, host, port: port.parse().unwrap_or(0), path: String::new() }
    }

    /// Asks that server for a path below its own.
    pub(super) fn asking(self, path: &str) -> Target {
        Target { path: format!("{}{path}", self.path.trim_end_matches('/')), ..self }
    }

    /// Host and port.
    pub(super) fn authority(&self) -> String {
        let (host, port) = (&self.host, self.port);
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// The request, after whose answer the server closes the connection.
    pub(super) fn request(&self) -> String {
        let (path, host, version) = (&self.path, self.authority(), env!("CARGO_PKG_VERSION"));
        format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: driftless-health/{version}\r\nConnection: close\r\n\r\n"
        )
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

//! What reverse proxies say about a request: the client's address, the host name that the browser used, and whether
//! it used TLS. Any client can send these headers; only the configured proxies are trusted.
//!
//! Most proxies send `X-Forwarded-For`, `-Proto` and `-Host`; `Forwarded` (RFC 7239) says the same in one header. The
//! former are preferred where present: many proxies set them and pass on whatever a client has sent in `Forwarded`,
//! and hardly any do the opposite.
//!
//! Each proxy in a chain appends to a list. So the first entry has the protocol and host that the browser used. The
//! client's address has to be found from the end: a client may have started the list itself, so only entries by
//! trusted proxies count.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::HeaderMap;
use ipnet::IpNet;
use thiserror::Error;
use web::Reached;

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
const HOST: &str = "x-forwarded-host";
const FORWARDED: &str = "forwarded";

/// What a proxy in front sets, and a direct client does not.
pub(crate) const HEADERS: [&str; 4] = [FORWARDED, FOR, PROTO, HOST];

/// The longest name of a host, with its port.
const HOST_BYTES_MAX: usize = 261;

/// A proxy to trust, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrustedProxy {
    /// No proxy is trusted.
    Nobody,
    /// Clients with one of these addresses.
    From(IpNet),
}

/// A text that names no proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected an address like 10.0.0.5 or ::1, a range like 10.0.0.0/8, or the word none")]
pub(crate) struct TrustedProxyError;

impl FromStr for TrustedProxy {
    type Err = TrustedProxyError;

    fn from_str(text: &str) -> Result<TrustedProxy, TrustedProxyError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("none") {
            return Ok(TrustedProxy::Nobody);
        }
        let one = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| one()).map(TrustedProxy::From).map_err(|_| TrustedProxyError)
    }
}

/// The trusted proxies.
#[derive(Clone, Debug)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(crate) fn of(named: &[TrustedProxy]) -> Proxies {
        let ranges = named.iter().filter_map(|proxy| match proxy {
            TrustedProxy::Nobody => None,
            TrustedProxy::From(range) => Some(*range),
        });
        Proxies(ranges.collect())
    }

    /// Whether this is the address of a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(&address))
    }

    /// The client that sent a request: the peer, or the client that a trusted proxy names. If such a proxy names
    /// none, it is the proxy itself.
    pub(crate) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        let mut known = peer.ip().to_canonical();
        if !self.trusts(known) {
            return peer;
        }
        let mut nodes = elements(headers, FOR).map(|node| unquoted(&node)).collect::<Vec<_>>();
        if nodes.is_empty() {
            // One that adds an element without saying for whom has hidden it.
            let of = |element: Cow<'_, str>| parameter(&element, "for").unwrap_or_default();
            nodes = elements(headers, FORWARDED).map(of).collect();
        }
        if nodes.is_empty() {
            return peer;
        }
        for node in nodes.iter().rev() {
            let Some(address) = address(node) else { break };
            known = address;
            if !self.trusts(address) {
                break;
            }
        }
        SocketAddr::new(known, 0)
    }

    /// How the browser reaches us.
    pub(crate) fn reached(&self, peer: SocketAddr, headers: &HeaderMap) -> Reached {
        if !self.trusts(peer.ip().to_canonical()) {
            return Reached::default();
        }
        let first = |header, name| {
            let plain = elements(headers, header).next().map(|value| unquoted(&value));
            let stated = || elements(headers, FORWARDED).find_map(|one| parameter(&one, name));
            plain.or_else(stated)
        };
        let secure = first(PROTO, "proto").and_then(|scheme| match &*scheme.to_ascii_lowercase() {
            "https" | "wss" => Some(true),
            "http" | "ws" => Some(false),
            _ => None,
        });
        Reached { secure, host: first(HOST, "host").filter(|host| is_host(host)) }
    }
}

/// The elements of a list, which may span several lines; only those that are not empty.
fn elements<'h>(
    headers: &'h HeaderMap,
    name: &'static str,
) -> impl Iterator<Item = Cow<'h, str>> + use<'h> {
    let lines = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes()));
    let parts = lines.flat_map(|line| -> Vec<Cow<'h, str>> {
        match line {
            Cow::Borrowed(line) => split(line, ',').map(Cow::Borrowed).collect(),
            Cow::Owned(line) => split(&line, ',').map(|part| Cow::Owned(part.to_owned())).collect(),
        }
    });
    parts.filter(|part| !part.trim().is_empty())
}

/// The parts of a text between separators outside quotation marks.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |letter| {
        if is_escaped {
            is_escaped = false;
        } else if letter == '"' {
            is_quoted = !is_quoted;
        } else if letter == '\\' {
            is_escaped = is_quoted;
        }
        letter == separator && !is_quoted
    })
}

/// The value of a parameter of an element of `Forwarded`.
fn parameter(element: &str, name: &str) -> Option<String> {
    split(element, ';').find_map(|pair| {
        let (given, value) = pair.split_once('=')?;
        given.trim().eq_ignore_ascii_case(name).then(|| unquoted(value))
    })
}

/// A value without blanks around it, and without quotation marks where it has them.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let within = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let Some(within) = within else { return value.to_owned() };
    let mut is_escaped = false;
    let letters = within.chars().filter(|letter| {
        is_escaped = *letter == '\\' && !is_escaped;
        !is_escaped
    });
    letters.collect::<String>().trim().to_owned()
}

/// The address of a node: with or without a port, in brackets or not. None of one that hides it.
fn address(node: &str) -> Option<IpAddr> {
    let host = match (node.strip_prefix('['), node.matches(':').count()) {
        (Some(bracketed), _) => bracketed.split(']').next()?,
        (None, 1) => node.split(':').next()?,
        (None, _) => node,
    };
    let without_zone = host.split('%').next()?;
    without_zone.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Whether it can be shown, and compared with what browsers say.
fn is_host(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    !text.is_empty() && text.len() <= HOST_BYTES_MAX && text.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        lines.iter().map(pair).fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
    }

    fn proxies(named: &str) -> Proxies {
        let named = named.split(',').map(|name| name.parse().unwrap());
        Proxies::of(&named.collect::<Vec<_>>())
    }

    const NEAR: &str = "127.0.0.1:9000";

    fn client(lines: &[(&'static str, &str)]) -> String {
        let proxies = proxies("127.0.0.0/8, ::1, 10.0.0.0/8, 2001:db8:1::/48");
        proxies.client(NEAR.parse().unwrap(), &headers(lines)).ip().to_string()
    }

    #[test]
    fn whose_a_request_is_proxies_say_that_are_believed() {
        for (line, right) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7:4711", "192.0.2.7"),
            (" \"192.0.2.7\" ", "192.0.2.7"),
            ("1.1.1.1, 192.0.2.7", "192.0.2.7"),
            ("1.1.1.1, 192.0.2.7, 10.1.2.3, 10.9.9.9:80", "192.0.2.7"),
            ("192.0.2.7,,10.1.2.3, ", "192.0.2.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:db8::7]:4711, 2001:db8:1::9", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("fe80::1%eth0", "fe80::1"),
            ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
            ("192.0.2.7, unknown", "127.0.0.1"),
            ("192.0.2.7, unknown, 10.2.2.2", "10.2.2.2"),
            ("_hidden", "127.0.0.1"),
            ("rubbish \u{fc}, 192.0.2.7", "192.0.2.7"),
            ("", "127.0.0.1"),
        ] {
            assert_eq!(client(&[(FOR, line)]), right, "{line:?}");
        }
        assert_eq!(client(&[(FOR, "1.1.1.1"), (FOR, "192.0.2.7"), (FOR, "10.1.1.1")]), "192.0.2.7");
        assert_eq!(client(&[]), "127.0.0.1");
    }

    #[test]
    fn the_standards_header_says_it_too() {
        for (line, right) in [
            ("for=192.0.2.7;proto=https", "192.0.2.7"),
            ("For=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("proto=http; FOR = 192.0.2.7 ;by=10.0.0.1", "192.0.2.7"),
            ("for=1.1.1.1, for=192.0.2.7, for=\"10.0.0.1:_x\"", "192.0.2.7"),
            ("for=1.1.1.1, proto=https", "127.0.0.1"),
            ("for=\"_a,for=1.1.1.1\", for=192.0.2.7", "192.0.2.7"),
            ("for=unknown", "127.0.0.1"),
        ] {
            assert_eq!(client(&[(FORWARDED, line)]), right, "{line:?}");
        }
        assert_eq!(client(&[(FORWARDED, "for=1.1.1.1"), (FOR, "192.0.2.7")]), "192.0.2.7");
    }

    fn reached(lines: &[(&'static str, &str)]) -> Reached {
        proxies("127.0.0.1").reached(NEAR.parse().unwrap(), &headers(lines))
    }

    #[test]
    fn the_first_of_a_list_is_what_the_browser_spoke() {
        for (line, right) in [
            ("https", Some(true)),
            ("HTTPS, http", Some(true)),
            ("https,http", Some(true)),
            ("http, https", Some(false)),
            (" , \"https\"", Some(true)),
            ("gopher", None),
            ("", None),
        ] {
            assert_eq!(reached(&[(PROTO, line)]).secure, right, "{line:?}");
        }
        assert_eq!(reached(&[(PROTO, "https"), (PROTO, "http")]).secure, Some(true));
        assert_eq!(reached(&[(FORWARDED, "for=x;Proto=\"https\", proto=http")]).secure, Some(true));
        assert_eq!(reached(&[(FORWARDED, "proto=https"), (PROTO, "http")]).secure, Some(false));
        assert_eq!(reached(&[(FORWARDED, "proto=https"), (FOR, "192.0.2.7")]).secure, Some(true));
    }

    #[test]
    fn a_host_is_taken_if_it_is_written_as_one() {
        for (line, right) in [
            ("crm.example", Some("crm.example")),
            ("crm.example:8443, inner:80", Some("crm.example:8443")),
            ("\"[2001:db8::7]:80\"", Some("[2001:db8::7]:80")),
            ("crm.example/evil", None),
            ("a b", None),
            ("<b>", None),
        ] {
            assert_eq!(reached(&[(HOST, line)]).host.as_deref(), right, "{line:?}");
        }
        let standard = reached(&[(FORWARDED, "for=192.0.2.7;host=\"crm.example:8443\"")]);
        assert_eq!(standard.host.as_deref(), Some("crm.example:8443"));
    }

    #[test]
    fn nobody_else_is_believed() {
        let said = headers(&[(FOR, "1.1.1.1"), (PROTO, "https"), (HOST, "crm.example")]);
        let near: SocketAddr = NEAR.parse().unwrap();
        for (named, peer) in [("none", NEAR), ("10.0.0.0/8", NEAR), ("::1", "10.0.0.1:80")] {
            let peer = peer.parse().unwrap();
            assert_eq!(proxies(named).client(peer, &said), peer);
            assert_eq!(proxies(named).reached(peer, &said), Reached::default());
        }
        let mapped = "[::ffff:127.0.0.1]:80".parse().unwrap();
        assert_eq!(proxies("127.0.0.1").client(mapped, &said).ip().to_string(), "1.1.1.1");
        assert_eq!(proxies("127.0.0.1").client(near, &said).ip().to_string(), "1.1.1.1");
    }

    #[test]
    fn a_proxy_is_named_by_its_address_or_a_range() {
        for wrong in ["", "localhost", "10.0.0.0/33", "10.0.0", "none,::1"] {
            assert_eq!(wrong.parse::<TrustedProxy>(), Err(TrustedProxyError), "{wrong:?}");
        }
        assert_eq!("None".parse(), Ok(TrustedProxy::Nobody));
    }
}

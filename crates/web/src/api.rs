//! How a script asks API v1 here: addresses and command lines to copy.

use axum::http::{HeaderMap, header};

use crate::Web;
use crate::reached::is_secure;

/// Where API v1 lies.
const PATH: &str = "/neonws/services/api";

/// What stands in for a host that the browser does not name, or not as a host is written.
const UNKNOWN_HOST: &str = "your-server";

/// The path of API v1, as browsers and scripts reach it.
pub(crate) fn path(web: &Web) -> String {
    format!("{}{PATH}", web.settings.base_path)
}

/// The address of a method, as the browser that asks reaches this server. The values of the
/// parameters are times, numbers, names of columns, secrets and ids: of what they consist, only the
/// plus sign means something else in an address.
pub(crate) fn address(
    web: &Web,
    headers: &HeaderMap,
    method: &str,
    parameters: &[(&str, String)],
) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={value}"));
    let query = pairs.collect::<Vec<_>>().join("&").replace('+', "%2B");
    format!("{}/{method}?{query}", base(web, headers))
}

/// What the addresses of all methods begin with, as the browser that asks reaches this server.
pub(crate) fn base(web: &Web, headers: &HeaderMap) -> String {
    format!("{}{PATH}", root_or_unknown(web, headers))
}

/// Where this server's addresses begin, as the browser that asks reaches it, without a slash at the end; none
/// where it does not name the host, or not as a host is written.
pub(crate) fn root(web: &Web, headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let host = host.filter(|host| !host.is_empty() && host.chars().all(is_part))?;
    Some(root_of(web, headers, host))
}

/// The same with a host to be put in by hand, where it is not known.
pub(crate) fn root_or_unknown(web: &Web, headers: &HeaderMap) -> String {
    root(web, headers).unwrap_or_else(|| root_of(web, headers, UNKNOWN_HOST))
}

fn root_of(web: &Web, headers: &HeaderMap, host: &str) -> String {
    let scheme = if is_secure(headers) { "https" } else { "http" };
    format!("{scheme}://{host}{}", web.settings.base_path)
}

/// The line that asks it from a shell.
pub(crate) fn curl(address: &str) -> String {
    format!("curl -s '{address}'")
}

//! Addresses and command lines of API v1, for people to copy.

use api_v1::PATH;
use axum::http::{HeaderMap, header};

use crate::Web;
use crate::reached::is_secure;

/// Shown in place of the host name if the browser sends no valid one.
const UNKNOWN_HOST: &str = "your-server";

/// The path of API v1 with the base path, as scripts use it.
pub(crate) fn path(web: &Web) -> String {
    format!("{}{PATH}", web.settings.base_path)
}

/// The address of a method, on the host that the browser uses. Parameters are times, numbers, column names, secrets
/// and ids, so the plus sign is the only character that has to be escaped.
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

/// What the addresses of all methods start with, on the host that the browser uses.
pub(crate) fn base(web: &Web, headers: &HeaderMap) -> String {
    format!("{}{PATH}", root_or_unknown(web, headers))
}

/// What all addresses of this server start with, on the host that the browser uses, without a slash at the end; none
/// if the browser sends no valid host name.
pub(crate) fn root(web: &Web, headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let host = host.filter(|host| !host.is_empty() && host.chars().all(is_part))?;
    Some(root_of(web, headers, host))
}

/// The same, with a placeholder if the host is not known.
pub(crate) fn root_or_unknown(web: &Web, headers: &HeaderMap) -> String {
    root(web, headers).unwrap_or_else(|| root_of(web, headers, UNKNOWN_HOST))
}

fn root_of(web: &Web, headers: &HeaderMap, host: &str) -> String {
    let scheme = if is_secure(headers) { "https" } else { "http" };
    format!("{scheme}://{host}{}", web.settings.base_path)
}

/// The command line that requests an address.
pub(crate) fn curl(address: &str) -> String {
    format!("curl -s '{address}'")
}

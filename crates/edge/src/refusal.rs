//! A body for the answers that hyper gives of itself.
//!
//! hyper refuses what it cannot parse (400), an over-long URI (414) and an over-long head (431)
//! before any handler sees the request, with an empty body, and offers no way to change that. Old
//! clients feed every body to a JSON parser and take the first member of what comes out; an empty
//! body kills them without a message. So such an answer is recognised on its way out and dressed.
//!
//! It cannot be mistaken for a handler's: hyper's own has no header beyond the three below, while
//! ours always name a content type, and no handler answers these statuses without a body.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

/// Gives the JSON text that explains a status to the client.
pub type Refusal = fn(StatusCode) -> String;

/// An answer that the edge itself gives to a request. The connection is closed after it.
pub(super) fn response(status: StatusCode, refusal: Refusal) -> Response {
    let mut response = Response::new(Body::from(refusal(status)));
    *response.status_mut() = status;
    let mut set = |name: HeaderName, value| {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    };
    set(header::CONTENT_TYPE, "application/json");
    set(header::CACHE_CONTROL, "no-store");
    set(header::CONNECTION, "close");
    if status == StatusCode::SERVICE_UNAVAILABLE {
        set(header::RETRY_AFTER, "1");
    }
    response
}

/// The same as bytes, for a request that hyper has not parsed.
pub(super) fn answer(status: StatusCode, refusal: Refusal) -> Vec<u8> {
    dressed(&format!("HTTP/1.1 {status}"), "", &refusal(status))
}

/// The statuses that hyper gives of itself.
const REFUSED: [StatusCode; 3] = [
    StatusCode::BAD_REQUEST,
    StatusCode::URI_TOO_LONG,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
];

/// hyper's bare answers have about 130 bytes; nothing longer is looked at more closely.
const BARE_BYTES_MAX: usize = 256;

/// The whole answer to send in place of `written`, if that is a bare refusal of hyper's.
pub(super) fn dress(written: &[u8], refusal: Refusal) -> Option<Vec<u8>> {
    let (status_line, date) = parse_bare(written)?;
    let status = status_line.get(9..12)?.parse().ok().filter(|status| REFUSED.contains(status))?;
    Some(dressed(status_line, &format!("{date}\r\n"), &refusal(status)))
}

fn dressed(status_line: &str, date: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{status_line}\r\n\
         content-type: application/json\r\n\
         cache-control: no-store\r\n\
         content-length: {length}\r\n\
         connection: close\r\n\
         {date}\r\n\
         {body}"
    )
    .into_bytes()
}

/// Status line and date line of an answer that says nothing else than that its body is empty.
fn parse_bare(written: &[u8]) -> Option<(&str, &str)> {
    if written.len() > BARE_BYTES_MAX || !written.starts_with(b"HTTP/1.") {
        return None;
    }
    let head = std::str::from_utf8(written).ok()?.strip_suffix("\r\n\r\n")?;
    let (status_line, headers) = head.split_once("\r\n")?;
    let mut date = None;
    let mut is_empty = false;
    for header in headers.split("\r\n") {
        match header {
            "content-length: 0" => is_empty = true,
            "connection: close" => {}
            other if other.starts_with("date: ") => date = Some(other),
            _ => return None,
        }
    }
    date.filter(|_| is_empty).map(|date| (status_line, date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, expected: Option<&str>) {
        let dressed =
            dress(written.as_bytes(), |status| format!("{{\"code\":{}}}", status.as_u16()));
        let dressed = dressed.map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(dressed.as_deref(), expected);
    }

    #[test]
    fn a_bare_refusal_is_dressed() {
        check(
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: D\r\n\r\n",
            Some(
                "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n\
                 cache-control: no-store\r\ncontent-length: 12\r\nconnection: close\r\n\
                 date: D\r\n\r\n{\"code\":400}",
            ),
        );
    }

    #[test]
    fn the_version_of_an_old_client_is_kept() {
        check(
            "HTTP/1.0 431 Too Large\r\ncontent-length: 0\r\ndate: D\r\n\r\n",
            Some(
                "HTTP/1.0 431 Too Large\r\ncontent-type: application/json\r\n\
                 cache-control: no-store\r\ncontent-length: 12\r\nconnection: close\r\n\
                 date: D\r\n\r\n{\"code\":431}",
            ),
        );
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        check("", None);
        check("HTTP/1.1 ", None);
        check("HTTP/1.1 4\r\ncontent-length: 0\r\ndate: D\r\n\r\n", None);
        check("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\ndate: D\r\n\r\n", None);
        check("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\ndate: D\r\n\r\n{}", None);
        check("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: D\r\nx: y\r\n\r\n", None);
        check("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: D\r\n\r\n{}", None);
    }
}

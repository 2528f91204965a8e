//! The one-root object that every answer is.
//!
//! HTTP 200 also for failures: clients look at the status first and lose the error code. Nothing
//! but an object with one member: the vendor's own PHP library takes the first member, whatever it
//! is called, and dies on anything else.

use std::ops::Range;

use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode, header};
use domain::Moment;
use serde::Serialize;

use crate::errors::ApiError;
use crate::long::LongRecords;

/// What goes into an envelope.
pub(crate) struct Envelope<'a> {
    /// The root member's name.
    pub(crate) root: &'a str,
    /// The horizon, as far as one is known.
    pub(crate) response_date_time: Moment,
    pub(crate) content: Result<Success, Vec<ApiError>>,
}

/// The room before a method's members, for what stands before them in the envelope: they are not copied
/// once more. No head is longer, since no root is.
const HEAD_BYTES_MAX: usize = 320;

/// From so many bytes on, JSON that is kept may be sent from where it lies: less costs less to copy.
pub(crate) const SHARED_BYTES_MIN: usize = 6 << 10;

impl Piece {
    /// What it holds in memory, in bytes.
    pub(crate) fn bytes_held(&self) -> usize {
        match self {
            Piece::Json(json) => json.len(),
            Piece::Long(records) => records.step_bytes_max(),
        }
    }
}

/// What a method answers beside what every method answers.
pub(crate) struct Success {
    message: Option<&'static str>,
    /// The room, and the method's own members, each with a comma before it: `,"activityId":7`.
    members: Vec<u8>,
    /// What is not among them but sent at this place of theirs.
    pieces: Vec<(usize, Piece)>,
}

/// A part of an answer.
pub(crate) enum Piece {
    Json(Bytes),
    /// What is printed when all before it has been taken.
    Long(Box<LongRecords>),
}

impl Default for Success {
    fn default() -> Success {
        Success::with_room_for(0)
    }
}

impl Success {
    /// An answer whose members will take about so many bytes, without what is shared.
    pub(crate) fn with_room_for(bytes: usize) -> Success {
        let mut members = Vec::with_capacity(HEAD_BYTES_MAX + bytes + 2);
        members.resize(HEAD_BYTES_MAX, b' ');
        Success { message: None, members, pieces: Vec::new() }
    }

    /// An answer with a `responseMessage`.
    pub(crate) fn with_message(message: &'static str) -> Success {
        Success { message: Some(message), ..Success::default() }
    }

    /// Adds a member.
    pub(crate) fn member(mut self, name: &'static str, value: impl Serialize) -> Success {
        self.begin_member(name);
        write_json(&value, &mut self.members);
        self
    }

    /// Begins a member whose value the caller writes.
    pub(crate) fn begin_member(&mut self, name: &'static str) -> &mut Vec<u8> {
        self.members.extend_from_slice(b",\"");
        self.members.extend_from_slice(name.as_bytes());
        self.members.extend_from_slice(b"\":");
        &mut self.members
    }

    /// What has been written so far, for the caller to go on.
    pub(crate) fn written(&mut self) -> &mut Vec<u8> {
        &mut self.members
    }

    /// Goes on with JSON that is sent from where it is.
    pub(crate) fn share(&mut self, json: Bytes) {
        self.pieces.push((self.members.len(), Piece::Json(json)));
    }

    /// Goes on with records that are printed while they are sent.
    pub(crate) fn append_long(&mut self, records: LongRecords) {
        self.pieces.push((self.members.len(), Piece::Long(Box::new(records))));
    }

    /// Goes on with this part of JSON that is kept.
    pub(crate) fn append(&mut self, kept: &Bytes, part: Range<usize>) {
        match is_shared(kept, &part) {
            true => self.share(kept.slice(part)),
            false => self.members.extend_from_slice(&kept[part]),
        }
    }
}

/// Whether a part of JSON that is kept is sent from where it lies. A small part of much is copied: until
/// it has been read, it would hold all of that in memory, of which the organization's room knows nothing.
pub(crate) fn is_shared(kept: &Bytes, part: &Range<usize>) -> bool {
    part.len() >= SHARED_BYTES_MIN.max(kept.len() / 2)
}

/// Appends a value as JSON.
pub(crate) fn write_json(value: &impl Serialize, out: &mut Vec<u8>) {
    // Nothing in our values can fail: no map has other keys than text, and a `Vec` takes every byte.
    serde_json::to_writer(out, value).expect("an answer is JSON");
}

#[derive(Serialize)]
struct Errors<'a> {
    error: Vec<ErrorEntry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorEntry<'a> {
    /// Text: some clients key a table with it.
    error_code: String,
    error_message: &'a str,
}

impl Envelope<'_> {
    /// The envelope as JSON: pieces, and its end.
    pub(crate) fn into_pieces(self) -> (Vec<Piece>, Bytes) {
        match self.content {
            Ok(Success { message, mut members, pieces }) => {
                let head = head(self.root, "SUCCESS", message, self.response_date_time);
                let begin = HEAD_BYTES_MAX - head.len();
                members[begin..HEAD_BYTES_MAX].copy_from_slice(&head);
                members.extend_from_slice(b"}}");
                in_pieces(&members.into(), begin, pieces)
            }
            Err(errors) => {
                (Vec::new(), failure(self.root, self.response_date_time, &errors).into())
            }
        }
    }
}

/// The envelope of a failure as JSON.
pub(crate) fn failure(root: &str, response_date_time: Moment, errors: &[ApiError]) -> Vec<u8> {
    let mut json = head(root, "FAIL", None, response_date_time);
    json.extend_from_slice(b",\"errors\":");
    write_json(&Errors { error: errors.iter().map(entry).collect() }, &mut json);
    json.extend_from_slice(b"}}");
    json
}

/// What every envelope begins with.
fn head(root: &str, result: &str, message: Option<&str>, response_date_time: Moment) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD_BYTES_MAX);
    head.push(b'{');
    write_json(&root, &mut head);
    head.extend_from_slice(b":{\"operationResult\":\"");
    head.extend_from_slice(result.as_bytes());
    head.push(b'"');
    if let Some(message) = message {
        head.extend_from_slice(b",\"responseMessage\":");
        write_json(&message, &mut head);
    }
    head.extend_from_slice(b",\"responseDateTime\":");
    write_json(&response_date_time.text().as_str(), &mut head);
    head
}

/// A text from this place on, with the pieces between its parts.
fn in_pieces(text: &Bytes, mut begin: usize, between: Vec<(usize, Piece)>) -> (Vec<Piece>, Bytes) {
    let mut pieces = Vec::with_capacity(2 * between.len() + 2);
    for (place, piece) in between {
        if begin < place {
            pieces.push(Piece::Json(text.slice(begin..place)));
        }
        pieces.push(piece);
        begin = place;
    }
    (pieces, text.slice(begin..))
}

fn entry(error: &ApiError) -> ErrorEntry<'_> {
    ErrorEntry { error_code: error.code.to_string(), error_message: &error.message }
}

/// An answer of the API over HTTP.
pub(crate) fn response(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    let version = header::HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
    headers.insert(api_v1::header::VERSION, version);
    response
}

/// The body of an answer to a request that no method ever saw, because it was no HTTP, or too large.
#[must_use]
pub fn refusal(status: StatusCode, now: domain::Stamp) -> String {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return refused(ApiError::unavailable("too many connections are in use; try again"), now);
    }
    let problem = match status {
        StatusCode::URI_TOO_LONG => {
            "the URL is too long: send the parameters in the body of a POST request".to_owned()
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            format!("the request body is too large: the maximum is {} bytes", crate::BODY_BYTES_MAX)
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "the URL and headers are too large: send the parameters in the body of a POST request"
                .to_owned()
        }
        _ => "the request is not valid HTTP; HTTP/1.1 needs one Host header".to_owned(),
    };
    refused(ApiError::bad_request(&problem), now)
}

fn refused(error: ApiError, now: domain::Stamp) -> String {
    let json = failure("errorResponse", now.at_offset(0), &[error]);
    String::from_utf8_lossy(&json).into_owned()
}

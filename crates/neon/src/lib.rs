//! The API v1: parameters in, JSON out. Every old quirk lives here and only here.
//!
//! A request comes in at [`Api::answer`], is told apart by its path (`method.rs`), its parameters are
//! merged and decoded (`params.rs`, `values.rs`), the method's own file in `methods/` turns them
//! into a use case of `service`, and what it comes to is a value (`answer.rs`, `errors.rs`) that is printed in the
//! form that old clients expect (`json/`).
//!
//! To add a method: a line in `method.rs`, a file in `methods/`, a row in `errors.rs` for each new
//! code, and a case in `tests/`.

mod answer;
mod body;
mod errors;
pub mod export;
mod json;
mod method;
mod methods;
mod outgoing;
mod params;
mod paths;
mod request;
mod sort_columns;
mod values;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::response::Response;
use service::{Outbox, Service};

pub use paths::tidy;
pub use request::{Outcome, refusal};

/// Where the API lies: the vendor's path.
pub const BASE_PATH: &str = api_v1::PATH;

/// The page size of a question that names none.
pub const PAGE_SIZE_DEFAULT: u32 = 10;

/// The largest body that is read, in bytes.
pub const BODY_BYTES_MAX: usize = 2 << 20;

/// What the bodies of all requests under way with a session may take together, in bytes. One organization can have half
/// of it, see [`service::Intake`].
pub const BODIES_BYTES_MAX: usize = 64 << 20;

/// The same for all other requests, of which one address can have half.
pub const STRANGERS_BODIES_BYTES_MAX: usize = 16 << 20;

/// So much of each body does not count against [`BODIES_BYTES_MAX`]: the number of connections
/// bounds it, and whoever sends little is served however many send much.
pub const BODY_BYTES_FREE: usize = 16 << 10;

/// An answer of so many bytes does not count against [`service::ANSWERS_BYTES_MAX`].
pub const ANSWER_BYTES_FREE: usize = 16 << 10;

/// The longest query that is read, in bytes; longer lists of ids go into a POST body.
pub const QUERY_BYTES_MAX: usize = 60 << 10;

/// The most parameters that one request may have.
pub const PARAMETERS_MAX: usize = 100_000;

/// What can be set about the API.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The largest page; a larger one asked for is cut to this.
    pub page_size_max: u32,
    /// What printed records may take in memory.
    pub cache_bytes_max: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { page_size_max: 200, cache_bytes_max: 16 << 20 }
    }
}

/// What every request is answered from.
pub(crate) struct Neon {
    pub(crate) service: Service,
    /// What tells the log that is answered from, from every other.
    log: Option<HeaderValue>,
    pub(crate) settings: Settings,
    pub(crate) bodies: body::Budget,
    pub(crate) json: json::Json,
}

/// The API, ready to answer. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Neon>);

impl Api {
    /// Of that service.
    #[must_use]
    pub fn new(service: Service, settings: Settings) -> Api {
        let json = json::Json::new(service.clone(), settings.cache_bytes_max);
        let bodies = body::Budget::new();
        Api(Arc::new(Neon { service, log: None, settings, bodies, json }))
    }

    /// The same, whose answers say in the header `Driftless-Log` which log they are from: `id` is a text of printable
    /// ASCII that changes when a backup takes the place of the data.
    #[must_use]
    pub fn of_log(mut self, id: &str) -> Api {
        if let Some(neon) = Arc::get_mut(&mut self.0) {
            neon.log = HeaderValue::from_str(id).ok();
        }
        self
    }

    /// Whether a path, [`tidy`], is the API's: it lies at or below [`BASE_PATH`].
    #[must_use]
    pub fn serves(path: &str) -> bool {
        path.strip_prefix(BASE_PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Answers whatever comes in there from this peer, whatever the verb. A page of changes counts as delivered
    /// once its body has been taken and the outbox been told that it is written.
    pub async fn answer(
        &self,
        request: Request,
        peer: Option<SocketAddr>,
        outbox: &Outbox,
    ) -> (Response, Outcome) {
        let (mut response, outcome) = request::answer(&self.0, request, peer, outbox).await;
        if let Some(log) = &self.0.log {
            response.headers_mut().insert(api_v1::header::LOG, log.clone());
        }
        (response, outcome)
    }
}

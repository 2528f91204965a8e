//! What answers requests: the API without detours, since scripts ask it all day, and pages behind a
//! router.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use neon::{Api, Outbox, Outcome};

use crate::edge::Answers;
use crate::observe::Observed;
use crate::request_log::RequestLog;

/// Everything that is served.
pub(crate) struct Front {
    /// Below its own path.
    pub(crate) api: Api,
    /// Everywhere else.
    pub(crate) others: Router,
    pub(crate) request_log: RequestLog,
}

impl Answers for Front {
    async fn answer(&self, request: Request, peer: SocketAddr, outbox: &Outbox) -> Response {
        let request = neon::tidy(request);
        let observed = Observed::begin(&request);
        let (response, outcome) = if Api::serves(request.uri().path()) {
            self.api.answer(request, Some(peer), outbox).await
        } else {
            (self.others.answer(request, peer, outbox).await, Outcome::default())
        };
        self.request_log.note(observed.end(&response, outcome));
        response
    }
}

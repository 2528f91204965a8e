//! What answers requests: the API without detours, since scripts ask it all day, and pages behind a
//! router.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use neon::Api;

use crate::edge::Answers;
use crate::observe::Observer;

/// Everything that is served.
pub(crate) struct Front {
    /// Below its own path.
    pub(crate) api: Api,
    /// Everywhere else.
    pub(crate) others: Router,
    pub(crate) observer: Observer,
}

impl Answers for Front {
    async fn answer(&self, request: Request, peer: SocketAddr) -> Response {
        let request = neon::tidy(request);
        let observed = self.observer.begin(&request);
        if Api::serves(request.uri().path()) {
            let (response, outcome) = self.api.answer(request, Some(peer)).await;
            self.observer.end(&observed, &response, Some(&outcome));
            response
        } else {
            let response = self.others.answer(request, peer).await;
            self.observer.end(&observed, &response, None);
            response
        }
    }
}

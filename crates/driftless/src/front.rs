//! What answers requests: the API without detours, since scripts ask it all day, and pages behind a
//! router.

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use neon::Api;

use crate::edge::Answers;
use crate::observe::Observed;

/// Everything that is served.
pub(crate) struct Front {
    /// Below its own path.
    pub(crate) api: Api,
    /// Everywhere else.
    pub(crate) others: Router,
}

impl Answers for Front {
    async fn answer(&self, request: Request) -> Response {
        let observed = Observed::begin(&request);
        let request = neon::tidy(request);
        let response = if Api::serves(request.uri().path()) {
            self.api.answer(request).await
        } else {
            self.others.answer(request).await
        };
        observed.end(&response);
        response
    }
}

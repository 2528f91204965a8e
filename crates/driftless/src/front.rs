//! Dispatches requests: directly to the API, which scripts use all day, and to the pages through a router.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use axum::response::Response;
use neon::{Api, Outcome};
use service::Outbox;
use web::BasePath;

use crate::forwarded::Proxies;
use crate::observe::Observed;
use crate::request_log::RequestLog;
use edge::Answers;

/// Everything that is served.
pub(crate) struct Front {
    /// Below its own path.
    pub(crate) api: Api,
    /// Everywhere else.
    pub(crate) others: Router,
    pub(crate) request_log: RequestLog,
    /// Whom to believe whose a request is.
    pub(crate) proxies: Proxies,
    /// The path that browsers put before all others.
    pub(crate) base_path: BasePath,
}

impl Answers for Front {
    async fn answer(&self, request: Request, peer: SocketAddr, outbox: &Outbox) -> Response {
        let mut request = match self.base_path.strip(neon::tidy(request)) {
            Ok(request) => request,
            Err(elsewhere) => return elsewhere,
        };
        let client = self.proxies.client(peer, request.headers());
        let observed = Observed::begin(&request);
        let (response, outcome) = if Api::serves(request.uri().path()) {
            self.api.answer(request, Some(client), outbox).await
        } else {
            let reached = self.proxies.reached(peer, request.headers());
            request.extensions_mut().insert(reached);
            (self.others.answer(request, client, outbox).await, Outcome::default())
        };
        self.request_log.note(observed.end(&response, outcome));
        response
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.proxies.trusts(address)
    }

    fn is_vital(&self, uri: &Uri) -> bool {
        let path = uri.path();
        let path = path.strip_prefix(&self.base_path.to_string()).unwrap_or(path);
        matches!(path, "/healthz" | "/readyz")
    }
}

//! A request's body, read under a budget, so that the memory for bodies does not depend on how many clients send one.
//!
//! A body that gets long counts for the organization whose session the request names, in its query or at the beginning
//! of the body, and otherwise for the address that it comes from. No organization and no address can use up the room of
//! the others.

use std::net::SocketAddr;
use std::sync::Arc;

use api_v1::parameter;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use service::{Intake, IntakeShare, Network, Owner, Service, Shed};

use crate::errors::ApiError;
use crate::params::Params;
use crate::request::Misunderstood;
use crate::{BODIES_BYTES_MAX, BODY_BYTES_FREE, BODY_BYTES_MAX, STRANGERS_BODIES_BYTES_MAX};

/// What all bodies under way may take together.
pub(crate) struct Budget {
    /// For requests with a session.
    orgs: Arc<Intake>,
    /// For all others.
    strangers: Arc<Intake>,
}

impl Budget {
    pub(crate) fn new() -> Budget {
        Budget {
            orgs: Intake::new(BODIES_BYTES_MAX, Shed::Body),
            strangers: Intake::new(STRANGERS_BODIES_BYTES_MAX, Shed::Body),
        }
    }
}

/// Who may have sent a body.
#[derive(Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) service: &'a Service,
    pub(crate) query: &'a str,
    pub(crate) peer: Option<SocketAddr>,
}

impl Sender<'_> {
    /// The share for a body that begins like this. Whether the session may do what is asked is decided later.
    fn share(&self, budget: &Budget, begin: &[u8]) -> IntakeShare {
        let caller = Params::parse(self.query.as_bytes(), begin).ok().and_then(|params| {
            let session = params.value(parameter::SESSION)?;
            self.service.caller(session)
        });
        if let Some(caller) = caller {
            return budget.orgs.share(Owner::Org(caller.tenant.key));
        }
        let address = self.peer.map_or([0; 4].into(), |peer| peer.ip());
        budget.strangers.share(Owner::Network(Network::of(address)))
    }
}

/// A body that has come whole.
#[derive(Default)]
pub(crate) struct Form {
    pub(crate) bytes: Vec<u8>,
    /// Its part of the budget, until it is dropped; none for a short one.
    held: Option<IntakeShare>,
}

impl Form {
    /// Reads a body, which is a form or nothing. Some clients declare JSON and send nothing.
    pub(crate) async fn read(
        budget: &Budget,
        sender: Sender<'_>,
        headers: &HeaderMap,
        mut body: Body,
    ) -> Result<Form, Misunderstood> {
        // Who announces too much is told at once, not when all of it has come.
        if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
            return Err(too_large());
        }
        let mut form = Form::default();
        while let Some(frame) = body.frame().await {
            let ended_early =
                |_| refused(StatusCode::BAD_REQUEST, "the request body is incomplete");
            if let Ok(piece) = frame.map_err(ended_early)?.into_data() {
                form.take(budget, sender, &piece)?;
            }
        }
        form.check_type(headers)?;
        Ok(form)
    }

    /// Counts what has come, not what was announced: announcing alone takes nothing from others.
    fn take(
        &mut self,
        budget: &Budget,
        sender: Sender<'_>,
        piece: &[u8],
    ) -> Result<(), Misunderstood> {
        let bytes = self.bytes.len() + piece.len();
        if bytes > BODY_BYTES_MAX {
            return Err(too_large());
        }
        self.bytes.extend_from_slice(piece);
        if let Some(beyond) = bytes.checked_sub(BODY_BYTES_FREE).filter(|beyond| *beyond > 0) {
            let begin = &self.bytes[..BODY_BYTES_FREE];
            let held = self.held.get_or_insert_with(|| sender.share(budget, begin));
            held.grow_to(beyond).map_err(|_no_room| {
                let reason = "too many large requests are in progress; try again";
                (StatusCode::OK, ApiError::unavailable(reason))
            })?;
        }
        Ok(())
    }

    fn check_type(&self, headers: &HeaderMap) -> Result<(), Misunderstood> {
        let declared = headers.get(header::CONTENT_TYPE);
        let declared = declared.map_or("", |value| value.to_str().unwrap_or_default());
        let essence = declared.split(';').next().unwrap_or_default().trim();
        let is_form =
            essence.is_empty() || essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        if is_form || self.bytes.is_empty() {
            return Ok(());
        }
        // Answered like any malformed value: by a failure that clients look at.
        let expected = "expected application/x-www-form-urlencoded";
        Err(refused(
            StatusCode::OK,
            &format!("the request's Content-Type is {declared:?}, {expected}"),
        ))
    }
}

fn too_large() -> Misunderstood {
    let problem = format!("the request body is too large: the maximum is {BODY_BYTES_MAX} bytes");
    refused(StatusCode::PAYLOAD_TOO_LARGE, &problem)
}

fn refused(status: StatusCode, problem: &str) -> Misunderstood {
    (status, ApiError::bad_request(problem))
}

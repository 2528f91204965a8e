//! A request's body, read under a budget that all requests share: nobody is known to be logged in
//! while a body comes in, so that the memory for it must not depend on how many send one.

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::errors::ApiError;
use crate::request::Misunderstood;
use crate::{BODIES_BYTES_MAX, BODY_BYTES_FREE, BODY_BYTES_MAX};

/// The budget is counted in pieces of this size.
const PIECE_BYTES: usize = 1 << 10;

/// What all bodies under way may take together.
pub(crate) struct Budget(Semaphore);

impl Budget {
    pub(crate) fn new() -> Budget {
        Budget(Semaphore::new(BODIES_BYTES_MAX / PIECE_BYTES))
    }
}

/// A body's part of the budget, until it is dropped.
type Held<'a> = Option<SemaphorePermit<'a>>;

/// A body that has come whole.
#[derive(Default)]
pub(crate) struct Form<'a> {
    pub(crate) bytes: Vec<u8>,
    held: Held<'a>,
}

impl<'a> Form<'a> {
    /// Reads a body, which is a form or nothing. Some clients declare JSON and send nothing.
    pub(crate) async fn read(
        budget: &'a Budget,
        headers: &HeaderMap,
        mut body: Body,
    ) -> Result<Form<'a>, Misunderstood> {
        // Who announces too much is told at once, not when all of it has come.
        if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
            return Err(too_large());
        }
        let mut form = Form::default();
        while let Some(frame) = body.frame().await {
            let ended_early =
                |_| refused(StatusCode::BAD_REQUEST, "the request body is incomplete");
            if let Ok(piece) = frame.map_err(ended_early)?.into_data() {
                form.take(budget, &piece)?;
            }
        }
        form.check_type(headers)?;
        Ok(form)
    }

    /// Counts what has come, not what was announced: who only announces takes nothing from others.
    fn take(&mut self, budget: &'a Budget, piece: &[u8]) -> Result<(), Misunderstood> {
        let bytes = self.bytes.len() + piece.len();
        if bytes > BODY_BYTES_MAX {
            return Err(too_large());
        }
        let wanted = bytes.saturating_sub(BODY_BYTES_FREE).div_ceil(PIECE_BYTES);
        let held = self.held.as_ref().map_or(0, SemaphorePermit::num_permits);
        if wanted > held {
            // Nobody waits here: those who wait would hold what the others wait for.
            let more = u32::try_from(wanted - held).ok();
            let more = more.and_then(|more| budget.0.try_acquire_many(more).ok());
            let more = more.ok_or_else(|| {
                let reason = "too many large requests are in progress; try again";
                (StatusCode::OK, ApiError::unavailable(reason))
            })?;
            match &mut self.held {
                Some(held) => held.merge(more),
                none => *none = Some(more),
            }
        }
        self.bytes.extend_from_slice(piece);
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

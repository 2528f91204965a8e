//! Live updates, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use crate::{Problem, SignedIn, Web};
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

/// How often an idle stream sends a sign of life, so that proxies do not close it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Sends the latest position in the log, and again each time it changes.
pub(super) async fn follow(State(web): State<Web>, who: SignedIn) -> Result<Response, Problem> {
    let follower = web.service.follow(&who.person).map_err(|why| {
        let advice = "Close some of them, or reload this one to see new changes.";
        Problem::Unavailable(format!("{why}. {advice}"))
    })?;
    let events = stream::unfold(follower, |mut follower| async move {
        let seq = follower.next().await?;
        let event = Event::default().data(format!("{{\"seq\":{seq}}}"));
        Some((Ok::<_, Infallible>(event), follower))
    });
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // Asks proxies not to buffer the stream.
    Ok(([("x-accel-buffering", "no")], stream).into_response())
}

//! Reads forms. Those of people who are not signed in share one budget, so that the memory they take does not depend
//! on how many people send one, and no address can use it up; all others count in the room of their organization.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::Extensions;
use http_body_util::BodyExt;
use service::{Intake, IntakeShare, Network, Owner, Service, Share, Shed};

use crate::Problem;
use crate::fields::Fields;
use crate::room::Holding;

/// The bytes that each such form may take outside the budget: more than a sign-in needs.
pub(crate) const FREE_BYTES: usize = 16 << 10;

/// What a form takes in memory until it is answered, in multiples of its length: it is decoded, and a page that shows
/// what was typed has it again, with up to six characters for each quotation mark.
const MEMORY_TIMES: usize = 8;

/// The most fields of a form: more than one has with every activity of a page selected.
const FIELDS_MAX: usize = 50_000;

/// Longer forms are read on a thread that may take its time.
const READ_IN_PLACE_BYTES_MAX: usize = 64 << 10;

/// The bytes that all forms of people who are not signed in may have together beyond that.
const BUDGET_BYTES: usize = 16 << 20;

/// The memory for all bodies sent without a session. Clones share it.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Intake>);

impl Default for Budget {
    fn default() -> Budget {
        Budget(Intake::new(BUDGET_BYTES, Shed::Body))
    }
}

/// Where a request comes from, as it counts here.
pub(crate) fn sender(extensions: &Extensions) -> Owner {
    let peer = extensions.get().map(|ConnectInfo::<SocketAddr>(peer)| peer.ip());
    Owner::Network(Network::of(peer.unwrap_or([0; 4].into())))
}

/// A body's part of the budget, until the last clone is dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Option<Arc<IntakeShare>>);

impl Held {
    /// The same for the answer, which holds it until it has been sent.
    pub(crate) fn on(self) -> Option<Holding> {
        self.0.map(Holding::new)
    }
}

/// Reads a body of up to `bytes_max`. Beyond [`FREE_BYTES`] it continues only if `may_go_on` accepts what has come
/// so far.
pub(crate) async fn read(
    body: Body,
    bytes_max: usize,
    budget: &Budget,
    sender: Owner,
    may_go_on: fn(&[u8]) -> bool,
) -> Result<(Vec<u8>, Held), Problem> {
    let mut held: Option<IntakeShare> = None;
    let take = |bytes: &[u8]| {
        if held.is_none() && !may_go_on(bytes) {
            return Err(Problem::TooLarge);
        }
        let share = held.get_or_insert_with(|| budget.0.share(sender));
        share.grow_to(bytes.len() - FREE_BYTES).map_err(|_no_room| {
            Problem::Unavailable(
                "Too many large forms are being sent at once. Try again in a moment.".into(),
            )
        })
    };
    let bytes = collect(body, bytes_max, take).await?;
    Ok((bytes, Held(held.map(Arc::new))))
}

/// Reads a body of up to `bytes_max` of a person who is signed in. What it takes until it is answered counts in their
/// organization's room as it comes.
pub(crate) async fn read_counted(
    body: Body,
    bytes_max: usize,
    share: &mut Share,
) -> Result<Vec<u8>, Problem> {
    // Never wait here, for the same reason.
    let take = |bytes: &[u8]| Ok(share.grow_now(MEMORY_TIMES * (bytes.len() - FREE_BYTES))?);
    collect(body, bytes_max, take).await
}

/// Collects a body of up to `bytes_max`; `take` is asked about what has come so far whenever that is more than
/// [`FREE_BYTES`].
async fn collect(
    mut body: Body,
    bytes_max: usize,
    mut take: impl FnMut(&[u8]) -> Result<(), Problem>,
) -> Result<Vec<u8>, Problem> {
    // An announced length that is too large is refused at once, an unannounced one when it is reached.
    if HttpBody::size_hint(&body).lower() > bytes_max as u64 {
        return Err(Problem::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| Problem::cut_short())?.into_data() else { continue };
        if bytes.len() + piece.len() > bytes_max {
            return Err(Problem::TooLarge);
        }
        bytes.extend_from_slice(&piece);
        if bytes.len() > FREE_BYTES {
            take(&bytes)?;
        }
    }
    Ok(bytes)
}

/// The fields of a form. A long one is read on a thread where nothing else waits for that.
pub(crate) async fn fields(service: &Service, bytes: Vec<u8>) -> Result<Fields, Problem> {
    if bytes.iter().filter(|byte| **byte == b'&').count() >= FIELDS_MAX {
        return Err(Problem::TooLarge);
    }
    if bytes.len() <= READ_IN_PLACE_BYTES_MAX {
        return Ok(Fields::parse(&bytes));
    }
    Ok(service.blocking(move || Fields::parse(&bytes)).await?)
}

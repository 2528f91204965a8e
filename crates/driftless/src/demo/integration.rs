//! A script that has missed something, for the page of integrations to have something to tell.

use domain::Stamp;
use service::{Order, Service, SyncQuery, Tenant};

use super::DAY_MS;
use crate::commands::Failure;

pub(super) const LABEL: &str = "Nightly mailer";

/// How far back its first question reaches, up to when it asks, and from when on it asks the next time, in days:
/// what lies between the last two it never asks for.
const FIRST_FROM: i64 = 30;
const FIRST_TO: i64 = 5;
const NEXT_FROM: i64 = 1;

/// Records on a page, so that there are few.
const PAGE_SIZE: u32 = 10_000;

/// Asks with a key as a script does that leaves out a stretch of time.
pub(super) async fn misses_something(
    service: &Service,
    org: &Tenant,
    key: &str,
) -> Result<(), Failure> {
    let (_, session) = service.login(&org.id, key).await?;
    let ago = |days: i64| service.now().plus_millis(-days * DAY_MS);
    ask(service, &session, ago(FIRST_FROM), Some(ago(FIRST_TO))).await?;
    ask(service, &session, ago(NEXT_FROM), None).await
}

/// Reads all pages of a question.
async fn ask(
    service: &Service,
    session: &str,
    from: Stamp,
    to: Option<Stamp>,
) -> Result<(), Failure> {
    let Some(caller) = service.caller(session) else { return Ok(()) };
    let (mut page, mut pages) = (1, 1);
    while page <= pages {
        let query = SyncQuery {
            ids: None,
            from: Some(from),
            to,
            ignore_removed: false,
            order: Order::default(),
            page_size: PAGE_SIZE,
            page,
        };
        let answer = service.sync_page(&caller, &query, PAGE_SIZE).await?;
        pages = answer.pages;
        if let Some(served) = answer.served {
            served.is_sent();
        }
        page += 1;
    }
    Ok(())
}

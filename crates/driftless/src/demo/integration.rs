//! A script that has missed changes, so that the integrations page has something to show.

use service::{Order, Service, SyncQuery, Tenant};

use super::DAY_MS;
use crate::commands::Failure;

/// What its key is labelled.
pub(super) const LABEL: &str = "Nightly mailer";

/// How far back it asks, in days.
const FROM_DAYS: i64 = 180;

/// Records on a page, where a script does not say: far fewer than it asks for.
const PAGE_SIZE: u32 = 10;

/// Asks with a key as a script does that takes the first page for all of them.
pub(super) async fn misses_something(
    service: &Service,
    org: &Tenant,
    key: &str,
) -> Result<(), Failure> {
    let (_, session) = service.login(&org.id, key, None).await?;
    let Some(caller) = service.caller(&session) else { return Ok(()) };
    let query = SyncQuery {
        ids: None,
        from: Some(service.now().plus_millis(-FROM_DAYS * DAY_MS)),
        to: None,
        ignore_removed: false,
        order: Order::default(),
        page_size: PAGE_SIZE,
        page: 1,
    };
    let page = service.sync_page(&caller, &query, PAGE_SIZE).await?;
    if let Some(served) = page.served {
        served.is_sent();
    }
    Ok(())
}

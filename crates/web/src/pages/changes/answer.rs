//! The answer: totals, records, removed ids, and the request that gets it.

use std::sync::Arc;

use api_v1::parameter;
use domain::{Origin, Version, Zone};
use maud::{Markup, html};
use service::{Directory, Preview, SyncPage, Tenant};

use super::question::Question;
use crate::layout::{copied, counted, empty, number, pager};
use crate::times::exact;
use crate::{Problem, SignedIn, Web, api};

/// How many removed ids are shown; the answer has them all.
const REMOVED_SHOWN_MAX: usize = 200;

/// How many records and removals there are, and up to when.
pub(super) fn totals(answer: &SyncPage, zone: &Zone) -> Markup {
    let removed = answer.removed.as_ref().map_or(0, |ids| ids.len()) as u64;
    html! {
        div.cards {
            div.stat { b { (number(answer.total)) } span { "records" } }
            div.stat { b { (number(removed)) } span { "removed IDs" } }
            div.stat { b { (number(answer.pages)) } span { "pages" } }
            div.stat { b { (exact(answer.horizon, zone)) } span { "complete up to" } }
        }
    }
}

/// The records of the page.
pub(super) fn records(
    who: &SignedIn,
    question: &Question,
    preview: &Preview,
    zone: &Zone,
) -> Markup {
    let answer = &preview.answer;
    if answer.total == 0 {
        let text = match question.query.from.is_some_and(|from| from > answer.horizon) {
            true => "This range is in the future, so nothing has changed in it yet.",
            false => "No activity was created or edited in this range. Try a longer one.",
        };
        return empty("No records", text, &html! {});
    }
    let directory = who.person.tenant.directory();
    let page = question.query.page;
    let address = |k| question.page_address(k, preview.as_of);
    html! {
        h2 { "Records" }
        p.count {
            (counted(answer.total, "record", "records"))
            @if answer.pages > 1 { ", page " (number(page)) " of " (number(answer.pages)) }
            ". Each activity is listed once, as it is now."
        }
        div.scroll {
            table.grid {
                thead {
                    tr {
                        th scope="col" { "Activity" }
                        th.num scope="col" { "ID" }
                        th scope="col" { "Change" }
                        th scope="col" { "By" }
                        th scope="col" { "When" }
                    }
                }
                tbody {
                    @for version in &preview.records { (record(version, &directory, zone)) }
                }
            }
        }
        (pager(page, answer.pages, &address))
    }
}

fn record(version: &Arc<Version>, directory: &Directory, zone: &Zone) -> Markup {
    let subject = version.record().map(|activity| activity.subject.as_str()).unwrap_or_default();
    let (kind, text) = if version.previous.is_some() { ("", "edited") } else { ("ok", "created") };
    html! {
        tr {
            td data-label="Activity" { a href={ "/activities/" (version.id) } { (subject) } }
            td.num data-label="ID" { (version.id) }
            td data-label="Change" { span class={ "badge " (kind) } { (text) } }
            td data-label="By" { (author(version, directory)) }
            td.when data-label="When" { (exact(version.stamp, zone)) }
        }
    }
}

/// Who made the change, and from where.
fn author(version: &Version, directory: &Directory) -> Markup {
    let user = version.author.user.and_then(|user| directory.users.get(&user));
    let from = match version.author.origin {
        Origin::Api => "API",
        Origin::Web => "web pages",
        Origin::Import => "import",
        Origin::CommandLine => "command line",
        Origin::Examples => "examples",
    };
    html! {
        @if let Some(user) = user { (user.name) " " }
        span.badge.muted { (from) }
    }
}

/// The removed ids, the latest removal first.
pub(super) async fn removed(
    web: &Web,
    org: &Arc<Tenant>,
    preview: &Preview,
    zone: &Zone,
) -> Result<Markup, Problem> {
    let Some(ids) = &preview.answer.removed else { return Ok(html! {}) };
    let latest = web.service.latest_removals(org, preview.as_of, ids, REMOVED_SHOWN_MAX);
    let removed = latest.await?;
    let hidden = ids.len().saturating_sub(REMOVED_SHOWN_MAX) as u64;
    Ok(html! {
        @if !removed.is_empty() {
            h2 { "Removed IDs" }
            p.count {
                (counted(ids.len() as u64, "ID", "IDs")) ", included on every page of the answer."
                @if hidden > 0 { " The " (REMOVED_SHOWN_MAX) " most recent are shown." }
            }
            div.scroll {
                table.grid {
                    thead { tr { th.num scope="col" { "ID" } th scope="col" { "Removed" } } }
                    tbody {
                        @for (at, id) in &removed {
                            tr {
                                td.num data-label="ID" { a href={ "/activities/" (id) "/history" } { (id) } }
                                td.when data-label="Removed" { (exact(*at, zone)) }
                            }
                        }
                    }
                }
            }
        }
    })
}

/// How a script asks for the same, and what it asks for next.
pub(super) fn request(
    address: &str,
    question: &Question,
    preview: &Preview,
    zone: &Zone,
) -> Markup {
    let next = zone.at(preview.answer.horizon);
    html! {
        div.card {
            h2 { "The request" }
            p { "A script gets this answer from the address below. Replace the three dots with the userSessionId from its login." }
            (copied("request-address", "Copy address", address))
            (copied("request-curl", "Copy curl command", &api::curl(address)))
            h3 { "What to ask for next" }
            p {
                @if preview.answer.pages > 1 { "Once all " (number(preview.answer.pages)) " pages have been read, use" } @else { "Use" }
                " this time as the next "
                code { (parameter::FROM) } ":"
            }
            (copied("next-from", "Copy time", &next.to_string()))
            p.hint {
                "This answer is complete up to that time, and no later change will ever get an earlier time. "
                @if question.query.to.is_some_and(|to| to > preview.answer.horizon) {
                    "It is earlier than the end of your range, because later changes are not known yet. "
                }
                "An integration that continues this way misses nothing."
            }
        }
    }
}

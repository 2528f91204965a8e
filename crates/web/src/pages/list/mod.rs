//! The list of activities: search, filters, order and pages, all of it in the address.

mod download;
mod filters;
mod hits;
pub(crate) mod query;
pub(crate) mod quick;
mod table;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use service::{AskError, ListError, Listing, Tenant};

use self::query::ListRequest;
pub(crate) use super::names;
use super::{account, bulk, told};
use crate::fields::Fields;
use crate::layout::{self, Nav, counted, number};
use crate::session::Query;
use crate::{Problem, SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/activities", get(show))
        .route("/activities.csv", get(download::csv))
        .route("/activities.xlsx", get(download::workbook))
        .route("/activities/{id}/quick", post(quick::change))
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    let asked = ListRequest::parse(&web, &query, &who).await?;
    let (status, content) = if asked.wrong.is_empty() {
        match web.service.list(&who.person.tenant, &asked.query()).await {
            Ok(listing) => (StatusCode::OK, listed(&web, &who, &asked, &listing)),
            Err(ListError::Ask(problem)) => {
                (StatusCode::SERVICE_UNAVAILABLE, not_now(&asked, &problem))
            }
            Err(preparing) => return Err(preparing.into()),
        }
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, wrong(&asked))
    };
    let said = told::notice(&web, &who, &query, &asked.address()).await?;
    let accounts = accounts(&web, &who, &asked).await?;
    let page = framed(&web, &who, &asked, &query, &(said, accounts), &content);
    let page = layout::page(&who, "Activities", Nav::Activities, &page);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return Ok((status, [(header::REFRESH, AGAIN_AFTER_S)], page).into_response());
    }
    Ok((status, page).into_response())
}

/// How soon the browser tries again when the list is not available, in seconds.
const AGAIN_AFTER_S: &str = "3";

/// The page around the list, or around what is shown instead.
fn framed(
    web: &Web,
    who: &SignedIn,
    asked: &ListRequest,
    query: &Fields,
    (said, accounts): &(Markup, Markup),
    content: &Markup,
) -> Markup {
    let directory = who.person.tenant.directory();
    let actions = html! {
        a.button.quiet href="/bin" { "Bin" }
        @if asked.wrong.is_empty() {
            a.button href=(asked.fields.address("/activities.xlsx")) download { "Download workbook" }
            a.button.quiet href=(asked.fields.address("/activities.csv")) download { "Download CSV" }
        }
        @if who.imports() { a.button.quiet href="/import" { "Import" } }
        @if who.edits() { a.button.primary href="/activities/new" { "New activity" } }
    };
    html! {
        (layout::head("Activities", &actions))
        (bulk::notice_of(web, who, query.get("work"), &asked.address()))
        (said)
        (filters::form(who, asked, &directory))
        (filters::active(who, asked, &directory))
        (accounts)
        @for problem in &asked.mistaken { (layout::notice("warn", problem)) }
        (content)
    }
}

/// Accounts whose names match the search, because a person who searches for a name may mean one of them.
async fn accounts(web: &Web, who: &SignedIn, asked: &ListRequest) -> Result<Markup, Problem> {
    let words = asked.filter.words.trim().to_owned();
    let found = if words.is_empty() {
        Vec::new()
    } else {
        let search =
            move |tenant: &Arc<Tenant>| tenant.page_of_accounts(&words, 0, ACCOUNTS_SHOWN).1;
        web.service.among_accounts(&who.person.tenant, search).await?
    };
    Ok(html! {
        @if !found.is_empty() {
            p.hint {
                "Accounts: "
                @for (at, found) in found.iter().enumerate() {
                    @if at > 0 { " · " }
                    a href=(account::address_of(found.id)) { (found.name) }
                }
            }
        }
    })
}

/// How many of them are shown.
const ACCOUNTS_SHOWN: usize = 5;

fn listed(web: &Web, who: &SignedIn, asked: &ListRequest, listing: &Listing) -> Markup {
    if listing.total == 0 {
        return nothing(web, who, asked);
    }
    if listing.records.is_empty() {
        let action = html! {
            a.button.primary href=(asked.page_address(listing.pages)) { "Go to the last page" }
        };
        let text = format!("The last page is page {}.", number(listing.pages));
        return layout::empty("Page not found", &text, &action);
    }
    html! {
        (count(asked, listing))
        (table::table(who, asked, listing))
        @if who.edits() { (bulk::bar(who, asked, listing)) }
        (layout::pager(asked.page, listing.pages, &|page| asked.page_address(page)))
        @if listing.total > u64::from(SIZES[0]) { (sizes(asked)) }
    }
}

/// `51–100 of 1,234 activities`
fn count(asked: &ListRequest, listing: &Listing) -> Markup {
    let before = (asked.page - 1).saturating_mul(asked.size.into());
    let (first, last) = (before + 1, before + listing.records.len() as u64);
    let total = counted(listing.total, "activity", "activities");
    html! {
        p.count role="status" {
            @if listing.pages > 1 { (number(first)) "–" (number(last)) " of " }
            (total)
        }
    }
}

/// The page sizes to choose from.
const SIZES: [u32; 3] = [50, 100, 200];

fn sizes(asked: &ListRequest) -> Markup {
    html! {
        p.hint {
            "Per page: "
            @for size in SIZES {
                a href=(asked.address_with("size", &size.to_string()))
                    aria-current=[(size == asked.size).then_some("true")] { (size) }
                " "
            }
        }
    }
}

/// Says whether nothing matches, or there are no activities at all.
fn nothing(web: &Web, who: &SignedIn, asked: &ListRequest) -> Markup {
    if asked.has_conditions() {
        let action =
            html! { a.button.primary href=(asked.address_of_all()) { "Clear all filters" } };
        let text = "Remove a filter, or search for something else.";
        return layout::empty("No matches", text, &action);
    }
    let action = html! {
        @if who.edits() { a.button.primary href="/activities/new" { "New activity" } }
        @if who.imports() { " " a.button href="/import" { "Import" } }
    };
    let (title, text) = match (web.service.has_activities(&who.person.tenant), who.edits()) {
        (true, _) => (
            "No activities left",
            "All activities are in the bin. You can restore them from there.",
        ),
        (false, true) => {
            ("No activities yet", "Calls, meetings, tasks: create the first one to see it here.")
        }
        (false, false) => {
            ("No activities yet", "They will appear here as soon as someone creates one.")
        }
    };
    layout::empty(title, text, &action)
}

fn wrong(asked: &ListRequest) -> Markup {
    html! {
        @for problem in &asked.wrong { (layout::notice("bad", problem)) }
        (layout::empty(
            "Nothing to show",
            "Fix the filter above, or clear it to see the list.",
            &html! { a.button.primary href=(asked.address_of_all()) { "Clear all filters" } },
        ))
    }
}

fn not_now(asked: &ListRequest, problem: &AskError) -> Markup {
    let action = html! { a.button.primary href=(asked.address()) { "Try again" } };
    layout::empty("Not available right now", &crate::problem::shown(problem), &action)
}

//! The list of activities: searched, filtered, sorted, page by page; the address says which.

mod download;
mod filters;
mod hits;
pub(crate) mod query;
pub(crate) mod quick;
mod table;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::Role;
use maud::{Markup, html};
use service::{AskError, ListError, Listing};

use self::query::Asked;
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
    let asked = Asked::parse(&query, &who);
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
    let page = framed(&web, &who, &asked, &query, &said, &content);
    let page = layout::page(&who, "Activities", Nav::Activities, &page);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return Ok((status, [(header::REFRESH, AGAIN_AFTER_S)], page).into_response());
    }
    Ok((status, page).into_response())
}

/// How soon a browser tries by itself again what cannot be shown now, in seconds.
const AGAIN_AFTER_S: &str = "3";

/// What is above every list, whatever came of it.
fn framed(
    web: &Web,
    who: &SignedIn,
    asked: &Asked,
    query: &Fields,
    said: &Markup,
    content: &Markup,
) -> Markup {
    let directory = who.person.tenant.directory();
    let actions = html! {
        a.button.quiet href="/bin" { "Bin" }
        @if asked.wrong.is_empty() {
            a.button href=(asked.fields.address("/activities.xlsx")) download { "Download workbook" }
            a.button.quiet href=(asked.fields.address("/activities.csv")) download { "Download CSV" }
        }
        @if who.person.may(Role::Admin) { a.button.quiet href="/import" { "Import" } }
        @if who.edits() { a.button.primary href="/activities/new" { "New activity" } }
    };
    html! {
        (layout::head("Activities", &actions))
        (bulk::notice_of(web, who, query.get("work"), &asked.address()))
        (said)
        (filters::form(who, asked, &directory))
        (filters::active(who, asked, &directory))
        (accounts(who, asked))
        @for problem in &asked.mistaken { (layout::notice("warn", problem)) }
        (content)
    }
}

/// Accounts that are called as what is searched for: whoever looks for a name may mean one of them.
fn accounts(who: &SignedIn, asked: &Asked) -> Markup {
    let words = asked.filter.words.trim();
    let found = if words.is_empty() {
        Vec::new()
    } else {
        who.person.tenant.accounts().page(words, 0, ACCOUNTS_SHOWN).1
    };
    html! {
        @if !found.is_empty() {
            p.hint {
                "Accounts: "
                @for (at, found) in found.iter().enumerate() {
                    @if at > 0 { " · " }
                    a href=(account::address_of(found.id)) { (found.name) }
                }
            }
        }
    }
}

/// How many of them are named.
const ACCOUNTS_SHOWN: usize = 5;

fn listed(web: &Web, who: &SignedIn, asked: &Asked, listing: &Listing) -> Markup {
    if listing.total == 0 {
        return nothing(web, who, asked);
    }
    if listing.records.is_empty() {
        let action = html! {
            a.button.primary href=(asked.page_address(listing.pages)) { "To the last page" }
        };
        let text = format!("The list ends with page {}.", number(listing.pages));
        return layout::empty("There is no such page", &text, &action);
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
fn count(asked: &Asked, listing: &Listing) -> Markup {
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

/// Sizes of a page that are offered.
const SIZES: [u32; 3] = [50, 100, 200];

fn sizes(asked: &Asked) -> Markup {
    html! {
        p.hint {
            "On a page: "
            @for size in SIZES {
                a href=(asked.address_with("size", &size.to_string()))
                    aria-current=[(size == asked.size).then_some("true")] { (size) }
                " "
            }
        }
    }
}

/// Nothing there is not the same as nothing found.
fn nothing(web: &Web, who: &SignedIn, asked: &Asked) -> Markup {
    if asked.has_conditions() {
        let action =
            html! { a.button.primary href=(asked.address_of_all()) { "Clear all filters" } };
        let text = "Take a filter away, or look for other words.";
        return layout::empty("Nothing matches", text, &action);
    }
    let action = html! {
        @if who.edits() { a.button.primary href="/activities/new" { "New activity" } }
        @if who.person.may(Role::Admin) { " " a.button href="/import" { "Import" } }
    };
    let (title, text) = match (web.service.has_activities(&who.person.tenant), who.edits()) {
        (true, _) => {
            ("Nothing here any more", "All activities have been removed. The bin has them.")
        }
        (false, true) => (
            "No activities yet",
            "Calls, meetings, tasks: write down the first one to see it here.",
        ),
        (false, false) => {
            ("No activities yet", "They appear here as soon as somebody creates one.")
        }
    };
    layout::empty(title, text, &action)
}

fn wrong(asked: &Asked) -> Markup {
    html! {
        @for problem in &asked.wrong { (layout::notice("bad", problem)) }
        (layout::empty(
            "Nothing is shown",
            "Mend the filter, so that the list does not show something else than you mean.",
            &html! { a.button.primary href=(asked.address_of_all()) { "Clear all filters" } },
        ))
    }
}

fn not_now(asked: &Asked, problem: &AskError) -> Markup {
    let action = html! { a.button.primary href=(asked.address()) { "Try again" } };
    layout::empty("Not now", &crate::problem::shown(problem), &action)
}

//! What was removed, and its way back.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::Role;
use maud::{Markup, html};
use service::{BulkChange, Directory, Removed, RemovedPage};

use super::{account, bulk, names, told};
use crate::fields::{Fields, local};
use crate::layout::{self, Nav, counted, csrf, number};
use crate::session::{Posted, Query};
use crate::times::{self, Shape};
use crate::{Problem, SignedIn, Web};

/// Removed activities on a page.
const SIZE: u32 = 50;

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/bin", get(show)).route("/bin/restore", post(restore))
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    let page: u64 = match query.get("page") {
        "" => 1,
        text => text.parse().ok().filter(|page| *page > 0).ok_or_else(|| {
            Problem::Wrong("The page is a number, from 1. The bin begins at /bin.".to_owned())
        })?,
    };
    let bin = web.service.removed(&who.person.tenant, page, SIZE).await?;
    let here = address(page);
    let said = told::notice(&web, &who, &query, &here).await?;
    let content = html! {
        (layout::head("Bin", &html! { a.button.quiet href="/activities" { "Activities" } }))
        (bulk::notice_of(&web, &who, query.get("work"), &here))
        (said)
        p.lead { "Removed activities stay here. Restoring one makes it a new version: integrations hear of it." }
        @if bin.total == 0 {
            (layout::empty("The bin is empty", "What is removed can be found and restored here.", &html! {}))
        } @else if bin.removed.is_empty() {
            @let last = html! { a.button.primary href=(address(bin.pages)) { "To the last page" } };
            (layout::empty("There is no such page", &format!("The bin ends with page {}.", number(bin.pages)), &last))
        } @else {
            (table(&who, &bin, page))
        }
    };
    Ok(layout::page(&who, "Bin", Nav::None, &content))
}

fn address(page: u64) -> String {
    let page = if page > 1 { page.to_string() } else { String::new() };
    Fields::default().with("page", &page).address("/bin")
}

fn table(who: &SignedIn, bin: &RemovedPage, page: u64) -> Markup {
    let directory = who.person.tenant.directory();
    html! {
        p.count { (counted(bin.total, "removed activity", "removed activities")) }
        div.scroll {
            table.grid {
                thead {
                    tr {
                        @if who.edits() {
                            th.pick scope="col" {
                                span.unseen { "Selection" }
                                label { input type="checkbox" data-all form="bulk" aria-label="Select all on this page"; }
                            }
                        }
                        th scope="col" { "Subject" }
                        th scope="col" { "Account" }
                        th scope="col" { "Removed" }
                        th scope="col" { "By" }
                        @if who.edits() { th.act scope="col" { "Restore" } }
                    }
                }
                tbody { @for removed in &bin.removed { (row(who, &directory, removed, page)) } }
            }
        }
        @if who.edits() { (bar(who, page)) }
        (layout::pager(page, bin.pages, &address))
    }
}

/// The bar over the list: the boxes in its rows belong to this form.
fn bar(who: &SignedIn, page: u64) -> Markup {
    html! {
        form.bulk #bulk action="/bin/restore" method="post" aria-label="Restore many at once"
            tabindex="-1" data-with-selection {
            (csrf(who))
            input type="hidden" name="back" value=(address(page));
            span { b data-selected { "Those" } " selected" }
            button.primary type="submit" { "Restore " span data-selected { "them" } }
        }
    }
}

async fn restore(
    State(web): State<Web>,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Editor)?;
    let ids = bulk::ticked(&fields);
    let back = local(fields.get("back")).unwrap_or("/bin");
    if ids.is_empty() {
        return Ok(Redirect::to(back).into_response());
    }
    let change = BulkChange::Restore;
    let title = bulk::title(change, ids.len(), &who.person.tenant.directory());
    let work = web.service.start_bulk(&who.person, ids, change, title)?;
    Ok(bulk::shown_at(&work, back).await)
}

fn row(who: &SignedIn, directory: &Directory, removed: &Removed, page: u64) -> Markup {
    let tombstone = &removed.tombstone;
    let last = removed.last.as_ref().and_then(|version| version.record());
    let client = last.and_then(|activity| activity.client);
    html! {
        tr id={ "a" (tombstone.id) } {
            @if who.edits() {
                td.pick {
                    @if let Some(activity) = last {
                        label {
                            input type="checkbox" name="id" value=(tombstone.id) form="bulk"
                                aria-label={ "Select " (activity.subject) };
                        }
                    }
                }
            }
            td.title data-label="Subject" {
                a href={ "/activities/" (tombstone.id) "/history" } {
                    @match last { Some(activity) => (activity.subject), None => { "Activity " (tombstone.id) } }
                }
                @if last.is_none() { small { "Removed before it came here" } }
            }
            td data-label="Account" {
                @if let Some(client) = client {
                    a href=(account::address_of(client)) { (names::account(&who.person.tenant, client)) }
                }
            }
            td.when data-label="Removed" { (times::time(tombstone.stamp, &who.clock, Shape::Both)) }
            td data-label="By" { (names::author(directory, tombstone.author)) }
            @if who.edits() { td.act { @if let Some(activity) = last {
                form action={ "/activities/" (tombstone.id) "/restore" } method="post" {
                    (csrf(who))
                    input type="hidden" name="back" value=(address(page));
                    button.small type="submit" aria-label={ "Restore " (activity.subject) } { "Restore" }
                }
            } } }
        }
    }
}

//! The bin: removed activities, and restoring them.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::Seq;
use maud::{Markup, html};
use service::{BulkChange, Directory, Removed};

use super::list::query::WORDS_CHARS_MAX;
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

/// The search words, and the page.
struct BinRequest {
    words: String,
    page: u64,
    /// The removal before which the search continues.
    before: Option<Seq>,
}

impl BinRequest {
    fn parse(query: &Fields) -> Result<BinRequest, Problem> {
        let page = match query.get("page") {
            "" => 1,
            text => text.parse().ok().filter(|page| *page > 0).ok_or_else(|| {
                Problem::Wrong(
                    "The page in the address must be a number from 1. The bin starts at /bin."
                        .to_owned(),
                )
            })?,
        };
        let words = query.get("q").to_owned();
        if words.chars().count() > WORDS_CHARS_MAX {
            let text = format!("Search for at most {WORDS_CHARS_MAX} characters.");
            return Err(Problem::Wrong(text));
        }
        Ok(BinRequest { words, page, before: query.get("before").parse().ok().map(Seq) })
    }

    /// The address of another page of the same list.
    fn address(&self, page: u64, before: Option<Seq>) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let before = before.map_or_else(String::new, |seq| seq.to_string());
        let fields = [("q", self.words.clone()), ("page", page), ("before", before)];
        Fields::of(fields).address("/bin")
    }

    fn here(&self) -> String {
        self.address(self.page, self.before)
    }
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    let asked = BinRequest::parse(&query)?;
    let here = asked.here();
    let said = told::notice(&web, &who, &query, &here).await?;
    let content = if asked.words.is_empty() {
        all(&web, &who, &asked).await?
    } else {
        found(&web, &who, &asked).await?
    };
    let content = html! {
        (layout::head("Bin", &html! { a.button.quiet href="/activities" { "Activities" } }))
        (bulk::notice_of(&web, &who, query.get("work"), &here))
        (said)
        p.lead { "Removed activities stay here, and you can restore them. Integrations see a restored activity as changed." }
        (search(&asked))
        (content)
    };
    Ok(layout::page(&who, "Bin", Nav::None, &content))
}

fn search(asked: &BinRequest) -> Markup {
    html! {
        form.filters action="/bin" method="get" role="search" aria-label="Removed activities" {
            label {
                "Search the bin"
                input type="search" name="q" value=(asked.words) maxlength=(WORDS_CHARS_MAX)
                    placeholder="Subject, note or name";
            }
            button type="submit" { "Search" }
            @if !asked.words.is_empty() { a.button.quiet href="/bin" { "Show all" } }
        }
    }
}

async fn all(web: &Web, who: &SignedIn, asked: &BinRequest) -> Result<Markup, Problem> {
    let bin = web.service.removed(&who.person.tenant, asked.page, SIZE).await?;
    Ok(html! {
        @if bin.total == 0 {
            (layout::empty("The bin is empty", "When activities are removed, you can find and restore them here.", &html! {}))
        } @else if bin.removed.is_empty() {
            @let last = html! { a.button.primary href=(asked.address(bin.pages, None)) { "Go to the last page" } };
            (layout::empty("Page not found", &format!("The last page is page {}.", number(bin.pages)), &last))
        } @else {
            p.count { (counted(bin.total, "removed activity", "removed activities")) }
            (table(who, &bin.removed, asked))
            (layout::pager(asked.page, bin.pages, &|page| asked.address(page, None)))
        }
    })
}

async fn found(web: &Web, who: &SignedIn, asked: &BinRequest) -> Result<Markup, Problem> {
    let (org, size) = (&who.person.tenant, SIZE as usize);
    let found = web.service.find_removed(org, &asked.words, asked.before, size).await?;
    let further = html! {
        @if let Some(before) = found.go_on {
            a.button href=(asked.address(1, Some(before))) { "Search older" }
        }
    };
    // Says how far the search went, so that nothing older seems to be missing.
    let looked_at = html! {
        @if let (Some(at), Some(_)) = (found.back_to, found.go_on) {
            p.hint { "Searched everything removed since " (times::time(at, &who.clock, Shape::Both)) "." }
        }
    };
    Ok(html! {
        @if found.removed.is_empty() {
            @let nothing = format!("No removed activity contains “{}”.", asked.words);
            (layout::empty("No matches", &nothing, &further))
            (looked_at)
        } @else {
            p.count role="status" { (counted(found.removed.len() as u64, "removed activity", "removed activities")) " found" }
            (table(who, &found.removed, asked))
            (looked_at)
            p { (further) }
        }
    })
}

fn table(who: &SignedIn, removed: &[Removed], asked: &BinRequest) -> Markup {
    let directory = who.person.tenant.directory();
    let here = asked.here();
    // An activity that was removed before it was imported has no version to restore.
    let can_be_restored = who.edits() && removed.iter().any(|one| one.last.is_some());
    html! {
        div.scroll {
            table.grid {
                thead {
                    tr {
                        @if can_be_restored {
                            th.pick scope="col" {
                                span.unseen { "Select" }
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
                tbody { @for removed in removed { (row(who, &directory, removed, can_be_restored, &here)) } }
            }
        }
        @if can_be_restored { (bar(who, &here)) }
    }
}

/// The bar with the bulk action. The checkboxes in the rows belong to this form.
fn bar(who: &SignedIn, here: &str) -> Markup {
    html! {
        form.bulk #bulk action="/bin/restore" method="post" aria-label="Restore selected activities"
            tabindex="-1" data-with-selection {
            (csrf(who))
            input type="hidden" name="back" value=(here);
            span { b data-selected { "Activities" } " selected" }
            button.primary type="submit" { "Restore " span data-selected { "selected" } }
        }
    }
}

async fn restore(
    State(web): State<Web>,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs_to_edit()?;
    let ids = bulk::ticked(&fields);
    let back = local(fields.get("back")).unwrap_or("/bin");
    if ids.is_empty() {
        return Ok(Redirect::to(back).into_response());
    }
    let change = BulkChange::Restore;
    if ids.len() > bulk::UNASKED_MAX && fields.get("confirmed").is_empty() {
        let lead = "Integrations will see them as changed. You can undo this afterwards.";
        let asks = bulk::Asks { action: "/bin/restore", back, lead, has_changed: false };
        return Ok(asks.page(&who, &fields, change, &ids));
    }
    let title = bulk::title(change, ids.len(), &who.person.tenant.directory());
    let work = web.service.start_bulk(&who.person, ids, change, title)?;
    Ok(bulk::shown_at(&work, back).await)
}

fn row(
    who: &SignedIn,
    directory: &Directory,
    removed: &Removed,
    can_be_restored: bool,
    here: &str,
) -> Markup {
    let tombstone = &removed.tombstone;
    let last = removed.last.as_ref().and_then(|version| version.record());
    let client = last.and_then(|activity| activity.client);
    html! {
        tr id={ "a" (tombstone.id) } {
            @if can_be_restored {
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
                @if last.is_none() { small { "Already removed when it was imported" } }
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
                    input type="hidden" name="back" value=(here);
                    button.small type="submit" aria-label={ "Restore " (activity.subject) } { "Restore" }
                }
            } } }
        }
    }
}

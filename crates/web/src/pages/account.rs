//! The page of an account: its upcoming and past activities.

use axum::extract::State;
use axum::response::Response;
use domain::{Activity, ClientId, Stamp, Version};
use maud::{Markup, html};
use service::{Column, Direction, Filter, ListQuery, Listing};

use super::activity::{Names, address, short};
use super::names;
use super::told;
use crate::fields::Fields;
use crate::layout::{self, Nav, counted, number};
use crate::session::{Number, Query};
use crate::times::{self, Shape};
use crate::{Problem, SignedIn, Web};

/// Past activities per page, and the most upcoming ones shown.
const PAGE_SIZE: u32 = 20;

/// The most characters shown of a note.
const NOTE_CHARS_MAX: usize = 600;

pub(super) async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Number(id): Number,
    Query(query): Query,
) -> Result<Response, Problem> {
    let (client, tenant) = (ClientId(id), &who.person.tenant);
    let page: u64 = query.get("page").parse().unwrap_or(1).max(1);
    let now = who.clock.now;
    let about = |from, to| Filter {
        clients: Some(vec![client]),
        start_from: from,
        start_to: to,
        ..Filter::default()
    };
    let by = Column::Start;
    let to_come = ListQuery {
        filter: about(Some(now.plus_millis(1)), None),
        by,
        direction: Direction::Ascending,
        page: 1,
        page_size: PAGE_SIZE,
    };
    let (filter, direction) = (about(None, Some(now)), Direction::Descending);
    let so_far = ListQuery { filter, by, direction, page, page_size: PAGE_SIZE };
    let (to_come, so_far) =
        tokio::try_join!(web.service.list(tenant, &to_come), web.service.list(tenant, &so_far))?;
    let known = tenant.accounts().name(client).is_some();
    if !known && to_come.total + so_far.total == 0 {
        return Err(Problem::NotFound);
    }
    let here = page_address(client, page);
    let said = told::notice(&web, &who, &query, &here).await?;
    let name = names::account(tenant, client);
    let content = html! {
        (layout::head(&name, &actions(&who, client, known)))
        p.lead { "Account " (client) ", " (counted(to_come.total + so_far.total, "activity", "activities")) }
        (said)
        @if page == 1 && to_come.total > 0 {
            section aria-labelledby="to-come" {
                h2 #to-come { "Upcoming" }
                (timeline(&who, &to_come))
                @if to_come.total > to_come.records.len() as u64 {
                    p { a href=(all(client)) { "Show all in the list" } }
                }
            }
        }
        section aria-labelledby="so-far" {
            h2 #so-far { "Past" }
            @if so_far.total > 0 && so_far.records.is_empty() {
                @let last = html! { a.button.primary href=(page_address(client, so_far.pages)) { "Go to the last page" } };
                (layout::empty("Page not found", &format!("The last page is page {}.", number(so_far.pages)), &last))
            } @else if so_far.records.is_empty() {
                p.hint { "Nothing yet." }
            } @else {
                (timeline(&who, &so_far))
            }
        }
        (layout::pager(page, so_far.pages, &|page| page_address(client, page)))
    };
    Ok(layout::page(&who, &name, Nav::Accounts, &content))
}

/// The address of an account's page.
pub(crate) fn address_of(client: ClientId) -> String {
    format!("/accounts/{client}")
}

fn page_address(client: ClientId, page: u64) -> String {
    let page = if page > 1 { page.to_string() } else { String::new() };
    Fields::default().with("page", &page).address(&address_of(client))
}

fn all(client: ClientId) -> String {
    Fields::of([("client", client.to_string())]).address("/activities")
}

fn actions(who: &SignedIn, client: ClientId, known: bool) -> Markup {
    let name = if known {
        Fields::of([("q", client.to_string()), ("rename", client.to_string())])
    } else {
        Fields::of([("number", client.to_string())])
    };
    html! {
        a.button href=(all(client)) { "Show in list" }
        @if who.names() {
            a.button href=(name.address("/accounts")) { @if known { "Rename" } @else { "Add a name" } }
        }
        @if who.edits() {
            a.button.primary href={ "/activities/new?client=" (client) } data-key="n" { "New activity" }
        }
    }
}

fn timeline(who: &SignedIn, listing: &Listing) -> Markup {
    let names = Names::of(who);
    let records = listing.records.iter().filter_map(|version| Some((version, version.record()?)));
    html! {
        ol.story.account { @for (version, activity) in records { (entry(&names, version, activity)) } }
    }
}

fn entry(names: &Names, version: &Version, activity: &Activity) -> Markup {
    let status = names.directory.statuses.get(&activity.status);
    let (is_done, start) = (status.is_some_and(|status| status.done), activity.start);
    // As in My day: what started today is due, and what has not ended yet is under way.
    let is_missed = start.stamp < names.clock.day(0) && !is_under_way(activity, names.clock.now);
    let is_late = !is_done && is_missed;
    html! {
        li.done[is_done] {
            span.when.late[is_late] { (times::moment(start, &names.clock, Shape::Both)) }
            a.what href=(address(version.id)) { (activity.subject) }
            span.badge.status { (activity.status_name) }
            @if let Some(user) = activity.system_user { span.who { (names.user(user)) } }
            @if !activity.note.as_str().is_empty() {
                p.note { (short(activity.note.as_str(), NOTE_CHARS_MAX)) }
            }
        }
    }
}

fn is_under_way(activity: &Activity, now: Stamp) -> bool {
    activity.end.is_some_and(|end| end.stamp >= now)
}

//! The start page: what is due.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use domain::{Activity, Priority, Stamp, StatusId, Version, Zone};
use maud::{Markup, html};
use service::{AskError, Column, Direction, Directory, Filter, ListQuery, Listing};

use super::list::quick;
use super::names;
use crate::fields::Fields;
use crate::layout::{self, Nav, csrf, number};
use crate::session::Query;
use crate::times::{self, DAY_MS, Shape};
use crate::{Problem, SignedIn, Web};

/// How many activities of each kind are shown; a link leads to the rest. What has been left lying is
/// not to push what comes out of sight.
const SHOWN: u32 = 50;
const OVERDUE_SHOWN: u32 = 10;

/// The days after today that are looked ahead to.
const DAYS_AHEAD: i64 = 7;

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/", get(show))
}

/// Activities of mine that are not done and begin within a span.
struct Due {
    /// Its name in the address, and above the list.
    anchor: &'static str,
    title: &'static str,
    /// What is said where there are none.
    none: &'static str,
    /// The first and the last instant.
    from: Option<Stamp>,
    to: Stamp,
    shape: Shape,
    shown: u32,
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    let directory = who.person.tenant.directory();
    let zone = &directory.organization.zone;
    let now = web.service.now();
    let day = |days_on| times::day(now, zone, days_on);
    let day_end = |days_on| day(days_on + 1).plus_millis(-1);
    let today = Due {
        anchor: "today",
        title: "Due today",
        none: "Nothing is due today.",
        from: Some(day(0)),
        to: day_end(0),
        shape: Shape::Time,
        shown: SHOWN,
    };
    let overdue = Due {
        anchor: "overdue",
        title: "Overdue",
        none: "Nothing is overdue.",
        from: None,
        to: day_end(-1),
        shape: Shape::Both,
        shown: OVERDUE_SHOWN,
    };
    let ahead = Due {
        anchor: "ahead",
        title: "Next seven days",
        none: "Nothing begins in the next seven days.",
        from: Some(day(1)),
        to: day_end(DAYS_AHEAD),
        shape: Shape::Both,
        shown: SHOWN,
    };
    let (today_list, overdue_list, ahead_list) = tokio::join!(
        listed(&web, &who, &directory, &today),
        listed(&web, &who, &directory, &overdue),
        listed(&web, &who, &directory, &ahead),
    );
    let all = [(today, today_list?), (overdue, overdue_list?), (ahead, ahead_list?)];
    let content = html! {
        (layout::head("My day", &actions(&who, &directory)))
        // The day that the lists go by is the organization's, whatever the reader's clock shows.
        p.lead { (weekday(now, zone)) ", " (&zone.at(now).text().as_str()[..10]) }
        (quick::notice(&who, &query, "/"))
        @if all.iter().all(|(_, listing)| listing.total == 0) {
            (nothing(&web, &who))
        } @else {
            div.cards {
                @for (due, listing) in &all {
                    a.stat href={ "#" (due.anchor) } {
                        b { (number(listing.total)) } span { (due.title) }
                    }
                }
            }
            @for (due, listing) in &all { (section(&who, &directory, due, listing)) }
        }
    };
    Ok(layout::page(&who, "My day", Nav::MyDay, &content))
}

/// The statuses of what is still to be done, retired ones included.
fn open_statuses(directory: &Directory) -> Vec<StatusId> {
    directory.statuses.values().filter(|status| !status.done).map(|status| status.id).collect()
}

async fn listed(
    web: &Web,
    who: &SignedIn,
    directory: &Directory,
    due: &Due,
) -> Result<Listing, AskError> {
    let filter = Filter {
        system_user: Some(who.person.user),
        statuses: open_statuses(directory),
        start_from: due.from,
        start_to: Some(due.to),
        ..Filter::default()
    };
    // No status to ask for would mean any: then nothing is ever due.
    let is_any_open = !filter.statuses.is_empty();
    let (by, direction) = (Column::Start, Direction::Ascending);
    let query = ListQuery { filter, by, direction, page: 1, page_size: due.shown };
    let listing = web.service.list(&who.person.tenant, &query).await?;
    let none = Listing { records: Vec::new(), total: 0, ..listing.clone() };
    Ok(if is_any_open { listing } else { none })
}

fn actions(who: &SignedIn, directory: &Directory) -> Markup {
    html! {
        a.button href=(address(who, directory, &[])) { "All my open activities" }
        @if who.edits() { a.button.primary href="/activities/new" { "New activity" } }
    }
}

/// The list of what of mine is not done, under further conditions.
fn address(who: &SignedIn, directory: &Directory, more: &[(&'static str, String)]) -> String {
    let statuses = open_statuses(directory).into_iter().map(|id| ("status", id.to_string()));
    let mine = [("user", who.person.user.to_string())];
    let order = [("sort", "start".to_owned()), ("direction", "asc".to_owned())];
    let all = statuses.chain(mine).chain(more.iter().cloned()).chain(order);
    Fields::of(all).address("/activities")
}

fn section(who: &SignedIn, directory: &Directory, due: &Due, listing: &Listing) -> Markup {
    let zone = &directory.organization.zone;
    let records = listing.records.iter().filter_map(|version| Some((version, version.record()?)));
    let date = |stamp: Stamp| zone.at(stamp).to_string().chars().take(10).collect::<String>();
    let from = due.from.map(|from| ("start_from", date(from)));
    let span: Vec<_> = from.into_iter().chain([("start_to", date(due.to))]).collect();
    html! {
        section aria-labelledby=(due.anchor) {
            h2 #(due.anchor) tabindex="-1" { (due.title) }
            @if listing.total == 0 {
                p.hint { (due.none) }
            } @else {
                div.scroll { table.grid {
                    thead { tr {
                        @if can_be_done(who, directory) {
                            td.pick {}
                        }
                        th scope="col" { "Subject" }
                        th scope="col" { "Account" }
                        th scope="col" { "Start" }
                        th scope="col" { "Status" }
                        th scope="col" { "Priority" }
                    } }
                    tbody {
                        @for (version, activity) in records {
                            (row(who, directory, due, version, activity))
                        }
                    }
                } }
                @if listing.total > listing.records.len() as u64 {
                    p { a href=(address(who, directory, &span)) { "All " (number(listing.total)) " in the list" } }
                }
            }
        }
    }
}

/// Whether the click that makes an activity done is offered.
fn can_be_done(who: &SignedIn, directory: &Directory) -> bool {
    who.edits() && directory.statuses.values().any(|status| status.done && !status.retired)
}

fn row(
    who: &SignedIn,
    directory: &Directory,
    due: &Due,
    version: &Version,
    activity: &Activity,
) -> Markup {
    let (tenant, zone) = (&who.person.tenant, &directory.organization.zone);
    let late = due.from.is_none();
    html! {
        tr {
            @if can_be_done(who, directory) {
                td.pick {
                    form action={ "/activities/" (version.id) "/quick" } method="post" {
                        (csrf(who))
                        input type="hidden" name="done" value="1";
                        input type="hidden" name="seen" value=(version.seq);
                        input type="hidden" name="back" value="/";
                        button.tick type="submit" title="Done" aria-label={ "Done: " (activity.subject) } {}
                    }
                }
            }
            td.title data-label="Subject" {
                a href={ "/activities/" (version.id) } { (activity.subject) }
            }
            td data-label="Account" {
                @if let Some(client) = activity.client {
                    a href={ "/activities?client=" (client) } { (names::account(tenant, client)) }
                }
            }
            td.when.late[late] data-label="Start" {
                (times::moment(activity.start, zone, due.shape))
            }
            td data-label="Status" { span.badge.status { (activity.status_name) } }
            td data-label="Priority" {
                @match activity.priority {
                    Priority::High => span.badge.high { "High" },
                    Priority::Low => span.badge.low { "Low" },
                    Priority::Normal => {}
                }
            }
        }
    }
}

/// Nothing due is not the same as nothing there.
fn nothing(web: &Web, who: &SignedIn) -> Markup {
    let new = html! {
        @if who.edits() { a.button.primary href="/activities/new" { "New activity" } }
    };
    if !web.service.has_activities(&who.person.tenant) {
        let text = "Activities are calls, meetings, tasks. Those that are yours appear here when they are due.";
        return layout::empty("Nothing here yet", text, &new);
    }
    let text = "No open activity of yours is overdue, due today or begins in the next seven days.";
    layout::empty("All clear", text, &new)
}

/// The day of the week that clocks in the zone show.
fn weekday(stamp: Stamp, zone: &Zone) -> &'static str {
    const NAMES: [&str; 7] =
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let local = zone.at(stamp);
    let wall = stamp.plus_millis(i64::from(local.offset_seconds) * 1_000).millis();
    // 1970 began on a Thursday.
    let at = (wall.div_euclid(DAY_MS) + 3).rem_euclid(7);
    usize::try_from(at).ok().and_then(|at| NAMES.get(at)).unwrap_or(&"")
}

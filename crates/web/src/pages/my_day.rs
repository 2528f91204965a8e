//! My day, the start page: the activities that are due.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use domain::{Activity, Priority, Version};
use maud::{Markup, html};
use service::{Column, Direction, Directory, Filter, ListError, ListQuery, Listing};

use super::due::Due;
use super::list::query::{self, OPEN, UNASSIGNED};
use super::{account, getting_started, names, told};
use crate::fields::Fields;
use crate::layout::{self, Nav, csrf, number};
use crate::session::Query;
use crate::times::{self, Shape};
use crate::{Problem, SignedIn, Web};

/// How many activities of each kind are shown; a link leads to the rest. Overdue ones must not push the others out
/// of sight.
const SHOWN: u32 = 50;
const OVERDUE_SHOWN: u32 = 10;

/// The days, including today, to which activities can be moved.
const DAYS_TO_PLAN: i64 = 7;

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/", get(show))
}

/// The person's activities that are due then.
struct Section {
    due: Due,
    listing: Listing,
}

impl Section {
    async fn of(web: &Web, who: &SignedIn, due: Due) -> Result<Section, ListError> {
        let mut filter = Filter { system_user: Some(who.person.user), ..Filter::default() };
        let may_be = due.narrow(&mut filter, &who.clock, &who.person.tenant.directory());
        let (by, direction) = (Column::Start, direction(due));
        let query = ListQuery { filter, by, direction, page: 1, page_size: shown_max(due) };
        let mut listing = web.service.list(&who.person.tenant, &query).await?;
        if !may_be {
            listing = Listing { records: Vec::new(), total: 0, ..listing };
        }
        Ok(Section { due, listing })
    }

    /// Few activities are under way, so that section is left out if it is empty.
    fn has_place(&self) -> bool {
        self.listing.total > 0 || self.due != Due::UnderWay
    }
}

/// Overdue activities start with the latest, which are the easiest to catch up on.
fn direction(due: Due) -> Direction {
    if due == Due::Overdue { Direction::Descending } else { Direction::Ascending }
}

fn shown_max(due: Due) -> u32 {
    if due == Due::Overdue { OVERDUE_SHOWN } else { SHOWN }
}

fn none(due: Due) -> &'static str {
    match due {
        Due::Today => "Nothing is due today.",
        Due::UnderWay => "Nothing is under way.",
        Due::Overdue => "Nothing is overdue.",
        Due::Ahead => "Nothing starts in the next 7 days.",
    }
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    headers: HeaderMap,
    Query(query): Query,
) -> Result<Response, Problem> {
    let section = |due| Section::of(&web, &who, due);
    let [one, two, three, four] = Due::ALL.map(section);
    let (one, two, three, four) = tokio::try_join!(one, two, three, four)?;
    let sections = [one, two, three, four];
    let clock = &who.clock;
    let is_free = sections.iter().all(|section| section.listing.total == 0);
    let unassigned = if is_free { unassigned(&web, &who).await? } else { Vec::new() };
    let said = told::notice(&web, &who, &query, "/").await?;
    let content = html! {
        (layout::head("My day", &actions(&who)))
        p.lead { (clock.long_date(clock.now)) }
        (said)
        (getting_started::said(&query))
        (getting_started::checklist(&web, &who, &headers))
        @if is_free {
            (nothing(&web, &who, &unassigned))
        } @else {
            div.cards {
                @for section in sections.iter().filter(|section| section.has_place()) {
                    a.stat href={ "#" (section.due.name()) } {
                        b { (number(section.listing.total)) } span { (section.due.title()) }
                    }
                }
            }
            @for section in sections.iter().filter(|section| section.has_place()) {
                (shown(&who, section))
            }
        }
    };
    Ok(layout::page(&who, "My day", Nav::MyDay, &content))
}

fn actions(who: &SignedIn) -> Markup {
    html! {
        a.button href=(address(None)) { "All my open activities" }
        @if who.edits() { a.button.primary href="/activities/new" { "New activity" } }
    }
}

/// The address of the list of the person's open activities that are due then.
fn address(due: Option<Due>) -> String {
    let fields = Fields::of([("status", OPEN), ("user", "me"), ("sort", "start")]);
    let direction = due.map_or(Direction::Ascending, direction);
    let fields = fields.with("direction", query::direction_name(direction));
    fields.with("due", due.map_or("", Due::name)).address("/activities")
}

fn shown(who: &SignedIn, Section { due, listing }: &Section) -> Markup {
    let directory = who.person.tenant.directory();
    let records = listing.records.iter().filter_map(|version| Some((version, version.record()?)));
    html! {
        section aria-labelledby=(due.name()) {
            h2 #(due.name()) tabindex="-1" { (due.title()) }
            @if listing.total == 0 {
                p.hint { (none(*due)) }
            } @else {
                div.scroll { table.grid {
                    thead { tr {
                        @if can_be_done(who, &directory) {
                            td.pick {}
                        }
                        th scope="col" { "Subject" }
                        th scope="col" { "Account" }
                        th scope="col" { "Start" }
                        @if who.edits() && is_planned(*due) { th.plan scope="col" { "Reschedule" } }
                        th scope="col" { "Status" }
                        th scope="col" { "Priority" }
                    } }
                    tbody {
                        @for (version, activity) in records {
                            (row(who, &directory, *due, version, activity))
                        }
                    }
                } }
                @if listing.total > listing.records.len() as u64 {
                    p { a href=(address(Some(*due))) { "Show all " (number(listing.total)) " in the list" } }
                }
            }
        }
    }
}

/// Whether activities can be marked as done.
fn can_be_done(who: &SignedIn, directory: &Directory) -> bool {
    who.edits() && names::done_status(directory).is_some()
}

fn row(
    who: &SignedIn,
    directory: &Directory,
    due: Due,
    version: &Version,
    activity: &Activity,
) -> Markup {
    let tenant = &who.person.tenant;
    let shape = if due == Due::Today { Shape::Time } else { Shape::Both };
    html! {
        tr id={ "a" (version.id) } {
            @if can_be_done(who, directory) {
                td.pick {
                    form action={ "/activities/" (version.id) "/quick" } method="post" {
                        (csrf(who))
                        input type="hidden" name="done" value="1";
                        input type="hidden" name="seen" value=(version.seq);
                        input type="hidden" name="back" value="/";
                        button.tick type="submit" title="Mark as done" aria-label={ "Mark as done: " (activity.subject) } {}
                    }
                }
            }
            td.title data-label="Subject" {
                a href={ "/activities/" (version.id) } { (activity.subject) }
            }
            td data-label="Account" {
                @if let Some(client) = activity.client {
                    a href=(account::address_of(client)) { (names::account(tenant, client)) }
                }
            }
            td.when.late[due == Due::Overdue] data-label="Start" {
                (times::moment(activity.start, &who.clock, shape))
            }
            @if who.edits() && is_planned(due) {
                td.plan data-label="Reschedule" { (plan(who, version, activity)) }
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

/// Whether its activities can be rescheduled here.
fn is_planned(due: Due) -> bool {
    matches!(due, Due::Overdue | Due::Today)
}

/// Moves an activity to one of the next days.
fn plan(who: &SignedIn, version: &Version, activity: &Activity) -> Markup {
    let day = |days_on| {
        let day = who.clock.day(days_on);
        (who.clock.date(day), times::text(day, &who.clock, Shape::Date))
    };
    html! {
        form.quick action={ "/activities/" (version.id) "/quick" } method="post" {
            (csrf(who))
            input type="hidden" name="seen" value=(version.seq);
            input type="hidden" name="back" value="/";
            select name="day" required data-submit aria-label={ "Reschedule " (activity.subject) } {
                option value="" { "Move to…" }
                @for (date, text) in (0..DAYS_TO_PLAN).map(day) { option value=(date) { (text) } }
            }
            button.small type="submit" data-nojs { "Move" }
        }
    }
}

/// How many open activities that are assigned to no one are overdue, and how many due today, where there are any.
async fn unassigned(web: &Web, who: &SignedIn) -> Result<Vec<(Due, u64)>, ListError> {
    let mut found = Vec::new();
    for due in [Due::Overdue, Due::Today] {
        let mut filter = Filter { unassigned: true, ..Filter::default() };
        if !due.narrow(&mut filter, &who.clock, &who.person.tenant.directory()) {
            continue;
        }
        let (by, direction) = (Column::Start, direction(due));
        let query = ListQuery { filter, by, direction, page: 1, page_size: 1 };
        let total = web.service.list(&who.person.tenant, &query).await?.total;
        found.extend((total > 0).then_some((due, total)));
    }
    Ok(found)
}

/// Says whether nothing is due, or there are no activities at all.
fn nothing(web: &Web, who: &SignedIn, unassigned: &[(Due, u64)]) -> Markup {
    let new = html! {
        @if who.edits() { a.button.primary href="/activities/new" { "New activity" } }
    };
    if !web.service.has_activities(&who.person.tenant) {
        let text = "Activities are calls, meetings and tasks. Yours appear here when they are due.";
        return layout::empty("No activities yet", text, &new);
    }
    let text = "You have nothing overdue, due today or starting in the next 7 days.";
    if unassigned.is_empty() {
        return layout::empty("All clear", text, &new);
    }
    let fields = Fields::of([("status", OPEN), ("user", UNASSIGNED), ("sort", "start")]);
    let links = html! {
        p {
            "Assigned to no one: "
            @for (at, (due, count)) in unassigned.iter().enumerate() {
                @if at > 0 { ", " }
                a href=(fields.with("due", due.name()).address("/activities")) {
                    (number(*count)) " " (due.title().to_lowercase())
                }
            }
        }
        (new)
    };
    layout::empty("Nothing is assigned to you", text, &links)
}

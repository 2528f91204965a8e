//! The page of a key: what it has received, what it has missed, and its recent polls.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::{ActivityId, Interval, KeyId, Role, Stamp, Unit, Zone};
use maud::{Markup, html};
use service::{Cause, Directory, Integration, Poll, Progress, Undelivered};

use super::{named, receipt, revoke_form, state};
use crate::fields::Fields;
use crate::form::{Label, Wrong, choice, line};
use crate::layout::{self, Nav, counted, csrf, notice, number};
use crate::session::{Number, Posted, Query};
use crate::times::{Shape, duration, exact, interval, time};
use crate::{Problem, SignedIn, Web};

/// How many undelivered changes are listed.
const UNDELIVERED_SHOWN_MAX: usize = 50;

pub(super) async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Number(key): Number,
    Query(query): Query,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let above = match query.get("saved") {
        "" => html! {},
        _ => notice("ok", "Saved."),
    };
    page(&web, &who, KeyId(key), &above, &query, &Wrong::default()).await
}

/// Sets how often the key is expected to poll.
pub(super) async fn expect(
    State(web): State<Web>,
    Number(key): Number,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let id = KeyId(key);
    let mut wrong = Wrong::default();
    let Some(expected) = wrong.check("every", expected(&fields)) else {
        return page(&web, &who, id, &html! {}, &fields, &wrong).await;
    };
    web.service.expect_of_key(&who.person, id, expected).await?;
    Ok(Redirect::to(&format!("/integrations/{id}?saved=1")).into_response())
}

/// None if the field is empty; then its usual interval counts.
fn expected(fields: &Fields) -> Result<Option<Interval>, String> {
    let every = fields.get("every");
    if every.is_empty() {
        return Ok(None);
    }
    let unit = Unit::ALL.into_iter().find(|unit| unit.plural() == fields.get("unit"));
    let count = every.parse().map_err(|_| "Enter a whole number like 7".to_owned())?;
    let expected = Interval::new(count, unit.unwrap_or(Unit::Day));
    expected.map(Some).map_err(|problem| problem.to_string())
}

async fn page(
    web: &Web,
    who: &SignedIn,
    id: KeyId,
    above: &Markup,
    fields: &Fields,
    wrong: &Wrong,
) -> Result<Response, Problem> {
    let org = &who.person.tenant;
    let directory = org.directory();
    let zone = &who.clock.zone;
    let one = web.service.integration(org, id).ok_or(Problem::NotFound)?;
    let answer = match fields.get("activity") {
        "" => html! {},
        text => match text.parse() {
            Ok(activity) => {
                let activity = ActivityId(activity);
                let receipt = web.service.receipt(org, id, activity).await?;
                receipt::answer(activity, receipt.as_ref(), zone)
            }
            Err(_) => notice("warn", "Enter the ID of an activity, like 4001."),
        },
    };
    let undelivered = web.service.undelivered(org, id, UNDELIVERED_SHOWN_MAX);
    let polls = web.service.polls(org, id);
    let title = named(&one).to_owned();
    let actions = html! { @if !one.key.revoked { (revoke_form(who, &one)) } };
    let content = html! {
        p { a href="/integrations" { "All integrations" } }
        (layout::head(&title, &actions))
        (wrong.notice())
        (above)
        p { (state::badge(&one)) " " (state::sentence(&one, zone)) }
        @for hint in &one.hints { div.notice.warn { p { (state::hint(*hint, zone)) } } }
        (facts(who, &one, &directory))
        (receipt::form(id, fields.get("activity")))
        (answer)
        (missing(&one, &undelivered, zone))
        (last_polls(&polls, zone))
        @if !one.key.revoked { (expected_form(who, &one, fields, wrong)) }
    };
    let status = if wrong.is_empty() { StatusCode::OK } else { wrong.status() };
    Ok((status, layout::page(who, &title, Nav::Integrations, &content)).into_response())
}

fn facts(who: &SignedIn, one: &Integration, directory: &Directory) -> Markup {
    let zone = &who.clock.zone;
    let key = &one.key;
    let user = directory.users.get(&key.user);
    html! {
        div.card {
            h2 { "What it has received" }
            dl.facts {
                dt { "Complete from" }
                dd { @match one.complete_from { Some(from) => (since(from, zone)), None => "nothing yet" } }
                dt { "Complete up to" }
                dd { (state::complete(one, zone)) }
                dt { "Never delivered" }
                dd { (lost(one)) }
                dt { "Behind by" }
                dd { (state::behind(one, zone)) }
                dt { "Deletions" }
                dd { @if one.asks_for_deletions { "requested" } @else { "not requested" } }
                dt { "Polls" }
                dd {
                    @match one.rhythm_ms { Some(ms) => { "usually every " (state::rhythm_in_words(ms)) }, None => "no usual interval yet" }
                    @if let Some(expected) = key.expected { ", expected every " (interval(expected.millis())) }
                    "; counts as silent after " (duration(one.patience_ms()))
                }
                dt { "Key" }
                dd {
                    (key.id) ", " (user.map_or_else(String::new, |user| user.name.to_string()))
                    @if user.is_some_and(|user| user.disabled) { " (disabled, so the key does not work)" }
                    ", created " (time(key.created, &who.clock, Shape::Date)) ", last login "
                    @match key.last_login { Some(at) => (time(at, &who.clock, Shape::Both)), None => "never" }
                }
            }
        }
    }
}

fn since(from: Stamp, zone: &Zone) -> Markup {
    html! { @if from == Stamp::MIN { "the beginning" } @else { (exact(from, zone)) } }
}

/// What it has missed, and why.
fn lost(one: &Integration) -> Markup {
    let missing = one.missing;
    let parts = [
        (missing.unread, "on pages it did not read"),
        (missing.skipped, "in time ranges it skipped"),
        (missing.deletions, "deletions it did not ask for"),
    ];
    html! {
        (counted(missing.changes(), "change", "changes"))
        @for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
            br;
            span.muted { (number(count)) " " (what) }
        }
    }
}

fn missing(one: &Integration, undelivered: &[Undelivered], zone: &Zone) -> Markup {
    let all = one.missing.changes();
    html! {
        @if !undelivered.is_empty() {
            h2 #undelivered { "Never delivered" }
            p.count {
                (counted(all, "change", "changes"))
                @if all > undelivered.len() as u64 { "; the first " (undelivered.len()) " are shown" }
                ". Only the latest change of each activity counts."
            }
            div.scroll {
                table.grid {
                    thead {
                        tr {
                            th.num scope="col" { "Activity" }
                            th scope="col" { "Change" }
                            th scope="col" { "When" }
                            th scope="col" { "Reason" }
                        }
                    }
                    tbody { @for change in undelivered { (undelivered_row(change, zone)) } }
                }
            }
        }
    }
}

fn undelivered_row(change: &Undelivered, zone: &Zone) -> Markup {
    let (kind, text, page) = match change.is_removed {
        true => ("bad", "removed", "/history"),
        false => ("", "created or edited", ""),
    };
    html! {
        tr {
            td.num data-label="Activity" { a href={ "/activities/" (change.id) (page) } { (change.id) } }
            td data-label="Change" { span class={ "badge " (kind) } { (text) } }
            td.when data-label="When" { (exact(change.stamp, zone)) }
            td data-label="Reason" {
                @match change.cause {
                    Cause::Unread => "on a page that was not read",
                    Cause::Skipped(from, to) => {
                        a href=(window_address(from, to)) { "skipped" } " from " (exact(from, zone)) " to " (exact(to, zone))
                    }
                    Cause::NoDeletions => "deletions were not requested",
                }
            }
        }
    }
}

/// The address of a window in Changes, to the millisecond.
pub(super) fn window_address(from: Stamp, to: Stamp) -> String {
    let exact = |at: Stamp| at.at_offset(0).to_string();
    Fields::of([("from", exact(from)), ("to", exact(to))]).address("/changes")
}

/// A poll's window, as a link to Changes.
pub(super) fn window(poll: &Poll, zone: &Zone) -> Markup {
    let from = poll.from.unwrap_or(Stamp::MIN);
    let bounds = html! {
        (since(from, zone))
        @if poll.asks_from_the_future() { " onward" } @else { " to " (exact(poll.horizon, zone)) }
    };
    html! {
        @if from <= poll.horizon {
            a href=(window_address(from, poll.horizon)) { (bounds) }
        } @else {
            (bounds)
        }
    }
}

fn last_polls(polls: &[Poll], zone: &Zone) -> Markup {
    html! {
        h2 { "Recent polls" }
        @if polls.is_empty() {
            (layout::empty("No polls yet", "This key has not been used to ask for changes.", &html! {}))
        } @else {
            div.scroll {
                table.grid {
                    thead {
                        tr {
                            th scope="col" { "When" }
                            th scope="col" { "Window" }
                            th scope="col" { "Pages read" }
                            th.num scope="col" { "Records" }
                            th.num scope="col" { "Removed IDs" }
                            th.num scope="col" { "Page size" }
                        }
                    }
                    tbody { @for poll in polls { (poll_row(poll, zone)) } }
                }
            }
            p.hint {
                "Consecutive polls with nothing new share one line. The window is the time range that was asked for; click it to see what changed in it. Times are in "
                (zone) ", to the millisecond as in the API."
            }
        }
    }
}

fn poll_row(poll: &Poll, zone: &Zone) -> Markup {
    html! {
        tr {
            td.when data-label="When" {
                (exact(poll.first_at, zone))
                @if poll.last_at > poll.first_at { br; "to " (exact(poll.last_at, zone)) }
                @if poll.times > 1 { br; (number(poll.times)) " times" }
            }
            td data-label="Window" {
                (window(poll, zone))
                @if let Some((from, to)) = poll.skipped {
                    br;
                    span.badge.warn { "skipped" } " " (exact(from, zone)) " to " (exact(to, zone))
                }
            }
            td data-label="Pages read" {
                span class={ "badge " (if poll.is_whole() { "ok" } else { "bad" }) } {
                    @if poll.is_whole() { "all" @if poll.pages > 1 { " " (number(poll.pages)) } }
                    @else { (Progress::of(poll)) }
                }
            }
            td.num data-label="Records" {
                (number(poll.records)) @if poll.records < poll.total { " of " (number(poll.total)) }
            }
            td.num data-label="Removed IDs" { @if poll.wants_removed { (number(poll.removed)) } @else { "not requested" } }
            td.num data-label="Page size" {
                (number(u64::from(poll.page_size)))
                @if poll.page_size_asked != poll.page_size { br; span.muted { "asked for " (number(u64::from(poll.page_size_asked))) } }
            }
        }
    }
}

fn expected_form(who: &SignedIn, one: &Integration, fields: &Fields, wrong: &Wrong) -> Markup {
    let parts = one.key.expected.map(Interval::parts);
    let kept = parts.map_or_else(String::new, |(count, _)| count.to_string());
    let unit = parts.map_or(Unit::Day, |(_, unit)| unit).plural();
    let (every, chosen) = match wrong.is_empty() {
        true => (kept.as_str(), unit),
        false => (fields.raw("every"), fields.get("unit")),
    };
    let label = Label {
        name: "every",
        text: "Expected every",
        help: "The key counts as silent when it has not polled for this long plus 10%. Leave empty to go by its usual interval.",
        required: false,
        ..Label::default()
    };
    let in_units =
        Label { name: "unit", text: "Unit", help: "", required: true, ..Label::default() };
    let units = Unit::ALL.iter().map(|unit| (unit.plural().to_owned(), unit.plural()));
    html! {
        div.card {
            h2 { "How often it should poll" }
            form.edit action={ "/integrations/" (one.key.id) "/expected" } method="post" {
                (csrf(who))
                div.pair {
                    (line(label, "text", every, wrong))
                    (choice(in_units, units, chosen, wrong))
                }
                div.buttons { button.primary type="submit" { "Save" } }
            }
        }
    }
}

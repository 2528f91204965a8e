//! The state of an integration in words: what is wrong, and what to do about it.

use api_v1::parameter;
use domain::{Stamp, Zone};
use maud::{Markup, html};
use service::{Hint, Integration, IntegrationState as State, Severity};

use crate::layout::counted;
use crate::times::{duration, exact, interval};

/// Its state as a badge.
pub(super) fn badge(one: &Integration) -> Markup {
    let kind = match (one.state, one.severity()) {
        (State::NotUsed | State::Revoked, _) => "muted",
        (State::Behind, Severity::Fine) => "warn",
        (State::Silent, _) | (_, Severity::Critical) => "bad",
        (State::Reading { .. }, _) => "",
        (_, Severity::Warning) => "warn",
        (_, Severity::Fine) => "ok",
    };
    html! { span class={ "badge " (kind) } { (one.state.name()) } }
}

/// What is wrong, and what to do.
pub(super) fn sentence(one: &Integration, zone: &Zone) -> Markup {
    let lost = counted(one.missing.changes(), "change was", "changes were");
    html! {
        @match one.state {
            State::Revoked => "This key no longer works.",
            State::NotUsed => {
                "This key has not been used to poll for changes yet."
                @if one.named_at.is_some() { " It has only asked for activities by ID, which says nothing about the others." }
            }
            State::AsksFromTheFuture { from } => {
                "It asks for changes from " (exact(from, zone)) ", which is in the future, so its answers are empty. Set its "
                code { (parameter::FROM) } " back to " (resume(one, zone)) "."
            }
            State::Incomplete { read } => {
                @match read {
                    Some(read) => { "It read " b { (read) } " and then stopped: " }
                    None if one.missing.unread > 0 => "It did not read all pages: ",
                    None => "It stopped asking for deletions: ",
                }
                (lost) " never delivered. Make it "
                @if one.missing.unread > 0 { "read every page up to " code { "page.totalPage" } }
                @else { "ask without " code { (parameter::IGNORE_DELETED) } }
                ", starting once from " (resume(one, zone)) "."
            }
            State::Skipped { from, to, changes } => {
                "It never asked for the time from " (exact(from, zone)) " to " (exact(to, zone)) ": "
                (counted(changes, "change was", "changes were")) " never delivered. Make it ask once from "
                (resume(one, zone)) ", and then always continue from the last " code { "responseDateTime" } "."
            }
            State::NotKnown => {
                "What it received before is unknown, because that part of the data folder is damaged. Make it read "
                "everything once, from the beginning and including deletions."
            }
            State::Silent => (silent(one)),
            State::Reading { read } => {
                "It has received " b { (read) } "; " (counted(one.missing.changes(), "change is", "changes are"))
                " still to come."
            }
            State::Behind => {
                (counted(one.behind, "change is", "changes are")) " waiting for its next poll"
                @if one.is_overdue { ", longer than usual" } "."
            }
            State::UpToDate => "Everything it asked for has been delivered.",
        }
        @if one.missing.changes() > 0 && one.state == State::Silent { " " (lost) " never delivered." }
    }
}

/// From where it has to read again to get what it has missed.
fn resume(one: &Integration, zone: &Zone) -> Markup {
    match one.complete_until.or(one.complete_from).filter(|at| *at > Stamp::MIN) {
        // As a script can send it.
        Some(at) => html! { code { (zone.at(at)) } },
        None => html! { "the beginning" },
    }
}

fn silent(one: &Integration) -> Markup {
    html! {
        @match one.ago_ms {
            Some(ago) => { "It has not polled for " (duration(ago)) }
            None => "It has never polled",
        }
        @match (one.key.expected, one.rhythm_ms) {
            (Some(expected), _) => { ", although it should poll every " (interval(expected.millis())) }
            (None, Some(rhythm)) => { ", although it usually polls every " (rhythm_in_words(rhythm)) }
            (None, None) => ", and had polled only once before",
        }
        ". Check that its job is still running."
    }
}

/// The usual time between two polls, as it follows *every*.
pub(super) fn rhythm_in_words(ms: i64) -> String {
    if ms < 1_000 { "second or more often".to_owned() } else { interval(ms) }
}

/// A habit that may make it lose changes.
pub(super) fn hint(hint: Hint, zone: &Zone) -> Markup {
    html! {
        @match hint {
            Hint::Skips(from, to) => {
                "Its last poll left out the time from " (exact(from, zone)) " to " (exact(to, zone))
                ". Nothing changed then, but a gap like this can lose changes. Make it continue from the last "
                code { "responseDateTime" } "."
            }
            Hint::PageSize { asked, given } => {
                "It asks for " (asked) " records per page and gets " (given)
                ". If it takes a short page for the last one, it stops too early: " code { "page.totalPage" } " is the number of pages."
            }
        }
    }
}

/// Up to when it has received everything.
pub(super) fn complete(one: &Integration, zone: &Zone) -> Markup {
    html! {
        @match one.complete_until {
            Some(until) => (exact(until, zone)),
            None if one.poll.is_none() => span.muted { "never polled" },
            None => "nothing yet",
        }
    }
}

/// What changed after everything it has asked for.
pub(super) fn behind(one: &Integration, zone: &Zone) -> Markup {
    html! {
        @match one.behind_since {
            Some(since) => {
                (counted(one.behind, "change", "changes"))
                br;
                span.muted { "since " (exact(since, zone)) }
            }
            None => "nothing",
        }
    }
}

//! How an integration is doing, in words: what is the matter, and what to do about it.

use domain::{Stamp, Zone};
use maud::{Markup, html};
use service::{Hint, Integration, IntegrationState as State, Severity};

use crate::layout::counted;
use crate::times::{duration, exact};

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

/// What is the matter, and what to do.
pub(super) fn sentence(one: &Integration, zone: &Zone) -> Markup {
    let lost = counted(one.missing.changes(), "change was", "changes were");
    html! {
        @match one.state {
            State::Revoked => "It is refused.",
            State::NotUsed => {
                "Nobody has asked with it for what changed yet"
                @if one.named_at.is_some() { ", only for activities by their ids, which says nothing about the others" }
                "."
            }
            State::AsksFromTheFuture { from } => {
                "Its From is " (exact(from, zone)) ", which has not come yet: its answers are empty. Set it back to "
                (resume(one, zone)) "."
            }
            State::Incomplete { read } => {
                @match read {
                    Some(read) => { "It read " b { (read) } " and left the rest: " }
                    None if one.missing.unread > 0 => "It left pages unread: ",
                    None => "It has left off asking for deletions: ",
                }
                (lost) " never delivered. Have it "
                @if one.missing.unread > 0 { "read on until page.totalPage" }
                @else { "ask without ignoreDeletedIdList" }
                ", once from " (resume(one, zone)) "."
            }
            State::Skipped { from, to, changes } => {
                "It never asked for what changed from " (exact(from, zone)) " to " (exact(to, zone)) ": "
                (counted(changes, "change in it was", "changes in it were")) " never delivered. Have it ask from "
                (resume(one, zone)) " once, and each time go on from the last responseDateTime."
            }
            State::NotKnown => {
                "What it was given before is not known any more: that part of the data folder is damaged. Have it read "
                "everything once, from the beginning and with the deletions."
            }
            State::Silent => (silent(one)),
            State::Reading { read } => {
                "It has been given " b { (read) } "; " (counted(one.missing.changes(), "change is", "changes are"))
                " still to come."
            }
            State::Behind => {
                (counted(one.behind, "change waits", "changes wait")) " for its next poll"
                @if one.is_overdue { ", longer than usual" } "."
            }
            State::UpToDate => "Everything that it has asked for has been delivered.",
        }
        @if one.missing.changes() > 0 && one.state == State::Silent { " " (lost) " never delivered." }
    }
}

/// Where it has to begin again to get what it lacks.
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
            Some(ago) => { "It has not asked for " (duration(ago)) }
            None => "Nobody has asked with it",
        }
        ", though it "
        @match (one.key.expected, one.rhythm_ms) {
            (Some(expected), _) => { "is expected every " (duration(expected.millis())) }
            (None, Some(rhythm)) => { "usually asks every " (rhythm_in_words(rhythm)) }
            (None, None) => "asked once",
        }
        ". See whether its job still runs."
    }
}

/// A usual pause.
pub(super) fn rhythm_in_words(ms: i64) -> String {
    if ms < 1_000 { "second or oftener".to_owned() } else { duration(ms) }
}

/// A habit by which it may lose something.
pub(super) fn hint(hint: Hint, zone: &Zone) -> Markup {
    html! {
        @match hint {
            Hint::Skips(from, to) => {
                "Its last From left out what would have changed from " (exact(from, zone)) " to " (exact(to, zone))
                ". Nothing did. Have it go on from the last responseDateTime, before something does."
            }
            Hint::PageSize { asked, given } => {
                "It asks for pages of " (asked) " and gets " (given)
                ". If it takes a page that is shorter than it asked for as the last one, it stops too early: page.totalPage says how many there are."
            }
        }
    }
}

/// Up to when it has been given everything.
pub(super) fn complete(one: &Integration, zone: &Zone) -> Markup {
    html! {
        @match one.complete_until {
            Some(until) => (exact(until, zone)),
            None if one.poll.is_none() => span.muted { "never asked" },
            None => "nothing yet",
        }
    }
}

/// What came after all that it has asked for.
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

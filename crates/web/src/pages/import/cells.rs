//! Activities that a file changes or makes, cell by cell.

use std::collections::HashMap;

use domain::{ActivityId, ClientId, Member, UserId};
use maud::{Markup, html};
use service::{Difference, Differing, Listed, NotHere};

use super::stage::Preview;
use crate::layout::number;
use crate::pages::history;
use crate::pages::names::Names;

/// What the pages call things, and what the file calls those that are not here yet.
pub(super) struct Called<'c> {
    pub(super) names: &'c Names,
    /// Of the activities that are told.
    pub(super) subjects: &'c HashMap<ActivityId, String>,
    pub(super) not_here: &'c NotHere,
}

/// Activity by activity.
pub(super) fn all(names: &Names, preview: &Preview) -> Markup {
    let (report, rehearsal) = (&preview.report, &preview.report.rehearsal);
    let called = Called { names, subjects: &preview.subjects, not_here: &preview.not_here };
    let part = |title, first: &[Differing], count| {
        section(title, count, &differing(&called, first, count))
    };
    html! {
        (part("In conflict: the same was changed here since the file was made", &report.conflicts.first, report.conflicts.count))
        (part("To be updated", &rehearsal.overwritten, report.updated))
        (part("To stay as they are: edited here, or newer than in the file", &rehearsal.newer_here, report.newer_here.count))
        (linked(&called, "To be removed", &rehearsal.removed))
        (linked(&called, "To be brought back", &report.brought_back))
        (linked(&called, "Removed here, and to stay removed", &report.left_removed))
        (section("To be created", report.created, &created(&called, &rehearsal.created, report.created)))
    }
}

/// A part with its count, where there is something in it.
pub(super) fn section(title: &str, count: u64, content: &Markup) -> Markup {
    html! {
        @if count > 0 {
            section {
                h2 { (title) " " span.muted { (number(count)) } }
                (content)
            }
        }
    }
}

/// The first of some activities, with the ways to them.
pub(super) fn linked(called: &Called<'_>, title: &str, listed: &Listed) -> Markup {
    let content = html! {
        (how_many(listed.first.len(), listed.count))
        ul { @for id in &listed.first { li { (activity(*id, called)) } } }
    };
    section(title, listed.count, &content)
}

/// Activities with what is here and what the file has.
pub(super) fn differing(called: &Called<'_>, first: &[Differing], count: u64) -> Markup {
    html! {
        (how_many(first.len(), count))
        ol.story {
            @for Differing { id, members } in first {
                li {
                    span.what { (activity(*id, called)) }
                    @if members.is_empty() { span.who { "removed in the file" } }
                    @let told: Vec<&Difference> = members.iter().filter(|d| is_told(d, members)).collect();
                    @if !told.is_empty() { dl.diff { @for difference in told { (row(difference, called)) } } }
                }
            }
        }
    }
}

fn how_many(first: usize, count: u64) -> Markup {
    html! {
        @if count > first as u64 { p.hint { "The first " (number(first as u64)) " of them." } }
    }
}

/// The way to an activity, with its subject.
fn activity(id: ActivityId, called: &Called<'_>) -> Markup {
    html! {
        @if id.0 == 0 { "New" } @else { a href={ "/activities/" (id) } { (id) } }
        @if let Some(subject) = called.subjects.get(&id) { " " (subject) }
    }
}

/// A status is told by its name.
fn is_told(difference: &Difference, all: &[Difference]) -> bool {
    difference.member != Member::StatusId || !all.iter().any(|d| d.member == Member::StatusName)
}

/// A member; whom and what is not here yet goes by the file's name.
fn row(difference: &Difference, called: &Called<'_>) -> Markup {
    let after =
        difference.after.as_deref().and_then(|text| name_in_file(difference.member, text, called));
    let Some(after) = after else { return history::row(difference, called.names) };
    let label = if difference.member == Member::Client { "Account" } else { "Responsible" };
    html! {
        dt { (label) }
        dd {
            @if let Some(before) = &difference.before {
                del { (history::value(difference.member, Some(before), called.names)) } " → "
            }
            ins { (after) }
        }
    }
}

/// What the file calls an account or a person that is not here.
fn name_in_file(member: Member, number: &str, called: &Called<'_>) -> Option<String> {
    let id = number.parse().ok()?;
    let name = match member {
        Member::Client => called.not_here.accounts.get(&ClientId(id)),
        Member::SystemUser => called.not_here.users.get(&UserId(id))?.as_ref(),
        _ => None,
    };
    name.map(|name| format!("{name} (new)"))
}

/// What is shown of a new activity, with the headings.
const SHOWN: [(Member, &str); 7] = [
    (Member::Subject, "Subject"),
    (Member::Start, "Start"),
    (Member::End, "End"),
    (Member::Client, "Account"),
    (Member::SystemUser, "Responsible"),
    (Member::StatusName, "Status"),
    (Member::Priority, "Priority"),
];

fn created(called: &Called<'_>, first: &[Differing], count: u64) -> Markup {
    let is_used =
        |member: Member| first.iter().any(|new| new.members.iter().any(|d| d.member == member));
    let shown: Vec<(Member, &str)> =
        SHOWN.into_iter().filter(|(member, _)| is_used(*member)).collect();
    html! {
        (how_many(first.len(), count))
        div.scroll {
            table.grid {
                thead { tr { th { "Activity" } @for (_, heading) in &shown { th { (heading) } } } }
                tbody {
                    @for Differing { id, members } in first {
                        tr {
                            td data-label="Activity" { @if id.0 == 0 { "New" } @else { (id) } }
                            @for (member, heading) in &shown {
                                @let text = members.iter().find(|d| d.member == *member).and_then(|d| d.after.as_deref());
                                td data-label=(heading) {
                                    @if let Some(text) = text {
                                        @match name_in_file(*member, text, called) {
                                            Some(name) => (name),
                                            None => (history::value(*member, Some(text), called.names)),
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

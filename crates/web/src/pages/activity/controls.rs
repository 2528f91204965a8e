//! The controls of an activity's form, and its content for people who may not edit.

use domain::{Activity, CustomField, Member, MemberKind, Priority};
use maud::{Markup, html};

use super::Names;
use super::account::offer;
use super::content::{self, Typed};
use crate::form::{Label, Wrong, choice, field, line};
use crate::pages::history;
use crate::pages::names::{people_to_choose, statuses_to_choose};

/// The members that the form can change, in its order.
pub(super) const PARTS: [Member; 8] = [
    Member::Subject,
    Member::Client,
    Member::SystemUser,
    Member::Start,
    Member::End,
    Member::StatusId,
    Member::Priority,
    Member::Note,
];

/// All controls; `base` is the version that the form was made from.
pub(super) fn controls(
    typed: &Typed,
    base: Option<&Activity>,
    names: &Names,
    wrong: &Wrong,
) -> Markup {
    let label = |part: Member, help, required| Label {
        name: content::field(part),
        text: content::label(part),
        help,
        required,
        ..Label::default()
    };
    let zone = format!("In the {} time zone.", names.zone());
    let needs_account = base.is_none_or(|activity| activity.client.is_some());
    let (users, statuses) = (users(base, names), statuses(base, names));
    html! {
        (line(Label { is_first: base.is_none(), ..label(Member::Subject, "", true) }, "text", typed.get(Member::Subject), wrong))
        div.pair {
            (account(label(Member::Client, "The account’s name or ID.", needs_account), typed, wrong))
            (choice(label(Member::SystemUser, "", true), options(&users), typed.get(Member::SystemUser), wrong))
        }
        div.pair {
            (line(label(Member::Start, &zone, true), "datetime-local", typed.get(Member::Start), wrong))
            (line(label(Member::End, "", false), "datetime-local", typed.get(Member::End), wrong))
        }
        div.pair {
            (choice(label(Member::StatusId, "", true), options(&statuses), typed.get(Member::StatusId), wrong))
            (choice(label(Member::Priority, "", true), priorities(), typed.get(Member::Priority), wrong))
        }
        (field(label(Member::Note, "", false), wrong, |part| html! {
            // HTML drops the first line break of a text area.
            textarea id=(part.id) name=(Member::Note.name()) rows="6" aria-describedby=[part.described] autofocus[part.focus]
                aria-invalid=[part.invalid] { "\n" (typed.get(Member::Note)) }
        }))
    }
}

fn account(label: Label<'_>, typed: &Typed, wrong: &Wrong) -> Markup {
    field(label, wrong, |part| {
        html! {
            input id=(part.id) name=(label.name) value=(typed.get(Member::Client)) required[label.required]
                data-find="/accounts/find" data-add="add_account" autocomplete="off" spellcheck="false"
                aria-describedby=[part.described] autofocus[part.focus] aria-invalid=[part.invalid];
            (offer(typed, wrong))
        }
    })
}

/// Options: the value and text of each.
type Choices = Vec<(String, String)>;

fn options(choices: &Choices) -> impl Iterator<Item = (String, &str)> {
    choices.iter().map(|(value, text)| (value.clone(), text.as_str()))
}

/// The people that the activity can be assigned to, including its present one even if no longer active.
fn users(base: Option<&Activity>, names: &Names) -> Choices {
    let mut choices = people_to_choose(&names.directory);
    choices.insert(0, (String::new(), "Unassigned".to_owned()));
    if let Some(id) = base.and_then(|activity| activity.system_user) {
        add_missing(&mut choices, id.to_string(), format!("{} (no longer active)", names.user(id)));
    }
    choices
}

fn statuses(base: Option<&Activity>, names: &Names) -> Choices {
    let mut choices = statuses_to_choose(&names.directory);
    if let Some(id) = base.map(|activity| activity.status) {
        add_missing(&mut choices, id.to_string(), format!("{} (retired)", names.status(id)));
    }
    choices
}

fn add_missing(choices: &mut Choices, value: String, text: String) {
    if choices.iter().all(|(known, _)| *known != value) {
        choices.push((value, text));
    }
}

fn priorities() -> impl Iterator<Item = (String, &'static str)> {
    let all = Priority::ALL.into_iter().rev();
    all.map(|priority| (priority.as_str().to_owned(), priority.as_str()))
}

/// A part as text.
pub(super) fn shown(part: Member, content: &Activity, names: &Names) -> Markup {
    let text = content.value(part).shown();
    html! {
        @match text {
            Some(_) if part == Member::StatusId => (names.status(content.status)),
            Some(text) => (history::value(part, Some(&text), names)),
            None => span.muted { "none" },
        }
    }
}

/// The content of an activity, read-only.
pub(super) fn facts(activity: &Activity, names: &Names) -> Markup {
    html! {
        dl.facts {
            @for part in PARTS {
                dt { (content::label(part)) }
                dd.note[part.kind() == MemberKind::Text] { (shown(part, activity, names)) }
            }
        }
    }
}

/// Custom fields, read-only: only scripts edit them.
pub(super) fn custom_fields(activity: &Activity) -> Markup {
    html! {
        @if !activity.custom_fields.is_empty() {
            div.card {
                h2 { "Custom fields" }
                dl.facts {
                    @for CustomField { field_id, value, option_id } in &activity.custom_fields {
                        dt { "Field " (field_id) }
                        dd {
                            @if let Some(value) = value { (value) }
                            @if let Some(option) = option_id { " " span.muted { "option " (option) } }
                        }
                    }
                }
            }
        }
    }
}

//! The conditions of the list: the form that sets them, and each one's way out.

use domain::Priority;
use maud::{Markup, html};
use service::Directory;

use super::names;
use super::query::{Asked, CONDITIONS, LOOKS, WORDS_CHARS_MAX};
use crate::SignedIn;
use crate::form::options;

/// The form. It works by GET, so that the address says what is shown.
pub(super) fn form(who: &SignedIn, asked: &Asked, directory: &Directory) -> Markup {
    let value = |name| asked.fields.get(name);
    html! {
        form.filters action="/activities" method="get" role="search" aria-label="Filter the list" {
            (labelled("q", "Search", &html! {
                input #f-q type="search" name="q" value=(value("q")) maxlength=(WORDS_CHARS_MAX)
                    placeholder="Words in subject or note";
            }))
            (statuses(asked, directory))
            (labelled("priority", "Priority", &html! {
                select #f-priority name="priority" {
                    (options(priorities(), &value("priority").to_lowercase()))
                }
            }))
            (labelled("user", "Responsible", &html! {
                select #f-user name="user" { (options(users(who, asked, directory), value("user"))) }
            }))
            (labelled("client", "Account", &html! {
                input #f-client name="client" value=(value("client")) data-accounts autocomplete="off"
                    placeholder="Name or number" maxlength="200";
            }))
            (day("start_from", "Start from", value("start_from")))
            (day("start_to", "Start until", value("start_to")))
            (day("changed_from", "Changed from", value("changed_from")))
            (day("changed_to", "Changed until", value("changed_to")))
            @for name in LOOKS.iter().filter(|name| **name != "page" && asked.fields.has(name)) {
                input type="hidden" name=(name) value=(value(name));
            }
            div.buttons {
                button.primary type="submit" { "Show" }
                @if asked.has_conditions() { a.button.quiet href=(asked.address_of_all()) { "Clear all" } }
            }
        }
    }
}

fn labelled(name: &str, text: &str, control: &Markup) -> Markup {
    html! { div.field { label for={ "f-" (name) } { (text) } (control) } }
}

/// Text that is no day is shown as it was typed, which a control for days would not.
fn day(name: &str, text: &str, value: &str) -> Markup {
    let is_day = |c: char| c.is_ascii_digit() || c == '-';
    let kind = if value.chars().all(is_day) { "date" } else { "text" };
    labelled(name, text, &html! { input id={ "f-" (name) } type=(kind) name=(name) value=(value); })
}

/// Several at once: a small menu of boxes to tick.
fn statuses(asked: &Asked, directory: &Directory) -> Markup {
    let chosen = &asked.filter.statuses;
    let summary = match chosen.as_slice() {
        [] => "Any".to_owned(),
        [one] => names::status(directory, *one),
        several => format!("{} chosen", several.len()),
    };
    html! {
        div.field {
            span.label #l-status { "Status" }
            details.menu {
                summary aria-describedby="l-status" { (summary) }
                div role="group" aria-labelledby="l-status" {
                    @for status in directory.statuses_in_order() {
                        @if !status.retired || chosen.contains(&status.id) {
                            label.check {
                                input type="checkbox" name="status" value=(status.id)
                                    checked[chosen.contains(&status.id)];
                                " " (status.name)
                            }
                        }
                    }
                }
            }
        }
    }
}

fn priorities() -> Vec<(String, &'static str)> {
    let each = Priority::ALL.iter().rev().map(|p| (p.as_str().to_lowercase(), p.as_str()));
    std::iter::once((String::new(), "Any")).chain(each).collect()
}

/// Whoever can sign in or be responsible; somebody else where the address says so.
fn users<'a>(who: &SignedIn, asked: &'a Asked, directory: &'a Directory) -> Vec<(String, &'a str)> {
    let mut users = vec![(String::new(), "Anybody"), ("me".to_owned(), "Me")];
    let others = directory.users.values().filter(|user| user.id != who.person.user);
    let mut named: Vec<_> = others.collect();
    named.sort_by_key(|user| (user.disabled, user.name.as_str().to_lowercase()));
    users.extend(named.into_iter().map(|user| (user.id.to_string(), user.name.as_str())));
    let given = asked.fields.get("user");
    if !users.iter().any(|(value, _)| value == given) {
        users.push((given.to_owned(), given));
    }
    users
}

/// The conditions that narrow the list, each with a way to take it away.
pub(super) fn active(who: &SignedIn, asked: &Asked, directory: &Directory) -> Markup {
    let each = CONDITIONS.iter().flat_map(|name| {
        asked.fields.all(name).map(move |value| {
            let without = asked.fields.without_value(name, value).without("page");
            (said(who, asked, directory, name, value), without.address("/activities"))
        })
    });
    html! {
        @if asked.has_conditions() {
            ul.chips aria-label="Active filters" {
                @for (text, address) in each {
                    li { a.badge href=(address) aria-label={ "Take away: " (text) } title="Take away" {
                        (text) " " span aria-hidden="true" { "×" }
                    } }
                }
                li { a href=(asked.address_of_all()) { "Clear all" } }
            }
        }
    }
}

fn said(who: &SignedIn, asked: &Asked, directory: &Directory, name: &str, value: &str) -> String {
    let status = || value.parse().ok().map(|id| names::status(directory, domain::StatusId(id)));
    let user = asked.filter.system_user.map(|id| names::user(directory, id));
    let account = asked.filter.client.map(|id| names::account(&who.person.tenant, id));
    let or_typed = |known: Option<String>| known.unwrap_or_else(|| value.to_owned());
    match name {
        "q" => format!("“{value}”"),
        "status" => format!("Status: {}", or_typed(status())),
        "priority" => {
            let known = asked.filter.priority.map(|priority| priority.as_str().to_owned());
            format!("Priority: {}", or_typed(known))
        }
        "user" => format!("Responsible: {}", or_typed(user)),
        "client" => format!("Account: {}", or_typed(account)),
        "start_from" => format!("Start from {value}"),
        "start_to" => format!("Start until {value}"),
        "changed_from" => format!("Changed from {value}"),
        _ => format!("Changed until {value}"),
    }
}

//! The filters of the list: the form that sets them, and links that remove them.

use domain::{Priority, Status, StatusId};
use maud::{Markup, html};
use service::{Directory, place};

use super::query::{CONDITIONS, DONE, LOOKS, ListRequest, OPEN, UNASSIGNED, WORDS_CHARS_MAX};
use crate::SignedIn;
use crate::form::options;
use crate::pages::due::Due;
use crate::pages::names;

/// The form. It uses GET, so that the address has all filters.
pub(super) fn form(who: &SignedIn, asked: &ListRequest, directory: &Directory) -> Markup {
    let value = |name| asked.fields.get(name);
    let on = |name| asked.fields.has(name).then_some("on");
    html! {
        form.filters action="/activities" method="get" role="search" aria-label="Filter the list" {
            (labelled("q", "Search", &html! {
                input #f-q class=[on("q")] type="search" name="q" value=(value("q"))
                    maxlength=(WORDS_CHARS_MAX) placeholder="Subject, note, name or ID";
            }))
            (labelled("status", "Status", &html! {
                select #f-status class=[on("status")] name="status" { (statuses(asked, directory)) }
            }))
            (labelled("due", "Due", &html! {
                select #f-due class=[on("due")] name="due" { (options(dues(), value("due"))) }
            }))
            (labelled("priority", "Priority", &html! {
                select #f-priority class=[on("priority")] name="priority" {
                    (options(priorities(), &value("priority").to_lowercase()))
                }
            }))
            (labelled("user", "Assigned to", &html! {
                select #f-user class=[on("user")] name="user" {
                    (options(users(who, asked, directory), value("user")))
                }
            }))
            (labelled("client", "Account", &html! {
                input #f-client class=[on("client")] name="client" value=(value("client"))
                    data-find="/accounts/find" placeholder="Name or ID" maxlength="220";
            }))
            @for name in LOOKS.iter().filter(|name| **name != "page" && asked.fields.has(name)) {
                input type="hidden" name=(name) value=(value(name));
            }
            button.primary type="submit" { "Show" }
            details open[DAYS.iter().any(|(name, _)| asked.fields.has(name))] {
                summary { "Dates" }
                div { @for (name, text) in DAYS { (day(name, text, value(name))) } }
            }
        }
    }
}

/// The filters by date.
const DAYS: [(&str, &str); 4] = [
    ("start_from", "Start on or after"),
    ("start_to", "Start on or before"),
    ("changed_from", "Changed on or after"),
    ("changed_to", "Changed on or before"),
];

fn labelled(name: &str, text: &str, control: &Markup) -> Markup {
    html! { div.field { label for={ "f-" (name) } { (text) } (control) } }
}

/// A text that is not a date is shown in a text field, because a date field would drop it.
fn day(name: &str, text: &str, value: &str) -> Markup {
    let is_day = |c: char| c.is_ascii_digit() || c == '-';
    let kind = if value.chars().all(is_day) { "date" } else { "text" };
    let on = (!value.is_empty()).then_some("on");
    let id = format!("f-{name}");
    labelled(name, text, &html! { input id=(id) class=[on] type=(kind) name=(name) value=(value); })
}

/// Open, done, and each status; *Several* if the address names more than one.
fn statuses(asked: &ListRequest, directory: &Directory) -> Markup {
    let chosen = asked.statuses.as_str();
    let offered = |status: &&Status| !status.retired || chosen == status.id.to_string();
    let each = directory.statuses_in_order().into_iter().filter(offered);
    let mut choices = vec![(String::new(), "Any"), (OPEN.to_owned(), "Open")];
    choices.push((DONE.to_owned(), "Done"));
    choices.extend(each.map(|status| (status.id.to_string(), status.name.as_str())));
    if !choices.iter().any(|(value, _)| value == chosen) {
        choices.push((chosen.to_owned(), "Several"));
    }
    options(choices, chosen)
}

fn dues() -> Vec<(String, &'static str)> {
    let each = Due::ALL.iter().map(|due| (due.name().to_owned(), due.title()));
    std::iter::once((String::new(), "Any")).chain(each).collect()
}

fn priorities() -> Vec<(String, &'static str)> {
    let each = Priority::ALL.iter().rev().map(|p| (p.as_str().to_lowercase(), p.as_str()));
    std::iter::once((String::new(), "Any")).chain(each).collect()
}

/// All users, and any other that the address names.
fn users<'a>(
    who: &SignedIn,
    asked: &'a ListRequest,
    directory: &'a Directory,
) -> Vec<(String, &'a str)> {
    let mut users = vec![
        (String::new(), "Anyone"),
        ("me".to_owned(), "Me"),
        (UNASSIGNED.to_owned(), "Unassigned"),
    ];
    let others = directory.users.values().filter(|user| user.id != who.person.user);
    let mut named: Vec<_> = others.collect();
    named.sort_by_cached_key(|user| (user.disabled, place(user.name.as_str())));
    users.extend(named.into_iter().map(|user| (user.id.to_string(), user.name.as_str())));
    let given = asked.fields.get("user");
    if !users.iter().any(|(value, _)| value == given) {
        users.push((given.to_owned(), given));
    }
    users
}

/// The active filters, each with a link that removes it.
pub(super) fn active(who: &SignedIn, asked: &ListRequest, directory: &Directory) -> Markup {
    let each = CONDITIONS.iter().flat_map(|name| {
        asked.fields.all(name).map(move |value| {
            let without = asked.fields.without_value(name, value).without("page");
            (said(who, asked, directory, name, value), without.address("/activities"))
        })
    });
    html! {
        @if asked.has_conditions() {
            p.hint role="group" aria-label="Active filters" {
                @for (text, address) in each {
                    a.badge href=(address) aria-label={ "Remove filter: " (text) } title="Remove filter" {
                        (text) " " span aria-hidden="true" { "×" }
                    }
                    " "
                }
                a.clear href=(asked.address_of_all()) { "Clear all" }
            }
        }
    }
}

fn said(
    who: &SignedIn,
    asked: &ListRequest,
    directory: &Directory,
    name: &str,
    value: &str,
) -> String {
    let status = || match value {
        OPEN => Some("open".to_owned()),
        DONE => Some("done".to_owned()),
        id => id.parse().ok().map(|id| names::status(directory, StatusId(id))),
    };
    let user = asked.filter.system_user.map(|id| names::user(directory, id));
    let account = asked.filter.clients.as_deref().map(|clients| match clients {
        [id] => names::account(&who.person.tenant, *id),
        several => format!("“{value}” ({} accounts)", several.len()),
    });
    let or_typed = |known: Option<String>| known.unwrap_or_else(|| value.to_owned());
    match name {
        "q" => format!("“{value}”"),
        "status" => format!("Status: {}", or_typed(status())),
        "priority" => {
            let known = asked.filter.priority.map(|priority| priority.as_str().to_owned());
            format!("Priority: {}", or_typed(known))
        }
        "user" if asked.filter.unassigned => "Unassigned".to_owned(),
        "user" => format!("Assigned to: {}", or_typed(user)),
        "client" => format!("Account: {}", or_typed(account)),
        "due" => or_typed(Due::parse(value).map(|due| due.title().to_owned())),
        _ => {
            let day = DAYS.iter().find(|(day, _)| *day == name);
            format!("{} {value}", day.map_or(name, |(_, text)| text))
        }
    }
}

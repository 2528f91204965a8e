//! The frame around every page.

use axum::response::{Html, IntoResponse, Response};
use domain::{Organization, Role};
use maud::{DOCTYPE, Markup, html};

use crate::{SignedIn, assets};

/// The pages that the navigation leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nav {
    MyDay,
    Activities,
    Accounts,
    Changes,
    Integrations,
    Settings,
    /// A page that is not in the navigation.
    None,
}

/// Address, name, the key that leads there after `g`, and the role it needs.
const NAV: [(Nav, &str, &str, &str, Role); 6] = [
    (Nav::MyDay, "/", "My day", "d", Role::Viewer),
    (Nav::Activities, "/activities", "Activities", "a", Role::Viewer),
    (Nav::Accounts, "/accounts", "Accounts", "o", Role::Viewer),
    (Nav::Changes, "/changes", "Changes", "c", Role::Viewer),
    (Nav::Integrations, "/integrations", "Integrations", "i", Role::Admin),
    (Nav::Settings, "/settings", "Settings", "s", Role::Admin),
];

/// A page for a person who is signed in.
pub(crate) fn page(who: &SignedIn, title: &str, at: Nav, content: &Markup) -> Response {
    let directory = who.person.tenant.directory();
    let name = directory.users.get(&who.person.user).map(|user| user.name.to_string());
    let header = html! {
        header.top {
            a.brand href="/" { "Driftless" span { (directory.organization.name) } }
            nav.main aria-label="Main" {
                @for (nav, address, text, letter, role) in NAV {
                    @if who.person.may(role) {
                        a href=(address) data-go=(letter) aria-current=[(nav == at).then_some("page")] { (text) }
                    }
                }
            }
            form.find action="/activities" method="get" role="search" {
                input type="search" name="q" placeholder="Search activities" aria-label="Search activities" maxlength="200";
            }
            @if who.edits() {
                a.button.primary.new href="/activities/new" data-key="n" title="New activity" aria-label="New activity" { "+" }
            }
            details.menu.who {
                summary { (name.unwrap_or_default()) }
                div {
                    a href="/preferences" { "Preferences" }
                    a href="/password" { "Change password" }
                    button.quiet type="button" data-open="#help" hidden { "Keyboard shortcuts" }
                    form action="/sign-out" method="post" {
                        (csrf(who))
                        button.quiet type="submit" { "Sign out" }
                    }
                }
            }
        }
    };
    Html(
        document(
            title,
            &html! {
                (header)
                main #main tabindex="-1" {
                    (read_only(&directory.organization))
                    (content)
                }
                footer.foot {
                    // A script shows this more prominently if the reader's device is in another time zone.
                    p.hint data-zone=(who.clock.zone) {
                        "All times are in " a href="/preferences" { (who.clock.zone) } "."
                    }
                }
            },
        )
        .into_string(),
    )
    .into_response()
}

/// Says on top of every page that the organization follows another server.
fn read_only(organization: &Organization) -> Markup {
    html! {
        @if let Some(follows) = &organization.follows {
            div.notice.warn role="note" {
                p {
                    "This organization follows " strong { (follows.address()) } " and is read-only here. Edit activities there. "
                    "To switch, type on the server: " code { "driftless mirror finish " (organization.id) }
                }
            }
        }
    }
}

/// A page without navigation, for people who are not signed in.
pub(crate) fn bare(title: &str, content: &Markup) -> Html<String> {
    Html(
        document(
            title,
            &html! {
                header.top { a.brand href="/" { "Driftless" } }
                main #main tabindex="-1" { (content) }
            },
        )
        .into_string(),
    )
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Driftless" }
                link rel="icon" href=(assets::address("favicon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(assets::address("style.css"));
                script type="module" src=(assets::address("app.js")) {}
            }
            body {
                a.skip href="#main" { "Skip to content" }
                (body)
            }
        }
    }
}

/// The token that every form carries.
pub(crate) fn csrf(who: &SignedIn) -> Markup {
    html! { input type="hidden" name="csrf" value=(who.csrf); }
}

/// The head of a page: its title and its actions.
pub(crate) fn head(title: &str, actions: &Markup) -> Markup {
    html! {
        div.head {
            h1 { (title) }
            div.actions { (actions) }
        }
    }
}

/// A message about how something went; `kind` is ok, warn or bad.
pub(crate) fn notice(kind: &str, text: &str) -> Markup {
    let role = if kind == "ok" { "status" } else { "alert" };
    html! { div class={ "notice " (kind) } role=(role) { p { (text) } } }
}

/// A text to be copied, with a button if scripts run.
pub(crate) fn copied(id: &str, button: &str, text: &str) -> Markup {
    html! {
        pre.copy #(id) { (text) }
        p { button.small type="button" data-copy={ "#" (id) } hidden { (button) } }
    }
}

/// What an empty list shows.
pub(crate) fn empty(title: &str, text: &str, action: &Markup) -> Markup {
    html! { div.empty { h2 { (title) } p { (text) } (action) } }
}

/// Links to the other pages of a list; `address` gives the address of page k.
pub(crate) fn pager(page: u64, pages: u64, address: &dyn Fn(u64) -> String) -> Markup {
    let near = page.saturating_sub(2).max(1)..=(page + 2).min(pages);
    html! {
        @if pages > 1 {
            nav.pages aria-label="Pages" {
                @if page > 1 { a href=(address(page - 1)) rel="prev" { "Previous" } }
                @if *near.start() > 1 { a href=(address(1)) { "1" } }
                @if *near.start() > 2 { span { "…" } }
                @for k in near.clone() {
                    a href=(address(k)) aria-current=[(k == page).then_some("page")] { (number(k)) }
                }
                @if *near.end() + 1 < pages { span { "…" } }
                @if *near.end() < pages { a href=(address(pages)) { (number(pages)) } }
                @if page < pages { a href=(address(page + 1)) rel="next" { "Next" } }
            }
        }
    }
}

/// A number as people read it: 1,234,567.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A number with what it counts: `1 activity`, `2,345 activities`.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

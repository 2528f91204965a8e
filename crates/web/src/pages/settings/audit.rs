//! The audit log: who did what, when, and from where.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use domain::{Actor, AuditEntry, AuditKind, AuditQuery, By, Role, UserId};
use maud::{Markup, html};
use service::{AUDIT_DAYS_MAX, Directory};

use crate::fields::Fields;
use crate::form::options;
use crate::layout::{self, Nav, number};
use crate::pages::names;
use crate::problem::capitalized;
use crate::session::Query;
use crate::times;
use crate::{Problem, SignedIn, Web};

pub(super) fn routes() -> Router<Web> {
    Router::new().route(ADDRESS, get(show))
}

const ADDRESS: &str = "/settings/audit";

/// Entries on a page.
const PAGE_SIZE: usize = 50;

/// What a kind is called.
fn kind_name(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::SignIn => "Sign-in",
        AuditKind::SignInRefused => "Refused sign-in",
        AuditKind::SignOut => "Sign-out",
        AuditKind::KeyLogin => "API login",
        AuditKind::KeyLoginRefused => "Refused API login",
        AuditKind::Key => "API key",
        AuditKind::User => "User",
        AuditKind::Password => "Password",
        AuditKind::Settings => "Settings",
        AuditKind::Status => "Status",
        AuditKind::Export => "Export",
        AuditKind::Bulk => "Bulk change",
        AuditKind::Import => "Import",
        AuditKind::Calendar => "Calendar feed",
        AuditKind::Setup => "Setup",
    }
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let wanted = read(&query)?;
    let tenant = &who.person.tenant;
    // One more, to know whether there is another page.
    let asked = AuditQuery { limit: PAGE_SIZE + 1, ..wanted };
    let mut entries = web.service.audit(tenant, asked).await?;
    let has_older = entries.len() > PAGE_SIZE;
    entries.truncate(PAGE_SIZE);
    let older = entries.last().filter(|_| has_older).map(|entry| entry.number);
    let is_first = wanted.before == u64::MAX;
    let directory = tenant.directory();
    let content = html! {
        (layout::head("Audit log", &html! { a.button.quiet href="/settings" { "Settings" } }))
        p.lead { "Who signed in, changed people, keys or settings, or took data out. Kept for " (AUDIT_DAYS_MAX) " days." }
        (filter(&query, &directory))
        @if entries.is_empty() {
            (layout::empty("Nothing found", "There is no entry of this kind.", &html! {}))
        } @else {
            (table(&who, &directory, &entries))
        }
        @if !is_first || older.is_some() {
            nav.pages aria-label="Pages" {
                @if !is_first { a href=(query.without("before").address(ADDRESS)) { "Latest" } }
                @if let Some(older) = older {
                    a href=(query.with("before", &older.to_string()).address(ADDRESS)) rel="next" { "Older" }
                }
            }
        }
    };
    Ok(layout::page(&who, "Audit log", Nav::Settings, &content))
}

/// What an address asks for.
fn read(query: &Fields) -> Result<AuditQuery, Problem> {
    let wrong =
        || Problem::Wrong("This address is not complete. Open the audit log again.".to_owned());
    let kind = match query.get("kind") {
        "" => None,
        kind => Some(kind.parse().map_err(|_| wrong())?),
    };
    let actor = match query.get("user") {
        "" => None,
        id => Some(Actor::Person(UserId(id.parse().map_err(|_| wrong())?))),
    };
    let before = match query.get("before") {
        "" => u64::MAX,
        number => number.parse().map_err(|_| wrong())?,
    };
    Ok(AuditQuery { before, kind, actor, limit: PAGE_SIZE })
}

fn filter(query: &Fields, directory: &Directory) -> Markup {
    let kinds = AuditKind::ALL.map(|kind| (kind.to_string(), kind_name(kind)));
    let mut people: Vec<(String, &str)> =
        directory.users.values().map(|user| (user.id.to_string(), user.name.as_str())).collect();
    people.sort_by_cached_key(|(_, name)| service::place(name));
    let any = |text| std::iter::once((String::new(), text));
    html! {
        form.filters action=(ADDRESS) method="get" role="search" aria-label="Filter" {
            label { "Kind " select name="kind" { (options(any("All").chain(kinds), query.get("kind"))) } }
            label { "Person " select name="user" { (options(any("Anyone").chain(people), query.get("user"))) } }
            button type="submit" { "Show" }
            @if query.has("kind") || query.has("user") { a.button.quiet href=(ADDRESS) { "Show all" } }
        }
    }
}

fn table(who: &SignedIn, directory: &Directory, entries: &[AuditEntry]) -> Markup {
    html! {
        div.scroll { table.grid {
            thead { tr {
                th scope="col" { "Time" }
                th scope="col" { "Kind" }
                th scope="col" { "Who" }
                th scope="col" { "From" }
                th scope="col" { "What" }
            } }
            tbody { @for entry in entries {
                tr {
                    td.when data-label="Time" { (times::exact(entry.at, &who.clock.zone)) }
                    td data-label="Kind" { (kind_name(entry.kind)) }
                    td data-label="Who" { (actor(entry.by, directory)) }
                    td data-label="From" { @if let Some(address) = entry.by.from { (address) } }
                    td data-label="What" {
                        (capitalized(&entry.what))
                        @if entry.count > 1 {
                            " "
                            span.badge.muted { (number(entry.count)) " times" }
                            span.hint { " Last: " (times::exact(entry.last, &who.clock.zone)) }
                        }
                    }
                }
            } }
        } }
    }
}

fn actor(by: By, directory: &Directory) -> String {
    match by.actor {
        Actor::Person(id) => names::user(directory, id),
        Actor::Key(id) => match directory.keys.get(&id) {
            Some(key) if !key.label.is_empty() => format!("Key {id} ({})", key.label),
            _ => format!("Key {id}"),
        },
        Actor::CommandLine => "Command line".to_owned(),
        Actor::SetupLink => "Setup link".to_owned(),
        Actor::Unknown => "Unknown".to_owned(),
    }
}

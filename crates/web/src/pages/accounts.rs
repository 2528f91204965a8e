//! The list of accounts. In API v1 an account is only an id; here people name accounts and find them by name.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::{Account, ClientId, ID_MAX, Name, Role};
use maud::{Markup, html};
use service::{AdminError, Tenant};

use super::account;
use super::list::query::WORDS_CHARS_MAX;
use crate::created::{form_token, once};
use crate::fields::{self, Fields};
use crate::form::{Label, Wrong, line};
use crate::layout::{self, Nav, counted, csrf, notice};
use crate::session::{Number, Posted, Query};
use crate::{Problem, SignedIn, Web};

/// Accounts on a page.
const PAGE_SIZE: usize = 50;

/// Accounts suggested while a name is typed.
const FOUND_MAX: usize = 20;

/// The field that confirms a second account with the same name.
const SAME_NAME: &str = "same_name";

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/accounts", get(show).post(add))
        .route("/accounts/find", get(find))
        .route("/accounts/{id}", get(account::show).post(rename))
}

/// What the page shows apart from the accounts.
#[derive(Default)]
struct Shown {
    /// The search words.
    words: String,
    page: usize,
    /// The account that is being renamed, and the new name as typed.
    renaming: Option<(ClientId, Option<String>)>,
    /// What was typed into the form that adds one.
    typed: Fields,
    wrong: Wrong,
    done: Option<String>,
}

impl Shown {
    fn of(query: &Fields) -> Shown {
        let number = |name| query.get(name).parse().ok();
        Shown {
            words: query.get("q").to_owned(),
            page: number("page").unwrap_or(1).max(1),
            typed: query.only(&["number"]),
            renaming: query.get("rename").parse().ok().map(|id| (ClientId(id), None)),
            ..Shown::default()
        }
    }

    fn address(&self, page: usize, more: &[(&'static str, String)]) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        let here = [("q", self.words.clone()), ("page", page)];
        Fields::of(here.into_iter().chain(more.iter().cloned())).address("/accounts")
    }
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    let mut shown = Shown::of(&query);
    let named = |field| {
        let id = ClientId(query.get(field).parse().ok()?);
        Some((id, who.person.tenant.accounts().name(id)?.to_string()))
    };
    if let Some((id, name)) = named("added") {
        shown.done = Some(format!("{name} was added with ID {id}."));
    } else if let Some((id, name)) = named("renamed") {
        shown.done = Some(format!("Account {id} was renamed to {name}."));
    }
    page(&web, &who, &shown).await
}

async fn page(web: &Web, who: &SignedIn, shown: &Shown) -> Result<Response, Problem> {
    let skip = shown.page.saturating_sub(1).saturating_mul(PAGE_SIZE);
    let (total, accounts) = found(web, who, &shown.words, skip, PAGE_SIZE).await?;
    let pages = total.div_ceil(PAGE_SIZE).max(1);
    let address = |page: u64| shown.address(usize::try_from(page).unwrap_or(1), &[]);
    let content = html! {
        (layout::head("Accounts", &html! {}))
        (shown.wrong.notice())
        p.lead { "The people and organizations that activities are about." }
        @if let Some(done) = &shown.done { (notice("ok", done)) }
        (search(shown))
        @if accounts.is_empty() {
            (none(who, shown, total, pages))
        } @else {
            p.count { (counted(total as u64, "account", "accounts")) }
            div.scroll { table.grid {
                thead { tr {
                    th scope="col" { "Name" }
                    th.num scope="col" { "ID" }
                    @if who.names() { td.act {} }
                } }
                tbody { @for account in &accounts { (row(who, shown, account)) } }
            } }
            (layout::pager(shown.page as u64, pages as u64, &address))
        }
        @if who.names() { (add_form(web, who, shown)?) }
    };
    let page = layout::page(who, "Accounts", Nav::Accounts, &content);
    Ok((shown.wrong.status(), page).into_response())
}

/// How many accounts match, and a page of them. Words that are too long match nothing.
async fn found(
    web: &Web,
    who: &SignedIn,
    words: &str,
    skip: usize,
    take: usize,
) -> Result<(usize, Vec<Account>), Problem> {
    if words.chars().count() > WORDS_CHARS_MAX {
        return Ok((0, Vec::new()));
    }
    let words = words.to_owned();
    let search = move |tenant: &Arc<Tenant>| tenant.page_of_accounts(&words, skip, take);
    Ok(web.service.among_accounts(&who.person.tenant, search).await?)
}

fn search(shown: &Shown) -> Markup {
    html! {
        form.filters action="/accounts" method="get" role="search" aria-label="Accounts" {
            label {
                "Name or ID"
                input type="search" name="q" value=(shown.words) maxlength=(WORDS_CHARS_MAX);
            }
            button type="submit" { "Search" }
            @if !shown.words.is_empty() { a.button.quiet href="/accounts" { "Show all" } }
        }
    }
}

fn none(who: &SignedIn, shown: &Shown, total: usize, pages: usize) -> Markup {
    if total > 0 {
        let last = shown.address(pages, &[]);
        let action = html! { a.button.primary href=(last) { "Go to the last page" } };
        let text = format!("The last page is page {}.", layout::number(pages as u64));
        return layout::empty("Page not found", &text, &action);
    }
    if !shown.words.is_empty() {
        let text =
            format!("No account has “{}” in its name or an ID that starts with it.", shown.words);
        let action = html! { a.button href="/accounts" { "Show all" } };
        return layout::empty("No matches", &text, &action);
    }
    let text = if who.names() {
        "Until an account has a name, activities show only its ID. Add the first one below, or import a list on the server with “driftless accounts import”."
    } else {
        "Until an account has a name, activities show only its ID. An editor can add names."
    };
    layout::empty("No accounts yet", text, &html! {})
}

fn row(who: &SignedIn, shown: &Shown, account: &Account) -> Markup {
    let Account { id, name } = account;
    let renaming = shown.renaming.as_ref().filter(|(which, _)| which == id && who.names());
    html! {
        tr id={ "a" (id) } {
            td.title data-label="Name" {
                @if let Some((_, typed)) = renaming {
                    (rename_form(who, shown, account, typed.as_deref().unwrap_or(name.as_str())))
                } @else {
                    a href=(account::address_of(*id)) { (name) }
                }
            }
            td.num data-label="ID" { (id) }
            @if who.names() {
                td.act {
                    @if renaming.is_none() {
                        @let address = shown.address(shown.page, &[("rename", id.to_string())]);
                        a.button.small.quiet href={ (address) "#a" (id) } aria-label={ "Rename " (name) } {
                            "Rename"
                        }
                    }
                }
            }
        }
    }
}

fn rename_form(who: &SignedIn, shown: &Shown, account: &Account, typed: &str) -> Markup {
    let back = shown.address(shown.page, &[]);
    html! {
        form action={ "/accounts/" (account.id) } method="post" {
            (csrf(who))
            input type="hidden" name="back" value=(back);
            (line(Label { name: "new_name", text: "New name", required: true, ..Label::default() }, "text", typed, &shown.wrong))
            div.buttons {
                button.small.primary type="submit" { "Save" }
                a.button.small.quiet href={ (back) "#a" (account.id) } { "Cancel" }
            }
        }
    }
}

fn add_form(web: &Web, who: &SignedIn, shown: &Shown) -> Result<Markup, Problem> {
    let (typed, wrong) = (&shown.typed, &shown.wrong);
    let name = Label { name: "name", text: "Name", required: true, ..Label::default() };
    let help = "The clientId that scripts use. Leave empty to use the next free one.";
    let number = Label { name: "number", text: "ID", help, required: false, ..Label::default() };
    Ok(html! {
        h2 { "Add account" }
        form.edit action="/accounts" method="post" {
            (csrf(who))
            (form_token(web)?)
            div.pair {
                (line(name, "text", typed.raw("name"), wrong))
                (line(number, "text", typed.raw("number"), wrong))
            }
            @if wrong.has("name") && !typed.raw("name").trim().is_empty() {
                label.check {
                    input type="checkbox" name=(SAME_NAME) value="1";
                    "Add it anyway: this is a different account with the same name"
                }
            }
            div.buttons { button.primary type="submit" { "Add account" } }
        }
    })
}

async fn add(State(web): State<Web>, Posted { who, fields }: Posted) -> Result<Response, Problem> {
    who.needs(Role::Editor)?;
    let mut wrong = Wrong::default();
    let name = wrong.check("name", Name::parse(fields.raw("name")));
    let number = wrong.check("number", number(fields.get("number")));
    let same = name.as_ref().and_then(|name| who.person.tenant.accounts().named(name));
    if let Some(same) = same.filter(|_| fields.get(SAME_NAME) != "1") {
        // A form that is sent twice does not make a second account.
        if !web.created.knows(&who, &fields) {
            wrong.add("name", format!("is already used by account {same}"));
        }
    }
    if let (Some(name), Some(id), true) = (name, number, wrong.is_empty()) {
        let (service, person) = (web.service.clone(), who.person.clone());
        let add = async move { Ok((service.add_account(&person, id, name).await?.0, ())) };
        match once(&web, &who, &fields, add).await? {
            Ok((id, _)) => {
                let added = Fields::of([("added", id.to_string())]);
                return Ok(Redirect::to(&added.address("/accounts")).into_response());
            }
            Err(AdminError::AccountExists(_, name)) => {
                wrong.add(
                    "number",
                    format!("is already used by {name}: leave it empty, or rename that account"),
                );
            }
            Err(AdminError::IdsExhausted) => {
                wrong
                    .add("number", "is required, because the highest possible ID is already taken");
            }
            Err(problem) => return Err(problem.into()),
        }
    }
    page(&web, &who, &Shown { page: 1, typed: fields, wrong, ..Shown::default() }).await
}

/// None if it is left empty.
fn number(text: &str) -> Result<Option<ClientId>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let id = text.parse().ok().filter(|id| (1..=ID_MAX).contains(id));
    id.map(|id| Some(ClientId(id)))
        .ok_or_else(|| format!("must be a whole number from 1 to {ID_MAX}"))
}

async fn rename(
    State(web): State<Web>,
    Number(id): Number,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Editor)?;
    let id = ClientId(id);
    if who.person.tenant.accounts().name(id).is_none() {
        return Err(Problem::NotFound);
    }
    let back = fields::local(fields.get("back")).unwrap_or("/accounts");
    let (_, query) = back.split_once('?').unwrap_or((back, ""));
    let query = Fields::parse(query.as_bytes());
    let mut wrong = Wrong::default();
    let Some(name) = wrong.check("new_name", Name::parse(fields.raw("new_name"))) else {
        let renaming = Some((id, Some(fields.raw("new_name").to_owned())));
        return page(&web, &who, &Shown { renaming, wrong, ..Shown::of(&query) }).await;
    };
    web.service.rename_account(&who.person, id, name).await?;
    let shown = Shown::of(&query);
    let address = shown.address(shown.page, &[("renamed", id.to_string())]);
    Ok(Redirect::to(&address).into_response())
}

/// Suggestions for picking an account by its name: `[{"id":3480,"name":"Ada Lovelace"}]`.
async fn find(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    let (_, found) = found(&web, &who, query.get("q"), 0, FOUND_MAX).await?;
    let found = found
        .iter()
        .map(|account| serde_json::json!({ "id": account.id.0, "name": account.name.as_str() }));
    let body = serde_json::Value::from_iter(found).to_string();
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

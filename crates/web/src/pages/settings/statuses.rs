//! The statuses: their names, their order, and which of them count as done.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::{Role, Status, StatusId, StatusName};
use maud::{Markup, html};
use service::{AdminError, Filter, Step};

use super::{Typed, overview};
use crate::created::{form_token, once};
use crate::fields::Fields;
use crate::form::{Label, Wrong, line};
use crate::layout::{self, Nav, counted, csrf, notice};
use crate::session::{Number, Posted, Query};
use crate::{Problem, SignedIn, Web};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/settings/statuses", post(add))
        .route("/settings/statuses/{id}", get(show))
        .route("/settings/statuses/{id}/rename", post(rename))
        .route("/settings/statuses/{id}/move", post(move_it))
        .route("/settings/statuses/{id}/done", post(set_done))
        .route("/settings/statuses/{id}/begin", post(begin))
        .route("/settings/statuses/{id}/retire", post(retire))
}

/// All statuses in their order, the retired ones last.
pub(super) fn list(web: &Web, who: &SignedIn, typed: &Typed) -> Result<Markup, Problem> {
    let directory = who.person.tenant.directory();
    let (retired, offered): (Vec<&Status>, Vec<&Status>) =
        directory.statuses_in_order().into_iter().partition(|status| status.retired);
    let last = offered.len().saturating_sub(1);
    let first = directory.first_status().map(|status| status.id);
    let label =
        Label { name: "status_name", text: "New status", required: true, ..Label::default() };
    Ok(html! {
        p.hint { "People choose from the statuses in this order." }
        div.scroll { table.grid {
            thead { tr {
                th scope="col" { "Name" }
                th scope="col" { "Counts as" }
                td {}
                td.act {}
            } }
            tbody {
                @for (at, status) in offered.iter().enumerate() {
                    (row(status, Some(status.id) == first, &html! {
                        @if at > 0 { (step(who, status, "up", "↑")) }
                        @if at < last { (step(who, status, "down", "↓")) }
                    }))
                }
                @for status in &retired { (row(status, false, &html! {})) }
            }
        } }
        @if who.imports() {
            div.card {
                form.edit action="/settings/statuses" method="post" {
                    (csrf(who))
                    (form_token(web)?)
                    (line(label, "text", typed.or("status_name", ""), &typed.wrong))
                    div.buttons { button type="submit" { "Add status" } }
                }
            }
        }
    })
}

/// A row for a status; `is_first` marks the one that new activities start with.
fn row(status: &Status, is_first: bool, moves: &Markup) -> Markup {
    html! {
        tr id={ "s" (status.id) } {
            td.title data-label="Name" {
                a href={ "/settings/statuses/" (status.id) } { (status.name) }
            }
            td data-label="Counts as" {
                @if status.done { span.badge.ok { "done" } } @else { "open" }
            }
            td {
                @if is_first { span.badge { "for new activities" } " " }
                @if status.retired { span.badge.muted { "retired" } " " }
                @if status.spreading { span.badge.warn { "being renamed" } }
            }
            td.act { (moves) }
        }
    }
}

fn step(who: &SignedIn, status: &Status, step: &str, arrow: &str) -> Markup {
    html! {
        form action={ "/settings/statuses/" (status.id) "/move" } method="post" {
            (csrf(who))
            button.small.quiet type="submit" name="step" value=(step) title={ "Move " (step) }
                aria-label={ "Move " (status.name) " " (step) } { (arrow) }
        }
        " "
    }
}

async fn add(State(web): State<Web>, Posted { who, fields }: Posted) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let mut wrong = Wrong::default();
    let name = wrong.check("status_name", StatusName::parse(fields.get("status_name")));
    if let Some(name) = name {
        let (service, person) = (web.service.clone(), who.person.clone());
        let add = async move { Ok((service.add_status(&person, None, name).await?.0, ())) };
        match once(&web, &who, &fields, add).await? {
            Ok((id, _)) => {
                let address = format!("/settings?done=added#s{id}");
                return Ok(Redirect::to(&address).into_response());
            }
            Err(AdminError::StatusExists(_)) => wrong.add("status_name", "already exists"),
            Err(problem) => return Err(problem.into()),
        }
    }
    overview(&web, &who, "", &Typed { fields, wrong })
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Number(id): Number,
    Query(query): Query,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let saved = query.get("done") == "1";
    status_page(&web, &who, StatusId(id), saved, &Typed::default()).await
}

/// How many activities have a status.
async fn count(web: &Web, who: &SignedIn, id: StatusId) -> Result<u64, Problem> {
    let filter = Filter { statuses: vec![id], ..Filter::default() };
    Ok(web.service.matching(&who.person.tenant, &filter).await?.len() as u64)
}

async fn status_page(
    web: &Web,
    who: &SignedIn,
    id: StatusId,
    saved: bool,
    typed: &Typed,
) -> Result<Response, Problem> {
    let directory = who.person.tenant.directory();
    let status = directory.statuses.get(&id).ok_or(Problem::NotFound)?;
    let activities = counted(count(web, who, id).await?, "activity", "activities");
    let is_first = directory.first_status().is_some_and(|first| first.id == id);
    let title = format!("Status {}", status.name);
    let content = html! {
        (layout::head(&title, &html! { a.button.quiet href="/settings#statuses" { "All statuses" } }))
        (typed.wrong.notice())
        @if saved { (notice("ok", "Status saved.")) }
        @if status.spreading {
            (notice("warn", "This status is being renamed. Some activities still show the old name."))
        }
        p.lead { a href={ "/activities?status=" (id) } { (activities) } " with this status." }
        @if who.imports() {
            section.card { h2 { "Rename" } (rename_form(who, status, &activities, typed)) }
        }
        section.card { h2 { "Meaning" } (done_form(who, status)) }
        @if !status.retired {
            section.card { h2 { "New activities" } (begins_form(who, status, is_first)) }
        }
        section.card { h2 { "Availability" } (retire_form(who, status)) }
    };
    let page = layout::page(who, &title, Nav::Settings, &content);
    Ok((typed.wrong.status(), page).into_response())
}

fn rename_form(who: &SignedIn, status: &Status, activities: &str, typed: &Typed) -> Markup {
    let help = format!("Renaming changes {activities}, so integrations will fetch them again.");
    let label =
        Label { name: "name", text: "New name", help: &help, required: true, ..Label::default() };
    html! {
        form.edit action={ "/settings/statuses/" (status.id) "/rename" } method="post"
            data-confirm={ "Rename " (status.name) "? This changes " (activities) "." } {
            (csrf(who))
            (line(label, "text", typed.or("name", status.name.as_str()), &typed.wrong))
            div.buttons { button.primary type="submit" { "Rename" } }
        }
    }
}

fn done_form(who: &SignedIn, status: &Status) -> Markup {
    let (text, other, button) = if status.done {
        ("Activities with this status are done and do not appear in My day.", "0", "Count as open")
    } else {
        (
            "Activities with this status are open and appear in My day when they are due.",
            "1",
            "Count as done",
        )
    };
    html! {
        p { (text) }
        form action={ "/settings/statuses/" (status.id) "/done" } method="post" {
            (csrf(who))
            button type="submit" name="done" value=(other) { (button) }
        }
    }
}

fn begins_form(who: &SignedIn, status: &Status, is_first: bool) -> Markup {
    if is_first {
        return html! { p { "New activities start with this status unless someone chooses another." } };
    }
    html! {
        p { "New activities start with another status." }
        form action={ "/settings/statuses/" (status.id) "/begin" } method="post" {
            (csrf(who))
            button type="submit" { "Use for new activities" }
        }
    }
}

fn retire_form(who: &SignedIn, status: &Status) -> Markup {
    let (text, other, button) = if status.retired {
        (
            "This status is retired. Activities that have it keep it, but it can no longer be chosen.",
            "0",
            "Bring back",
        )
    } else {
        (
            "If you retire this status, activities that have it keep it, but it can no longer be chosen.",
            "1",
            "Retire",
        )
    };
    html! {
        p { (text) }
        form action={ "/settings/statuses/" (status.id) "/retire" } method="post" {
            (csrf(who))
            button.danger[!status.retired] type="submit" name="retired" value=(other) { (button) }
        }
    }
}

/// Renames a status and its activities; the page of the work shows the progress.
async fn rename(
    State(web): State<Web>,
    Number(id): Number,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let id = StatusId(id);
    let directory = who.person.tenant.directory();
    let status = directory.statuses.get(&id).ok_or(Problem::NotFound)?;
    let mut wrong = Wrong::default();
    let Some(name) = wrong.check("name", StatusName::parse(fields.get("name"))) else {
        return status_page(&web, &who, id, false, &Typed { fields, wrong }).await;
    };
    if directory.free_status_name(&name, Some(id)).is_err() {
        wrong.add("name", "is already used by another status");
        return status_page(&web, &who, id, false, &Typed { fields, wrong }).await;
    }
    let total = count(&web, &who, id).await?;
    let title = format!("Renaming {} to {name}", status.name);
    let work = web.service.start_rename(&who.person, id, name, title, total)?;
    let back = Fields::of([("back", format!("/settings/statuses/{id}"))]);
    Ok(Redirect::to(&back.address(&format!("/work/{}", work.number))).into_response())
}

async fn move_it(
    State(web): State<Web>,
    Number(id): Number,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let id = StatusId(id);
    let step = if fields.get("step") == "up" { Step::Up } else { Step::Down };
    web.service.move_status(&who.person, id, step).await?;
    Ok(Redirect::to("/settings#statuses").into_response())
}

async fn set_done(
    State(web): State<Web>,
    Number(id): Number,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let id = StatusId(id);
    web.service.set_status_done(&who.person, id, fields.get("done") == "1").await?;
    Ok(saved(id))
}

async fn begin(
    State(web): State<Web>,
    Number(id): Number,
    Posted { who, .. }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let id = StatusId(id);
    web.service.begin_with_status(&who.person, id).await?;
    Ok(saved(id))
}

async fn retire(
    State(web): State<Web>,
    Number(id): Number,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let id = StatusId(id);
    match fields.get("retired") {
        "1" => web.service.retire_status(&who.person, id).await?,
        _ => web.service.restore_status(&who.person, id).await?,
    }
    Ok(saved(id))
}

fn saved(id: StatusId) -> Response {
    Redirect::to(&format!("/settings/statuses/{id}?done=1")).into_response()
}

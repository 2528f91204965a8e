//! Changes of many activities at once, and how far long work has come.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::{ActivityId, Role, StatusId, UserId};
use maud::{Markup, html};
use service::{BulkChange, Directory, Listing, LongWork, Outcome, place};

use super::list::names;
use super::list::query::Asked;
use crate::fields::{self, Fields};
use crate::form::options;
use crate::layout::{self, Nav, counted, csrf, number};
use crate::session::{Posted, Query};
use crate::{Problem, SignedIn, Web};

/// How many changes are waited for before the next page is shown, and how long.
const WAITED_FOR_MAX: usize = 500;
const WAIT_MAX: Duration = Duration::from_secs(3);

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/activities/bulk", post(begin)).route("/work/{number}", get(show))
}

/// The bar over a list. The boxes in its rows belong to this form.
pub(crate) fn bar(who: &SignedIn, asked: &Asked, listing: &Listing) -> Markup {
    let directory = who.person.tenant.directory();
    html! {
        form.bulk #bulk action="/activities/bulk" method="post" aria-label="Change many at once"
            data-with-selection {
            (csrf(who))
            input type="hidden" name="list" value=(asked.fields.address(""));
            span { b data-selected { "Those" } " selected" }
            @if listing.pages > 1 {
                label {
                    input type="checkbox" name="scope" value="all" data-whole;
                    "All " (number(listing.total)) " that match"
                }
            }
            label {
                "Status "
                select name="status" { (options(statuses(&directory), "")) }
            }
            button type="submit" name="action" value="status" { "Set status" }
            label {
                "Responsible "
                select name="user" { (options(users(&directory), "")) }
            }
            button type="submit" name="action" value="user" { "Set responsible" }
            button.danger type="submit" name="action" value="remove"
                data-confirm="Remove the selected activities ({n})? They can be restored from the bin." { "Remove" }
        }
    }
}

fn statuses(directory: &Directory) -> Vec<(String, &str)> {
    let statuses = directory.statuses_in_order().into_iter().filter(|status| !status.retired);
    statuses.map(|status| (status.id.to_string(), status.name.as_str())).collect()
}

fn users(directory: &Directory) -> Vec<(String, &str)> {
    let mut users: Vec<_> = directory.users.values().filter(|user| !user.disabled).collect();
    users.sort_by_cached_key(|user| place(user.name.as_str()));
    let users = users.into_iter().map(|user| (user.id.to_string(), user.name.as_str()));
    users.chain([("nobody".to_owned(), "Nobody")]).collect()
}

async fn begin(
    State(web): State<Web>,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Editor)?;
    let list = fields.get("list").trim_start_matches('?');
    let asked = Asked::parse(&Fields::parse(list.as_bytes()), &who.person);
    let directory = who.person.tenant.directory();
    let change = change(&fields, &directory)?;
    let ids = ids(&web, &who, &fields, &asked).await?;
    if ids.is_empty() {
        return Ok(nothing_selected(&who, &asked));
    }
    if change == BulkChange::Remove && !is_agreed(&fields, &ids) {
        return Ok(confirm(&who, &fields, &asked, &ids));
    }
    let (small, title) = (ids.len() <= WAITED_FOR_MAX, title(change, ids.len(), &directory));
    let work = web.service.start_bulk(&who.person, ids, change, title)?;
    if small && tokio::time::timeout(WAIT_MAX, work.ended()).await.is_ok() {
        let list = asked.fields.with("work", &work.number.to_string());
        return Ok(Redirect::to(&list.address("/activities")).into_response());
    }
    let back = Fields::default().with("back", &asked.address());
    Ok(Redirect::to(&back.address(&format!("/work/{}", work.number))).into_response())
}

fn change(fields: &Fields, directory: &Directory) -> Result<BulkChange, Problem> {
    let again = "Go back, reload the page and choose again.";
    match fields.get("action") {
        "remove" => Ok(BulkChange::Remove),
        "status" => {
            let id = fields.get("status").parse().ok().map(StatusId);
            let offered =
                |id: &StatusId| directory.statuses.get(id).is_some_and(|status| !status.retired);
            let id = id.filter(offered);
            id.map(BulkChange::Status)
                .ok_or_else(|| Problem::Wrong(format!("This status cannot be chosen. {again}")))
        }
        "user" if fields.get("user") == "nobody" => Ok(BulkChange::SystemUser(None)),
        "user" => {
            let id = fields.get("user").parse().ok().map(UserId);
            let offered = |id: &UserId| directory.users.get(id).is_some_and(|user| !user.disabled);
            let id = id.filter(offered);
            id.map(|id| BulkChange::SystemUser(Some(id)))
                .ok_or_else(|| Problem::Wrong(format!("This person cannot be chosen. {again}")))
        }
        _ => Err(Problem::Wrong(format!("Nobody said what to change. {again}"))),
    }
}

/// Whether somebody has agreed to the removal of these very activities. Ticked ones the form names
/// itself; of all that match, others may do so by now than were spoken of, be they as many.
fn is_agreed(fields: &Fields, ids: &[ActivityId]) -> bool {
    match fields.get("confirmed") {
        "" => false,
        agreed => !is_about_all(fields) || agreed == fingerprint(ids),
    }
}

/// What tells these activities from all others.
fn fingerprint(ids: &[ActivityId]) -> String {
    let mut hasher = DefaultHasher::new();
    ids.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Whether it is about all that the list is asked for, not only those whose boxes were ticked.
fn is_about_all(fields: &Fields) -> bool {
    fields.get("scope") == "all"
}

/// Which activities: those whose boxes were ticked, or all that the list is asked for now.
async fn ids(
    web: &Web,
    who: &SignedIn,
    fields: &Fields,
    asked: &Asked,
) -> Result<Vec<ActivityId>, Problem> {
    if is_about_all(fields) {
        if !asked.wrong.is_empty() {
            return Err(Problem::Wrong(asked.wrong.join(" ")));
        }
        return Ok(web.service.matching(&who.person.tenant, &asked.filter).await?);
    }
    let mut ids: Vec<ActivityId> =
        fields.all("id").filter_map(|id| id.parse().ok()).map(ActivityId).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn title(change: BulkChange, count: usize, directory: &Directory) -> String {
    let activities = counted(count as u64, "activity", "activities");
    match change {
        BulkChange::Remove => format!("Removing {activities}"),
        BulkChange::Status(id) => {
            format!("Setting {activities} to {}", names::status(directory, id))
        }
        BulkChange::SystemUser(None) => format!("Making nobody responsible for {activities}"),
        BulkChange::SystemUser(Some(id)) => {
            format!("Making {} responsible for {activities}", names::user(directory, id))
        }
    }
}

fn nothing_selected(who: &SignedIn, asked: &Asked) -> Response {
    let action = html! { a.button.primary href=(asked.address()) { "Back to the list" } };
    let text = "Tick the boxes of those to change, or choose all that match.";
    let content = html! {
        (layout::head("Activities", &html! {}))
        (layout::empty("No activity is selected", text, &action))
    };
    let page = layout::page(who, "No activity is selected", Nav::Activities, &content);
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// Asks once more, with the number. What was chosen comes along, and which activities are spoken of.
fn confirm(who: &SignedIn, fields: &Fields, asked: &Asked, ids: &[ActivityId]) -> Response {
    let question = format!("Remove {}?", counted(ids.len() as u64, "activity", "activities"));
    let kept =
        fields.filled().filter(|(name, _)| matches!(*name, "list" | "scope" | "id" | "action"));
    let content = html! {
        (layout::head(&question, &html! {}))
        @if !fields.get("confirmed").is_empty() {
            (layout::notice("warn", "The list has changed since you were asked: others match now."))
        }
        p.lead { "They go to the bin, and can be restored from there." }
        form action="/activities/bulk" method="post" {
            (csrf(who))
            @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
            input type="hidden" name="confirmed" value=(fingerprint(ids));
            div.buttons {
                button.danger type="submit" { "Remove" }
                a.button.quiet href=(asked.address()) { "Cancel" }
            }
        }
    };
    layout::page(who, &question, Nav::Activities, &content)
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    headers: HeaderMap,
    Path(number): Path<String>,
    Query(query): Query,
) -> Result<Response, Problem> {
    let number = number.parse().map_err(|_| Problem::NotFound)?;
    let work = web.service.long_work(&who.person, number).ok_or(Problem::NotFound)?;
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.starts_with("application/json")) {
        return Ok(([(header::CONTENT_TYPE, "application/json")], progress(&work)).into_response());
    }
    let back = fields::local(query.get("back")).unwrap_or("/activities");
    let content = html! {
        (layout::head(&work.title, &html! {}))
        @if work.outcome() == Outcome::Working { (working(&work)) } @else {
            (outcome(&work, ""))
            p { a.button.primary href=(back) { "Back to where you were" } }
        }
    };
    Ok(layout::page(&who, &work.title, Nav::None, &content))
}

/// What a script reads that follows the work.
fn progress(work: &LongWork) -> String {
    let total = work.total.map_or_else(|| "null".to_owned(), |total| total.to_string());
    let finished = work.outcome() != Outcome::Working;
    format!(r#"{{"done":{},"total":{total},"finished":{finished}}}"#, work.done())
}

fn working(work: &LongWork) -> Markup {
    let done = match work.total {
        Some(total) => format!("{} of {} done", number(work.done()), number(total)),
        None => format!("{} done", number(work.done())),
    };
    html! {
        div data-progress={ "/work/" (work.number) } {
            progress max=[work.total] value=(work.done()) aria-label=(work.title) {}
            p.progress role="status" { (done) }
        }
        p.hint { "You can leave this page: the work goes on." }
        noscript { meta http-equiv="refresh" content="2"; }
    }
}

/// What came of it; `title` where nothing else says what it was.
fn outcome(work: &LongWork, title: &str) -> Markup {
    let (changed, done) = (work.changed(), work.done());
    let same = match done - changed.min(done) {
        0 => String::new(),
        same => format!(", {} so already or gone", counted(same, "was", "were")),
    };
    let count = format!("{} changed{same}.", counted(changed, "activity has", "activities have"));
    match work.outcome() {
        Outcome::Failed(problem) => {
            let problem = crate::problem::shown(&problem);
            layout::notice("bad", &format!("{title}It did not all work. {problem} {count}"))
        }
        Outcome::Finished | Outcome::Working => layout::notice("ok", &format!("{title}{count}")),
    }
}

/// What came of the work of that number, over the list that it changed.
pub(crate) fn notice_of(web: &Web, who: &SignedIn, number: &str) -> Markup {
    let work = number.parse().ok().and_then(|number| web.service.long_work(&who.person, number));
    let ended = work.filter(|work| work.outcome() != Outcome::Working);
    html! { @if let Some(work) = ended { (outcome(&work, &format!("{}. ", work.title))) } }
}

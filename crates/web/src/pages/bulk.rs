//! Bulk changes, and the progress of long work.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::{ActivityId, StatusId, UserId};
use maud::{Markup, html};
use service::{BulkChange, Directory, Listing, LongWork, Outcome};

use super::list::names;
use super::list::query::ListRequest;
use crate::fields::{Fields, local};
use crate::form::options;
use crate::layout::{self, Nav, counted, csrf, number};
use crate::session::{Number, Posted, Query};
use crate::{Problem, SignedIn, Web};

/// Up to this many changes, and this long, the next page waits until they are done.
const WAITED_FOR_MAX: u64 = 500;
const WAIT_MAX: Duration = Duration::from_secs(3);

/// The value for *Unassigned* among the people to choose from.
const NOBODY: &str = "nobody";

/// Changes of more activities than this have to be confirmed.
pub(crate) const UNASKED_MAX: usize = 30;

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/activities/bulk", post(begin))
        .route("/work/{number}", get(show))
        .route("/work/{number}/undo", post(undo))
}

/// The bar with the bulk actions. The checkboxes in the rows belong to this form.
pub(crate) fn bar(who: &SignedIn, asked: &ListRequest, listing: &Listing) -> Markup {
    let directory = who.person.tenant.directory();
    let statuses = names::statuses_to_choose(&directory);
    let mut people = names::people_to_choose(&directory);
    people.push((NOBODY.to_owned(), "Unassigned".to_owned()));
    html! {
        form.bulk #bulk action="/activities/bulk" method="post" aria-label="Change selected activities"
            tabindex="-1" data-with-selection {
            (csrf(who))
            input type="hidden" name="list" value=(asked.fields.address(""));
            span { b data-selected { "Activities" } " selected" }
            @if listing.pages > 1 {
                label {
                    input type="checkbox" name="scope" value="all" data-whole=(listing.total);
                    "All " (number(listing.total)) " matching"
                }
            }
            label { "Status " select name="status" { (options(to_choose(&statuses), "")) } }
            button type="submit" name="action" value="status" data-needs="status" { "Set status" }
            label { "Assigned to " select name="user" { (options(to_choose(&people), "")) } }
            button type="submit" name="action" value="user" data-needs="user" { "Assign" }
            button.danger type="submit" name="action" value="remove"
                data-confirm="Remove the selected activities ({n})? You can restore them from the bin." { "Remove" }
        }
    }
}

/// The options, with none chosen at first.
fn to_choose(choices: &[(String, String)]) -> impl Iterator<Item = (String, &str)> {
    let each = choices.iter().map(|(value, text)| (value.clone(), text.as_str()));
    std::iter::once((String::new(), "Choose…")).chain(each)
}

async fn begin(
    State(web): State<Web>,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs_to_edit()?;
    let list = fields.get("list").trim_start_matches('?');
    let asked = ListRequest::parse(&web, &Fields::parse(list.as_bytes()), &who).await?;
    let directory = who.person.tenant.directory();
    let change = change(&fields, &directory)?;
    let ids = ids(&web, &who, &fields, &asked).await?;
    if ids.is_empty() {
        return Ok(nothing_selected(&who, &asked));
    }
    let is_asked_about = change == BulkChange::Remove || ids.len() > UNASKED_MAX;
    if is_asked_about && !is_agreed(&fields, &ids) {
        return Ok(confirm(&who, &fields, &asked, change, &ids));
    }
    let title = title(change, ids.len(), &directory);
    let work = web.service.start_bulk(&who.person, ids, change, title)?;
    Ok(shown_at(&work, &asked.address()).await)
}

/// Leads back to the list, which shows the result; if the work takes longer, to the page with its progress first.
pub(crate) async fn shown_at(work: &LongWork, back: &str) -> Response {
    let is_small = work.total.is_some_and(|total| total <= WAITED_FOR_MAX);
    if is_small && tokio::time::timeout(WAIT_MAX, work.ended()).await.is_ok() {
        let (path, query) = back.split_once('?').unwrap_or((back, ""));
        let query = Fields::parse(query.as_bytes()).with("work", &work.number.to_string());
        return Redirect::to(&query.address(path)).into_response();
    }
    let back = Fields::default().with("back", back);
    Redirect::to(&back.address(&format!("/work/{}", work.number))).into_response()
}

async fn undo(
    State(web): State<Web>,
    Number(number): Number,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    let number = u64::try_from(number).map_err(|_| Problem::NotFound)?;
    let work = web.service.long_work(&who.person, number).ok_or(Problem::NotFound)?;
    let back = local(fields.get("back")).unwrap_or("/activities");
    match web.service.start_undo(&who.person, &work)? {
        Some(undo) => Ok(shown_at(&undo, back).await),
        // Clicked twice.
        None => Ok(Redirect::to(back).into_response()),
    }
}

fn change(fields: &Fields, directory: &Directory) -> Result<BulkChange, Problem> {
    let again = "Go back, reload the page and choose again.";
    match fields.get("action") {
        "remove" => Ok(BulkChange::Remove),
        "status" | "user" if fields.get(fields.get("action")).is_empty() => {
            Err(Problem::Wrong("Go back and choose a value first.".to_owned()))
        }
        "status" => {
            let id = fields.get("status").parse().ok().map(StatusId);
            let offered =
                |id: &StatusId| directory.statuses.get(id).is_some_and(|status| !status.retired);
            let id = id.filter(offered);
            id.map(BulkChange::Status)
                .ok_or_else(|| Problem::Wrong(format!("This status is not available. {again}")))
        }
        "user" if fields.get("user") == NOBODY => Ok(BulkChange::SystemUser(None)),
        "user" => {
            let id = fields.get("user").parse().ok().map(UserId);
            let offered = |id: &UserId| directory.users.get(id).is_some_and(|user| !user.disabled);
            let id = id.filter(offered);
            id.map(|id| BulkChange::SystemUser(Some(id)))
                .ok_or_else(|| Problem::Wrong(format!("This person is not available. {again}")))
        }
        _ => Err(Problem::Wrong(format!("The form does not say what to change. {again}"))),
    }
}

/// Whether the person has confirmed a change of exactly these activities. The form names the selected ones itself;
/// of all that match, others may match by now, even if the number is the same.
fn is_agreed(fields: &Fields, ids: &[ActivityId]) -> bool {
    match fields.get("confirmed") {
        "" => false,
        agreed => !is_about_all(fields) || agreed == fingerprint(ids),
    }
}

/// Identifies a set of activities.
fn fingerprint(ids: &[ActivityId]) -> String {
    let mut hasher = DefaultHasher::new();
    ids.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Whether it concerns all activities that match, not only the selected ones.
fn is_about_all(fields: &Fields) -> bool {
    fields.get("scope") == "all"
}

/// The activities: the selected ones, or all that match now.
async fn ids(
    web: &Web,
    who: &SignedIn,
    fields: &Fields,
    asked: &ListRequest,
) -> Result<Vec<ActivityId>, Problem> {
    if is_about_all(fields) {
        if !asked.wrong.is_empty() {
            return Err(Problem::Wrong(asked.wrong.join(" ")));
        }
        return Ok(web.service.matching(&who.person.tenant, &asked.filter).await?);
    }
    Ok(ticked(fields))
}

/// The selected activities, without duplicates.
pub(crate) fn ticked(fields: &Fields) -> Vec<ActivityId> {
    let mut ids: Vec<ActivityId> =
        fields.all("id").filter_map(|id| id.parse().ok()).map(ActivityId).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

pub(crate) fn title(change: BulkChange, count: usize, directory: &Directory) -> String {
    let activities = counted(count as u64, "activity", "activities");
    match change {
        BulkChange::Remove => format!("Removing {activities}"),
        BulkChange::Restore => format!("Restoring {activities}"),
        BulkChange::Status(id) => {
            format!("Setting {activities} to {}", names::status(directory, id))
        }
        BulkChange::SystemUser(None) => format!("Unassigning {activities}"),
        BulkChange::SystemUser(Some(id)) => {
            format!("Assigning {activities} to {}", names::user(directory, id))
        }
    }
}

fn nothing_selected(who: &SignedIn, asked: &ListRequest) -> Response {
    let action = html! { a.button.primary href=(asked.address()) { "Back to the list" } };
    let text = "Select the activities to change, or choose all matching ones.";
    let content = html! {
        (layout::head("Activities", &html! {}))
        (layout::empty("No activities selected", text, &action))
    };
    let page = layout::page(who, "No activities selected", Nav::Activities, &content);
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// `Set 1,250 activities to Deferred?`
fn question(change: BulkChange, count: usize, directory: &Directory) -> String {
    let activities = counted(count as u64, "activity", "activities");
    match change {
        BulkChange::Remove => format!("Remove {activities}?"),
        BulkChange::Restore => format!("Restore {activities}?"),
        BulkChange::Status(id) => format!("Set {activities} to {}?", names::status(directory, id)),
        BulkChange::SystemUser(None) => format!("Unassign {activities}?"),
        BulkChange::SystemUser(Some(id)) => {
            format!("Assign {activities} to {}?", names::user(directory, id))
        }
    }
}

/// Asks for confirmation, with the number. The form carries the choices, and which activities are meant.
fn confirm(
    who: &SignedIn,
    fields: &Fields,
    asked: &ListRequest,
    change: BulkChange,
    ids: &[ActivityId],
) -> Response {
    let lead = match change {
        BulkChange::Remove => "They go to the bin. You can restore them from there.",
        _ => "You can undo this afterwards.",
    };
    let has_changed = !fields.get("confirmed").is_empty();
    let asks = Asks { action: "/activities/bulk", back: &asked.address(), lead, has_changed };
    asks.page(who, fields, change, ids)
}

/// The question before a bulk change.
pub(crate) struct Asks<'a> {
    /// Where the form goes.
    pub(crate) action: &'a str,
    /// Where *Cancel* leads.
    pub(crate) back: &'a str,
    pub(crate) lead: &'a str,
    /// Whether other activities are meant than when it was asked before.
    pub(crate) has_changed: bool,
}

impl Asks<'_> {
    pub(crate) fn page(
        &self,
        who: &SignedIn,
        fields: &Fields,
        change: BulkChange,
        ids: &[ActivityId],
    ) -> Response {
        let question = question(change, ids.len(), &who.person.tenant.directory());
        let (does, removes) = match change {
            BulkChange::Remove => ("Remove", true),
            BulkChange::Restore => ("Restore", false),
            _ => ("Change", false),
        };
        let kept = fields.pairs().filter(|(name, value)| {
            let names = ["list", "scope", "id", "action", "status", "user", "back"];
            names.contains(name) && !value.is_empty()
        });
        let content = html! {
        (layout::head(&question, &html! {}))
        @if self.has_changed {
            (layout::notice("warn", "The list has changed in the meantime, so other activities match now."))
        }
        p.lead { (self.lead) }
        form action=(self.action) method="post" {
            (csrf(who))
            @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
            input type="hidden" name="confirmed" value=(fingerprint(ids));
            div.buttons {
                button.danger[removes].primary[!removes] type="submit" { (does) }
                a.button.quiet href=(self.back) { "Cancel" }
            }
        }
        };
        layout::page(who, &question, Nav::Activities, &content)
    }
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
    let back = local(query.get("back")).unwrap_or("/activities");
    let content = html! {
        (layout::head(&work.title, &html! {}))
        @if work.outcome() == Outcome::Working { (working(&work)) } @else {
            (outcome(&who, &work, false, back))
            p { a.button.primary href=(back) { "Go back" } }
        }
    };
    Ok(layout::page(&who, &work.title, Nav::None, &content))
}

/// The progress as JSON, for the script that shows it.
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
        p.hint { "You can leave this page. The work continues in the background." }
        noscript { meta http-equiv="refresh" content="2"; }
    }
}

/// The result, with the button to undo it; with the title if nothing else on the page names the work.
fn outcome(who: &SignedIn, work: &LongWork, is_titled: bool, back: &str) -> Markup {
    let (changed, overtaken, refused) = (work.changed(), work.overtaken(), work.refused());
    let same = work.done() - (changed + overtaken + refused).min(work.done());
    let parts = [
        (same, "needed no change or is in the bin", "needed no change or are in the bin"),
        (
            overtaken,
            "was skipped, because someone else has changed it since",
            "were skipped, because someone else has changed them since",
        ),
        (refused, "could not be changed", "could not be changed"),
    ];
    let told = parts.into_iter().filter(|(count, ..)| *count > 0);
    let told = told.map(|(count, one, many)| format!("; {}", counted(count, one, many)));
    let count =
        counted(changed, "activity changed", "activities changed") + &told.collect::<String>();
    let (kind, ended) = match work.outcome() {
        Outcome::Failed(problem) => {
            let problem = crate::problem::shown(&problem);
            let what = if is_titled { &*work.title } else { "This" };
            ("bad", format!("{what} could not be finished. {problem} "))
        }
        _ if is_titled => ("ok", format!("Finished {}: ", in_a_sentence(&work.title))),
        _ => ("ok", String::new()),
    };
    let role = if kind == "ok" { "status" } else { "alert" };
    html! {
        div class={ "notice told " (kind) } role=(role) {
            form action={ "/work/" (work.number) "/undo" } method="post" {
                p {
                    (ended) (count) ". "
                    @if who.edits() && work.can_be_undone() {
                        (csrf(who))
                        input type="hidden" name="back" value=(back);
                        button.small type="submit" { "Undo" }
                    }
                }
            }
        }
    }
}

/// A title as part of a sentence: with a lower-case first letter.
fn in_a_sentence(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

/// The result of the work with that number, shown above the list that it changed, whose address is `back`.
pub(crate) fn notice_of(web: &Web, who: &SignedIn, number: &str, back: &str) -> Markup {
    let work = number.parse().ok().and_then(|number| web.service.long_work(&who.person, number));
    let ended = work.filter(|work| work.outcome() != Outcome::Working);
    html! {
        @if let Some(work) = ended { (outcome(who, &work, true, back)) }
    }
}

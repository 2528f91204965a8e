//! Small changes, made where an activity is listed.

use axum::extract::State;
use axum::response::Redirect;
use domain::{Patch, Priority, Role, Seq, StatusId, StatusRef};
use maud::{Markup, html};
use service::{Directory, Refusal, Tenant, Write, Written};

use crate::fields::{self, Fields};
use crate::layout::csrf;
use crate::pages::activity::Id;
use crate::session::Posted;
use crate::{Problem, SignedIn, Web};

/// Changes what the form names, and nothing else.
pub(super) async fn change(
    State(web): State<Web>,
    Id(id): Id,
    Posted { who, fields }: Posted,
) -> Result<Redirect, Problem> {
    who.needs(Role::Editor)?;
    let org = &who.person.tenant;
    let patch = Box::new(patch(&fields, &org.directory())?);
    // As every edit: not over what somebody else has saved since the list was shown.
    let write = match fields.get("seen").parse().map(Seq) {
        Ok(seen) => Write::Edit { id, seen, patch },
        Err(_) => Write::Update(id, patch),
    };
    let told = match web.service.write(org, who.person.author(), write).await {
        Ok(written) if fields.get("done") == "1" => {
            let done = Fields::of([("done", id.to_string())]);
            match before(&web, org, &written).await {
                Some((was, seen)) => {
                    done.with("was", &was.to_string()).with("seen", &seen.to_string())
                }
                None => done,
            }
        }
        Ok(_) => Fields::default(),
        Err(Refusal::Outdated(_)) => Fields::of([("outdated", id.to_string())]),
        Err(Refusal::UnknownActivity(_)) if web.service.latest(org, id).await?.is_some() => {
            Fields::of([("gone", id.to_string())])
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let back = fields::local(fields.get("back")).unwrap_or("/activities");
    Ok(Redirect::to(&telling(back, &told)))
}

/// The status that a write took the place of, and the version that it made: what undoes it. None
/// where nothing has changed, where that status cannot be chosen any more, and where nobody can say.
async fn before(web: &Web, org: &Tenant, written: &Written) -> Option<(StatusId, Seq)> {
    let (id, seq) = (written.id, written.version?);
    let previous = web.service.version(org, id, seq).await.ok()??.previous?;
    let before = web.service.version(org, id, previous).await.ok()??;
    let status = before.record()?.status;
    let can_be_chosen = org.directory().statuses.get(&status).is_some_and(|s| !s.retired);
    can_be_chosen.then_some((status, seq))
}

/// An address, saying what has become of an activity, if there is something to say.
fn telling(address: &str, told: &Fields) -> String {
    let Some(_) = told.pairs().next() else { return address.to_owned() };
    let address = address.split('#').next().unwrap_or_default();
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut fields = Fields::parse(query.as_bytes());
    for name in TOLD.iter().chain(&UNDO) {
        fields = fields.without(name);
    }
    told.pairs().fold(fields, |fields, (name, value)| fields.with(name, value)).address(path)
}

/// What an address can say of an activity that was changed where it was listed.
const TOLD: [&str; 3] = ["done", "outdated", "gone"];

/// What it says besides of one that is done: the status before, and the version that was made.
const UNDO: [&str; 2] = ["was", "seen"];

/// Says above a list what has become of the activity; `back` is the list's address.
pub(crate) fn notice(who: &SignedIn, query: &Fields, back: &str) -> Markup {
    let said = TOLD.iter().find_map(|told| Some((*told, query.get(told).parse::<i64>().ok()?)));
    let Some((told, id)) = said else { return html! {} };
    let (kind, text) = match told {
        "done" => ("ok", "is done."),
        "outdated" => (
            "warn",
            "was changed by somebody else meanwhile, and is shown as it is now. Nothing of yours was saved.",
        ),
        _ => ("warn", "has been removed meanwhile. Nothing was saved; it lies in the bin."),
    };
    let address = format!("/activities/{id}");
    let undo = UNDO.map(|name| query.get(name).parse::<u64>().ok());
    html! {
        div class={ "notice " (kind) } role="status" {
            form action={ (address) "/quick" } method="post" {
                p {
                    a href=(address) { "Activity " (id) } " " (text)
                    @if let ("done", [Some(was), Some(seen)], true) = (told, undo, who.edits()) {
                        " "
                        (csrf(who))
                        input type="hidden" name="status" value=(was);
                        input type="hidden" name="seen" value=(seen);
                        input type="hidden" name="back" value=(back);
                        button.small type="submit" { "Undo" }
                    }
                }
            }
        }
    }
}

fn patch(fields: &Fields, directory: &Directory) -> Result<Patch, Problem> {
    let mut patch = Patch::default();
    if fields.get("done") == "1" {
        let mut statuses = directory.statuses_in_order().into_iter();
        let done = statuses.find(|status| status.done && !status.retired).ok_or_else(|| {
            Problem::Wrong(
                "No status counts as done. An admin can say which, in the settings.".to_owned(),
            )
        })?;
        patch.status = Some(StatusRef::Id(done.id));
    } else if fields.has("status") {
        let id = fields.get("status").parse().map(StatusId).map_err(|_| {
            Problem::Wrong(
                "There is no such status. Go back, reload the page and choose again.".to_owned(),
            )
        })?;
        patch.status = Some(StatusRef::Id(id));
    }
    if fields.has("priority") {
        let priority = Priority::parse(fields.get("priority")).ok_or_else(|| {
            Problem::Wrong("There is no such priority: high, normal or low.".to_owned())
        })?;
        patch.priority = Some(priority);
    }
    Ok(patch)
}

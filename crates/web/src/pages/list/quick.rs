//! Small changes, made where an activity is listed.

use axum::extract::{Path, State};
use axum::response::Redirect;
use domain::{ActivityId, Patch, Priority, Role, Seq, StatusId, StatusRef};
use maud::{Markup, html};
use service::{Directory, Refusal, Write};

use crate::fields::{self, Fields};
use crate::session::Posted;
use crate::{Problem, Web};

/// Changes what the form names, and nothing else.
pub(super) async fn change(
    State(web): State<Web>,
    Path(id): Path<String>,
    Posted { who, fields }: Posted,
) -> Result<Redirect, Problem> {
    who.needs(Role::Editor)?;
    let id = id.parse().map(ActivityId).map_err(|_| Problem::NotFound)?;
    let org = &who.person.tenant;
    let patch = Box::new(patch(&fields, &org.directory())?);
    // As every edit: not over what somebody else has saved since the list was shown.
    let write = match fields.get("seen").parse().map(Seq) {
        Ok(seen) => Write::Edit { id, seen, patch },
        Err(_) => Write::Update(id, patch),
    };
    let told = match web.service.write(org, who.person.author(), write).await {
        Ok(_) if fields.get("done") == "1" => Some("done"),
        Ok(_) => None,
        Err(Refusal::Outdated(_)) => Some("outdated"),
        Err(Refusal::UnknownActivity(_)) if web.service.latest(org, id).await?.is_some() => {
            Some("gone")
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let back = fields::local(fields.get("back")).unwrap_or("/activities");
    Ok(Redirect::to(&match told {
        Some(told) => telling(back, told, id),
        None => back.to_owned(),
    }))
}

/// An address, saying what has become of an activity.
fn telling(address: &str, told: &str, id: ActivityId) -> String {
    let address = address.split('#').next().unwrap_or_default();
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut fields = Fields::parse(query.as_bytes());
    for name in TOLD {
        fields = fields.without(name);
    }
    fields.with(told, &id.to_string()).address(path)
}

/// What an address can say of an activity that was changed where it was listed.
const TOLD: [&str; 3] = ["done", "outdated", "gone"];

/// Says above a list what has become of the activity.
pub(crate) fn notice(query: &Fields) -> Markup {
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
    html! {
        div class={ "notice " (kind) } role="status" {
            p { a href=(address) { "Activity " (id) } " " (text) }
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

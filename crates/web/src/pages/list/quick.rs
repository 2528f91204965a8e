//! Quick changes of an activity, made in a list.

use axum::extract::State;
use axum::response::Redirect;
use domain::{Activity, Patch, Presence, Priority, Seq, StatusId, StatusRef, Zone};
use service::{Directory, Write};

use crate::fields::{self, Fields};
use crate::pages::activity::Id;
use crate::pages::names;
use crate::pages::told::Told;
use crate::session::Posted;
use crate::times;
use crate::{Problem, Web};

/// Changes only what the form names.
pub(super) async fn change(
    State(web): State<Web>,
    Id(id): Id,
    Posted { who, fields }: Posted,
) -> Result<Redirect, Problem> {
    who.needs_to_edit()?;
    let org = &who.person.tenant;
    let mut patch = Box::new(patch(&fields, &org.directory())?);
    if fields.has("day") {
        let version = web.service.latest(org, id).await?.ok_or(Problem::NotFound)?;
        if let Some(activity) = version.record() {
            plan(&mut patch, activity, fields.get("day"), &who.clock.zone)?;
        }
    }
    // Like any edit, it must not overwrite what someone else has saved since the list was shown.
    let write = match fields.get("seen").parse().map(Seq) {
        Ok(seen) => Write::Edit { id, seen, patch },
        Err(_) => Write::Update(id, patch),
    };
    let written = web.service.write(org, who.person.author(), write).await;
    let told = Told::of(&web, &who, id, written).await?;
    Ok(Redirect::to(&told.at(fields::local(fields.get("back")).unwrap_or("/activities"))))
}

/// Moves an activity to another day at the same time of day, together with its end.
fn plan(patch: &mut Patch, activity: &Activity, day: &str, zone: &Zone) -> Result<(), Problem> {
    let was = times::control(activity.start.stamp, zone);
    let time = was.get(10..).unwrap_or_default();
    let start = times::typed(&format!("{day}{time}"), zone)
        .map_err(|problem| Problem::Wrong(format!("The start {problem}.")))?;
    let moved_ms = start.stamp.millis() - activity.start.stamp.millis();
    patch.start = Some(start);
    if let Some(end) = activity.end {
        patch.end = Presence::Set(zone.at(end.stamp.plus_millis(moved_ms)));
    }
    Ok(())
}

fn patch(fields: &Fields, directory: &Directory) -> Result<Patch, Problem> {
    let mut patch = Patch::default();
    if fields.get("done") == "1" {
        let done = names::done_status(directory).ok_or_else(|| {
            Problem::Wrong(
                "No status counts as done yet. An admin can choose one in Settings.".to_owned(),
            )
        })?;
        patch.status = Some(StatusRef::Id(done));
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
            Problem::Wrong("There is no such priority: choose high, normal or low.".to_owned())
        })?;
        patch.priority = Some(priority);
    }
    Ok(patch)
}

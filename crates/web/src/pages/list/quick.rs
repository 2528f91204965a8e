//! Small changes, made where an activity is listed.

use axum::extract::{Path, State};
use axum::response::Redirect;
use domain::{ActivityId, Patch, Priority, Role, StatusId, StatusRef};
use service::{Directory, Write};

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
    let patch = patch(&fields, &org.directory())?;
    web.service.write(org, who.person.author(), Write::Update(id, Box::new(patch))).await?;
    Ok(Redirect::to(fields::local(fields.get("back")).unwrap_or("/activities")))
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

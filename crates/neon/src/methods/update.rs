//! `account/updateActivity`: named members change, others stay.

use domain::Patch;
use service::{Caller, Write};

use super::activity::{self, Problems, Sent};
use super::{Outcome, may_write};
use crate::Neon;
use crate::answer::Success;
use crate::errors::ApiError;
use crate::params::Params;
use crate::values;

pub(super) async fn answer(neon: &Neon, caller: &Caller, params: &Params<'_>) -> Outcome {
    may_write(caller)?;
    let id = values::activity_id(params, "activity.activityId", ApiError::ID_REQUIRED)?;
    let patch = patch(params)?;
    neon.write(caller, Write::Update(id, Box::new(patch))).await?;
    Ok(Success::default().member(api_v1::member::ID, id))
}

fn patch(params: &Params<'_>) -> Result<Patch, Vec<ApiError>> {
    let mut problems = Problems::default();
    let subject = activity::subject(params).and_then(|s| s.kept(ApiError::SUBJECT_REQUIRED));
    let start = activity::start(params).and_then(|s| s.kept(ApiError::START_REQUIRED));
    let client = activity::client(params).and_then(|s| s.kept(ApiError::CLIENT_REQUIRED));
    let status = activity::status(params).and_then(|s| s.kept(ApiError::STATUS_REQUIRED));
    let priority = activity::priority(params).and_then(|s| s.kept(ApiError::PRIORITY_REQUIRED));
    let subject = problems.take(subject);
    let note = problems.take(activity::note(params));
    let start = problems.take(start);
    let end = problems.take(activity::end(params).map(Sent::presence));
    let client = problems.take(client);
    let system_user = problems.take(activity::system_user(params).map(Sent::presence));
    let status = problems.take(status);
    let priority = problems.take(priority);
    let custom_fields = problems.take(activity::custom_fields(params));
    let patch = || {
        Some(Patch {
            subject: subject?,
            note: note?,
            start: start?,
            end: end?,
            client: client?,
            system_user: system_user?,
            status: status?,
            priority: priority?,
            custom_fields: custom_fields?,
        })
    };
    patch().ok_or(problems.0)
}

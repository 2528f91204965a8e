//! `account/createActivity`, also served as `account/addActivity`.

use domain::{Draft, Note, Presence};
use service::{Caller, Write};

use super::activity::{self, Problems, Sent};
use super::{Outcome, may_write};
use crate::Neon;
use crate::answer::Success;
use crate::errors::ApiError;
use crate::params::Params;

pub(super) async fn answer(neon: &Neon, caller: &Caller, params: &Params<'_>) -> Outcome {
    may_write(caller)?;
    let draft = draft(params)?;
    let written = neon.write(caller, Write::Create(Box::new(draft))).await?;
    Ok(Success::default().member(api_v1::member::ID, written.id))
}

fn draft(params: &Params<'_>) -> Result<Draft, Vec<ApiError>> {
    let mut problems = Problems::default();
    let subject = activity::subject(params).and_then(|s| s.required(ApiError::SUBJECT_REQUIRED));
    let start = activity::start(params).and_then(|s| s.required(ApiError::START_REQUIRED));
    let client = activity::client(params).and_then(|s| s.required(ApiError::CLIENT_REQUIRED));
    let status = activity::status(params).and_then(|s| s.required(ApiError::STATUS_REQUIRED));
    let priority = activity::priority(params).and_then(|s| s.required(ApiError::PRIORITY_REQUIRED));
    let subject = problems.take(subject);
    let note = problems.take(activity::note(params));
    let start = problems.take(start);
    let end = problems.take(activity::end(params).map(Sent::value));
    let client = problems.take(client);
    let system_user = problems.take(activity::system_user(params).map(Sent::value));
    let status = problems.take(status);
    let priority = problems.take(priority);
    let custom_fields = problems.take(activity::custom_fields(params));
    let draft = || {
        Some(Draft {
            subject: subject?,
            note: note?.unwrap_or_else(Note::empty),
            start: start?,
            end: end?,
            client: client?,
            system_user: system_user?.map_or(Presence::Keep, Presence::Set),
            status: status?,
            priority: priority?,
            custom_fields: custom_fields?,
        })
    };
    draft().ok_or(problems.0)
}

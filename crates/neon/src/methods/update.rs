//! `account/updateActivity`: named members change, others stay.

use service::{Caller, Write};

use super::{Outcome, activity, may_write};
use crate::Neon;
use crate::answer::Success;
use crate::errors::ApiError;
use crate::params::Params;
use crate::values;

pub(super) async fn answer(neon: &Neon, caller: &Caller, params: &Params<'_>) -> Outcome {
    may_write(caller)?;
    let id = values::activity_id(params, "activity.activityId", ApiError::ID_REQUIRED)?;
    let patch = activity::read(params, false)?;
    neon.write(caller, Write::Update(id, Box::new(patch))).await?;
    Ok(Success::default().member(api_v1::member::ID, id))
}

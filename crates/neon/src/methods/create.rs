//! `account/createActivity`, also served as `account/addActivity`.

use service::{Caller, Write};

use super::{Outcome, activity, may_write};
use crate::Neon;
use crate::answer::Success;
use crate::errors::ApiError;
use crate::params::Params;

pub(super) async fn answer(neon: &Neon, caller: &Caller, params: &Params<'_>) -> Outcome {
    may_write(caller)?;
    let draft = activity::read(params, true)?.into_draft();
    let draft = draft.ok_or_else(|| ApiError::bad_request("the activity is not complete"))?;
    let written = neon.write(caller, Write::Create(Box::new(draft))).await?;
    Ok(Success::default().member(api_v1::member::ID, written.id))
}

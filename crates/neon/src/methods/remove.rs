//! `account/removeActivity`.

use api_v1::parameter;
use service::{Caller, Write};

use super::{Outcome, may_write};
use crate::Neon;
use crate::answer::Success;
use crate::errors::ApiError;
use crate::params::Params;
use crate::values;

pub(super) async fn answer(neon: &Neon, caller: &Caller, params: &Params<'_>) -> Outcome {
    may_write(caller)?;
    let id = values::activity_id(params, parameter::ID, ApiError::ID_REQUIRED)?;
    neon.write(caller, Write::Remove(id)).await?;
    Ok(Success::default())
}

//! `account/retrieveActivity`.

use api_v1::{answer, parameter};
use service::Caller;

use super::Outcome;
use crate::answer::{Success, Value};
use crate::errors::ApiError;
use crate::params::Params;
use crate::{Neon, values};

pub(super) async fn answer(neon: &Neon, caller: &Caller, params: &Params<'_>) -> Outcome {
    let id = values::activity_id(params, parameter::ID, ApiError::ID_REQUIRED_TO_RETRIEVE)?;
    let retrieved = neon.service.retrieve(&caller.tenant, id).await.map_err(ApiError::from)?;
    let (horizon, version) = retrieved;
    let version = version.filter(|version| version.record().is_some());
    let version = version.ok_or(ApiError::ID_INVALID)?;
    Ok(Success::up_to(horizon).member(answer::ACTIVITY, Value::Record(version)))
}

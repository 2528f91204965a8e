//! `account/retrieveActivity`.

use service::Caller;

use super::Outcome;
use crate::envelope::Success;
use crate::errors::ApiError;
use crate::params::Params;
use crate::{Neon, record, values};

pub(super) async fn answer(neon: &Neon, caller: &Caller, params: &Params) -> Outcome {
    let id = values::activity_id(params, "activityId", ApiError::ID_REQUIRED_TO_RETRIEVE)?;
    let version = neon.service.retrieve(&caller.tenant, id).await.map_err(ApiError::from)?;
    let Some((version, activity)) = version.as_deref().and_then(|v| Some((v, v.record()?))) else {
        return Err(ApiError::ID_INVALID.into());
    };
    let mut success = Success::default();
    let zone = &caller.tenant.directory().organization.zone;
    record::write(version, activity, zone, success.begin_member("activity"));
    Ok(success)
}

//! `account/retrieveActivity`.

use api_v1::parameter;
use domain::{Version, Zone};
use service::{Caller, Place, StoredVersion};

use super::Outcome;
use crate::envelope::Success;
use crate::errors::ApiError;
use crate::params::Params;
use crate::request::Answer;
use crate::{Neon, record, values};

pub(super) async fn answer(
    neon: &Neon,
    caller: Caller,
    params: &Params<'_>,
    place: Place,
) -> Answer {
    let answered = async {
        let id = values::activity_id(params, parameter::ID, ApiError::ID_REQUIRED_TO_RETRIEVE)?;
        Ok::<_, ApiError>(neon.service.retrieve(&caller.tenant, id).await?)
    };
    let zone = &caller.directory.organization.zone;
    let (response_date_time, content) = match answered.await {
        Ok((horizon, version)) => (Some(zone.at(horizon)), shown(version.as_deref(), zone)),
        Err(error) => (None, Err(error.into())),
    };
    let org = Some(caller.tenant);
    Answer { org, response_date_time, place: Some(place), ..Answer::of(content) }
}

fn shown(version: Option<&Version>, zone: &Zone) -> Outcome {
    let Some(version) = version.filter(|version| version.record().is_some()) else {
        return Err(ApiError::ID_INVALID.into());
    };
    let mut success = Success::default();
    record::write(&StoredVersion::of(version), zone, success.begin_member("activity"));
    Ok(success)
}

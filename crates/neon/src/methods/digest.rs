//! `account/digestActivities`, which the vendor does not have: count and hash of what ranges of ids hold.

use api_v1::parameter;
use domain::{ActivityId, DIGEST_PARTS_MAX, ID_MAX};
use serde::Serialize;
use service::{Caller, DigestPart, DigestQuery, Place};

use crate::envelope::Success;
use crate::errors::ApiError;
use crate::params::Params;
use crate::request::Answer;
use crate::{Neon, values};

pub(super) async fn answer(
    neon: &Neon,
    caller: Caller,
    params: &Params<'_>,
    place: Place,
) -> Answer {
    let answered = async {
        let query = question(params)?;
        Ok::<_, ApiError>(neon.service.digest(&caller.tenant, query).await?)
    };
    let zone = &caller.directory.organization.zone;
    let (response_date_time, content) = match answered.await {
        Ok(digested) => (Some(zone.at(digested.horizon)), Ok(shown(&digested.parts))),
        Err(error) => (None, Err(error.into())),
    };
    let org = Some(caller.tenant);
    Answer { org, response_date_time, place: Some(place), ..Answer::of(content) }
}

fn question(params: &Params<'_>) -> Result<DigestQuery, ApiError> {
    const FROM: &str = parameter::DIGEST_FROM;
    let from = values::optional_whole(params, FROM)?.unwrap_or(1).max(1);
    let to = values::optional_whole(params, parameter::DIGEST_TO)?.unwrap_or(ID_MAX).min(ID_MAX);
    if from > to {
        let expected = format!("an id that is not after {to}");
        return Err(ApiError::malformed(FROM, &from.to_string(), &expected));
    }
    let parts = values::optional_whole(params, parameter::DIGEST_PARTS)?
        .filter(|parts| *parts > 0)
        .unwrap_or(1);
    Ok(DigestQuery {
        as_of: values::from(params, parameter::DIGEST_AS_OF)?,
        from: ActivityId(from),
        to: ActivityId(to),
        parts: usize::try_from(parts).unwrap_or(DIGEST_PARTS_MAX),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parts {
    part: Vec<Part>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    from_activity_id: i64,
    to_activity_id: i64,
    activities: u64,
    hash: String,
    deleted: u64,
    deleted_hash: String,
}

fn shown(parts: &[DigestPart]) -> Success {
    let part = |part: &DigestPart| Part {
        from_activity_id: part.from.0,
        to_activity_id: part.to.0,
        activities: part.activities.count,
        hash: part.activities.hash(),
        deleted: part.removed.count,
        deleted_hash: part.removed.hash(),
    };
    Success::default().member("digests", Parts { part: parts.iter().map(part).collect() })
}

//! `account/digestActivities`, which the vendor does not have: count and hash of what ranges of ids hold.

use api_v1::parameter;
use domain::{ActivityId, DIGEST_PARTS_MAX, ID_MAX, Stamp};
use service::{Caller, DigestPart, DigestQuery};

use super::Outcome;
use crate::answer::{Success, Value};
use crate::errors::ApiError;
use crate::params::Params;
use crate::{Neon, values};

pub(super) async fn answer(neon: &Neon, caller: &Caller, params: &Params<'_>) -> Outcome {
    let query = question(params)?;
    let digested = neon.service.digest(&caller.tenant, query).await.map_err(ApiError::from)?;
    Ok(shown(digested.horizon, &digested.parts))
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

fn shown(horizon: Stamp, parts: &[DigestPart]) -> Success {
    let part = |part: &DigestPart| {
        vec![
            ("fromActivityId", part.from.into()),
            ("toActivityId", part.to.into()),
            ("activities", part.activities.count.into()),
            ("hash", part.activities.hash().into()),
            ("deleted", part.removed.count.into()),
            ("deletedHash", part.removed.hash().into()),
        ]
    };
    let parts = Value::List("part", parts.iter().map(part).collect());
    Success::up_to(horizon).member("digests", parts)
}

//! `common/login` and `common/logout`.

use domain::OrgId;
use service::Caller;

use super::{Outcome, too_many_requests};
use crate::Neon;
use crate::envelope::Success;
use crate::errors::ApiError;
use crate::params::Params;
use crate::request::Answer;

pub(super) async fn login(neon: &Neon, params: &Params) -> Answer {
    let (org, key) = match credentials(params) {
        Ok(credentials) => credentials,
        Err(error) => return Answer::refused(error),
    };
    let Some(tenant) = neon.service.org(&org) else {
        return Answer::refused(ApiError::ORG_INVALID);
    };
    let Some(_permit) = tenant.permit() else {
        return Answer::refused(too_many_requests());
    };
    match neon.service.login(&org, key).await {
        Ok((org, session_id)) => {
            let success =
                Success::with_message("User logged in.").member("userSessionId", session_id);
            Answer { org: Some(org), response_date_time: None, content: Ok(success) }
        }
        Err(error) => Answer::refused(error.into()),
    }
}

fn credentials(params: &Params) -> Result<(OrgId, &str), ApiError> {
    let key = params.value("login.apikey").ok_or(ApiError::KEY_REQUIRED)?;
    let org = params.value("login.orgid").ok_or(ApiError::ORG_REQUIRED)?;
    let org = OrgId::parse(org).map_err(|_| ApiError::ORG_INVALID)?;
    Ok((org, key))
}

pub(super) async fn logout(neon: &Neon, caller: &Caller) -> Outcome {
    neon.service.logout(caller).await.map_err(ApiError::from)?;
    Ok(Success::with_message("User logged out."))
}

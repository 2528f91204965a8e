//! `common/login` and `common/logout`.

use std::net::SocketAddr;
use std::sync::Arc;

use api_v1::parameter;
use domain::OrgId;
use service::{Caller, LoginError, Tenant};

use super::Outcome;
use crate::Neon;
use crate::answer::{Answer, Success};
use crate::errors::ApiError;
use crate::params::Params;

/// How much is logged of an organization's id, whatever was given for one.
const ORG_CHARS_SHOWN_MAX: usize = 64;

/// A key has 32 hex digits. So many in a row could be enough of one to guess the rest.
const SECRET_DIGITS_MIN: usize = 16;

/// Why nobody was logged in: for the client, and for whoever reads the log.
struct Refused {
    error: ApiError,
    reason: String,
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Refused {
        Refused { reason: error.message.to_string(), error }
    }
}

impl From<LoginError> for Refused {
    fn from(error: LoginError) -> Refused {
        Refused { reason: error.to_string(), error: error.into() }
    }
}

pub(super) async fn login(neon: &Neon, params: &Params<'_>, peer: Option<SocketAddr>) -> Answer {
    match open_session(neon, params, peer).await {
        Ok((org, session_id)) => {
            let success =
                Success::with_message("User logged in.").member(parameter::SESSION, session_id);
            Answer { org: Some(org), ..Answer::of(Ok(success)) }
        }
        Err(Refused { error, reason }) => {
            let org = params.value(parameter::LOGIN_ORG).map(shown);
            tracing::warn!(org, reason, peer = peer.map(shown_peer), "login refused");
            Answer::refused(error)
        }
    }
}

async fn open_session(
    neon: &Neon,
    params: &Params<'_>,
    peer: Option<SocketAddr>,
) -> Result<(Arc<Tenant>, String), Refused> {
    let key = params.value(parameter::LOGIN_KEY).ok_or(ApiError::KEY_REQUIRED)?;
    let org = params.value(parameter::LOGIN_ORG).ok_or(ApiError::ORG_REQUIRED)?;
    let org = OrgId::parse(org).map_err(|_| LoginError::UnknownOrganization)?;
    let tenant = neon.service.org(&org).ok_or(LoginError::UnknownOrganization)?;
    let _place = tenant.place().await.map_err(ApiError::from)?;
    let from = peer.map(|peer| peer.ip().to_canonical());
    Ok(neon.service.login(&org, key, from).await?)
}

/// What was given for an organization, fit for the log: nothing in it can end a line or steer a
/// terminal, and nobody's key is in it that stood in the wrong place.
fn shown(org: &str) -> String {
    if org.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= SECRET_DIGITS_MIN) {
        return "(not shown: it could be a key)".to_owned();
    }
    org.chars().take(ORG_CHARS_SHOWN_MAX).flat_map(char::escape_debug).collect()
}

/// The peer's address; with its port, where that is known: not of one whom a proxy speaks for.
fn shown_peer(peer: SocketAddr) -> String {
    if peer.port() == 0 { peer.ip().to_string() } else { peer.to_string() }
}

pub(super) async fn logout(neon: &Neon, caller: &Caller) -> Outcome {
    neon.service.logout(caller).await.map_err(ApiError::from)?;
    Ok(Success::with_message("User logged out."))
}

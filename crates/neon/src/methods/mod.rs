//! The methods: each turns parameters into a use case, and its outcome into members.

mod activity;
mod create;
mod digest;
mod remove;
mod retrieve;
mod session;
mod statuses;
mod sync;
mod update;

use std::net::SocketAddr;

use domain::{Origin, Role};
use service::{Caller, Write, Written};

use crate::Neon;
use crate::answer::{Answer, Success};
use crate::errors::ApiError;
use crate::method::Method;
use crate::params::Params;

/// What a method that somebody logged in for can come to.
type Outcome = Result<Success, Vec<ApiError>>;

impl From<ApiError> for Vec<ApiError> {
    fn from(error: ApiError) -> Vec<ApiError> {
        vec![error]
    }
}

/// Answers a request. The session is looked at first, then the permission, then the parameters.
pub(crate) async fn answer(
    neon: &Neon,
    method: Method,
    params: &Params<'_>,
    peer: Option<SocketAddr>,
) -> Answer {
    if let Err(error) = only_json(params) {
        return Answer::refused(error);
    }
    if method == Method::Login {
        return session::login(neon, params, peer).await;
    }
    let caller = match neon.caller(params) {
        Ok(caller) => caller,
        Err(error) => return Answer::refused(error),
    };
    let place = match caller.tenant.place().await {
        Ok(place) => place,
        Err(why) => return Answer { org: Some(caller.tenant), ..Answer::refused(why.into()) },
    };
    let content = match method {
        Method::Sync => sync::answer(neon, &caller, params).await,
        Method::Retrieve => retrieve::answer(neon, &caller, params).await,
        Method::Digest => digest::answer(neon, &caller, params).await,
        Method::Logout => session::logout(neon, &caller).await,
        Method::Create => create::answer(neon, &caller, params).await,
        Method::Update => update::answer(neon, &caller, params).await,
        Method::Remove => remove::answer(neon, &caller, params).await,
        Method::ListStatus => Ok(statuses::answer(&caller)),
        Method::Login => Err(ApiError::SYSTEM.into()),
    };
    Answer { org: Some(caller.tenant), place: Some(place), content }
}

/// XML is not served yet: whoever asks for it could not read the answer otherwise.
fn only_json(params: &Params<'_>) -> Result<(), ApiError> {
    match params.value("responsetype") {
        Some(text) if !text.eq_ignore_ascii_case("json") => {
            Err(ApiError::malformed("responseType", text, "JSON (XML is not supported)"))
        }
        _ => Ok(()),
    }
}

impl Neon {
    /// Hands a write to the commit on the caller's behalf.
    async fn write(&self, caller: &Caller, write: Write) -> Result<Written, ApiError> {
        Ok(self.service.write(&caller.tenant, caller.author(Origin::Api), write).await?)
    }
}

/// Refuses those who may only ask, before their parameters are looked at. The commit looks again.
fn may_write(caller: &Caller) -> Result<(), ApiError> {
    if caller.role >= Role::Editor { Ok(()) } else { Err(ApiError::PERMISSION_DENIED) }
}

//! Logging in and out, and identifying callers.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{Actor, AuditKind, By, KeyId, Opener, OrgId, Role, SecretHash, Stage, Stamp};
use store::SessionRecord;
use subtle::ConstantTimeEq;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::base::refusal::{Refusal, unavailable};
use crate::base::secret;
use crate::commit::notes::Note;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::authority::Authority;
use crate::folder::sessions::{Caller, Found, Session};
use crate::folder::tenant::Tenant;

/// Why a login failed.
#[derive(Debug, Error)]
pub enum LoginError {
    /// No such organization.
    #[error("there is no such organization")]
    UnknownOrganization,
    /// No such key.
    #[error("there is no such key")]
    UnknownKey,
    /// The key has been switched off.
    #[error("the key has been revoked")]
    RevokedKey,
    /// The key's user has been switched off.
    #[error("the key's user has been disabled")]
    DisabledUser,
    /// The store or the machine's randomness does not answer.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Refusal> for LoginError {
    fn from(refusal: Refusal) -> LoginError {
        LoginError::Unavailable(refusal.to_string())
    }
}

impl Service {
    /// Opens a session for a client at this address, where that is known; returns its id, which is kept nowhere.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn login(
        &self,
        org: &OrgId,
        key: &str,
        from: Option<IpAddr>,
    ) -> Result<(Arc<Tenant>, String), LoginError> {
        let org = self.org(org).ok_or(LoginError::UnknownOrganization)?;
        let key = live_key(&org.directory(), key).map_err(|(actor, refused)| {
            let by = By { actor, from };
            self.note_refused(&org, by, AuditKind::KeyLoginRefused, &refused.to_string());
            refused
        })?;
        self.open_organization(&org).await?;
        let random = self.shared.random.as_ref();
        let id = secret::generate(random).map_err(LoginError::Unavailable)?;
        let now = self.shared.steady_now();
        self.note_key_login(&org, By { actor: Actor::Key(key), from });
        self.open_session(&org, Opener::Key(key), secret::hash(&id), now, false).await?;
        Ok((org, id))
    }

    /// The organization with that id, for a caller with a valid key of it.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub fn org_of_key(&self, org: &OrgId, key: &str) -> Result<Arc<Tenant>, LoginError> {
        let org = self.org(org).ok_or(LoginError::UnknownOrganization)?;
        live_key(&org.directory(), key).map_err(|(_, refused)| refused)?;
        Ok(org)
    }

    /// Opens a session of that hash; when it returns, the session is kept.
    pub(crate) async fn open_session(
        &self,
        org: &Arc<Tenant>,
        opener: Opener,
        hash: SecretHash,
        now: Stamp,
        stays: bool,
    ) -> Result<Arc<Session>, LoginError> {
        let record = SessionRecord { hash, opener, created: now, last_used: now, stays };
        let session = Arc::new(Session::new(org.clone(), &record));
        // Live it is once it is kept, whether or not anybody still waits for that here.
        if let Some(ended) = self.shared.sessions.open(session.clone()) {
            self.note(&ended.tenant.clone(), Note::SessionEnded(ended.record()), None)?;
        }
        let (reply, kept) = oneshot::channel();
        self.note(org, Note::Login(session.clone()), Some(reply))?;
        let not_kept = |_| LoginError::Unavailable("cannot save a session".to_owned());
        kept.await.map(|()| session).map_err(not_kept)
    }

    /// Marks, durably and before anything is exposed, that the organization has had a login.
    pub(crate) async fn open_organization(&self, org: &Arc<Tenant>) -> Result<(), LoginError> {
        if org.directory().organization.stage == Stage::Open {
            return Ok(());
        }
        let nobody = Authority::command_line(org); // Nothing that is noted changes.
        let opened = self.change_directory(nobody, Role::Admin, |directory, transaction| {
            if directory.organization.stage == Stage::Importing {
                return Err(AdminError::from(Refusal::under_import()));
            }
            directory.organization.stage = Stage::Open;
            let put = transaction.put_organization(&directory.organization);
            Ok(put.map_err(|e| unavailable(&e))?)
        });
        opened.await.map_err(|e| LoginError::Unavailable(e.to_string()))
    }

    /// The caller with this session id; none if it is unknown, has expired or was disabled.
    #[must_use]
    pub fn caller(&self, session_id: &str) -> Option<Caller> {
        let found = self.live_session(secret::hash(session_id))?;
        let Found { session, directory, user, role } = found;
        let Opener::Key(key) = session.opener else { return None };
        Some(Caller { tenant: session.tenant.clone(), directory, user, role, key, session })
    }

    /// The session of that hash with its user and role, if it is live. Counts as a use.
    pub(crate) fn live_session(&self, hash: SecretHash) -> Option<Found> {
        let (found, used) = self.shared.sessions.find(hash, self.shared.steady_now())?;
        if let Some(used) = used {
            // A use that is not written down shortens the session after a restart, no more.
            let _ = self.note(&found.session.tenant, Note::Session(used), None);
        }
        Some(found)
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// When the store cannot save it; then the session continues.
    pub async fn logout(&self, caller: &Caller) -> Result<(), Refusal> {
        self.end_session(&caller.session).await
    }

    pub(crate) async fn end_session(&self, session: &Arc<Session>) -> Result<(), Refusal> {
        let (reply, kept) = oneshot::channel();
        self.note(&session.tenant, Note::Logout(session.clone()), Some(reply))?;
        kept.await.map_err(|_| Refusal::Unavailable("cannot end a session".to_owned()))?;
        self.shared.sessions.forget(session.hash);
        Ok(())
    }
}

/// The key that this is the secret of; whose login is refused, and why, if it is none that works. Every key is compared, in constant time.
fn live_key(directory: &Directory, secret: &str) -> Result<KeyId, (Actor, LoginError)> {
    let hash = secret::hash(secret.trim());
    let matching = directory.keys.values().fold(None, |found, key| {
        if bool::from(key.hash.0.ct_eq(&hash.0)) { Some(key) } else { found }
    });
    let key = matching.ok_or((Actor::Unknown, LoginError::UnknownKey))?;
    let actor = Actor::Key(key.id);
    if key.revoked {
        return Err((actor, LoginError::RevokedKey));
    }
    directory.live_user(key.id).map(|_| key.id).ok_or((actor, LoginError::DisabledUser))
}

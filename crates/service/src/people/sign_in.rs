//! People: signing in to the pages with a name and a password.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use domain::{
    Actor, AuditKind, By, LoginName, Opener, OrgId, PasswordHash, Role, Stamp, UserId, Zone,
};
use thiserror::Error;

use crate::base::refusal::{Refusal, unavailable};
use crate::base::secret;
use crate::commit::notes::Note;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::person::Person;
use crate::folder::sessions::Found;
use crate::folder::tenant::Tenant;
use crate::gate::devices::TypedName;
use crate::gate::hashing::{Busy, Whose};
use crate::gate::passwords::{Password, PasswordError};
use crate::gate::throttle::{Source, TooManyAttempts};
use crate::gate::{devices, passwords};
use crate::people::login::LoginError;
use crate::people::logins::{called, put_login};

/// What someone tries to sign in with.
#[derive(Clone, Copy, Default)]
pub struct Attempt<'a> {
    /// The organization's id, as typed.
    pub org: &'a str,
    /// The login name, as typed.
    pub login: &'a str,
    /// The password, as typed.
    pub password: &'a str,
    /// Where it comes from, as far as that is known.
    pub from: Option<IpAddr>,
    /// The browser's device cookie; empty if it has none.
    pub devices: &'a str,
    /// Whether to stay signed in when the browser is closed.
    pub stays: bool,
}

/// A session that has just been opened.
#[derive(Clone)]
pub struct NewSession {
    /// The session's id, which is kept nowhere.
    pub id: String,
    /// Whether it outlives the browser.
    pub stays: bool,
    /// The browser's device cookie from now on.
    pub devices: String,
}

/// Why signing in failed.
#[derive(Debug, Error)]
pub enum SignInError {
    /// The organization, name or password is wrong. The message does not say which.
    #[error("organization, login name or password is wrong")]
    Wrong,
    /// The new password cannot be one.
    #[error("the new password {0}")]
    Password(PasswordError),
    /// Too many attempts have failed.
    #[error(transparent)]
    TooManyAttempts(#[from] TooManyAttempts),
    /// Too many others are signing in.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store or the machine's randomness does not answer.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Refusal> for SignInError {
    fn from(refusal: Refusal) -> SignInError {
        SignInError::Unavailable(refusal.to_string())
    }
}

impl From<LoginError> for SignInError {
    fn from(error: LoginError) -> SignInError {
        SignInError::Unavailable(error.to_string())
    }
}

impl From<AdminError> for SignInError {
    fn from(error: AdminError) -> SignInError {
        match error {
            AdminError::Busy(busy) => busy.into(),
            AdminError::Password(wrong) => SignInError::Password(wrong),
            other => SignInError::Unavailable(other.to_string()),
        }
    }
}

/// What an unknown name is checked against, so that it takes as long as a known one.
static NOBODYS: LazyLock<PasswordHash> = LazyLock::new(|| {
    let salt = [0; passwords::SALT_BYTES];
    passwords::hash("nobody's", &salt).unwrap_or(PasswordHash(String::new()))
});

impl Service {
    /// Signs a person in.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn sign_in(&self, attempt: Attempt<'_>) -> Result<NewSession, SignInError> {
        let typed = TypedName::of(attempt.org, attempt.login);
        let name = Source::name(typed.as_str());
        let device = devices::known(&self.shared.device_key, attempt.devices, &typed);
        let (sources, whose) = match &device {
            Some(number) => (vec![Source::device(number)], Whose::Known(name)),
            None => {
                let place = Source::place(attempt.from);
                (vec![name, place], Whose::Stranger { place, name })
            }
        };
        let found = self.login_of(attempt.org, attempt.login);
        if let Err(refused) = self.shared.attempts.begin(&sources, self.shared.steady_now()) {
            self.note_refused_sign_in(&attempt, found.as_ref(), "too many attempts");
            return Err(refused.into());
        }
        let kept = found.as_ref().map_or_else(|| NOBODYS.clone(), |(_, _, kept)| kept.clone());
        let matches = self.password_matches(whose, attempt.password, kept).await;
        if let Err(SignInError::Busy(_)) = matches {
            // No one has looked at the password.
            self.shared.attempts.give_back(&sources);
        }
        if !matches? {
            self.note_refused_sign_in(&attempt, found.as_ref(), "wrong password");
            return Err(SignInError::Wrong);
        }
        let Some((tenant, user, kept)) = found else { return Err(SignInError::Wrong) };
        self.shared.attempts.succeeded(&sources);
        self.open_organization(&tenant).await?;
        let by = By { actor: Actor::Person(user), from: attempt.from };
        let how = if device.is_some() { "in a known browser" } else { "in a new browser" };
        self.note_with_next(&tenant, by, AuditKind::SignIn, &format!("signed in {how}"));
        let id = self.open_for(&tenant, user, &kept, attempt.stays).await?;
        self.new_session(id, attempt.stays, &typed, attempt.devices)
    }

    /// Counts it for the organization, if there is one. What was typed for an unknown name is not noted: it could be
    /// a password.
    fn note_refused_sign_in(
        &self,
        attempt: &Attempt<'_>,
        found: Option<&(Arc<Tenant>, UserId, PasswordHash)>,
        why: &str,
    ) {
        let from = attempt.from;
        match found {
            Some((tenant, user, _)) => {
                let by = By { actor: Actor::Person(*user), from };
                self.note_refused(tenant, by, AuditKind::SignInRefused, why);
            }
            None => {
                let tenant = OrgId::parse(attempt.org).ok().and_then(|id| self.org(&id));
                let by = By { actor: Actor::Unknown, from };
                let why = "unknown login name, or a user who cannot sign in";
                tenant.iter().for_each(|tenant| {
                    self.note_refused(tenant, by, AuditKind::SignInRefused, why);
                });
            }
        }
    }

    /// A session in a browser that is known for the name from now on.
    pub(crate) fn new_session(
        &self,
        id: String,
        stays: bool,
        name: &TypedName,
        devices: &str,
    ) -> Result<NewSession, SignInError> {
        let number =
            secret::generate(self.shared.random.as_ref()).map_err(SignInError::Unavailable)?;
        let devices = devices::renewed(&self.shared.device_key, devices, name, &number);
        Ok(NewSession { id, stays, devices })
    }

    /// Opens a session of its own for every sign-in: an id that a browser brought along never becomes
    /// one.
    pub(crate) async fn open_for(
        &self,
        tenant: &Arc<Tenant>,
        user: UserId,
        kept: &PasswordHash,
        stays: bool,
    ) -> Result<String, SignInError> {
        let id = secret::generate(self.shared.random.as_ref()).map_err(SignInError::Unavailable)?;
        let login = || tenant.directory().users.get(&user).and_then(|user| user.login.clone());
        // Within the millisecond in which the password was set, a session is younger than it still.
        let password_set = login().map_or(Stamp::MIN, |login| login.password_set);
        let (hash, now) = (secret::hash(&id), self.shared.steady_now().max(password_set));
        let session = self.open_session(tenant, Opener::Login(user), hash, now, stays).await?;
        // A password that was set while this one was looked at: either it came before this look, or the
        // session is older than it and worth nothing.
        if login().is_none_or(|login| login.password.as_ref() != Some(kept)) {
            self.shared.sessions.forget(hash);
            // Nobody knows its id: if the store keeps it, it expires there.
            let _ = self.note(tenant, Note::SessionEnded(session.record()), None);
            return Err(SignInError::Wrong);
        }
        Ok(id)
    }

    fn login_of(&self, org: &str, name: &str) -> Option<(Arc<Tenant>, UserId, PasswordHash)> {
        let tenant = self.org(&OrgId::parse(org).ok()?)?;
        let name = LoginName::parse(name).ok()?;
        let directory = tenant.directory();
        let user = directory.user_of_login(&name).filter(|user| !user.disabled)?;
        let password = user.login.as_ref()?.password.clone()?;
        Some((tenant, user.id, password))
    }

    async fn password_matches(
        &self,
        whose: Whose,
        password: &str,
        kept: PasswordHash,
    ) -> Result<bool, SignInError> {
        let password = password.to_owned();
        Ok(self.hashing(whose, move || passwords::matches(&password, &kept)).await??)
    }

    /// A secret that cannot be guessed.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn new_secret(&self) -> Result<String, String> {
        secret::generate(self.shared.random.as_ref())
    }

    /// The person with this session id; none if it is unknown, has expired or was disabled.
    #[must_use]
    pub fn person(&self, session_id: &str) -> Option<Person> {
        let Found { session, user, role, .. } = self.live_session(secret::hash(session_id))?;
        let Opener::Login(_) = session.opener else { return None };
        Some(Person { tenant: session.tenant.clone(), user, role, session, from: None })
    }

    /// Ends the person's session.
    ///
    /// # Errors
    /// When the store cannot save it; then the session continues.
    pub async fn sign_out(&self, person: &Person) -> Result<(), Refusal> {
        self.note_with_next(&person.tenant, person.by(), AuditKind::SignOut, "signed out");
        self.end_session(&person.session).await
    }

    /// Changes the person's own password, which ends all their sessions; returns the id of a new one.
    ///
    /// # Errors
    /// When the current password is wrong, was tried too often, or the store cannot write.
    pub async fn change_password(
        &self,
        person: &Person,
        current: &str,
        new: Password,
    ) -> Result<String, SignInError> {
        let now = self.shared.steady_now();
        let who = Source::name(&format!("password of {} of {}", person.user, person.tenant.id));
        self.shared.attempts.begin(&[who], now)?;
        let verified =
            person.system_user().and_then(|user| user.login).ok_or(SignInError::Wrong)?;
        let known = verified.password.clone().ok_or(SignInError::Wrong)?;
        if !self.password_matches(Whose::Known(who), current, known).await? {
            let (kind, why) = (AuditKind::SignInRefused, "wrong current password, to change it");
            self.note_refused(&person.tenant, person.by(), kind, why);
            return Err(SignInError::Wrong);
        }
        self.shared.attempts.succeeded(&[who]);
        if new.is(current) {
            return Err(SignInError::Password(PasswordError::Same));
        }
        let called = called(&person.tenant.directory(), person.user);
        let login = self.new_login(&called, verified.name, new).await?;
        let (id, kept) = (person.user, login.password());
        let replaced = self
            .change_directory(person, Role::Viewer, move |directory, transaction| {
                // Somebody may have set another one meanwhile: that one stays.
                let present = directory.users.get(&id).and_then(|user| user.login.as_ref());
                if present.is_none_or(|login| login.password != verified.password) {
                    return Ok::<_, AdminError>(false);
                }
                put_login(directory, transaction, id, login)?;
                Ok(true)
            })
            .await?;
        if !replaced {
            return Err(SignInError::Wrong);
        }
        self.open_for(&person.tenant, person.user, &kept, person.session.stays).await
    }

    /// Chooses the zone in which the pages show a person times; none for the organization's.
    ///
    /// # Errors
    /// When the person is not here any more, or the store cannot write.
    pub async fn set_zone(&self, person: &Person, zone: Option<Zone>) -> Result<(), AdminError> {
        let id = person.user;
        self.change_directory(person, Role::Viewer, move |directory, transaction| {
            let user = directory.users.get_mut(&id).ok_or(AdminError::UnknownUser(id))?;
            user.zone = zone;
            Ok(transaction
                .put_user(directory.organization.key, user)
                .map_err(|e| unavailable(&e))?)
        })
        .await
    }
}

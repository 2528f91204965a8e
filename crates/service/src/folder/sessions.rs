//! Sessions: of scripts and of people. Kept in memory by the hash of their id, and in the
//! store so that a restart logs no one out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use domain::{Author, KeyId, Opener, OrgKey, Origin, Role, SecretHash, Stamp, SystemUser, UserId};
use hashbrown::HashMap;
use parking_lot::RwLock;
use store::SessionRecord;

use crate::base::sabotage::limit;
use crate::directory::Directory;
use crate::folder::tenant::Tenant;

/// A script's session ends when it has not been used for this long.
pub const SESSION_IDLE_MINUTES_MAX: i64 = 30;

/// A person's session ends when it has not been used for this long: people work in the pages all day.
pub const PERSON_IDLE_HOURS_MAX: i64 = 12;

/// The same of a session in a browser in which the person asked to stay signed in.
pub const PERSON_STAYS_IDLE_DAYS_MAX: i64 = 14;

/// A person's session ends this long after signing in, however much it is used.
pub const PERSON_SESSION_DAYS_MAX: i64 = 30;

const DAY_MS: i64 = 24 * 60 * 60_000;

/// Sessions of one key, or of one person; the one idle longest ends for another.
pub const SESSIONS_PER_KEY_MAX: usize = 10_000;

/// How often the last use is saved at most; it counts as having lasted this long.
const USE_KEPT_MS: i64 = 60_000;

/// A caller logged in with a key, for the length of one request.
#[derive(Clone)]
pub struct Caller {
    /// The organization.
    pub tenant: Arc<Tenant>,
    /// Its directory, as it was when the request came.
    pub directory: Arc<Directory>,
    /// On whose behalf.
    pub user: UserId,
    /// What that user may do.
    pub role: Role,
    pub(crate) key: KeyId,
    pub(crate) session: Arc<Session>,
}

impl Caller {
    /// The author of this caller's writes.
    #[must_use]
    pub fn author(&self, origin: Origin) -> Author {
        Author { user: Some(self.user), origin }
    }

    /// The person on whose behalf the caller asks.
    #[must_use]
    pub fn system_user(&self) -> Option<SystemUser> {
        self.directory.users.get(&self.user).cloned()
    }
}

/// A live session, and its user.
pub(crate) struct Found {
    pub(crate) session: Arc<Session>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) user: UserId,
    pub(crate) role: Role,
}

/// Live from when the store has kept its beginning until it has kept its end.
pub(crate) struct Session {
    pub(crate) hash: SecretHash,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) opener: Opener,
    pub(crate) created: Stamp,
    /// Whether it outlives the browser.
    pub(crate) stays: bool,
    last_used: AtomicI64,
    /// For how long after that it may have been used without a note, by the process before this one.
    grace_ms: i64,
    /// The last use that the store knows of.
    kept: AtomicI64,
    begun: AtomicBool,
    ended: AtomicBool,
}

impl Session {
    pub(crate) fn new(tenant: Arc<Tenant>, record: &SessionRecord) -> Session {
        Session {
            grace_ms: 0,
            hash: record.hash,
            tenant,
            opener: record.opener,
            created: record.created,
            stays: record.stays,
            last_used: AtomicI64::new(record.last_used.millis()),
            kept: AtomicI64::new(record.last_used.millis()),
            begun: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    /// The store has kept that it begins.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Release);
    }

    /// The store has kept that it ends.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    fn is_live(&self, now: Stamp) -> bool {
        self.begun.load(Ordering::Acquire) && !self.is_over(now)
    }

    /// Whether it is live, and neither what opened it nor its user has been switched off. Does not
    /// count as a use.
    pub(crate) fn goes_on(&self, now: Stamp) -> bool {
        self.is_live(now) && self.user(&self.tenant.directory()).is_some()
    }

    /// It never comes to life again. One whose beginning was not kept is over when it is idle.
    fn is_over(&self, now: Stamp) -> bool {
        self.ended.load(Ordering::Acquire) || self.is_idle(now) || self.is_old(now)
    }

    /// The user it acts for; none if its key or user has been disabled since.
    fn user<'d>(&self, directory: &'d Directory) -> Option<&'d SystemUser> {
        match self.opener {
            Opener::Key(key) => directory.live_user(key),
            Opener::Login(user) => {
                let user = directory.users.get(&user).filter(|user| !user.disabled)?;
                let login = user.login.as_ref()?;
                (self.created >= login.password_set).then_some(user)
            }
        }
    }

    /// What it was opened with, and where.
    fn owner(&self) -> (OrgKey, Opener) {
        (self.tenant.key, self.opener)
    }

    pub(crate) fn record(&self) -> SessionRecord {
        SessionRecord {
            hash: self.hash,
            opener: self.opener,
            created: self.created,
            last_used: Stamp::from_millis(self.last_used.load(Ordering::Relaxed)),
            stays: self.stays,
        }
    }

    fn is_idle(&self, now: Stamp) -> bool {
        let idle_ms_max = match self.opener {
            Opener::Key(_) => SESSION_IDLE_MINUTES_MAX * 60_000,
            Opener::Login(_) if self.stays => PERSON_STAYS_IDLE_DAYS_MAX * DAY_MS,
            Opener::Login(_) => PERSON_IDLE_HOURS_MAX * 60 * 60_000,
        };
        let used = self.last_used.load(Ordering::Relaxed) + self.grace_ms;
        now.millis() - used > idle_ms_max
    }

    /// Whether the person has to sign in again, however much it was used. A script logs in with a key, which can be
    /// revoked.
    fn is_old(&self, now: Stamp) -> bool {
        let age_ms = now.millis() - self.created.millis();
        matches!(self.opener, Opener::Login(_)) && age_ms > PERSON_SESSION_DAYS_MAX * DAY_MS
    }

    /// Counts a use; returns what the store should hear of it, if it should.
    fn touch(&self, now: Stamp) -> Option<SessionRecord> {
        self.last_used.fetch_max(now.millis(), Ordering::Relaxed);
        let kept = self.kept.load(Ordering::Relaxed);
        if now.millis() - kept < USE_KEPT_MS {
            return None;
        }
        let mine =
            self.kept.compare_exchange(kept, now.millis(), Ordering::Relaxed, Ordering::Relaxed);
        mine.is_ok().then(|| self.record())
    }
}

/// All sessions of the data folder.
#[derive(Default)]
pub(crate) struct Sessions(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    all: HashMap<SecretHash, Arc<Session>>,
    /// Those of each key, and of each person.
    of: HashMap<(OrgKey, Opener), HashMap<SecretHash, Arc<Session>>>,
}

impl Kept {
    fn insert(&mut self, session: Arc<Session>) {
        let of = self.of.entry(session.owner()).or_default();
        of.insert(session.hash, session.clone());
        self.all.insert(session.hash, session);
    }

    fn remove(&mut self, hash: SecretHash) -> Option<Arc<Session>> {
        let session = self.all.remove(&hash)?;
        if let Some(of) = self.of.get_mut(&session.owner()) {
            of.remove(&hash);
            if of.is_empty() {
                self.of.remove(&session.owner());
            }
        }
        Some(session)
    }

    /// The session that has to end so that one more has room; none while there is room.
    fn supernumerary(&self, of: (OrgKey, Opener)) -> Option<SecretHash> {
        let own = self.of.get(&of)?;
        let used = |s: &&Arc<Session>| (s.last_used.load(Ordering::Relaxed), s.hash);
        let is_full = own.len() >= limit(SESSIONS_PER_KEY_MAX, 3);
        own.values().filter(|_| is_full).min_by_key(used).map(|idlest| idlest.hash)
    }
}

impl Sessions {
    /// Takes up a session that the store has kept. What it was used for since the last note is not
    /// known, so that it gets the benefit of the doubt.
    pub(crate) fn resume(&self, tenant: Arc<Tenant>, record: SessionRecord) {
        let session = Session { grace_ms: USE_KEPT_MS, ..Session::new(tenant, &record) };
        session.begin();
        self.0.write().insert(Arc::new(session));
    }

    /// Adds a session; returns one of the same key or person that had to end for it.
    pub(crate) fn open(&self, session: Arc<Session>) -> Option<Arc<Session>> {
        let mut sessions = self.0.write();
        let ended = sessions.supernumerary(session.owner());
        let ended = ended.and_then(|hash| sessions.remove(hash));
        sessions.insert(session);
        ended
    }

    /// The session, if it is live and neither what opened it nor its user has been switched off, and
    /// that user. Counts as a use; the record, where there is one, is for the store.
    pub(crate) fn find(
        &self,
        hash: SecretHash,
        now: Stamp,
    ) -> Option<(Found, Option<SessionRecord>)> {
        // The map is keyed by the hash of the secret: what its comparisons give away about a hash
        // tells nothing about an id that has it.
        let session = self.0.read().all.get(&hash)?.clone();
        if !session.is_live(now) {
            return None;
        }
        let directory = session.tenant.directory();
        let user = session.user(&directory)?;
        let (user, role) = (user.id, user.role);
        let used = session.touch(now);
        Some((Found { session, directory, user, role }, used))
    }

    /// Forgets a session that has ended.
    pub(crate) fn forget(&self, hash: SecretHash) {
        self.0.write().remove(hash);
    }

    /// Forgets the sessions that are over or switched off, and returns them.
    pub(crate) fn expire(&self, now: Stamp) -> Vec<Arc<Session>> {
        let dead = |session: &&Arc<Session>| {
            session.is_over(now) || session.user(&session.tenant.directory()).is_none()
        };
        let ended: Vec<Arc<Session>> = self.0.read().all.values().filter(dead).cloned().collect();
        let mut sessions = self.0.write();
        for session in &ended {
            sessions.remove(session.hash);
        }
        ended
    }

    /// When each of an organization's people was last seen in the pages, as far as sessions tell.
    pub(crate) fn last_seen(&self, org: OrgKey) -> HashMap<UserId, Stamp> {
        let mut seen = HashMap::new();
        for session in self.0.read().all.values().filter(|session| session.tenant.key == org) {
            if let Opener::Login(user) = session.opener {
                let used = Stamp::from_millis(session.last_used.load(Ordering::Relaxed));
                let latest = seen.entry(user).or_insert(used);
                *latest = used.max(*latest);
            }
        }
        seen
    }

    /// All there are, for an orderly stop to write down their last use.
    pub(crate) fn all(&self) -> Vec<Arc<Session>> {
        self.0.read().all.values().cloned().collect()
    }
}

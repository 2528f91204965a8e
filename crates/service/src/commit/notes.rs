//! Small facts about sessions, runs and what people do that are saved without waiting for the disk.

use std::sync::Arc;

use domain::{AuditEntry, Opener, OrgKey};
use store::{RunRecord, SessionRecord, StoreError, Transaction};

use crate::folder::sessions::Session;
use crate::folder::tenant::Tenant;

/// See the module.
#[derive(Clone)]
pub(crate) enum Note {
    /// A session is in use.
    Session(SessionRecord),
    /// A session was opened.
    Login(Arc<Session>),
    /// A session ends.
    Logout(Arc<Session>),
    /// A session has ended.
    SessionEnded(SessionRecord),
    /// A run was begun, or went on.
    Run(RunRecord),
    /// A run is forgotten.
    RunEnded(RunRecord),
    /// Something that an admin should find later.
    Audit(Box<AuditEntry>),
}

impl Note {
    /// Writes it down.
    pub(crate) fn keep(&self, to: &mut dyn Transaction, org: OrgKey) -> Result<(), StoreError> {
        match self {
            Note::Session(session) => to.touch_session(org, session),
            Note::Login(session) => {
                to.put_session(org, &session.record())?;
                match session.opener {
                    Opener::Key(key) => to.put_last_login(org, key, session.created),
                    Opener::Login(_) => Ok(()),
                }
            }
            Note::Logout(session) => to.drop_session(org, &session.record()),
            Note::SessionEnded(session) => to.drop_session(org, session),
            Note::Run(run) => to.put_run(org, run),
            Note::RunEnded(run) => to.drop_run(org, run),
            Note::Audit(entry) => to.put_audit(org, entry),
        }
    }

    /// What follows in memory once it is saved: done here, since the caller may be gone.
    pub(crate) fn kept(self, tenant: &Tenant) {
        match self {
            Note::Login(session) => {
                session.begin();
                if let Opener::Key(key) = session.opener {
                    tenant.people.logged_in(key, session.created);
                }
            }
            Note::Logout(session) => session.end(),
            Note::Run(run) => tenant.runs.lock().kept(&run),
            Note::Session(_) | Note::SessionEnded(_) | Note::RunEnded(_) | Note::Audit(_) => {}
        }
    }
}

//! Somebody who signs in to the pages while another sets their password: once that is acknowledged,
//! nothing that was opened with the old one is worth anything, whatever came first.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use domain::{LoginName, OrgId, UserId};
use service::{Attempt, Authority, Password, Service};

use crate::machine::{Doors, Machine};
use crate::truth::Truth;
use crate::world::{self, Owner, below, yield_now};

/// A name and a password.
#[derive(Clone)]
struct Secrets {
    name: String,
    password: String,
}

/// Both of them.
pub(crate) struct People {
    /// The machine that they sign in to.
    pub(crate) machine: Machine,
    /// The organization.
    pub(crate) org: OrgId,
    /// Who signs in.
    pub(crate) user: UserId,
    /// Where they complain.
    pub(crate) truth: Truth,
    /// How often the password changes.
    pub(crate) rounds: u64,
    /// How many writers are not done yet.
    pub(crate) at_work: Rc<Cell<u32>>,
}

impl People {
    /// Changes the password until it has been done often enough.
    pub(crate) async fn run(self) {
        let mut old: Option<Secrets> = None;
        for n in 0..self.rounds {
            world::sleep(i64::try_from(below(20)).unwrap_or(0)).await;
            // A new name each time: attempts are counted by name.
            let new = Secrets { name: format!("ada-{n}"), password: format!("open sesame {n}") };
            let opened = self.sign_in_meanwhile(old.take());
            let acknowledged = self.set(&new).await;
            while opened.borrow().left > 0 {
                yield_now().await;
            }
            if acknowledged {
                let sessions = std::mem::take(&mut opened.borrow_mut().sessions);
                self.are_over(&sessions).await;
                old = Some(new);
            }
        }
        self.at_work.set(self.at_work.get() - 1);
    }

    /// Signs in a few times with what counted until now.
    fn sign_in_meanwhile(&self, old: Option<Secrets>) -> Rc<RefCell<Opened>> {
        let opened = Rc::new(RefCell::new(Opened::default()));
        let Some(old) = old else { return opened };
        for _ in 0..1 + below(2) {
            opened.borrow_mut().left += 1;
            let (machine, org, old) = (self.machine.clone(), self.org.clone(), old.clone());
            let opened = opened.clone();
            world::spawn(Owner::Client, async move {
                world::sleep(i64::try_from(below(4)).unwrap_or(0)).await;
                let signed_in = machine.request(move |Doors { service, .. }| async move {
                    let (org, login, password) = (org.as_str(), &*old.name, &*old.password);
                    let attempt = Attempt { org, login, password, ..Attempt::default() };
                    service.sign_in(attempt).await.ok().map(|session| session.id)
                });
                let session = signed_in.await.ok().flatten();
                opened.borrow_mut().sessions.extend(session);
                opened.borrow_mut().left -= 1;
            });
        }
        opened
    }

    async fn set(&self, new: &Secrets) -> bool {
        let (org, user, new) = (self.org.clone(), self.user, new.clone());
        let set = self.machine.request(move |Doors { service, .. }| async move {
            let Some(org) = service.org(&org) else { return false };
            let name = LoginName::parse(&new.name).expect("a name");
            let password = Password::parse(&new.password).expect("a password");
            service.set_login(Authority::command_line(&org), user, name, password).await.is_ok()
        });
        set.await.unwrap_or(false)
    }

    async fn are_over(&self, sessions: &[String]) {
        for session in sessions {
            let asked = session.clone();
            let is_alive = self
                .machine
                .request(move |Doors { service, .. }| async move { is_alive(&service, &asked) });
            if is_alive.await == Ok(true) {
                self.truth.complain("a session opened with an old password is alive".to_owned());
            }
        }
    }
}

fn is_alive(service: &Service, session: &str) -> bool {
    service.person(session).is_some()
}

/// What has been opened, and how many are still at it.
#[derive(Default)]
struct Opened {
    left: u32,
    sessions: Vec<String>,
}

//! After a commit whose outcome is unknown: nothing is written until the store has been reopened and
//! checked; then memory is brought in line with the store.

use std::sync::atomic::Ordering;

use domain::{Stage, Stamp};
use store::{Store, StoreError, TenantRecord};

use crate::base::refusal::{Refusal, in_doubt, out_of_order};
use crate::base::sabotage::limit;
use crate::commit::Committer;
use crate::commit::batch::Batch;
use crate::directory::Directory;
use crate::directory::accounts::Accounts;
use crate::folder::shared::Shared;
use crate::folder::tenant::Tenant;
use crate::log::read_log;

/// A store that cannot be reopened is tried again this often, in milliseconds.
const REOPEN_EVERY_MS: i64 = 500;

impl Committer {
    /// Nothing is written until the store has been reopened and asked whether this is there. An empty
    /// batch stands for what memory follows by itself.
    pub(crate) fn doubt(&mut self, batch: Batch) {
        self.shared.in_order.store(false, Ordering::Release);
        self.doubted = Some(batch);
    }

    /// A commit reported that its outcome is unknown.
    pub(crate) fn settle_commit(&mut self, batch: Batch, problem: &str) {
        tracing::error!(
            problem,
            "it is not known whether a commit succeeded; writes are refused until it is"
        );
        self.doubt(batch);
        self.settle();
    }

    /// The same of the transaction that counted itself so: whether it is there, if that can be found out
    /// at once.
    pub(crate) fn find_out(&mut self, count: u64, problem: &str) -> Result<(), Refusal> {
        self.settle_commit(Batch::default(), problem);
        match &self.doubted {
            Some(_) => Err(in_doubt()),
            None if self.transactions == count => Ok(()),
            None => Err(out_of_order()),
        }
    }

    /// Finds out, if there is something to be found out and the store can be reopened. Until then, those
    /// that wait are told that the outcome is unknown.
    pub(crate) fn settle(&mut self) {
        let now_ms = self.shared.clock.elapsed_ms();
        if self.reopen_due_ms.is_some_and(|due_ms| now_ms < due_ms) {
            return;
        }
        let Some(mut batch) = self.doubted.take() else { return };
        let shared = self.shared.clone();
        let found = shared.store.reopen().and_then(|()| {
            self.transactions = shared.store.folder()?.transactions;
            shared.follow_the_store()?;
            batch.is_there(shared.store.as_ref())
        });
        match found {
            Ok(is_there) => {
                self.shared.in_order.store(true, Ordering::Release);
                if self.reopen_due_ms.take().is_some() {
                    tracing::info!("the database works again");
                }
                if is_there { self.publish(batch) } else { batch.abandon(&out_of_order()) }
            }
            Err(e) => {
                if self.reopen_due_ms.is_none() {
                    tracing::error!(error = %e, "cannot reopen the database; trying again");
                }
                // At once for what passes, and then not for every write that comes.
                self.reopen_due_ms =
                    Some(self.reopen_due_ms.map_or(0, |_| now_ms + limit(REOPEN_EVERY_MS, 5)));
                batch.give_up_waiting();
                self.doubted = Some(batch);
            }
        }
    }
}

impl Shared {
    /// What counts is what the store has: a change of unknown outcome may be there, though it was told
    /// to have failed.
    fn follow_the_store(&self) -> Result<(), StoreError> {
        let store = self.store.as_ref();
        for stored in store.tenants()? {
            let known = self.tenants.read().get(&stored.organization.id).cloned();
            match known {
                Some(tenant) => tenant.follow(store, stored)?,
                // Just added: nobody can have been told anything of it.
                None => {
                    self.take_up(Tenant::load(store, stored, Stamp::MIN, &self.rooms)?);
                }
            }
        }
        Ok(())
    }
}

impl Tenant {
    /// Becomes what the store has. A batch is not looked at: it knows what to show of it.
    fn follow(&self, store: &dyn Store, stored: TenantRecord) -> Result<(), StoreError> {
        let accounts = Accounts::new(store.accounts(self.key)?);
        // Either a first import is there as a whole, or it has been cut back to nothing.
        if self.people.is_importing() && stored.organization.stage != Stage::Importing {
            let timeline = read_log(store, &stored.organization)?;
            self.log.show(timeline);
        }
        let (shown, there) = (self.log.exposure.view().seq(), store.head(self.key)?);
        if !self.people.is_importing() && there < shown {
            // Whatever were written now would take the places of what is gone.
            let org = &self.id;
            return Err(StoreError::Damaged(format!(
                "{org} had {shown} changes, but the database now has only {there}: acknowledged changes are lost; stop the server and restore the data folder"
            )));
        }
        self.people.set_directory(Directory::new(stored));
        let mut known = self.people.accounts_to_change();
        *known = accounts.in_place_of(&known);
        Ok(())
    }
}

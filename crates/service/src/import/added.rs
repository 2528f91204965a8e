//! Adds what the files name and what is not here, in one commit with judging that its numbers are still free: they were
//! chosen while the files were read.

use domain::{Account, ClientId, Name, Role, folded};
use store::Transaction;

use crate::admin::users::{NewUser, put_new_user};
use crate::base::refusal::unavailable;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::folder::tenant::Tenant;
use crate::import::import_error::ImportError;
use crate::import::names::NotHere;

impl NotHere {
    /// Whether there is nothing to add.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.accounts.is_empty() && self.statuses.is_empty()
    }

    /// Refuses numbers and names that are somebody else's by now. `last_client` is the greatest number of an account
    /// without a name that activities here have.
    pub(crate) fn refuse_taken(
        &self,
        org: &Tenant,
        directory: &Directory,
        last_client: ClientId,
    ) -> Result<(), ImportError> {
        let taken = |what: String| Err(ImportError::AddedMeanwhile(what));
        for (id, name) in &self.statuses {
            let is_same = |other: &str| folded(other) == folded(name.as_str());
            let here = directory.statuses.values();
            let clash = |id_here, here: &str| (id_here == *id) != is_same(here);
            if let Some(here) = here.into_iter().find(|here| clash(here.id, here.name.as_str())) {
                return taken(format!("status {} ({})", here.id, here.name));
            }
        }
        for id in &self.numbered_users {
            let name = self.users.get(id).and_then(Option::as_ref);
            match directory.users.get(id) {
                Some(here) if Some(&here.name) != name => {
                    return taken(format!("user {id} ({})", here.name));
                }
                None if *id <= directory.organization.last_user_named => {
                    return taken(format!("an activity of user {id}"));
                }
                _ => {}
            }
        }
        let accounts = org.accounts();
        for (id, name) in &self.accounts {
            match accounts.name(*id) {
                Some(here) if here != name => return taken(format!("account {id} ({here})")),
                None if *id <= last_client => {
                    return taken(format!("an activity about account {id}"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds the people, and writes the accounts, which are to be shown with [`Tenant::show_accounts`] once the
    /// transaction is durable. Statuses are added with those that the files number.
    pub(crate) fn put(
        &self,
        org: &Tenant,
        directory: &mut Directory,
        transaction: &mut dyn Transaction,
    ) -> Result<Vec<Account>, ImportError> {
        for (id, name) in &self.users {
            let by_number = || Name::parse(&format!("Person {id}"));
            let Ok(name) = name.clone().map_or_else(by_number, Ok) else { continue };
            let user = NewUser { id: Some(*id), name, role: Role::Viewer };
            match put_new_user(directory, transaction, user, None) {
                // Added meanwhile under the number that the files have.
                Ok(_) | Err(AdminError::UserExists(_)) => {}
                Err(e) => return Err(e.into()),
            }
        }
        let account = |(id, name): (&ClientId, &Name)| Account { id: *id, name: name.clone() };
        let accounts: Vec<Account> = self.accounts.iter().map(account).collect();
        for account in &accounts {
            transaction.put_account(org.key, account).map_err(|e| unavailable(&e))?;
        }
        Ok(accounts)
    }
}

//! Changes of the directory: each is one durable transaction, so that no write is judged by a half-changed one.

use domain::By;
use store::{Durability, Transaction};

use crate::base::refusal::Refusal;
use crate::commit::Committer;
use crate::directory::Directory;
use crate::folder::tenant::Tenant;

impl Committer {
    /// Changes the directory, and notes in the same transaction what has changed, and by whom.
    pub(crate) fn change_directory<T, E: From<Refusal>>(
        &mut self,
        org: &Tenant,
        by: By,
        change: impl FnOnce(&mut Directory, &mut dyn Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        let (before, now) = (org.directory(), self.shared.clock.now());
        let mut directory = Directory::clone(&before);
        let value = self.transact(Durability::Power, |transaction| {
            let value = change(&mut directory, transaction)?;
            org.people.audit.put_difference(org.key, &before, &directory, by, now, transaction)?;
            Ok::<_, E>(value)
        })?;
        org.people.set_directory(directory);
        Ok(value)
    }
}

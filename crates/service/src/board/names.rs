//! The order of accounts, users and statuses: by the names that people see.

use std::sync::Arc;

use domain::{ClientId, StatusId, UserId};

use super::codes::Codes;
use super::columns::Columns;
use crate::base::alphabet::place;
use crate::directory::Directory;
use crate::directory::people::People;

/// The place of each code of a column.
#[derive(Debug, Default)]
pub(crate) struct Ranks {
    of: Vec<u32>,
}

impl Ranks {
    pub(crate) fn of(&self, code: u32) -> u32 {
        self.of[code as usize]
    }

    /// How many places there may be.
    pub(crate) fn places(&self) -> usize {
        self.of.len()
    }

    /// Ranks the codes by what each value is sorted by; equal ones share a place. False if codes that
    /// had a place before have changed their order.
    fn renew<K: Ord>(&mut self, codes: &Codes, key: impl Fn(i64) -> K) -> bool {
        let mut keyed: Vec<(K, u32)> =
            codes.values().iter().map(|value| key(*value)).zip(1..).collect();
        keyed.sort_unstable();
        let mut of = vec![0; keyed.len() + 1];
        let mut rank = 0;
        for at in 0..keyed.len() {
            if at > 0 && keyed[at - 1].0 != keyed[at].0 {
                rank += 1;
            }
            of[keyed[at].1 as usize] = rank;
        }
        let known =
            keyed.iter().map(|(_, code)| *code).filter(|code| (*code as usize) < self.of.len());
        let places: Vec<(u32, u32)> =
            known.map(|code| (of[code as usize], self.of[code as usize])).collect();
        let kept = places.windows(2).all(|pair| {
            let ((new, old), (next_new, next_old)) = (pair[0], pair[1]);
            (new == next_new && old == next_old) || (new < next_new && old < next_old)
        });
        self.of = of;
        kept
    }
}

/// The ranks of everything that has a name.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) clients: Ranks,
    pub(crate) users: Ranks,
    pub(crate) statuses: Ranks,
    accounts_changes: u64,
    directory: Option<Arc<Directory>>,
}

impl Names {
    /// Whether they are of what is there now.
    pub(crate) fn clients_are_current(&self, columns: &Columns, people: &People) -> bool {
        self.clients.of.len() == columns.clients.values().len() + 1
            && self.accounts_changes == people.accounts().changes()
    }

    pub(crate) fn users_are_current(&self, columns: &Columns, people: &People) -> bool {
        self.users.of.len() == columns.users.values().len() + 1 && self.knows(people)
    }

    pub(crate) fn statuses_are_current(&self, columns: &Columns, people: &People) -> bool {
        self.statuses.of.len() == columns.statuses.values().len() + 1 && self.knows(people)
    }

    fn knows(&self, people: &People) -> bool {
        self.directory.as_ref().is_some_and(|known| Arc::ptr_eq(known, &people.directory()))
    }

    /// False if what is sorted by accounts must be sorted again. A name comes before a number.
    pub(crate) fn renew_clients(&mut self, columns: &Columns, people: &People) -> bool {
        // What changes from here on is taken in the next time.
        self.accounts_changes = people.accounts().changes();
        let ranks = people.account_ranks();
        self.clients.renew(&columns.clients, |client| match ranks.get(&ClientId(client)) {
            Some(rank) => (false, *rank, 0),
            None => (true, 0, client),
        })
    }

    /// What must be sorted again: orders by users, by statuses.
    pub(crate) fn renew_directory(&mut self, columns: &Columns, people: &People) -> (bool, bool) {
        let directory = people.directory();
        let users =
            self.users.renew(&columns.users, |user| match directory.users.get(&UserId(user)) {
                Some(user) => (false, place(user.name.as_str()), 0),
                None => (true, Vec::new(), user),
            });
        let in_order = directory.statuses_in_order();
        let at = |status| in_order.iter().position(|other| other.id == StatusId(status));
        let statuses = self
            .statuses
            .renew(&columns.statuses, |status| (at(status).unwrap_or(usize::MAX), status));
        self.directory = Some(directory);
        (!users, !statuses)
    }
}

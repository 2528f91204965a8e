//! Memory that clients share while they send, divided so that none of them can use it all.

use std::collections::HashMap;
use std::sync::Arc;

use domain::OrgKey;
use parking_lot::Mutex;
use thiserror::Error;

use crate::base::network::Network;
use crate::limits::shed::{Shed, shed};

/// Room is counted in pieces of this size, so that a long body does not ask for each of its packets.
const PIECE_BYTES: usize = 8 << 10;

/// Who uses room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// An organization, for requests with a session.
    Org(OrgKey),
    /// A network, for all others.
    Network(Network),
}

/// There is no room at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no room is left")]
pub struct IntakeFull;

/// See the module. An owner gets more only if at least as much stays free as it holds then. So one owner can hold
/// half of the room, two a third each, and a newcomer always finds some.
#[derive(Debug)]
pub struct Intake {
    bytes_max: usize,
    what: Shed,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    bytes: usize,
    by_owner: HashMap<Owner, usize>,
}

impl Intake {
    /// So many bytes. What is refused counts as this in the metrics and the log.
    #[must_use]
    pub fn new(bytes_max: usize, what: Shed) -> Arc<Intake> {
        Arc::new(Intake { bytes_max, what, held: Mutex::default() })
    }

    /// An owner's share, which is empty at first.
    #[must_use]
    pub fn share(self: &Arc<Intake>, owner: Owner) -> IntakeShare {
        IntakeShare { room: Arc::clone(self), owner, bytes: 0 }
    }

    fn take(&self, owner: Owner, bytes: usize) -> Result<(), IntakeFull> {
        let mut held = self.held.lock();
        let all = held.bytes + bytes;
        let own = held.by_owner.get(&owner).copied().unwrap_or_default() + bytes;
        if all > self.bytes_max || own > self.bytes_max - all {
            shed(self.what);
            return Err(IntakeFull);
        }
        held.bytes = all;
        held.by_owner.insert(owner, own);
        Ok(())
    }

    fn give_back(&self, owner: Owner, bytes: usize) {
        let mut held = self.held.lock();
        held.bytes -= bytes;
        if let Some(own) = held.by_owner.get_mut(&owner) {
            *own -= bytes;
            if *own == 0 {
                held.by_owner.remove(&owner);
            }
        }
    }
}

/// What one request holds, until it is dropped.
#[derive(Debug)]
pub struct IntakeShare {
    room: Arc<Intake>,
    owner: Owner,
    bytes: usize,
}

impl IntakeShare {
    /// Makes sure that this holds so many bytes at least. Never waits: those who wait would hold what the others
    /// wait for.
    ///
    /// # Errors
    /// If the owner has as much as it can have at the moment. The share stays as it was.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), IntakeFull> {
        let bytes = bytes.next_multiple_of(PIECE_BYTES);
        if bytes > self.bytes {
            self.room.take(self.owner, bytes - self.bytes)?;
            self.bytes = bytes;
        }
        Ok(())
    }
}

impl Drop for IntakeShare {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.room.give_back(self.owner, self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(last: u8) -> Owner {
        Owner::Network(Network::of([192, 0, 2, last].into()))
    }

    /// How many shares of one piece this owner gets, at most.
    fn fill(room: &Arc<Intake>, owner: Owner, shares: &mut Vec<IntakeShare>) -> usize {
        let before = shares.len();
        loop {
            let mut share = room.share(owner);
            if share.grow_to(1).is_err() {
                return shares.len() - before;
            }
            shares.push(share);
        }
    }

    #[test]
    fn one_owner_gets_half_and_a_newcomer_always_finds_room() {
        let room = Intake::new(64 * PIECE_BYTES, Shed::Body);
        let mut shares = Vec::new();
        assert_eq!(fill(&room, owner(1), &mut shares), 32);
        assert_eq!(fill(&room, owner(2), &mut shares), 16);
        assert_eq!(fill(&room, owner(3), &mut shares), 8);
        assert_eq!(fill(&room, owner(1), &mut shares), 0);
        drop(shares);
        assert!(room.held.lock().by_owner.is_empty());
        assert_eq!(fill(&room, owner(1), &mut Vec::new()), 32);
    }

    #[test]
    fn a_share_that_cannot_grow_keeps_what_it_has() {
        let room = Intake::new(8 * PIECE_BYTES, Shed::Body);
        let mut share = room.share(owner(1));
        assert_eq!(share.grow_to(PIECE_BYTES + 1), Ok(()));
        assert_eq!(share.grow_to(5 * PIECE_BYTES), Err(IntakeFull));
        assert_eq!(share.grow_to(4 * PIECE_BYTES), Ok(()));
    }
}

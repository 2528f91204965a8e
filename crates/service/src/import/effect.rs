//! What an item of an import comes to.

use domain::{ActivityId, Imported, Kind, State};

use crate::base::refusal::Refusal;
use crate::commit::age::differs;
use crate::folder::tenant::Tenant;
use crate::import::report::{Differing, ImportReport};

/// What an item comes to if it changes anything.
#[derive(Clone, Copy)]
pub(crate) enum Effect {
    /// A new activity.
    Create,
    /// The same of an item that has no id of its own.
    CreateWithId,
    /// One that was removed is back.
    BringBack,
    /// One changes.
    Update,
    /// One is removed.
    Remove,
}

impl Effect {
    pub(crate) fn of(item: &Imported, org: &Tenant) -> Effect {
        let Some(id) = item.id() else { return Effect::CreateWithId };
        let timeline = org.log.timeline.read();
        let current = timeline.current(&timeline.head(), id);
        match (item, current.map(|(_, kind)| kind)) {
            (Imported::Removed { .. }, _) => Effect::Remove,
            (Imported::Record { .. }, Some(Kind::Record)) => Effect::Update,
            (Imported::Record { .. }, Some(Kind::Tombstone)) => Effect::BringBack,
            (Imported::Record { .. }, None) => Effect::Create,
        }
    }
}

impl ImportReport {
    /// Lists what came back, in this state, also among what stayed if that is not what the item says.
    /// Whether it is among them.
    pub(crate) fn comes_back(&mut self, id: ActivityId, item: &Imported, state: &State) -> bool {
        self.brought_back.add(id);
        let stays = matches!(state, State::Record(record) if differs(item, record));
        if stays {
            self.newer_here.add(id);
        }
        stays
    }

    /// Counts what an item came to: whether it changed anything, or why not.
    pub(crate) fn take(
        &mut self,
        effect: Effect,
        changed: Result<bool, Refusal>,
    ) -> Result<(), Refusal> {
        let counter = match (changed, effect) {
            (Ok(false), _) => &mut self.unchanged,
            // Listed where its state is known.
            (Ok(true), Effect::BringBack) => return Ok(()),
            (Ok(true), Effect::Create | Effect::CreateWithId) => &mut self.created,
            (Ok(true), Effect::Update) => &mut self.updated,
            (Ok(true), Effect::Remove) => &mut self.removed,
            (Err(refusal), _) => return self.take_refused(refusal),
        };
        *counter += 1;
        Ok(())
    }

    fn take_refused(&mut self, refusal: Refusal) -> Result<(), Refusal> {
        match refusal {
            Refusal::NewerHere(id) => self.newer_here.add(id),
            Refusal::Removed(id) => self.left_removed.add(id),
            Refusal::Conflict(id, members) => self.conflicts.add(Differing { id, members }),
            refusal => return Err(refusal),
        }
        Ok(())
    }
}

//! What the writers know: which value each member may have, given what was acknowledged.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use domain::ActivityId;

/// What one activity may look like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    /// The values that the subject may have: the last acknowledged one, and those in doubt since.
    pub(crate) subject: Vec<String>,
    /// The same for the note.
    pub(crate) note: Vec<String>,
    /// Whether it may be gone, and whether it must be.
    pub(crate) removed: Removed,
}

/// Whether an activity has been removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Removed {
    /// Nobody asked for it.
    #[default]
    No,
    /// Somebody asked, and the answer was lost.
    Perhaps,
    /// It was acknowledged.
    Yes,
}

/// All activities of one organization that were acknowledged. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Truth(Rc<RefCell<BTreeMap<ActivityId, Expected>>>);

impl Truth {
    /// A creation was acknowledged.
    pub(crate) fn created(&self, id: ActivityId, subject: &str) {
        let expected = Expected {
            subject: vec![subject.to_owned()],
            note: vec![String::new()],
            removed: Removed::No,
        };
        self.0.borrow_mut().insert(id, expected);
    }

    /// Some activity that is there as far as anybody knows.
    #[must_use]
    pub(crate) fn any(&self) -> Option<ActivityId> {
        let expected = self.0.borrow();
        let there = expected.iter().filter(|(_, e)| e.removed == Removed::No);
        let ids: Vec<ActivityId> = there.map(|(id, _)| *id).collect();
        (!ids.is_empty()).then(|| crate::world::pick(&ids))
    }

    /// Changes what is expected of an activity.
    pub(crate) fn change(&self, id: ActivityId, change: impl FnOnce(&mut Expected)) {
        if let Some(expected) = self.0.borrow_mut().get_mut(&id) {
            change(expected);
        }
    }

    /// Everything.
    #[must_use]
    pub(crate) fn all(&self) -> BTreeMap<ActivityId, Expected> {
        self.0.borrow().clone()
    }
}

//! Whoever renames statuses: each rename is a change of every activity that shows the status.

use std::cell::Cell;
use std::rc::Rc;

use domain::{OrgId, Status, StatusId, StatusName};
use service::Authority;

use crate::machine::{Doors, Machine};
use crate::world::{self, below, pick};

/// The statuses that there are.
pub(crate) const STATUSES: [StatusId; 2] = [StatusId(1), StatusId(2)];

/// What they may be called. So few that a name comes back while the rename before is under way, and
/// that two want the same.
const NAMES: [&str; 4] = ["Open", "Begun", "Halted", "Done"];

/// The statuses as they are at first.
///
/// # Panics
/// Never: the texts are fixed.
pub(crate) fn first_statuses() -> Vec<Status> {
    let status = |(id, name): (&StatusId, &&str)| {
        let name = StatusName::parse(name).expect("a name");
        Status::new(*id, name)
    };
    STATUSES.iter().zip(&NAMES).map(status).collect()
}

/// A rename or an import that a server works on counts among those at work, until it is done or the server is.
pub(crate) struct UnderWay(Rc<Cell<u32>>);

impl UnderWay {
    pub(crate) fn begin(at_work: &Rc<Cell<u32>>) -> UnderWay {
        at_work.set(at_work.get() + 1);
        UnderWay(at_work.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// One of them.
pub(crate) struct Renamer {
    /// The machine whose server does it.
    pub(crate) machine: Machine,
    /// The organization.
    pub(crate) org: OrgId,
    /// How many renames.
    pub(crate) renames: u32,
    /// How many writers are not done yet.
    pub(crate) at_work: Rc<Cell<u32>>,
}

impl Renamer {
    /// Renames until it has done its share. What comes of each is seen in the end: a server that
    /// stops in mid-way goes on at its next start.
    pub(crate) async fn run(self) {
        for _ in 0..self.renames {
            world::sleep(i64::try_from(below(30)).unwrap_or(0)).await;
            let (org, status) = (self.org.clone(), pick(&STATUSES));
            let name = StatusName::parse(pick(&NAMES)).expect("a name");
            // Its answer may be lost while the server still works on it.
            let under_way = UnderWay::begin(&self.at_work);
            let renamed = self.machine.request(move |Doors { service, .. }| async move {
                let _under_way = under_way;
                if let Some(org) = service.org(&org) {
                    let _ = service
                        .rename_status(Authority::command_line(&org), status, name, &mut |_| {})
                        .await;
                }
            });
            let _ = renamed.await;
        }
        self.at_work.set(self.at_work.get() - 1);
    }
}

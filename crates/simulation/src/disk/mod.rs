//! A simulated store: what a process sees, and what a power cut leaves.

mod answers;
mod contents;
mod transaction;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{ActivityId, ApiKey, OrgKey, Organization, Stage, Status, SystemUser, Version};
use parking_lot::Mutex;

use crate::world::{self, one_in};
use contents::{Contents, Op};

#[derive(Default)]
struct Disk {
    /// What a process sees.
    visible: Contents,
    /// What has been synced.
    synced: Contents,
    /// Transactions that are visible and not yet synced.
    unsynced: Vec<Vec<Op>>,
    /// A commit that nobody knows the outcome of.
    limbo: Option<Vec<Op>>,
    /// The next so many commits to be synced end in limbo.
    failing: u32,
    /// No transaction begins until it has been reopened.
    broken: bool,
    /// How often the power has gone.
    boot: u64,
    /// Activities whose versions cannot be read.
    damaged: BTreeSet<(OrgKey, ActivityId)>,
}

/// How a machine dies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Crash {
    /// The process is killed: the operating system keeps what was written.
    Process,
    /// The power goes: what was not synced may be lost, from some transaction on.
    Power,
}

/// The disk in the machine. Clones are the same disk.
#[derive(Clone, Default)]
pub(crate) struct SimStore(Arc<Mutex<Disk>>);

impl SimStore {
    /// The machine dies.
    pub(crate) fn crash(&self, how: Crash) {
        let mut disk = self.0.lock();
        let disk = &mut *disk;
        // A commit under way when the machine died was never acknowledged; it may be there.
        if let Some(limbo) = disk.limbo.take()
            && one_in(2)
        {
            disk.visible.apply_all(&limbo);
            disk.unsynced.push(limbo);
        }
        if let Crash::Power = how {
            let survive =
                usize::try_from(world::below(disk.unsynced.len() as u64 + 1)).unwrap_or(0);
            disk.unsynced.truncate(survive);
            for ops in disk.unsynced.drain(..) {
                disk.synced.apply_all(&ops);
            }
            disk.visible = disk.synced.clone();
            disk.boot += 1;
        }
        disk.failing = 0;
        disk.broken = false;
    }

    /// A copy of what is visible now, as a backup takes it: on a disk of its own.
    #[must_use]
    pub(crate) fn backup(&self) -> SimStore {
        let visible = self.0.lock().visible.clone();
        let synced = visible.clone();
        SimStore(Arc::new(Mutex::new(Disk { visible, synced, ..Disk::default() })))
    }

    /// The next commits end in limbo: nobody knows whether they are there.
    pub(crate) fn fail_next(&self, commits: u32) {
        self.0.lock().failing = commits;
    }

    /// No transaction begins any more until the store has been reopened.
    pub(crate) fn fail_to_begin(&self) {
        self.0.lock().broken = true;
    }

    /// From now on, no version of this activity can be read.
    pub(crate) fn damage(&self, org: OrgKey, id: ActivityId) {
        self.0.lock().damaged.insert((org, id));
    }

    /// Everything can be read again.
    pub(crate) fn heal(&self) {
        self.0.lock().damaged.clear();
    }

    /// Which start of the machine this is.
    pub(crate) fn boot(&self) -> String {
        self.0.lock().boot.to_string()
    }

    /// The whole log of an organization.
    #[must_use]
    pub(crate) fn whole_log(&self, org: OrgKey) -> Vec<Version> {
        self.0.lock().visible.log.get(&org).cloned().unwrap_or_default()
    }

    /// What a backup of it is good for: the log of an organization, nothing of an import under way.
    #[must_use]
    pub(crate) fn finished_log(&self, org: OrgKey) -> Vec<Version> {
        let stage = self.0.lock().visible.organizations.get(&org).map(|found| found.stage);
        if stage == Some(Stage::Importing) { Vec::new() } else { self.whole_log(org) }
    }

    /// Writes without a server: for setting up.
    pub(crate) fn set_up(
        &self,
        organization: &Organization,
        user: &SystemUser,
        keys: &[ApiKey],
        statuses: &[Status],
    ) {
        let org = organization.key;
        let mut ops = vec![Op::Organization(organization.clone()), Op::User(org, user.clone())];
        ops.extend(statuses.iter().map(|status| Op::Status(org, status.clone())));
        ops.extend(keys.iter().map(|key| Op::Key(org, key.clone())));
        let mut disk = self.0.lock();
        disk.visible.apply_all(&ops);
        disk.synced.apply_all(&ops);
    }
}

//! Whoever brings in files: the first before anybody has logged in, if they are quick enough, so that its
//! times of change are kept; others while everybody works.

use std::cell::Cell;
use std::rc::Rc;

use domain::{
    Activity, ActivityId, Imported, Members, Moment, OrgId, Stamp, StatusName, Subject, Terms,
};
use service::{ImportOptions, Spool};

use crate::machine::{Doors, Machine};
use crate::renamer::STATUSES;
use crate::truth::Truth;
use crate::world::{self, below, one_in};

/// Ids of a file: few, so that files meet each other's and the writers' activities.
const IDS_MAX: u64 = 12;

/// One of them.
pub(crate) struct Importer {
    /// The machine whose server does it.
    pub(crate) machine: Machine,
    /// The organization.
    pub(crate) org: OrgId,
    /// What is known of the organization's activities.
    pub(crate) truth: Truth,
    /// How many files.
    pub(crate) files: u64,
    /// How many writers are not done yet.
    pub(crate) at_work: Rc<Cell<u32>>,
}

impl Importer {
    /// Imports until all files are in. What comes of one that is cut short is seen in the end: it is there
    /// as a whole, or as far as it came, and everybody has heard of it.
    pub(crate) async fn run(self) {
        for n in 0..self.files {
            if n > 0 {
                world::sleep(i64::try_from(below(60)).unwrap_or(0)).await;
            }
            let (org, items) = (self.org.clone(), items(n));
            let under_way = crate::renamer::UnderWay::begin(&self.at_work);
            let imported = self.machine.request(move |Doors { service, .. }| async move {
                let _under_way = under_way;
                let Some(org) = service.org(&org) else { return Vec::new() };
                let mut spool = Spool::new(&std::env::temp_dir()).expect("a file");
                items.iter().for_each(|item| spool.push(item).expect("room"));
                let plan = spool.finish().expect("a file");
                let restore = one_in(2);
                let options =
                    ImportOptions { dry_run: false, restore, overwrite: one_in(2), by: None };
                let done = service.import(&org, plan, options, &|_| {}).await;
                let ids = items.iter().filter(|item| matches!(item, Imported::Record { .. }));
                let ids: Vec<ActivityId> = ids.filter_map(Imported::id).collect();
                if done.is_ok() { ids } else { Vec::new() }
            });
            for id in imported.await.unwrap_or_default() {
                self.truth.imported(id);
            }
        }
        self.at_work.set(self.at_work.get() - 1);
    }
}

/// What a file says: activities of long ago, some without a time, some removed.
fn items(file: u64) -> Vec<Imported> {
    let count = 1 + below(8);
    let item = |n: u64| {
        let id = ActivityId(1 + i64::try_from(below(IDS_MAX)).unwrap_or(0));
        let long_ago = Stamp::from_millis(world::now().millis() - 1_000_000 + 1_000 * id.0);
        let stamp = (!one_in(4)).then_some(long_ago);
        if one_in(6) {
            return Imported::Removed { id, at: stamp };
        }
        let activity = Box::new(activity(&format!("file {file} line {n}"), long_ago));
        Imported::Record {
            id: Some(id),
            stamp,
            named: Members::ALL,
            terms: Terms::Exact,
            row: None,
            activity,
        }
    };
    (0..count).map(item).collect()
}

/// # Panics
/// Never: the texts are fixed.
fn activity(subject: &str, created: Stamp) -> Activity {
    Activity {
        created,
        subject: Subject::parse(subject).expect("a subject"),
        start: Moment::parse("2026-01-05T09:00:00Z").expect("a time"),
        status: STATUSES[0],
        status_name: StatusName::parse("Open").expect("a name"),
        ..Activity::blank()
    }
}

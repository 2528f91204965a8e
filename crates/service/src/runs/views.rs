//! Views of runs in memory. A view shares unchanged parts with the head; a dropped view is rebuilt by
//! undoing the versions after it.

use domain::{OrgKey, Seq};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use timeline::View;

use crate::log::Log;

/// Versions that are undone at a time: about a millisecond's.
const STEP_VERSIONS: u64 = 100_000;

#[derive(Clone)]
struct ByBytes;

impl Weighter<(OrgKey, Seq), View> for ByBytes {
    fn weight(&self, _: &(OrgKey, Seq), view: &View) -> u64 {
        view.memory_bytes() as u64
    }
}

/// The cache of views, bounded in bytes, each counted as if it shared nothing.
pub(crate) struct Views(Cache<(OrgKey, Seq), View, ByBytes>);

impl Views {
    pub(crate) fn new(bytes_max: u64) -> Views {
        Views(Cache::with_weighter(1_000, bytes_max, ByBytes))
    }

    /// The organization's view as of that position.
    pub(crate) fn get(&self, log: &Log, seq: Seq) -> View {
        let rebuild = || {
            let mut view = log.timeline.read().head();
            while view.seq() > seq {
                // Locked anew for each step: a commit need not wait for all of them.
                let step = Seq(view.seq().0.saturating_sub(STEP_VERSIONS).max(seq.0));
                view = log.timeline.read().rewound(view, step);
            }
            Ok::<_, std::convert::Infallible>(view)
        };
        let Ok(view) = self.0.get_or_insert_with(&(log.org, seq), rebuild);
        view
    }

    /// The same, if it is at hand or soon made.
    pub(crate) fn at_once(&self, log: &Log, seq: Seq) -> Option<View> {
        let later = log.exposure.view().seq().0.saturating_sub(seq.0);
        if later <= STEP_VERSIONS { Some(self.get(log, seq)) } else { self.0.get(&(log.org, seq)) }
    }

    /// Keeps the view that a run has begun with.
    pub(crate) fn put(&self, log: &Log, view: View) {
        self.0.insert((log.org, view.seq()), view);
    }
}

//! Pages that are printed before they are asked for: who reads through a long list finds the next page ready,
//! since the server works while the page before is on its way.

use std::collections::VecDeque;

use domain::{OrgKey, Seq, Zone};
use parking_lot::Mutex;
use service::AskError;
use tokio::task::JoinHandle;

use crate::printed::News;

/// How many there are, of all who ask.
const PAGES_AHEAD_MAX: usize = 16;

/// The last few of them, so that it does no harm when some are never asked for.
#[derive(Default)]
pub(crate) struct PagesAhead(Mutex<VecDeque<(Page, Printing)>>);

/// Which page: what it begins with, and the zone that its times are shown in.
#[derive(PartialEq)]
pub(crate) struct Page {
    pub(crate) org: OrgKey,
    pub(crate) zone: Zone,
    pub(crate) first: Seq,
}

/// What becomes of it.
pub(crate) type Printing = JoinHandle<Result<News, AskError>>;

impl PagesAhead {
    /// Begins to print a page, unless that has begun; the oldest one may have to go.
    pub(crate) fn begin(&self, page: Page, print: impl FnOnce() -> Printing) {
        let mut pages = self.0.lock();
        if pages.iter().any(|(begun, _)| *begun == page) {
            return;
        }
        if pages.len() == PAGES_AHEAD_MAX {
            pages.pop_front();
        }
        pages.push_back((page, print()));
    }

    /// The page, if it is one of them. It may not be ready yet.
    pub(crate) fn take(&self, page: &Page) -> Option<Printing> {
        let mut pages = self.0.lock();
        let at = pages.iter().position(|(begun, _)| begun == page)?;
        pages.remove(at).map(|(_, printing)| printing)
    }
}

//! Pages that are printed before they are asked for: who reads through a long list finds the next page ready,
//! since the server works while the page before is on its way.

use std::collections::VecDeque;

use domain::{OrgKey, Seq, Zone};
use parking_lot::Mutex;
use service::AskError;
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::fresh::FreshRecords;

/// How many there are, of all who ask.
const PAGES_AHEAD_MAX: usize = 16;

/// The last few of them, so that it does no harm when some are never asked for.
#[derive(Default)]
pub(crate) struct PagesAhead(Mutex<VecDeque<(Page, Printing)>>);

/// Which page: what it begins and ends with, and the zone that its times are shown in.
#[derive(PartialEq)]
pub(crate) struct Page {
    pub(crate) org: OrgKey,
    pub(crate) zone: Zone,
    pub(crate) first: Seq,
    pub(crate) last: Seq,
}

/// What becomes of it.
pub(crate) type Printing = oneshot::Receiver<Result<FreshRecords, AskError>>;

impl PagesAhead {
    /// Begins to print a page, unless that has begun. Where there is no place left, the oldest that is ready
    /// goes; nothing begins when none is, so that no more work is under way than there are places.
    pub(crate) fn begin(&self, page: Page, print: impl FnOnce() -> Printing) {
        let mut pages = self.0.lock();
        if pages.iter().any(|(begun, _)| *begun == page) {
            return;
        }
        if pages.len() == PAGES_AHEAD_MAX {
            // One that has broken off is ready too.
            let is_ready =
                |printing: &mut Printing| !matches!(printing.try_recv(), Err(TryRecvError::Empty));
            let ready = pages.iter_mut().position(|(_, printing)| is_ready(printing));
            let Some(ready) = ready else { return };
            pages.remove(ready);
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

//! Updates the search index from the log, in steps and outside the commit.
//!
//! The index never runs ahead of the board: it moves only while the board cannot, and no further. So search
//! results belong to the same view as everything else in an answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::{ActivityId, Seq, Stamp, Version};
use store::{Mark, SearchIndex, Store, StoreError, Text};
use timeline::{SeqRange, View};

use crate::board::board::Board;
use crate::engine::Service;
use crate::folder::tenant::Tenant;

/// How many versions one step indexes.
const STEP_VERSIONS: u64 = 1_000;

/// Changes that a question reads in itself: less than half a second of them. Of more it is told at once that they are
/// read in in the background.
const AT_ONCE_MAX: u64 = 20_000;

impl Service {
    /// Has the index come up to the board, if it is not too far behind.
    pub(crate) fn index_up_to(
        &self,
        index: &dyn SearchIndex,
        org: &Tenant,
        board: &Board,
    ) -> Result<(), StoreError> {
        let as_of = board.view.seq();
        let mut mark = index.mark(org.key)?;
        if !belongs(org, mark, &board.view) {
            mark = Mark::START; // It is built anew.
        }
        if as_of.0.saturating_sub(mark.seq.0) > AT_ONCE_MAX {
            self.index_words_soon();
            return Err(StoreError::Unavailable(format!(
                "the search index covers {} of {as_of} changes so far: try again in a moment",
                mark.seq
            )));
        }
        let _one_at_a_time = org.board.indexing.lock();
        while self.index_step(index, org, &board.view, Some(board))?.seq < as_of {}
        Ok(())
    }

    /// Takes in some more of the log; says how far the index has come. What is kept on the board comes
    /// along.
    fn index_step(
        &self,
        index: &dyn SearchIndex,
        org: &Tenant,
        view: &View,
        board: Option<&Board>,
    ) -> Result<Mark, StoreError> {
        let mut mark = index.mark(org.key)?;
        if !belongs(org, mark, view) {
            tracing::warn!(org = %org.id, "the search index belongs to another log; rebuilding it");
            index.forget(org.key)?;
            mark = Mark::START;
        }
        if mark.seq >= view.seq() {
            return Ok(mark);
        }
        let through = Seq(view.seq().0.min(mark.seq.0 + STEP_VERSIONS));
        let step = SeqRange { after: mark.seq, through };
        let (removed, stamp): (Vec<ActivityId>, Option<Stamp>) = {
            let timeline = org.log.timeline.read();
            let removed = view.tombstones(step).filter_map(|seq| timeline.id(seq)).collect();
            (removed, timeline.stamp(through))
        };
        // What is superseded within the view comes later, as it is then.
        let seqs: Vec<Seq> = view.records(step).collect();
        let versions = readable(self.shared.store.as_ref(), org, &seqs)?;
        let texts = versions.iter().map(|version| (version.id, Text::of(version)));
        let changed: Vec<_> = texts.chain(removed.into_iter().map(|id| (id, None))).collect();
        index.put(org.key, Mark { seq: through, stamp: stamp.unwrap_or(Stamp::MIN) }, &changed)?;
        if let Some(board) = board {
            board.kept.lock().follow(&board.columns, step, &changed);
        }
        Ok(Mark { seq: through, stamp: stamp.unwrap_or(Stamp::MIN) })
    }

    /// Has a thread do what a question has not the time for; one at a time.
    fn index_words_soon(&self) {
        if self.shared.indexing.swap(true, Ordering::AcqRel) {
            return;
        }
        let service = self.clone();
        let thread = std::thread::Builder::new().name("index".to_owned());
        let started = thread.spawn(move || {
            service.index_words();
            service.shared.indexing.store(false, Ordering::Release);
        });
        if started.is_err() {
            // Housekeeping does it within a minute.
            self.shared.indexing.store(false, Ordering::Release);
        }
    }

    /// Lets the index of words follow each organization's log. It may take minutes after a large
    /// import; between two steps everything else goes on, and the end of the service ends it.
    pub(crate) fn index_words(&self) {
        let Some(index) = &self.shared.search else { return };
        // Where nobody can sign in, and no list has been asked for, nobody searches.
        let is_searched = |org: &Arc<Tenant>| {
            let directory = org.directory();
            org.board.place.read().is_some()
                || directory.users.values().any(|user| user.login.is_some())
        };
        for org in self.orgs().into_iter().filter(is_searched) {
            while !self.shared.is_closing() {
                let board = org.board.place.read();
                let head = || org.log.exposure.view();
                let view = board.as_ref().map_or_else(head, |board| board.view.clone());
                let indexing = org.board.indexing.lock();
                let step = self.index_step(index.as_ref(), &org, &view, board.as_ref());
                drop((indexing, board));
                match step {
                    Ok(mark) if mark.seq < view.seq() => {}
                    Ok(_) => {
                        if let Err(error) = self.keep_common_words(index.as_ref(), &org) {
                            tracing::debug!(org = %org.id, %error, "cannot load the common words of the search index");
                        }
                        break;
                    }
                    Err(error) => {
                        tracing::warn!(org = %org.id, %error, "the search index cannot be updated");
                        break;
                    }
                }
            }
        }
    }
}

/// Whether the index was made of this log: a backup may have been put in the place of a later one.
fn belongs(org: &Tenant, mark: Mark, view: &View) -> bool {
    mark == Mark::START
        || (mark.seq <= view.seq() && org.log.timeline.read().stamp(mark.seq) == Some(mark.stamp))
}

/// The versions at these positions. One that is damaged is left out: it must not keep the others from
/// being found.
fn readable(store: &dyn Store, org: &Tenant, seqs: &[Seq]) -> Result<Vec<Version>, StoreError> {
    match store.versions(org.key, seqs) {
        Err(StoreError::Damaged(_)) => {
            let mut versions = Vec::new();
            for seq in seqs {
                match store.versions(org.key, &[*seq]) {
                    Ok(mut one) => versions.append(&mut one),
                    Err(StoreError::Damaged(_)) => {}
                    Err(unavailable) => return Err(unavailable),
                }
            }
            Ok(versions)
        }
        read => read,
    }
}

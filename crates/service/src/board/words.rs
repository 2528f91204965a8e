//! Searching: the index of words follows the log from outside the commit, in steps.
//!
//! The index never runs ahead of the board: it moves only while the board cannot, and no further. So
//! what is found belongs to the same view as everything else in an answer.

use std::sync::Arc;

use domain::{ActivityId, Seq, Stamp, Version};
use store::{Mark, SearchIndex, Store, StoreError, Text};
use timeline::{SeqRange, View};

use super::bitmap::Bitmap;
use super::board::Board;
use crate::Service;
use crate::tenant::Tenant;

/// Versions that are taken in by one step.
const STEP_VERSIONS: u64 = 1_000;

/// Steps that a question does itself before it has to be asked again.
const STEPS_MAX: usize = 4;

/// Answers that are kept of each organization: for the pages of a list.
const KEPT_MAX: usize = 8;

/// What was found for some words.
pub(super) struct Found {
    words: String,
    /// None where there are no words in them.
    slots: Option<Bitmap>,
}

impl Found {
    pub(super) fn slots(&self) -> Option<&Bitmap> {
        self.slots.as_ref()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.words.len() + self.slots.as_ref().map_or(0, Bitmap::memory_bytes)
    }
}

impl Service {
    /// The slots that have the words; none where the text has no words. The board must be held.
    pub(super) fn find_words(
        &self,
        org: &Tenant,
        board: &Board,
        words: &str,
    ) -> Result<Option<Arc<Found>>, StoreError> {
        let words = words.trim();
        if words.is_empty() {
            return Ok(None);
        }
        let kept = |found: &&Arc<Found>| found.words == words;
        if let Some(found) = board.found.lock().iter().find(kept) {
            return Ok(Some(found.clone()));
        }
        let Some(index) = &self.shared.search else {
            return Err(StoreError::Unavailable("nothing can be searched for here".to_owned()));
        };
        self.index_up_to(index.as_ref(), org, &board.view)?;
        let ids = index.find(org.key, board.view.seq(), words)?;
        let slots = ids.map(|ids| board.columns.slots(&ids));
        let found = Arc::new(Found { words: words.to_owned(), slots });
        let mut all = board.found.lock();
        if all.len() >= KEPT_MAX {
            all.remove(0);
        }
        all.push(found.clone());
        Ok(Some(found))
    }

    /// Has the index come up to a view, if it is not too far behind.
    fn index_up_to(
        &self,
        index: &dyn SearchIndex,
        org: &Tenant,
        view: &View,
    ) -> Result<(), StoreError> {
        let _one_at_a_time = org.board.indexing.lock();
        let mut mark = Mark::START;
        for _ in 0..STEPS_MAX {
            mark = self.index_step(index, org, view)?;
            if mark.seq >= view.seq() {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(format!(
            "the words of {} of {} changes have been read in so far: ask again in a moment",
            mark.seq,
            view.seq()
        )))
    }

    /// Takes in some more of the log; says how far the index has come.
    fn index_step(
        &self,
        index: &dyn SearchIndex,
        org: &Tenant,
        view: &View,
    ) -> Result<Mark, StoreError> {
        let mut mark = index.mark(org.key)?;
        if !belongs(org, mark, view) {
            tracing::warn!(org = %org.id, "the index of words is of another log; it is built anew");
            index.forget(org.key)?;
            mark = Mark::START;
        }
        if mark.seq >= view.seq() {
            return Ok(mark);
        }
        let through = Seq(view.seq().0.min(mark.seq.0 + STEP_VERSIONS));
        let step = SeqRange { after: mark.seq, through };
        let (removed, stamp): (Vec<ActivityId>, Option<Stamp>) = {
            let timeline = org.timeline.read();
            let removed = view.tombstones(step).filter_map(|seq| timeline.id(seq)).collect();
            (removed, timeline.stamp(through))
        };
        // What is superseded within the view comes later, as it is then.
        let seqs: Vec<Seq> = view.records(step).collect();
        let versions = readable(self.shared.store.as_ref(), org, &seqs)?;
        let texts = versions.iter().map(|version| (version.id, text(version)));
        let changed: Vec<_> = texts.chain(removed.into_iter().map(|id| (id, None))).collect();
        let mark = Mark { seq: through, stamp: stamp.unwrap_or(Stamp::MIN) };
        index.put(org.key, mark, &changed)?;
        Ok(mark)
    }

    /// Lets the index of words follow each organization's log. It may take minutes after a large
    /// import; between two steps everything else goes on, and the end of the service ends it.
    pub(crate) fn index_words(&self) {
        let Some(index) = &self.shared.search else { return };
        for org in self.orgs() {
            while !self.shared.is_closing() {
                let board = org.board.place.read();
                let head = || org.exposure.view();
                let view = board.as_ref().map_or_else(head, |board| board.view.clone());
                let indexing = org.board.indexing.lock();
                let step = self.index_step(index.as_ref(), &org, &view);
                drop((indexing, board));
                match step {
                    Ok(mark) if mark.seq < view.seq() => {}
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(org = %org.id, %error, "the index of words stays behind");
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
        || (mark.seq <= view.seq() && org.timeline.read().stamp(mark.seq) == Some(mark.stamp))
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

fn text(version: &Version) -> Option<Text<'_>> {
    let activity = version.record()?;
    Some(Text { subject: activity.subject.as_str(), note: activity.note.as_str() })
}

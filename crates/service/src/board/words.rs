//! Searching: the index of words follows the log from outside the commit, in steps.
//!
//! The index never runs ahead of the board: it moves only while the board cannot, and no further. So
//! what is found belongs to the same view as everything else in an answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;

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

/// So many changed activities are looked at again one by one; after more, all are searched anew.
const RENEWED_MAX: usize = 200;

/// What was found for some words.
pub(super) struct Found {
    words: String,
    /// As of which position of the log.
    as_of: Seq,
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
        let kept = board.found.lock().iter().find(|found| found.words == words).cloned();
        if let Some(found) = kept.as_ref().filter(|found| found.as_of == board.view.seq()) {
            return Ok(Some(found.clone()));
        }
        let Some(index) = &self.shared.search else {
            return Err(StoreError::Unavailable("nothing can be searched for here".to_owned()));
        };
        self.index_up_to(index.as_ref(), org, &board.view)?;
        let as_of = board.view.seq();
        let slots = match kept.map(|kept| renewed(index.as_ref(), org, board, &kept)).transpose()? {
            Some(Some(slots)) => Some(slots),
            _ => index.find(org.key, as_of, words)?.map(|ids| board.columns.slots(&ids)),
        };
        let found = Arc::new(Found { words: words.to_owned(), as_of, slots });
        let mut all = board.found.lock();
        all.retain(|found| found.words != words);
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
        self.index_words_soon();
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

/// What was found before, with the activities looked at again that have changed since; none where they
/// are too many. What has been removed is in no list, whatever the words found of it.
fn renewed(
    index: &dyn SearchIndex,
    org: &Tenant,
    board: &Board,
    kept: &Found,
) -> Result<Option<Bitmap>, StoreError> {
    let Some(slots) = &kept.slots else { return Ok(None) };
    let new = SeqRange { after: kept.as_of, through: board.view.seq() };
    if board.view.count_records(new) > RENEWED_MAX as u64 {
        return Ok(None);
    }
    let mut changed: Vec<ActivityId> = {
        let timeline = org.timeline.read();
        board.view.records(new).filter_map(|seq| timeline.id(seq)).collect()
    };
    changed.sort_unstable();
    let found = index.find_among(org.key, board.view.seq(), &kept.words, &changed)?;
    let mut slots = slots.clone();
    board.columns.slots(&changed).iter().for_each(|slot| slots.remove(slot));
    board.columns.slots(&found).iter().for_each(|slot| slots.insert(slot));
    Ok(Some(slots))
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

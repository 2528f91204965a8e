//! The bin: removed activities, and what they were before.

use std::sync::Arc;

use domain::{ClientId, Seq, Stamp, Version};
use store::{StoreError, Word, Words};
use timeline::{Direction, SeqRange};

use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::runs::ask_error::AskError;

/// An activity that has been removed.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The tombstone: who removed it, and when.
    pub tombstone: Arc<Version>,
    /// The record that it was before; none if it never was one here, as with a removed id that came
    /// out of an import.
    pub last: Option<Arc<Version>>,
}

impl Removed {
    fn new(tombstone: Arc<Version>, before: Option<Arc<Version>>) -> Removed {
        Removed { tombstone, last: before.filter(|last| last.record().is_some()) }
    }

    fn text_bytes(&self) -> usize {
        let activity = self.last.as_deref().and_then(Version::record);
        activity.map_or(0, |a| a.subject.as_str().len() + a.note.as_str().len())
    }

    /// Whether it had all these words.
    fn has(&self, org: &Tenant, words: &[Word]) -> bool {
        let Some(activity) = self.last.as_deref().and_then(Version::record) else { return false };
        let mut own = Words::default();
        own.add(activity.subject.as_str());
        own.add(activity.note.as_str());
        if let Some(name) = activity.client.and_then(|id| org.accounts().name(id).cloned()) {
            own.add(name.as_str());
        }
        if let Some(user) =
            activity.system_user.and_then(|id| org.directory().users.get(&id).cloned())
        {
            own.add(user.name.as_str());
        }
        let id = self.tombstone.id.0;
        let is_number = |word: &Word| {
            let number = word.text.parse::<i64>().ok();
            number.is_some_and(|number| number == id || activity.client == Some(ClientId(number)))
        };
        words.iter().all(|word| own.have(word) || is_number(word))
    }
}

/// One page of what has been removed.
#[derive(Clone, Debug)]
pub struct RemovedPage {
    /// The removed activities of this page, the latest removal first.
    pub removed: Vec<Removed>,
    /// How many there are on all pages.
    pub total: u64,
    /// Pages in all, at least 1.
    pub pages: u64,
    /// The view that it is from.
    pub as_of: Seq,
}

/// What was found among what has been removed.
#[derive(Clone, Debug)]
pub struct RemovedFound {
    /// The removed activities that have the words, the latest removal first.
    pub removed: Vec<Removed>,
    /// Where to continue if not everything was searched: before this removal.
    pub go_on: Option<Seq>,
    /// When the last one that was looked at was removed; none if there was none.
    pub back_to: Option<Stamp>,
}

/// Removals that one question looks at, at most, and bytes of text: a fraction of a second of reading.
const SEARCHED_MAX: usize = 10_000;
const SEARCHED_BYTES_MAX: usize = 16 << 20;

/// Removals that are read at once: each may have a note of the greatest length.
const READ_MAX: usize = 50;

impl Service {
    /// Searches what has been removed, as it was last, for activities that have all words in subject, note, or
    /// the names of account and user; the last word may be only begun. From the latest removal backwards, or
    /// from the one before that position, until enough are found or enough were searched.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn find_removed(
        &self,
        org: &Arc<Tenant>,
        text: &str,
        before: Option<Seq>,
        found_max: usize,
    ) -> Result<RemovedFound, AskError> {
        let words = Word::asked(text);
        if words.is_empty() {
            return Ok(RemovedFound { removed: Vec::new(), go_on: None, back_to: None });
        }
        let search = move |service: &Service, org: &Arc<Tenant>| {
            service.search_removed(org, &words, before, found_max)
        };
        self.on_board(org, search).await
    }

    fn search_removed(
        &self,
        org: &Tenant,
        words: &[Word],
        before: Option<Seq>,
        found_max: usize,
    ) -> Result<RemovedFound, StoreError> {
        let view = org.log.exposure.view();
        let mut found = RemovedFound { removed: Vec::new(), go_on: None, back_to: None };
        let mut through = before.map_or(view.seq(), |seq| Seq(seq.0.saturating_sub(1)));
        let (mut searched, mut bytes) = (0, 0);
        while searched < SEARCHED_MAX && bytes < SEARCHED_BYTES_MAX && !self.shared.is_closing() {
            let range = SeqRange { after: Seq::ZERO, through };
            let seqs = view.page_of_tombstones(range, Direction::NewestFirst, 0, READ_MAX);
            let Some(last) = seqs.last().copied() else { return Ok(found) };
            for removed in self.removed_at(org, &seqs)? {
                let seq = removed.tombstone.seq;
                found.back_to = Some(removed.tombstone.stamp);
                bytes += removed.text_bytes();
                if removed.has(org, words) {
                    found.removed.push(removed);
                    if found.removed.len() == found_max {
                        found.go_on = Some(seq);
                        return Ok(found);
                    }
                }
            }
            searched += seqs.len();
            through = Seq(last.0.saturating_sub(1));
        }
        found.go_on = (view.count_tombstones(SeqRange { after: Seq::ZERO, through }) > 0)
            .then(|| through.next());
        Ok(found)
    }

    /// Tombstones with what they took the place of, past the cache.
    fn removed_at(&self, org: &Tenant, seqs: &[Seq]) -> Result<Vec<Removed>, StoreError> {
        let store = &self.shared.store;
        let before: Vec<Option<Seq>> = {
            let timeline = org.log.timeline.read();
            seqs.iter().map(|seq| timeline.previous(*seq)).collect()
        };
        let wanted: Vec<Seq> = before.iter().flatten().copied().collect();
        let mut records = store.versions(org.key, &wanted)?.into_iter();
        let last = before.iter().map(|seq| seq.and_then(|_| records.next()));
        let tombstones = store.versions(org.key, seqs)?;
        let pairs = tombstones.into_iter().zip(last);
        Ok(pairs
            .map(|(tombstone, last)| Removed::new(Arc::new(tombstone), last.map(Arc::new)))
            .collect())
    }

    /// The activities that are removed now, the latest removal first. Pages count from 1.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn removed(
        &self,
        org: &Arc<Tenant>,
        page: u64,
        page_size: u32,
    ) -> Result<RemovedPage, AskError> {
        let view = org.log.exposure.view();
        let total = view.count_tombstones(SeqRange::ALL);
        let page_size = page_size.max(1);
        let skip = page.saturating_sub(1).saturating_mul(u64::from(page_size));
        let direction = Direction::NewestFirst;
        let seqs = view.page_of_tombstones(SeqRange::ALL, direction, skip, page_size as usize);
        let (service, org) = (self.clone(), org.clone());
        let removed = self.blocking(move || service.removed_at(&org, &seqs)).await??;
        let pages = total.div_ceil(u64::from(page_size)).max(1);
        Ok(RemovedPage { removed, total, pages, as_of: view.seq() })
    }
}

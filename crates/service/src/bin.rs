//! The bin: what has been removed, and what it was before.

use std::sync::Arc;

use domain::{Seq, Version};
use timeline::{Direction, SeqRange};

use crate::tenant::Tenant;
use crate::{AskError, Service};

/// An activity that has been removed.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The tombstone: who removed it, and when.
    pub tombstone: Arc<Version>,
    /// The record that it was before; none if it never was one here, as with a removed id that came
    /// out of an import.
    pub last: Option<Arc<Version>>,
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

impl Service {
    /// The activities that are removed now, the latest removal first. Pages count from 1.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn removed(
        &self,
        org: &Tenant,
        page: u64,
        page_size: u32,
    ) -> Result<RemovedPage, AskError> {
        let view = org.exposure.view();
        let total = view.count_tombstones(SeqRange::ALL);
        let page_size = page_size.max(1);
        let skip = page.saturating_sub(1).saturating_mul(u64::from(page_size));
        let direction = Direction::NewestFirst;
        let seqs = view.page_of_tombstones(SeqRange::ALL, direction, skip, page_size as usize);
        let before: Vec<Option<Seq>> = {
            let timeline = org.timeline.read();
            seqs.iter().map(|seq| timeline.previous(*seq)).collect()
        };
        let tombstones = self.versions(org, seqs).await?;
        let mut records =
            self.versions(org, before.iter().flatten().copied().collect()).await?.into_iter();
        let last = before.iter().map(|seq| seq.and_then(|_| records.next()));
        let removed = tombstones.into_iter().zip(last).map(|(tombstone, last)| Removed {
            tombstone,
            last: last.filter(|last| last.record().is_some()),
        });
        Ok(RemovedPage {
            removed: removed.collect(),
            total,
            pages: total.div_ceil(u64::from(page_size)).max(1),
            as_of: view.seq(),
        })
    }
}

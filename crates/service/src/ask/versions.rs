//! Reads the versions at positions of the log: from the cache, or from the store.

use std::ops::ControlFlow;
use std::sync::Arc;

use domain::{OrgKey, Seq, Version};
use store::{Content, StoreError, StoredVersion};

use crate::engine::Service;
use crate::folder::tenant::Tenant;

/// Up to this many versions are read on the current thread, wherever they are: a page of the usual size.
const READ_IN_PLACE_MAX: usize = 10;

/// The same of neighbours: a page of the largest size.
const NEIGHBOURS_IN_PLACE_MAX: usize = 200;

/// When their texts take more than this, the rest is long ([`Service::fold_versions`]).
const READ_AT_ONCE_BYTES_MAX: usize = 128 << 10;

/// Whether the versions at these positions, ascending, are few, or a stretch without gaps: what lies in a gap
/// would be passed over, however long it is.
fn are_soon_read(seqs: &[Seq]) -> bool {
    let (Some(first), Some(last)) = (seqs.first(), seqs.last()) else { return false };
    let neighbours = last.0 - first.0 < seqs.len() as u64;
    seqs.len() <= if neighbours { NEIGHBOURS_IN_PLACE_MAX } else { READ_IN_PLACE_MAX }
}

impl Service {
    /// The versions at these positions, in that order.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn versions(
        &self,
        org: &Tenant,
        seqs: Vec<Seq>,
    ) -> Result<Vec<Arc<Version>>, StoreError> {
        let missing = seqs.iter().filter(|seq| !self.shared.versions.has(org.key, **seq)).count();
        if missing <= READ_IN_PLACE_MAX {
            return self.read_versions(org.key, &seqs);
        }
        let (service, key) = (self.clone(), org.key);
        let read = self.blocking(move || service.read_versions(key, &seqs)).await;
        read.map_err(|e| StoreError::Unavailable(e.to_string()))?
    }

    /// Shows the versions at these positions, each once and in no order, to what makes something of them. What is
    /// soon read is read where the question stands, since it is mostly in the memory of the operating system; the
    /// rest on a thread that may wait for the disk.
    ///
    /// Stops when it has read much, and returns the positions that are left: those are for
    /// [`Service::fold_long`], once there is room for them.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn fold_versions<T: Send + 'static>(
        &self,
        org: &Tenant,
        seqs: &[Seq],
        mut made: T,
        mut make: impl FnMut(&mut T, &StoredVersion<'_>) + Send + 'static,
    ) -> Result<(T, Vec<Seq>), StoreError> {
        let key = org.key;
        let mut seqs = seqs.to_vec();
        seqs.sort_unstable();
        seqs.dedup();
        let (mut missing, mut bytes) = (Vec::new(), 0);
        for seq in seqs {
            let cached = self.shared.versions.get(key, seq);
            // Making something of long ones takes its time too, wherever they are.
            match cached.filter(|_| bytes < READ_AT_ONCE_BYTES_MAX) {
                Some(version) => {
                    let version = StoredVersion::of(&version);
                    bytes += version.content.as_ref().map_or(0, Content::bytes);
                    make(&mut made, &version);
                }
                None => missing.push(seq),
            }
        }
        if missing.is_empty() || bytes >= READ_AT_ONCE_BYTES_MAX {
            return Ok((made, missing));
        }
        let service = self.clone();
        let is_soon = are_soon_read(&missing);
        let read = move || {
            let mut read = 0;
            service.shared.store.show_versions(key, &missing, &mut |version| {
                make(&mut made, &version);
                read += 1;
                bytes += version.content.map_or(0, |content| content.bytes());
                match bytes < READ_AT_ONCE_BYTES_MAX {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })?;
            missing.drain(..read);
            Ok((made, missing))
        };
        if is_soon {
            return read();
        }
        self.blocking(read).await.map_err(|e| StoreError::Unavailable(e.to_string()))?
    }

    /// The same to the end, on a thread that may wait, when it is the organization's turn.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn fold_long<T: Send + 'static>(
        &self,
        org: &Tenant,
        seqs: Vec<Seq>,
        mut made: T,
        mut make: impl FnMut(&mut T, &StoredVersion<'_>) + Send + 'static,
    ) -> Result<T, StoreError> {
        let _turn = org.limits.long_reads.acquire().await;
        let (service, key) = (self.clone(), org.key);
        let read = move || {
            let mut visit = |version: StoredVersion<'_>| {
                make(&mut made, &version);
                ControlFlow::Continue(())
            };
            service.shared.store.show_versions(key, &seqs, &mut visit).map(|()| made)
        };
        self.heavy(read).await.map_err(|e| StoreError::Unavailable(e.to_string()))?
    }

    /// How many bytes the stored form of each version at these positions takes, without reading it.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn version_bytes(
        &self,
        org: &Tenant,
        seqs: Vec<Seq>,
    ) -> Result<Vec<usize>, StoreError> {
        let (store, key) = (self.shared.store.clone(), org.key);
        let read = self.blocking(move || store.version_bytes(key, &seqs)).await;
        read.map_err(|e| StoreError::Unavailable(e.to_string()))?
    }

    /// The versions at these positions, in that order, waiting for the disk if need be.
    pub(crate) fn read_versions(
        &self,
        org: OrgKey,
        seqs: &[Seq],
    ) -> Result<Vec<Arc<Version>>, StoreError> {
        let cached: Vec<_> = seqs.iter().map(|&seq| self.shared.versions.get(org, seq)).collect();
        let missing: Vec<Seq> = seqs
            .iter()
            .zip(&cached)
            .filter(|(_, have)| have.is_none())
            .map(|(seq, _)| *seq)
            .collect();
        let read = match missing[..] {
            [] => Vec::new(),
            _ => self.shared.store.versions(org, &missing)?,
        };
        let mut read = read.into_iter();
        // What is read is not kept here: doors keep what they have made of it.
        let filled = cached.into_iter().map(|have| {
            let fetch = || read.next().map(Arc::new);
            have.or_else(fetch)
                .ok_or_else(|| StoreError::Damaged("a version is missing".to_owned()))
        });
        filled.collect()
    }
}

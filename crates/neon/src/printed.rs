//! Records as they leave, in memory: a version never changes (invariant 1), so that it is printed once and
//! copied from then on.
//!
//! Versions that lie side by side in the log are kept together, in blocks: they are mostly asked for
//! together, and finding each by itself would take longer than copying it.

use std::ops::Range;
use std::sync::Arc;

use domain::{OrgKey, Seq, Zone};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use service::{AskError, Service, StoredVersion, Tenant};

use crate::record;

/// Versions of a block.
const BLOCK_VERSIONS: usize = 16;

/// About what a record takes as JSON.
const RECORD_BYTES: usize = 512;

/// Which block of an organization's log: the one with the versions from this multiple of
/// [`BLOCK_VERSIONS`] on.
type BlockKey = (OrgKey, u64);

/// The versions of a stretch of the log as JSON, as far as they have been asked for.
struct Block {
    /// The zone that times are shown in: that may be another one day.
    zone: Zone,
    /// Where each version's text ends; that of the next begins there. One without text is not here.
    ends: [usize; BLOCK_VERSIONS],
    json: Box<[u8]>,
}

/// Versions that have been printed just now.
struct News {
    zone: Zone,
    json: Vec<u8>,
    /// Where the text of each lies.
    records: Vec<(Seq, Range<usize>)>,
}

impl News {
    fn print(&mut self, version: &StoredVersion<'_>) {
        let start = self.json.len();
        record::write(version, &self.zone, &mut self.json);
        self.records.push((version.seq, start..self.json.len()));
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<BlockKey, Arc<Block>> for ByBytes {
    fn weight(&self, _: &BlockKey, block: &Arc<Block>) -> u64 {
        (size_of::<Block>() + block.json.len()) as u64
    }
}

/// The cache of printed records, bounded in bytes.
pub(crate) struct Records(Cache<BlockKey, Arc<Block>, ByBytes>);

/// Records that are to be sent, in their order.
pub(crate) struct Printed<'a> {
    /// By number, ascending.
    blocks: Vec<(u64, Arc<Block>)>,
    seqs: &'a [Seq],
}

impl Records {
    pub(crate) fn new(bytes_max: u64) -> Records {
        let block_bytes = (BLOCK_VERSIONS * RECORD_BYTES) as u64;
        let blocks = usize::try_from(bytes_max / block_bytes).unwrap_or(usize::MAX);
        Records(Cache::with_weighter(blocks.max(1), bytes_max, ByBytes))
    }

    /// The records at these positions, in that order.
    pub(crate) async fn at<'a>(
        &self,
        service: &Service,
        org: &Tenant,
        zone: &Zone,
        seqs: &'a [Seq],
    ) -> Result<Printed<'a>, AskError> {
        let mut numbers: Vec<u64> = seqs.iter().map(|seq| block_of(*seq)).collect();
        // Neighbours first: there are few left to sort then.
        numbers.dedup();
        numbers.sort_unstable();
        numbers.dedup();
        let kept = |number: u64| {
            let block = self.0.get(&(org.key, number)).filter(|block| block.zone == *zone);
            (number, block.unwrap_or_else(|| Arc::new(Block::empty(zone))))
        };
        let blocks = numbers.into_iter().map(kept).collect();
        let mut printed = Printed { blocks, seqs };
        let missing: Vec<Seq> = printed.missing().collect();
        if !missing.is_empty() {
            let room = Vec::with_capacity(missing.len() * RECORD_BYTES);
            let news = News { zone: zone.clone(), json: room, records: Vec::new() };
            let mut news = service.fold_versions(org, &missing, news, News::print).await?;
            news.records.sort_unstable_by_key(|(seq, _)| *seq);
            for of_block in news.records.chunk_by(|(a, _), (b, _)| block_of(*a) == block_of(*b)) {
                let number = block_of(of_block[0].0);
                if let Some(at) = printed.find(number) {
                    let block = Arc::new(printed.blocks[at].1.with(of_block, &news.json));
                    self.0.insert((org.key, number), block.clone());
                    printed.blocks[at].1 = block;
                }
            }
        }
        Ok(printed)
    }
}

impl Printed<'_> {
    /// Each record's JSON.
    pub(crate) fn each(&self) -> impl Iterator<Item = &[u8]> {
        let mut last = 0;
        self.seqs.iter().map(move |seq| {
            let number = block_of(*seq);
            if self.blocks[last].0 != number {
                // All blocks are here.
                last = self.find(number).unwrap_or_default();
            }
            self.blocks[last].1.json(place_of(*seq))
        })
    }

    fn find(&self, number: u64) -> Option<usize> {
        self.blocks.binary_search_by_key(&number, |(number, _)| *number).ok()
    }

    fn missing(&self) -> impl Iterator<Item = Seq> {
        let printed = self.seqs.iter().zip(self.each());
        printed.filter(|(_, json)| json.is_empty()).map(|(seq, _)| *seq)
    }
}

impl Block {
    fn empty(zone: &Zone) -> Block {
        Block { zone: zone.clone(), ends: [0; BLOCK_VERSIONS], json: Box::default() }
    }

    /// The same with these versions of it, in their order, and their texts.
    fn with(&self, news: &[(Seq, Range<usize>)], texts: &[u8]) -> Block {
        let bytes = news.iter().map(|(_, text)| text.len()).sum::<usize>();
        let mut json = Vec::with_capacity(self.json.len() + bytes);
        let mut ends = [0; BLOCK_VERSIONS];
        let mut news = news.iter().peekable();
        for (place, end) in ends.iter_mut().enumerate() {
            json.extend_from_slice(match news.next_if(|(seq, _)| place_of(*seq) == place) {
                Some((_, text)) => &texts[text.clone()],
                None => self.json(place),
            });
            *end = json.len();
        }
        Block { zone: self.zone.clone(), ends, json: json.into() }
    }

    fn json(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.json[start..self.ends[place]]
    }
}

fn block_of(seq: Seq) -> u64 {
    seq.0 / BLOCK_VERSIONS as u64
}

fn place_of(seq: Seq) -> usize {
    (seq.0 % BLOCK_VERSIONS as u64) as usize
}

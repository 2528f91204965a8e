//! Records as they leave, in memory: a version never changes (invariant 1), so that it is printed once and
//! copied from then on.
//!
//! Versions that lie side by side in the log are kept together, in blocks: they are mostly asked for
//! together, and finding each by itself would take longer than copying it. When there is no room left, a
//! block is only kept when it is asked for again: reading everything once, in large pages, must neither cost
//! the copying nor drive out what is read often.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::{OrgKey, Seq, Zone};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use service::{AskError, Service, StoredVersion, Tenant};

use crate::ahead::{Page, PagesAhead};
use crate::record;

/// Versions of a block.
const BLOCK_VERSIONS: usize = 16;

/// About what a record takes as JSON.
const RECORD_BYTES: usize = 512;

/// How many blocks are remembered as asked for, per block that there is room for.
const MARKS_PER_BLOCK: usize = 4;

/// A page whose records take more than that is not printed ahead, nor the one after it.
const AHEAD_BYTES_MAX: usize = 256 << 10;

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

/// Versions that have been printed just now, in the order of the log.
#[derive(Default)]
pub(crate) struct News {
    json: Vec<u8>,
    /// Where the text of each lies.
    records: Vec<(Seq, Range<usize>)>,
}

impl News {
    fn print(&mut self, version: &StoredVersion<'_>, zone: &Zone) {
        let start = self.json.len();
        record::write(version, zone, &mut self.json);
        self.records.push((version.seq, start..self.json.len()));
    }

    fn json(&self, seq: Seq) -> &[u8] {
        let found = self.records.binary_search_by_key(&seq, |(seq, _)| *seq);
        found.map_or(&[], |at| &self.json[self.records[at].1.clone()])
    }
}

/// Prints the versions at these positions, beside what there is already.
async fn print(
    service: &Service,
    org: &Tenant,
    zone: &Zone,
    seqs: &[Seq],
    mut news: News,
) -> Result<News, AskError> {
    news.json.reserve(seqs.len() * RECORD_BYTES);
    let zone = zone.clone();
    let print = move |news: &mut News, version: &StoredVersion<'_>| news.print(version, &zone);
    let mut news = service.fold_versions(org, seqs, news, print).await?;
    news.records.sort_unstable_by_key(|(seq, _)| *seq);
    Ok(news)
}

/// Which blocks have been asked for lately without being kept: a mark of each, until another one takes its
/// place.
struct Passed {
    marks: Box<[AtomicU32]>,
    hasher: RandomState,
}

impl Passed {
    /// Whether the block is among them; from now on it is.
    fn again(&self, key: BlockKey) -> bool {
        let hash = self.hasher.hash_one(key);
        let (place, mark) = (hash as usize % self.marks.len(), (hash >> 32) as u32);
        self.marks[place].swap(mark, Ordering::Relaxed) == mark
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
pub(crate) struct Records {
    blocks: Cache<BlockKey, Arc<Block>, ByBytes>,
    /// From so many bytes on, there is no room.
    full_from: u64,
    passed: Passed,
    ahead: PagesAhead,
}

/// Records that are to be sent, in their order.
pub(crate) struct Printed<'a> {
    /// Those that were kept, by number, ascending.
    blocks: Vec<(u64, Arc<Block>)>,
    /// What they do not have.
    news: News,
    seqs: &'a [Seq],
}

impl Records {
    pub(crate) fn new(bytes_max: u64) -> Records {
        let block_bytes = (BLOCK_VERSIONS * RECORD_BYTES) as u64;
        let blocks = usize::try_from(bytes_max / block_bytes).unwrap_or(usize::MAX).max(1);
        let marks = (0..blocks.saturating_mul(MARKS_PER_BLOCK)).map(|_| AtomicU32::new(0));
        Records {
            blocks: Cache::with_weighter(blocks, bytes_max, ByBytes),
            full_from: bytes_max / 16 * 15,
            passed: Passed { marks: marks.collect(), hasher: RandomState::new() },
            ahead: PagesAhead::default(),
        }
    }

    /// The records at these positions, in that order.
    pub(crate) async fn at<'a>(
        &self,
        service: &Service,
        org: &Tenant,
        zone: &Zone,
        seqs: &'a [Seq],
    ) -> Result<Printed<'a>, AskError> {
        let mut printed = self.kept(org, zone, seqs);
        if printed.missing().next().is_none() {
            return Ok(printed);
        }
        if let Some(printing) = page_from(org, zone, seqs).and_then(|page| self.ahead.take(&page)) {
            // What has gone wrong is tried again, and told if it does again.
            printed.news = printing.await.ok().and_then(Result::ok).unwrap_or_default();
        }
        let missing: Vec<Seq> = printed.missing().collect();
        if !missing.is_empty() {
            printed.news = print(service, org, zone, &missing, printed.news).await?;
        }
        self.keep(org.key, zone, &printed);
        Ok(printed)
    }

    /// Begins to print the page that is likely asked for after this one, so that it is ready by then.
    pub(crate) fn print_ahead(
        &self,
        service: &Service,
        org: &Arc<Tenant>,
        zone: &Zone,
        this: &Printed<'_>,
        next: &[Seq],
    ) {
        let Some(page) = page_from(org, zone, next) else { return };
        let missing: Vec<Seq> = self.kept(org, zone, next).missing().collect();
        let this_bytes: usize = this.each().map(<[u8]>::len).sum();
        if missing.is_empty() || this_bytes > AHEAD_BYTES_MAX {
            return;
        }
        let (service, org, zone) = (service.clone(), org.clone(), zone.clone());
        let printed = async move {
            let news = print(&service, &org, &zone, &missing, News::default()).await?;
            // What is too large to lie here is printed again by who asks for it.
            Ok(if news.json.len() > AHEAD_BYTES_MAX { News::default() } else { news })
        };
        self.ahead.begin(page, || tokio::spawn(printed));
    }

    /// What there is of the records at these positions.
    fn kept<'a>(&self, org: &Tenant, zone: &Zone, seqs: &'a [Seq]) -> Printed<'a> {
        let mut numbers: Vec<u64> = seqs.iter().map(|seq| block_of(*seq)).collect();
        // Neighbours first: there are few left to sort then.
        numbers.dedup();
        numbers.sort_unstable();
        numbers.dedup();
        let kept = |number: u64| {
            let block = self.blocks.get(&(org.key, number)).filter(|block| block.zone == *zone);
            block.map(|block| (number, block))
        };
        let blocks = numbers.into_iter().filter_map(kept).collect();
        Printed { blocks, news: News::default(), seqs }
    }

    /// Keeps what has just been printed, as far as that is worth its place.
    fn keep(&self, org: OrgKey, zone: &Zone, printed: &Printed<'_>) {
        let (news, is_full) = (&printed.news, self.blocks.weight() >= self.full_from);
        for of_block in news.records.chunk_by(|(a, _), (b, _)| block_of(*a) == block_of(*b)) {
            let number = block_of(of_block[0].0);
            let block = match printed.block(number) {
                Some(block) => block.with(of_block, &news.json),
                None if is_full && !self.passed.again((org, number)) => continue,
                None => Block::empty(zone).with(of_block, &news.json),
            };
            self.blocks.insert((org, number), Arc::new(block));
        }
    }
}

impl Printed<'_> {
    /// Each record's JSON.
    pub(crate) fn each(&self) -> impl Iterator<Item = &[u8]> {
        let mut last = None;
        self.seqs.iter().map(move |seq| {
            let number = block_of(*seq);
            let block = match last {
                Some((of, block)) if of == number => block,
                _ => self.block(number),
            };
            last = Some((number, block));
            let kept = block.map_or(&[][..], |block| block.json(place_of(*seq)));
            if kept.is_empty() { self.news.json(*seq) } else { kept }
        })
    }

    fn block(&self, number: u64) -> Option<&Block> {
        let found = self.blocks.binary_search_by_key(&number, |(number, _)| *number).ok();
        found.map(|at| &*self.blocks[at].1)
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

fn page_from(org: &Tenant, zone: &Zone, seqs: &[Seq]) -> Option<Page> {
    let (first, last) = (*seqs.first()?, *seqs.last()?);
    Some(Page { org: org.key, zone: zone.clone(), first, last })
}

fn block_of(seq: Seq) -> u64 {
    seq.0 / BLOCK_VERSIONS as u64
}

fn place_of(seq: Seq) -> usize {
    (seq.0 % BLOCK_VERSIONS as u64) as usize
}

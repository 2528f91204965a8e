//! Records as they leave, in memory: a version never changes (invariant 1), so that it is printed once and
//! sent from there from then on.
//!
//! Versions that lie side by side in the log are kept together, in blocks: they are mostly asked for
//! together, and finding each by itself would take longer than sending it. When there is no room left, a
//! block is only kept when it is asked for again: reading everything once, in large pages, must neither cost
//! the copying nor drive out what is read often.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Bytes;
use domain::{OrgKey, Seq, Zone};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use service::{AskError, NoRoom, Service, Share, StoredVersion, Tenant};
use tokio::sync::oneshot;

use crate::ahead::{Page, PagesAhead};
use crate::envelope::{SHARED_BYTES_MIN, Success, is_shared};
use crate::record;

/// Versions of a block.
const BLOCK_VERSIONS: usize = 16;

/// About what a record takes as JSON.
const RECORD_BYTES: usize = 512;

/// How many blocks are remembered as asked for, per block that there is room for.
const MARKS_PER_BLOCK: usize = 4;

/// A page whose records take more than that is not printed ahead, nor the one after it.
const AHEAD_BYTES_MAX: usize = 256 << 10;

/// Records that have just been printed are copied into their answer up to this size. Longer ones are sent from where
/// they are, so that they are not in memory twice.
const COPIED_BYTES_MAX: usize = 256 << 10;

/// The part of the cache that a block may take: a larger one would drive out too much that is read often.
const BLOCK_PART: u64 = 4;

/// Which block of an organization's log: the one with the versions from this multiple of
/// [`BLOCK_VERSIONS`] on.
type BlockKey = (OrgKey, u64);

/// The versions of a stretch of the log as JSON, as far as they have been asked for: the newest first, as
/// pages mostly have them, with a comma after each.
struct Block {
    /// The zone that times are shown in: that may be another one day.
    zone: Zone,
    /// Where each version's text and its comma end; where those of the next newer one do, it is not here.
    ends: [usize; BLOCK_VERSIONS],
    json: Bytes,
}

/// Versions that are being printed.
#[derive(Default)]
struct Printer {
    json: Vec<u8>,
    /// Where the text of each is.
    records: Vec<(Seq, Range<usize>)>,
}

impl Printer {
    fn print(&mut self, version: &StoredVersion<'_>, zone: &Zone) {
        let start = self.json.len();
        record::write(version, zone, &mut self.json);
        self.records.push((version.seq, start..self.json.len()));
    }

    fn done(mut self) -> FreshRecords {
        self.records.sort_unstable_by_key(|(seq, _)| *seq);
        FreshRecords { json: self.json.into(), records: self.records }
    }
}

/// Versions that have been printed just now, in the order of the log.
#[derive(Default)]
pub(crate) struct FreshRecords {
    json: Bytes,
    /// Where the text of each is.
    records: Vec<(Seq, Range<usize>)>,
}

impl FreshRecords {
    fn text(&self, seq: Seq) -> Text<'_> {
        let found = self.records.binary_search_by_key(&seq, |(seq, _)| *seq);
        let at = found.map_or(0..0, |at| self.records[at].1.clone());
        Text { json: &self.json, kept: None, at }
    }
}

/// Where a version's text lies; nowhere, if it is empty.
struct Text<'a> {
    json: &'a [u8],
    /// The same, where it is kept: a comma stands after the text then.
    kept: Option<&'a Bytes>,
    at: Range<usize>,
}

/// Prints the versions at these positions, in addition to what there is already. If they turn out to be long, asks for
/// room for all of them before it reads on; without a share, as for a page ahead, long ones are given up.
async fn print(
    service: &Service,
    org: &Tenant,
    zone: &Zone,
    seqs: &[Seq],
    fresh: FreshRecords,
    share: Option<&mut Share>,
) -> Result<FreshRecords, AskError> {
    let FreshRecords { json, records } = fresh;
    let mut printer = Printer { json: json.into(), records };
    printer.json.reserve(seqs.len() * RECORD_BYTES);
    let print = |zone: Zone| {
        move |printer: &mut Printer, version: &StoredVersion<'_>| printer.print(version, &zone)
    };
    let (mut printer, left) =
        service.fold_versions(org, seqs, printer, print(zone.clone())).await?;
    if left.is_empty() {
        return Ok(printer.done());
    }
    let stored: usize = service.version_bytes(org, left.clone()).await?.iter().sum();
    let more = stored + left.len() * RECORD_BYTES;
    let all = printer.json.len() + more;
    match share {
        Some(share) => share.grow_to(all).await?,
        None if all > AHEAD_BYTES_MAX => return Err(NoRoom::Answers.into()),
        None => {}
    }
    printer.json.reserve_exact(more);
    Ok(service.fold_long(org, left, printer, print(zone.clone())).await?.done())
}

/// Which blocks have been asked for lately without being kept: a mark of each, until another one takes its
/// place.
struct RecentMisses {
    marks: Box<[AtomicU32]>,
    hasher: RandomState,
}

impl RecentMisses {
    /// Whether the block is among them; from now on it is.
    fn insert(&self, key: BlockKey) -> bool {
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
    /// What a block may take.
    block_bytes_max: u64,
    recent_misses: RecentMisses,
    ahead: PagesAhead,
}

/// Records that are to be sent, in their order.
pub(crate) struct Printed<'a> {
    /// Those that were kept, by number, ascending.
    blocks: Vec<(u64, Arc<Block>)>,
    /// What they do not have.
    fresh: FreshRecords,
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
            block_bytes_max: bytes_max / BLOCK_PART,
            recent_misses: RecentMisses { marks: marks.collect(), hasher: RandomState::new() },
            ahead: PagesAhead::default(),
        }
    }

    /// The records at these positions, in that order. Room for long ones is taken before they are read.
    pub(crate) async fn at<'a>(
        &self,
        service: &Service,
        org: &Tenant,
        zone: &Zone,
        seqs: &'a [Seq],
        share: &mut Share,
    ) -> Result<Printed<'a>, AskError> {
        let mut printed = self.kept(org, zone, seqs);
        if printed.missing().next().is_none() {
            return Ok(printed);
        }
        if let Some(printing) = page_from(org, zone, seqs).and_then(|page| self.ahead.take(&page)) {
            // What has gone wrong is tried again, and told if it does again.
            printed.fresh = printing.await.ok().and_then(Result::ok).unwrap_or_default();
        }
        let missing: Vec<Seq> = printed.missing().collect();
        if !missing.is_empty() {
            let fresh = std::mem::take(&mut printed.fresh);
            printed.fresh = print(service, org, zone, &missing, fresh, Some(share)).await?;
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
        let this_bytes: usize = this.texts().map(|text| text.at.len()).sum();
        if missing.is_empty() || this_bytes > AHEAD_BYTES_MAX {
            return;
        }
        let mut share = org.share();
        if !share.try_grow_to(AHEAD_BYTES_MAX) {
            return;
        }
        let (printing, org, zone) = (service.clone(), org.clone(), zone.clone());
        self.ahead.begin(page, || {
            let (done, printed) = oneshot::channel();
            service.spawn(async move {
                let _share = share;
                let fresh = FreshRecords::default();
                let fresh = print(&printing, &org, &zone, &missing, fresh, None).await;
                // What is too large to lie here is printed again by who asks for it.
                let fits = |fresh: FreshRecords| {
                    if fresh.json.len() > AHEAD_BYTES_MAX { FreshRecords::default() } else { fresh }
                };
                let _ = done.send(fresh.map(fits));
            });
            printed
        });
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
        Printed { blocks, fresh: FreshRecords::default(), seqs }
    }

    /// Keeps what has just been printed, as far as that is worth its place.
    fn keep(&self, org: OrgKey, zone: &Zone, printed: &Printed<'_>) {
        let (fresh, is_full) = (&printed.fresh, self.blocks.weight() >= self.full_from);
        for of_block in fresh.records.chunk_by(|(a, _), (b, _)| block_of(*a) == block_of(*b)) {
            let number = block_of(of_block[0].0);
            let bytes: usize = of_block.iter().map(|(_, text)| text.len()).sum();
            if bytes as u64 > self.block_bytes_max {
                continue;
            }
            let block = match printed.block(number) {
                Some(block) => block.with(of_block, &fresh.json),
                None if is_full && !self.recent_misses.insert((org, number)) => continue,
                None => Block::empty(zone).with(of_block, &fresh.json),
            };
            self.blocks.insert((org, number), Arc::new(block));
        }
    }
}

impl Printed<'_> {
    /// Goes on with the records, a comma between two.
    pub(crate) fn write(&self, success: &mut Success) {
        let mut pieces = self.pieces().peekable();
        while let Some(piece) = pieces.next() {
            let comma = pieces.peek().map_or(0, |_| 1);
            match piece.kept {
                Some(kept) => success.append(kept, piece.at.start..piece.at.end + comma),
                None if self.is_sent_from_fresh(&piece) => {
                    success.share(self.fresh.json.slice(piece.at));
                    success.written().extend_from_slice(&b","[..comma]);
                }
                None => {
                    let out = success.written();
                    out.extend_from_slice(&piece.json[piece.at]);
                    out.extend_from_slice(&b","[..comma]);
                }
            }
        }
    }

    /// Whether a piece that has just been printed is sent from where it is. The others are only in this answer too, so
    /// no more is held than the answer has.
    fn is_sent_from_fresh(&self, piece: &Text<'_>) -> bool {
        self.fresh.json.len() > COPIED_BYTES_MAX && piece.at.len() >= SHARED_BYTES_MIN
    }

    /// How many bytes [`Printed::write`] copies at most.
    pub(crate) fn copied_bytes(&self) -> usize {
        let is_copied = |piece: &Text<'_>| match piece.kept {
            Some(kept) => !is_shared(kept, &piece.at),
            None => !self.is_sent_from_fresh(piece),
        };
        self.pieces().filter(is_copied).map(|piece| piece.at.len() + 1).sum()
    }

    /// The records' JSON in pieces, between which a comma belongs. Records that lie side by side, in this
    /// order, are one piece: a few long ones take less than many short ones.
    fn pieces(&self) -> impl Iterator<Item = Text<'_>> {
        let mut texts = self.texts().peekable();
        std::iter::from_fn(move || {
            let mut piece = texts.next()?;
            let follows = |next: &Text<'_>, piece: &Text<'_>| {
                ptr::eq(next.json, piece.json) && next.at.start == piece.at.end + 1
            };
            while let Some(next) = texts.next_if(|next| follows(next, &piece)) {
                piece.at.end = next.at.end;
            }
            Some(piece)
        })
    }

    /// Each record's text.
    fn texts(&self) -> impl Iterator<Item = Text<'_>> {
        let mut last = None;
        self.seqs.iter().map(move |seq| {
            let number = block_of(*seq);
            let block = match last {
                Some((of, block)) if of == number => block,
                _ => self.block(number),
            };
            last = Some((number, block));
            let kept = block.map(|block| block.text(place_of(*seq)));
            kept.filter(|text| !text.at.is_empty()).unwrap_or_else(|| self.fresh.text(*seq))
        })
    }

    fn block(&self, number: u64) -> Option<&Block> {
        let found = self.blocks.binary_search_by_key(&number, |(number, _)| *number).ok();
        found.map(|at| &*self.blocks[at].1)
    }

    fn missing(&self) -> impl Iterator<Item = Seq> {
        let printed = self.seqs.iter().zip(self.texts());
        printed.filter(|(_, text)| text.at.is_empty()).map(|(seq, _)| *seq)
    }
}

impl Block {
    fn empty(zone: &Zone) -> Block {
        Block { zone: zone.clone(), ends: [0; BLOCK_VERSIONS], json: Bytes::new() }
    }

    /// The same with these versions of it, in their order, and their texts.
    fn with(&self, fresh: &[(Seq, Range<usize>)], texts: &[u8]) -> Block {
        let bytes = fresh.iter().map(|(_, text)| text.len() + 1).sum::<usize>();
        let mut json = Vec::with_capacity(self.json.len() + bytes);
        let mut ends = [0; BLOCK_VERSIONS];
        let mut fresh = fresh.iter().rev().peekable();
        for (place, end) in ends.iter_mut().enumerate().rev() {
            let text = match fresh.next_if(|(seq, _)| place_of(*seq) == place) {
                Some((_, at)) => Text { json: texts, kept: None, at: at.clone() },
                None => self.text(place),
            };
            if !text.at.is_empty() {
                json.extend_from_slice(&text.json[text.at]);
                json.push(b',');
            }
            *end = json.len();
        }
        // Boxed, it takes no more than it is weighed as.
        Block { zone: self.zone.clone(), ends, json: json.into_boxed_slice().into() }
    }

    fn text(&self, place: usize) -> Text<'_> {
        let newer = self.ends.get(place + 1).copied().unwrap_or(0);
        let with_comma = newer..self.ends[place];
        let at = newer..with_comma.end - usize::from(!with_comma.is_empty());
        Text { json: &self.json, kept: Some(&self.json), at }
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

#[cfg(test)]
mod tests {
    use domain::Stamp;
    use proptest::prelude::*;
    use proptest::sample::{Index, subsequence};

    use super::*;
    use crate::envelope::Envelope;

    /// Texts of different lengths, so that one in the place of another shows. Those of a whole block are
    /// shared, those of a few neighbours are not.
    fn json(seq: Seq) -> String {
        format!("{{{}:{}}}", seq.0, "x".repeat(seq.0 as usize % 7 * 1_000))
    }

    fn fresh(seqs: &[Seq]) -> FreshRecords {
        let mut printer = Printer::default();
        for seq in seqs {
            let start = printer.json.len();
            printer.json.extend_from_slice(json(*seq).as_bytes());
            printer.records.push((*seq, start..printer.json.len()));
        }
        printer.done()
    }

    /// The records as they leave, in pieces.
    fn sent(printed: &Printed<'_>) -> Vec<String> {
        let mut success = Success::default();
        success.begin_member("records");
        printed.write(&mut success);
        let (root, response_date_time) = ("test", Stamp::from_millis(0).at_offset(0));
        let envelope = Envelope { root, response_date_time, content: Ok(success) };
        let text = |piece: &Bytes| String::from_utf8_lossy(piece).into_owned();
        envelope.into_json().iter().map(text).collect()
    }

    fn joined(printed: &Printed<'_>) -> String {
        let json = sent(printed).concat();
        let (_, records) = json.split_once("\"records\":").unwrap();
        records.strip_suffix("}}").unwrap().to_owned()
    }

    fn all_of(numbers: Range<u64>) -> Vec<Seq> {
        numbers.map(Seq).collect()
    }

    /// Keeps what is new in blocks, as [`Records::keep`] does.
    fn keep(blocks: &mut Vec<(u64, Arc<Block>)>, fresh: &FreshRecords) {
        for of_block in fresh.records.chunk_by(|(a, _), (b, _)| block_of(*a) == block_of(*b)) {
            let number = block_of(of_block[0].0);
            let found = blocks.binary_search_by_key(&number, |(number, _)| *number);
            let at = found.unwrap_or_else(|at| {
                blocks.insert(at, (number, Arc::new(Block::empty(&Zone::utc()))));
                at
            });
            blocks[at].1 = Arc::new(blocks[at].1.with(of_block, &fresh.json));
        }
    }

    #[test]
    fn a_page_of_neighbours_is_a_piece_for_each_block_and_two_around_them() {
        let mut seqs = all_of(16..48);
        let mut blocks = Vec::new();
        keep(&mut blocks, &fresh(&seqs));
        seqs.reverse();
        let printed = Printed { blocks, fresh: FreshRecords::default(), seqs: &seqs };
        assert_eq!(sent(&printed).len(), 1 + 2 + 1);
        assert_eq!(printed.copied_bytes(), 0);
        assert_eq!(
            joined(&printed),
            seqs.iter().map(|seq| json(*seq)).collect::<Vec<_>>().join(",")
        );
    }

    #[test]
    fn a_small_part_of_a_large_block_does_not_hold_it() {
        let mut printer = Printer::default();
        for seq in all_of(16..32) {
            let start = printer.json.len();
            printer.json.resize(start + 10_000, b'x');
            printer.records.push((seq, start..printer.json.len()));
        }
        let mut blocks = Vec::new();
        keep(&mut blocks, &printer.done());
        let pieces = |seqs: &[Seq]| {
            let printed = Printed { blocks: blocks.clone(), fresh: FreshRecords::default(), seqs };
            sent(&printed).len()
        };
        assert_eq!(pieces(&[Seq(20)]), 1);
        assert_eq!(pieces(&all_of(16..32).into_iter().rev().collect::<Vec<_>>()), 3);
    }

    proptest! {
        #[test]
        fn pieces_are_the_records_in_their_order(
            first in subsequence(all_of(1..64), 0..63),
            second in subsequence(all_of(1..64), 0..63),
            unkept in subsequence(all_of(1..64), 0..63),
            asked in proptest::collection::vec(any::<Index>(), 0..40),
            order in 0..4,
        ) {
            let mut blocks = Vec::new();
            keep(&mut blocks, &fresh(&first));
            keep(&mut blocks, &fresh(&second));
            let mut known: Vec<Seq> = [first, second, unkept.clone()].concat();
            known.sort_unstable();
            known.dedup();
            let mut seqs: Vec<Seq> = match known.is_empty() {
                true => Vec::new(),
                false => asked.iter().map(|index| *index.get(&known)).collect(),
            };
            match order {
                0 => seqs.sort_unstable(),
                1 => seqs.sort_unstable_by(|a, b| b.cmp(a)),
                2 => {}
                // A page of neighbours: whole blocks are shared.
                _ => seqs = known.into_iter().rev().collect(),
            }
            let printed = Printed { blocks, fresh: fresh(&unkept), seqs: &seqs };
            prop_assert_eq!(printed.missing().count(), 0);
            let expected: Vec<String> = seqs.iter().map(|seq| json(*seq)).collect();
            prop_assert_eq!(joined(&printed), expected.join(","));
        }
    }
}

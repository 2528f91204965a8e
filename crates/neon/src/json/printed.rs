//! Records as they leave, in memory: a version never changes (invariant 1), so that it is printed once and
//! sent from there from then on.
//!
//! Versions that lie side by side in the log are kept together, in blocks: they are mostly asked for
//! together, and finding each by itself would take longer than sending it. When there is no room left, a
//! block is only kept when it is asked for again: reading everything once, in large pages, must neither cost
//! the copying nor drive out what is read often.

use std::hash::{BuildHasher, RandomState};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::{OrgKey, Seq, Zone};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use service::{AskError, NoRoom, Service, Share, Tenant};
use tokio::sync::oneshot;

use super::ahead::{Page, PagesAhead};
use super::block::{BLOCK_VERSIONS, Block, block_of, place_of};
use super::fresh::{FreshRecords, Printer, RECORD_BYTES, Text};
use super::long::{LongRecords, WHOLE_BYTES_MAX};
use super::output::{Output, is_shared};

/// How many blocks are remembered as asked for, per block that there is room for.
const MARKS_PER_BLOCK: usize = 4;

/// A page whose records take more than that is not printed ahead, nor the one after it.
const AHEAD_BYTES_MAX: usize = 256 << 10;

/// The part of the cache that a block may take: a larger one would drive out too much that is read often.
const BLOCK_PART: u64 = 4;

/// Which block of an organization's log: the one with the versions from this multiple of
/// [`BLOCK_VERSIONS`] on.
type BlockKey = (OrgKey, u64);

/// Prints the versions at these positions, in addition to what there is already. Stops when that is much, and returns the
/// positions that are left.
async fn print_soon(
    service: &Service,
    org: &Tenant,
    zone: &Zone,
    seqs: &[Seq],
    fresh: FreshRecords,
) -> Result<(FreshRecords, Vec<Seq>), AskError> {
    let printer = Printer::after(fresh, seqs.len() * RECORD_BYTES);
    let (printer, left) = service.fold_versions(org, seqs, printer, Printer::prints(zone)).await?;
    Ok((printer.done(), left))
}

/// Prints what was left, which takes about so many bytes.
async fn print_left(
    service: &Service,
    org: &Tenant,
    zone: &Zone,
    left: Vec<Seq>,
    bytes: usize,
    fresh: FreshRecords,
) -> Result<FreshRecords, AskError> {
    let printer = Printer::after(fresh, bytes);
    Ok(service.fold_long(org, left, printer, Printer::prints(zone)).await?.done())
}

/// About what each of these records takes as JSON, without reading it: their stored form is JSON, too.
async fn lengths(service: &Service, org: &Tenant, seqs: &[Seq]) -> Result<Vec<usize>, AskError> {
    let stored = service.version_bytes(org, seqs.to_vec()).await?;
    Ok(stored.into_iter().map(|bytes| bytes + RECORD_BYTES).collect())
}

/// Prints a page that nobody has asked for yet. What is too large to be kept until then is printed by whoever asks.
async fn print_page_ahead(
    service: &Service,
    org: &Tenant,
    zone: &Zone,
    seqs: &[Seq],
) -> Result<FreshRecords, AskError> {
    let (mut fresh, left) = print_soon(service, org, zone, seqs, FreshRecords::default()).await?;
    if !left.is_empty() {
        let bytes = lengths(service, org, &left).await?.iter().sum();
        if fresh.json().len() + bytes > AHEAD_BYTES_MAX {
            return Err(NoRoom::Answers.into());
        }
        fresh = print_left(service, org, zone, left, bytes, fresh).await?;
    }
    Ok(if fresh.json().len() > AHEAD_BYTES_MAX { FreshRecords::default() } else { fresh })
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
    /// What follows these, if the page is long.
    rest: Option<LongRecords>,
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
        org: &Arc<Tenant>,
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
        let fresh = std::mem::take(&mut printed.fresh);
        let (fresh, left) = print_soon(service, org, zone, &missing, fresh).await?;
        printed.fresh = fresh;
        if !left.is_empty() {
            self.print_rest(&mut printed, service, org, zone, left, share).await?;
        }
        self.keep(org.key, zone, &printed);
        Ok(printed)
    }

    /// Prints what is left of a page, or leaves it to be printed while the page is sent, if it is long.
    async fn print_rest(
        &self,
        printed: &mut Printed<'_>,
        service: &Service,
        org: &Arc<Tenant>,
        zone: &Zone,
        left: Vec<Seq>,
        share: &mut Share,
    ) -> Result<(), AskError> {
        let at = printed.seqs.iter().position(|seq| left.binary_search(seq).is_ok()).unwrap_or(0);
        let (before, rest) = printed.seqs.split_at(at);
        let lengths = lengths(service, org, rest).await?;
        let bytes = lengths.iter().sum();
        let have = printed.fresh.json().len();
        if bytes <= WHOLE_BYTES_MAX {
            share.grow_to(have + bytes).await?;
            let fresh = std::mem::take(&mut printed.fresh);
            printed.fresh = print_left(service, org, zone, left, bytes, fresh).await?;
            return Ok(());
        }
        let rest = LongRecords::new(service, org, zone, rest.iter().copied().zip(lengths));
        share.grow_to(have + rest.step_bytes_max()).await?;
        (printed.seqs, printed.rest) = (before, Some(rest));
        Ok(())
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
        if missing.is_empty() || this.rest.is_some() || this_bytes > AHEAD_BYTES_MAX {
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
                let _ = done.send(print_page_ahead(&printing, &org, &zone, &missing).await);
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
        Printed { blocks, fresh: FreshRecords::default(), seqs, rest: None }
    }

    /// Keeps what has just been printed, as far as that is worth its place.
    fn keep(&self, org: OrgKey, zone: &Zone, printed: &Printed<'_>) {
        let (fresh, is_full) = (&printed.fresh, self.blocks.weight() >= self.full_from);
        for of_block in fresh.records().chunk_by(|(a, _), (b, _)| block_of(*a) == block_of(*b)) {
            let number = block_of(of_block[0].0);
            let bytes: usize = of_block.iter().map(|(_, text)| text.len()).sum();
            if bytes as u64 > self.block_bytes_max {
                continue;
            }
            let block = match printed.block(number) {
                Some(block) => block.with(of_block, fresh.json()),
                None if is_full && !self.recent_misses.insert((org, number)) => continue,
                None => Block::empty(zone).with(of_block, fresh.json()),
            };
            self.blocks.insert((org, number), Arc::new(block));
        }
    }
}

impl Printed<'_> {
    /// Goes on with the records, a comma between two.
    pub(super) fn write(mut self, out: &mut Output) {
        let rest = self.rest.take();
        let mut pieces = self.pieces().peekable();
        while let Some(piece) = pieces.next() {
            let comma = usize::from(rest.is_some() || pieces.peek().is_some());
            match piece.kept {
                Some(kept) => out.append(kept, piece.at.start..piece.at.end + comma),
                None => {
                    let text = out.written();
                    text.extend_from_slice(&piece.json[piece.at]);
                    text.extend_from_slice(&b","[..comma]);
                }
            }
        }
        drop(pieces);
        if let Some(rest) = rest {
            out.append_long(rest);
        }
    }

    /// How many bytes [`Printed::write`] copies at most.
    pub(crate) fn copied_bytes(&self) -> usize {
        let is_copied =
            |piece: &Text<'_>| !piece.kept.is_some_and(|kept| is_shared(kept, &piece.at));
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

fn page_from(org: &Tenant, zone: &Zone, seqs: &[Seq]) -> Option<Page> {
    let (first, last) = (*seqs.first()?, *seqs.last()?);
    Some(Page { org: org.key, zone: zone.clone(), first, last })
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use axum::body::Bytes;
    use proptest::prelude::*;
    use proptest::sample::{Index, subsequence};

    use super::*;
    use crate::json::Piece;

    /// Texts of different lengths, so that one in the place of another shows. Those of a whole block are
    /// shared, those of a few neighbours are not.
    fn json(seq: Seq) -> String {
        format!("{{{}:{}}}", seq.0, "x".repeat(seq.0 as usize % 7 * 1_000))
    }

    fn fresh(seqs: &[Seq]) -> FreshRecords {
        let mut printer = Printer::default();
        for seq in seqs {
            printer.add(*seq, |out| out.extend_from_slice(json(*seq).as_bytes()));
        }
        printer.done()
    }

    /// The records as they leave, in pieces.
    fn sent(printed: Printed<'_>) -> Vec<String> {
        let mut out = Output::with_room_for(0);
        printed.write(&mut out);
        let text = |piece: &Bytes| String::from_utf8_lossy(piece).into_owned();
        let (pieces, end) = out.finish(b"");
        let json = pieces.iter().map(|piece| match piece {
            Piece::Json(json) => text(json),
            Piece::Long(_) => panic!("the records are short"),
        });
        json.chain([text(&end)]).collect()
    }

    fn records_of(json: &str) -> &str {
        json.strip_suffix("}}").unwrap()
    }

    fn all_of(numbers: Range<u64>) -> Vec<Seq> {
        numbers.map(Seq).collect()
    }

    /// Keeps what is new in blocks, as [`Records::keep`] does.
    fn keep(blocks: &mut Vec<(u64, Arc<Block>)>, fresh: &FreshRecords) {
        for of_block in fresh.records().chunk_by(|(a, _), (b, _)| block_of(*a) == block_of(*b)) {
            let number = block_of(of_block[0].0);
            let found = blocks.binary_search_by_key(&number, |(number, _)| *number);
            let at = found.unwrap_or_else(|at| {
                blocks.insert(at, (number, Arc::new(Block::empty(&Zone::utc()))));
                at
            });
            blocks[at].1 = Arc::new(blocks[at].1.with(of_block, fresh.json()));
        }
    }

    #[test]
    fn a_page_of_neighbours_is_a_piece_for_each_block_and_one_behind_them() {
        let mut seqs = all_of(16..48);
        let mut blocks = Vec::new();
        keep(&mut blocks, &fresh(&seqs));
        seqs.reverse();
        let printed = Printed { blocks, fresh: FreshRecords::default(), seqs: &seqs, rest: None };
        assert_eq!(printed.copied_bytes(), 0);
        let pieces = sent(printed);
        assert_eq!(pieces.len(), 2 + 1);
        let records: Vec<String> = seqs.iter().map(|seq| json(*seq)).collect();
        assert_eq!(records_of(&pieces.concat()), records.join(","));
    }

    #[test]
    fn a_small_part_of_a_large_block_does_not_hold_it() {
        let mut printer = Printer::default();
        for seq in all_of(16..32) {
            printer.add(seq, |out| out.resize(out.len() + 10_000, b'x'));
        }
        let mut blocks = Vec::new();
        keep(&mut blocks, &printer.done());
        let pieces = |seqs: &[Seq]| {
            let printed = Printed {
                blocks: blocks.clone(),
                fresh: FreshRecords::default(),
                seqs,
                rest: None,
            };
            sent(printed).len()
        };
        assert_eq!(pieces(&[Seq(20)]), 1);
        assert_eq!(pieces(&all_of(16..32).into_iter().rev().collect::<Vec<_>>()), 2);
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
            let printed = Printed { blocks, fresh: fresh(&unkept), seqs: &seqs, rest: None };
            prop_assert_eq!(printed.missing().count(), 0);
            let expected: Vec<String> = seqs.iter().map(|seq| json(*seq)).collect();
            let sent = sent(printed).concat();
            prop_assert_eq!(records_of(&sent), expected.join(","));
        }
    }
}

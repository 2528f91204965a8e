//! Neighbours of the log as JSON, kept together.

use std::ops::Range;

use axum::body::Bytes;
use domain::{Seq, Zone};

use super::fresh::Text;

/// Versions of a block.
pub(crate) const BLOCK_VERSIONS: usize = 16;

/// The versions of a stretch of the log as JSON, as far as they have been asked for: the newest first, as
/// pages mostly have them, with a comma after each.
pub(crate) struct Block {
    /// The zone that times are shown in: that may be another one day.
    pub(crate) zone: Zone,
    /// Where each version's text and its comma end; where those of the next newer one do, it is not here.
    ends: [usize; BLOCK_VERSIONS],
    pub(crate) json: Bytes,
}

impl Block {
    pub(crate) fn empty(zone: &Zone) -> Block {
        Block { zone: zone.clone(), ends: [0; BLOCK_VERSIONS], json: Bytes::new() }
    }

    /// The same with these versions of it, in their order, and their texts.
    pub(crate) fn with(&self, fresh: &[(Seq, Range<usize>)], texts: &[u8]) -> Block {
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

    pub(crate) fn text(&self, place: usize) -> Text<'_> {
        let newer = self.ends.get(place + 1).copied().unwrap_or(0);
        let with_comma = newer..self.ends[place];
        let at = newer..with_comma.end - usize::from(!with_comma.is_empty());
        Text { json: &self.json, kept: Some(&self.json), at }
    }
}

pub(crate) fn block_of(seq: Seq) -> u64 {
    seq.0 / BLOCK_VERSIONS as u64
}

pub(crate) fn place_of(seq: Seq) -> usize {
    (seq.0 % BLOCK_VERSIONS as u64) as usize
}

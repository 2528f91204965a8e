//! JSON on its way out: what is written anew, and what is sent from where it is kept.

use std::ops::Range;

use super::long::LongRecords;
use axum::body::Bytes;

/// The room before a method's members, for what stands before them in the envelope: they are not copied
/// once more. No head is longer, since no root is.
pub(super) const HEAD_BYTES_MAX: usize = 320;

/// From so many bytes on, JSON that is kept may be sent from where it lies: less costs less to copy.
pub(super) const SHARED_BYTES_MIN: usize = 6 << 10;

/// A part of an answer.
pub(crate) enum Piece {
    Json(Bytes),
    /// What is printed when all before it has been taken.
    Long(Box<LongRecords>),
}

impl Piece {
    /// What it holds in memory, in bytes.
    pub(crate) fn bytes_held(&self) -> usize {
        match self {
            Piece::Json(json) => json.len(),
            Piece::Long(records) => records.step_bytes_max(),
        }
    }
}

/// An answer that is being written.
pub(super) struct Output {
    /// The room, and the method's own members, each with a comma before it: `,"activityId":7`.
    members: Vec<u8>,
    /// What is not among them but sent at this place of theirs.
    pieces: Vec<(usize, Piece)>,
}

impl Output {
    /// An answer whose members will take about so many bytes, without what is shared.
    pub(super) fn with_room_for(bytes: usize) -> Output {
        let mut members = Vec::with_capacity(HEAD_BYTES_MAX + bytes + 2);
        members.resize(HEAD_BYTES_MAX, b' ');
        Output { members, pieces: Vec::new() }
    }

    /// What has been written so far, for the caller to go on.
    pub(super) fn written(&mut self) -> &mut Vec<u8> {
        &mut self.members
    }

    /// Goes on with records that are printed while they are sent.
    pub(super) fn append_long(&mut self, records: LongRecords) {
        self.pieces.push((self.members.len(), Piece::Long(Box::new(records))));
    }

    /// Goes on with this part of JSON that is kept.
    pub(super) fn append(&mut self, kept: &Bytes, part: Range<usize>) {
        match is_shared(kept, &part) {
            true => self.pieces.push((self.members.len(), Piece::Json(kept.slice(part)))),
            false => self.members.extend_from_slice(&kept[part]),
        }
    }

    /// The whole answer with this head: pieces, and its end.
    pub(super) fn finish(mut self, head: &[u8]) -> (Vec<Piece>, Bytes) {
        let begin = HEAD_BYTES_MAX - head.len();
        self.members[begin..HEAD_BYTES_MAX].copy_from_slice(head);
        self.members.extend_from_slice(b"}}");
        in_pieces(&self.members.into(), begin, self.pieces)
    }
}

/// Whether a part of JSON that is kept is sent from where it lies. A small part of much is copied: until
/// it has been read, it would hold all of that in memory, of which the organization's room knows nothing.
pub(super) fn is_shared(kept: &Bytes, part: &Range<usize>) -> bool {
    part.len() >= SHARED_BYTES_MIN.max(kept.len() / 2)
}

/// A text from this place on, with the pieces between its parts.
fn in_pieces(text: &Bytes, mut begin: usize, between: Vec<(usize, Piece)>) -> (Vec<Piece>, Bytes) {
    let mut pieces = Vec::with_capacity(2 * between.len() + 2);
    for (place, piece) in between {
        if begin < place {
            pieces.push(Piece::Json(text.slice(begin..place)));
        }
        pieces.push(piece);
        begin = place;
    }
    (pieces, text.slice(begin..))
}

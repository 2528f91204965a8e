//! Fingerprints of activities, and their sums: how a mirror proves that it is equal.
//!
//! Both sides compute them by this file: the server from what it keeps, a mirror from the rows that it has written.
//! So a fingerprint covers what every mirror keeps, and nothing else: an instant without the offset that it was
//! written with, and no external id.

use std::ops::AddAssign;

use sha2::{Digest as _, Sha256};

use crate::{ActivityId, Priority, Stamp};

/// The most parts that a range can be divided into by one question for digests.
pub const DIGEST_PARTS_MAX: usize = 1_024;

/// What begins each fingerprint of an activity. Another form of fingerprints needs another one.
const THERE: &[u8] = b"driftless activity 1\0";

/// What begins each fingerprint of a removal.
const REMOVED: &[u8] = b"driftless removal 1\0";

/// An activity as mirrors keep it, borrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are those of an activity")]
pub struct Mirrored<'a> {
    pub id: ActivityId,
    pub subject: &'a str,
    /// Empty where there is none.
    pub note: &'a str,
    pub start: Stamp,
    pub end: Option<Stamp>,
    pub client: Option<i64>,
    pub system_user: Option<i64>,
    pub status: i64,
    pub status_name: &'a str,
    pub priority: Priority,
    pub created: Option<Stamp>,
    pub created_by: Option<&'a str>,
    /// `lastModifiedDateTime`.
    pub modified: Option<Stamp>,
    pub modified_by: Option<&'a str>,
    pub custom_fields: Vec<MirroredField<'a>>,
}

/// The value of a custom field, likewise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are those of a custom field")]
pub struct MirroredField<'a> {
    pub field_id: &'a str,
    pub value: Option<&'a str>,
    pub option_id: Option<&'a str>,
}

/// The SHA-256 of an activity, or of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a removal.
    #[must_use]
    pub fn of_removal(id: ActivityId) -> Fingerprint {
        let mut writer = Writer::new(REMOVED);
        writer.number(id.0);
        writer.done()
    }

    /// Of what no activity can be: somebody has changed a mirror's row. It is that of no activity.
    #[must_use]
    pub fn of_other(text: &str) -> Fingerprint {
        let mut writer = Writer::new(b"something else\0");
        writer.text(text);
        writer.done()
    }
}

impl Mirrored<'_> {
    /// The fingerprint: of all members, one after the other, each so that it cannot be taken for another.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut writer = Writer::new(THERE);
        writer.number(self.id.0);
        writer.text(self.subject);
        writer.text(self.note);
        writer.time(self.start);
        writer.optional(self.end, Writer::time);
        writer.optional(self.client, Writer::number);
        writer.optional(self.system_user, Writer::number);
        writer.number(self.status);
        writer.text(self.status_name);
        writer.text(self.priority.capitals());
        writer.optional(self.created, Writer::time);
        writer.optional(self.created_by, Writer::text);
        writer.optional(self.modified, Writer::time);
        writer.optional(self.modified_by, Writer::text);
        writer.length(self.custom_fields.len());
        for field in &self.custom_fields {
            writer.text(field.field_id);
            writer.optional(field.value, Writer::text);
            writer.optional(field.option_id, Writer::text);
        }
        writer.done()
    }
}

/// Writes values so that no two sequences of values give the same bytes.
struct Writer(Sha256);

impl Writer {
    fn new(kind: &[u8]) -> Writer {
        let mut hasher = Sha256::new();
        hasher.update(kind);
        Writer(hasher)
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    /// Milliseconds since 1970 UTC.
    fn time(&mut self, stamp: Stamp) {
        self.number(stamp.millis());
    }

    fn length(&mut self, length: usize) {
        self.0.update((length as u64).to_be_bytes());
    }

    /// The number of bytes, and the text in UTF-8.
    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.update(text);
    }

    /// A byte 1 and the value, or a byte 0.
    fn optional<T>(&mut self, value: Option<T>, write: fn(&mut Writer, T)) {
        self.0.update([u8::from(value.is_some())]);
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn done(self) -> Fingerprint {
        Fingerprint(self.0.finalize().into())
    }
}

/// How many activities there are in a set, and the sum of their fingerprints modulo 2²⁵⁶.
///
/// The order does not matter, and the digests of parts add up to that of the whole. A sum and not an exclusive or,
/// in which what is there twice would cancel itself out, and for which sets of equal value are a matter of solving
/// linear equations. It shows what went wrong; it does not protect from somebody who can write to both sides and
/// computes for that end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetDigest {
    /// How many.
    pub count: u64,
    /// The sum, the least significant part first.
    sum: [u64; 4],
}

impl SetDigest {
    /// The sum as 64 hexadecimal digits, the most significant first.
    #[must_use]
    pub fn hash(&self) -> String {
        let [a, b, c, d] = self.sum;
        format!("{d:016x}{c:016x}{b:016x}{a:016x}")
    }

    /// The digest of that count and [`hash`](SetDigest::hash); none if it is not written so.
    #[must_use]
    pub fn parse(count: u64, hash: &str) -> Option<SetDigest> {
        let is_written = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_written {
            return None;
        }
        let part = |at: usize| u64::from_str_radix(&hash[at..at + 16], 16).ok();
        Some(SetDigest { count, sum: [part(48)?, part(32)?, part(16)?, part(0)?] })
    }

    fn add(&mut self, count: u64, sum: [u64; 4]) {
        self.count = self.count.wrapping_add(count);
        let mut carry = false;
        for (limb, more) in self.sum.iter_mut().zip(sum) {
            let (added, over) = limb.overflowing_add(more);
            let (added, over_again) = added.overflowing_add(u64::from(carry));
            (*limb, carry) = (added, over || over_again);
        }
    }
}

impl AddAssign<SetDigest> for SetDigest {
    fn add_assign(&mut self, other: SetDigest) {
        self.add(other.count, other.sum);
    }
}

impl AddAssign<Fingerprint> for SetDigest {
    fn add_assign(&mut self, Fingerprint(bytes): Fingerprint) {
        let mut sum = [0; 4];
        // The first bytes are the most significant ones.
        for (limb, bytes) in sum.iter_mut().rev().zip(bytes.chunks_exact(8)) {
            *limb = bytes.iter().fold(0, |limb, byte| limb << 8 | u64::from(*byte));
        }
        self.add(1, sum);
    }
}

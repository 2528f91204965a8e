//! Records that have just been printed.

use std::ops::Range;

use axum::body::Bytes;
use domain::{Seq, Zone};
use service::StoredVersion;

use super::record;

/// About what a record takes as JSON besides its texts.
pub(crate) const RECORD_BYTES: usize = 512;

/// Versions that are being printed.
#[derive(Default)]
pub(crate) struct Printer {
    json: Vec<u8>,
    /// Where the text of each is.
    records: Vec<(Seq, Range<usize>)>,
}

impl Printer {
    /// Goes on after what has been printed, with room for so many bytes.
    pub(crate) fn after(fresh: FreshRecords, bytes: usize) -> Printer {
        let mut json = Vec::from(fresh.json);
        json.reserve_exact(bytes);
        Printer { json, records: fresh.records }
    }

    /// Prints a version in that zone; for [`service::Service::fold_versions`].
    pub(crate) fn prints(
        zone: &Zone,
    ) -> impl FnMut(&mut Printer, &StoredVersion<'_>) + Send + use<> {
        let zone = zone.clone();
        move |printer, version| printer.add(version.seq, |json| record::write(version, &zone, json))
    }

    /// Adds what this writes.
    pub(crate) fn add(&mut self, seq: Seq, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.json.len();
        write(&mut self.json);
        self.records.push((seq, start..self.json.len()));
    }

    pub(crate) fn done(mut self) -> FreshRecords {
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
    pub(crate) fn text(&self, seq: Seq) -> Text<'_> {
        let found = self.records.binary_search_by_key(&seq, |(seq, _)| *seq);
        let at = found.map_or(0..0, |at| self.records[at].1.clone());
        Text { json: &self.json, kept: None, at }
    }

    /// The text of all.
    pub(crate) fn json(&self) -> &Bytes {
        &self.json
    }

    /// Each version and where its text is, in the order of the log.
    pub(crate) fn records(&self) -> &[(Seq, Range<usize>)] {
        &self.records
    }
}

/// Where a version's text lies; nowhere, if it is empty.
pub(crate) struct Text<'a> {
    pub(crate) json: &'a [u8],
    /// The same, where it is kept: a comma stands after the text then.
    pub(crate) kept: Option<&'a Bytes>,
    pub(crate) at: Range<usize>,
}

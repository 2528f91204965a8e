//! What was read, kept on disk: memory holds only where each item is.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::Path;

use domain::{ActivityId, ExternalId, Imported, Member, Members, Stamp, Terms};
use thiserror::Error;

use crate::import::plan::{ImportPlan, Statuses};
use crate::import::row_problems::{RowProblem, RowProblems, same_external_id};

/// The temporary file of an import failed.
#[derive(Debug, Error)]
#[error("cannot use the import's temporary file: {0}")]
pub struct SpoolError(String);

impl From<std::io::Error> for SpoolError {
    fn from(error: std::io::Error) -> SpoolError {
        SpoolError(error.to_string())
    }
}

impl From<store::StoreError> for SpoolError {
    fn from(error: store::StoreError) -> SpoolError {
        SpoolError(error.to_string())
    }
}

/// Where an item is, and what it is sorted by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) stamp: Option<Stamp>,
    /// None for one that is to get an id.
    pub(crate) id: Option<ActivityId>,
    /// Which file it is from.
    pub(crate) file: u32,
    /// Of what it says: the same for what is the same.
    pub(crate) fingerprint: u64,
    /// Position in the file; items of later files come later.
    offset: u64,
    /// Zero for a removal.
    len: u32,
    pub(crate) named: Members,
    terms: Terms,
    /// Which row of its table it is; zero for none.
    row: u32,
}

impl Slot {
    /// Which of the files it is in, counted from 0.
    pub(crate) fn in_file(&self) -> usize {
        self.file.saturating_sub(1) as usize
    }

    /// Which row of its table it is.
    pub(crate) fn row(&self) -> Option<u64> {
        (self.row > 0).then_some(u64::from(self.row))
    }

    /// Whether it is a row of a table.
    pub(crate) fn is_row(&self) -> bool {
        matches!(self.terms, Terms::Table { .. })
    }

    pub(crate) fn is_removal(&self) -> bool {
        self.len == 0
    }

    /// What it takes in the file.
    pub(crate) fn bytes(&self) -> usize {
        self.len as usize
    }

    /// In which order it was read.
    pub(crate) fn read_at(&self) -> u64 {
        self.offset
    }

    /// The later of two slots of one activity is the one to keep: the one of the later time, whichever
    /// file it stands in. A removal without a time wins over everything, since the vendor's are for ever; a
    /// record without one gives way to whatever has one. Of two of one time the removal wins, and of
    /// two records the one that was read last.
    pub(crate) fn precedence(&self) -> (Option<ActivityId>, bool, Option<Stamp>, bool, u64) {
        let is_for_ever = self.is_removal() && self.stamp.is_none();
        (self.id, is_for_ever, self.stamp, self.is_removal(), self.offset)
    }
}

/// Takes in what is read, item by item.
pub struct Spool {
    file: BufWriter<File>,
    written: u64,
    files: u32,
    slots: Vec<Slot>,
    statuses: Statuses,
    /// The slots of new activities that have an id in another system.
    external_ids: HashMap<ExternalId, usize>,
    /// Rows of new activities that contradict an earlier one.
    problems: RowProblems,
}

impl Spool {
    /// A spool whose file is in this folder, without a name.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn new(folder: &Path) -> Result<Spool, SpoolError> {
        let file = BufWriter::new(tempfile::tempfile_in(folder)?);
        Ok(Spool {
            file,
            written: 0,
            files: 0,
            slots: Vec::new(),
            statuses: Statuses::default(),
            external_ids: HashMap::new(),
            problems: RowProblems::default(),
        })
    }

    /// Takes in a file: `read` reads it and hands over its items. `each` hears how many have come with each of them,
    /// before it is kept, and may end the reading.
    ///
    /// # Errors
    /// When an item cannot be kept, or when `each` ends the reading.
    pub fn take_file<R, E: From<SpoolError>>(
        &mut self,
        each: &mut dyn FnMut(u64) -> Result<(), E>,
        read: impl FnOnce(&mut dyn FnMut(Imported) -> ControlFlow<()>) -> R,
    ) -> Result<R, E> {
        self.files += 1;
        let (mut items, mut failed) = (0, None);
        let done = read(&mut |item| {
            items += 1;
            match each(items).and_then(|()| Ok(self.push(&item)?)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        failed.map_or(Ok(done), Err)
    }

    /// Sets an item aside.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn push(&mut self, item: &Imported) -> Result<(), SpoolError> {
        let (stamp, id, offset) = (item.stamp(), item.id(), self.written);
        let mut slot = Slot {
            stamp,
            id,
            offset,
            file: self.files,
            fingerprint: 0,
            len: 0,
            named: Members::ALL,
            terms: Terms::Exact,
            row: 0,
        };
        if let Imported::Record { activity, named, terms, row, .. } = item {
            (slot.named, slot.terms) = (*named, *terms);
            slot.row = row.and_then(|row| u32::try_from(row).ok()).unwrap_or_default();
            if named.has(Member::StatusName) {
                self.statuses.see(activity.status, &activity.status_name, slot.stamp);
            }
            let document = store::encode(activity)?;
            let mut hasher = DefaultHasher::new();
            (&document, stamp, *named).hash(&mut hasher);
            slot.fingerprint = hasher.finish();
            self.file.write_all(document.as_bytes())?;
            slot.len = u32::try_from(document.len()).map_err(|e| SpoolError(e.to_string()))?;
            self.written += u64::from(slot.len);
        }
        self.take(slot, item.external_id());
        Ok(())
    }

    /// Of new activities with one external id, a file may have only one, and of several files the last counts.
    fn take(&mut self, slot: Slot, external_id: Option<&ExternalId>) {
        let at = self.slots.len();
        if let (None, Some(id)) = (slot.id, external_id) {
            match self.external_ids.get(id).and_then(|at| self.slots.get_mut(*at)) {
                Some(same) if same.file == slot.file && same.fingerprint != slot.fingerprint => {
                    let (file, row, earlier) = (slot.in_file(), slot.row(), same.row());
                    let problem = same_external_id(id, earlier);
                    self.problems.add(|| RowProblem { file, row, problem });
                    return;
                }
                Some(earlier) => {
                    *earlier = slot;
                    return;
                }
                None => {
                    self.external_ids.insert(id.clone(), at);
                }
            }
        }
        self.slots.push(slot);
    }

    /// Everything has been read: orders it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> Result<ImportPlan, SpoolError> {
        let file = self.file.into_inner().map_err(|e| SpoolError(e.to_string()))?;
        let file = SpoolFile(BufReader::new(file));
        ImportPlan::new(file, self.slots, self.statuses, self.problems)
    }
}

/// The spool's file, to be read back.
pub(crate) struct SpoolFile(BufReader<File>);

impl SpoolFile {
    pub(crate) fn read(&mut self, slot: &Slot) -> Result<Imported, SpoolError> {
        if let (true, Some(id)) = (slot.is_removal(), slot.id) {
            return Ok(Imported::Removed { id, at: slot.stamp });
        }
        // Mostly the next item lies right behind: a relative seek keeps the buffer.
        let position = self.0.stream_position()?;
        let distance = i64::try_from(i128::from(slot.offset) - i128::from(position));
        match distance {
            Ok(distance) => self.0.seek_relative(distance)?,
            Err(_) => self.0.seek(SeekFrom::Start(slot.offset)).map(|_| ())?,
        }
        let mut document = vec![0; slot.len as usize];
        self.0.read_exact(&mut document)?;
        let text = String::from_utf8(document).map_err(|e| SpoolError(e.to_string()))?;
        let activity = Box::new(store::decode(&text)?);
        let Slot { id, stamp, named, terms, .. } = *slot;
        Ok(Imported::Record { id, stamp, named, terms, row: slot.row(), activity })
    }
}

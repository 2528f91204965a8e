//! `csv:FILE`: the activities that are there, as one CSV file that is replaced as a whole.
//!
//! A database next to it, `FILE.mirror`, has what the file has and how far the mirror has come. At the end of each run
//! that has changed something, the file is written from it again, under another name, and then renamed: a reader
//! sees the whole of one run or of the one before.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use domain::ActivityId;

use super::next_to;
use super::{Applied, Batch, Rows, SqliteTarget, Target, TargetError};
use crate::columns::{COLUMNS, Value};
use crate::{RunNote, State};

/// Rows that are copied at once.
const ROWS_MAX: u32 = 1_000;

/// A CSV file.
pub struct CsvTarget {
    file: PathBuf,
    database: SqliteTarget,
    /// Whether the file may lack what the database has.
    is_behind: bool,
}

impl CsvTarget {
    /// Opens the file, or makes it with the first run.
    ///
    /// # Errors
    /// When the database next to it cannot be opened, or there is a file of that name that no mirror has made.
    pub fn open(file: &Path) -> Result<CsvTarget, TargetError> {
        let foreign = || {
            TargetError::Failed {
            target: format!("csv:{}", file.display()),
            problem: "there is a file of that name that no mirror has made: move it away, or give another name".to_owned(),
        }
        };
        let state = next_to(file, ".mirror");
        if file.exists() && !state.exists() {
            return Err(foreign());
        }
        let mut database = SqliteTarget::open(&state)?;
        let noted = database.note("csv")?;
        if file.exists() && noted.is_none() {
            return Err(foreign());
        }
        let is_behind = noted.is_none() || noted != written(file);
        Ok(CsvTarget { file: file.to_owned(), database, is_behind })
    }

    fn write(&mut self) -> Result<(), WriteError> {
        let new = next_to(&self.file, ".new");
        let mut rows = csv::WriterBuilder::new()
            .quote_style(csv::QuoteStyle::Always)
            .from_writer(BufWriter::new(File::create(&new)?));
        rows.write_record(COLUMNS.map(|column| column.name))?;
        let mut after = ActivityId(i64::MIN);
        loop {
            let page = self.database.rows_after(after, ROWS_MAX)?;
            for values in &page {
                rows.write_record(values.iter().map(cell))?;
            }
            match page.last().map(|values| &values[0]) {
                Some(Value::Number(id)) => after = ActivityId(*id),
                _ => break,
            }
        }
        let buffered = rows.into_inner().map_err(csv::IntoInnerError::into_error)?;
        buffered.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&new, &self.file)?;
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        Ok(File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?)
    }
}

impl Target for CsvTarget {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        self.database.state()
    }

    fn rows(&mut self) -> Option<&mut dyn Rows> {
        Some(&mut self.database)
    }

    fn keep_run(&mut self, run: &RunNote) -> Result<(), TargetError> {
        self.database.keep_run(run)
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        let differs = |applied: Applied| applied.written + applied.removed > 0;
        let behind = |applied| differs(applied).then(|| ("csv", "behind".to_owned()));
        let applied = self.database.apply_noting(batch, behind)?;
        self.is_behind |= differs(applied);
        Ok(applied)
    }

    fn finish(&mut self) -> Result<(), TargetError> {
        self.database.finish()?;
        self.is_behind |= self.database.note("csv")? != written(&self.file);
        if self.is_behind {
            self.write().map_err(|error| error.told(&self.file))?;
            self.database.set_note("csv", &written(&self.file).unwrap_or_default())?;
            self.is_behind = false;
        }
        Ok(())
    }
}

/// What is noted of a file that was written: its length in bytes and its time in nanoseconds, so that a file that
/// somebody else has changed is written again. None if there is none.
fn written(file: &Path) -> Option<String> {
    let metadata = file.metadata().ok()?;
    let time = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("written {} {}", metadata.len(), time.as_nanos()))
}

/// Why the file was not written.
enum WriteError {
    Target(TargetError),
    Other(String),
}

impl WriteError {
    fn told(self, file: &Path) -> TargetError {
        match self {
            WriteError::Target(error) => error,
            WriteError::Other(problem) => {
                TargetError::Failed { target: format!("csv:{}", file.display()), problem }
            }
        }
    }
}

impl From<TargetError> for WriteError {
    fn from(error: TargetError) -> WriteError {
        WriteError::Target(error)
    }
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> WriteError {
        WriteError::Other(error.to_string())
    }
}

impl From<csv::Error> for WriteError {
    fn from(error: csv::Error) -> WriteError {
        WriteError::Other(error.to_string())
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Time(stamp) => stamp.at_offset(0).to_string(),
    }
}

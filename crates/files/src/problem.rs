//! What can be wrong with a file, and where in it.

use std::fmt;
use std::io;

use domain::{ActivityId, Stamp, StatusId, TextError};
use thiserror::Error;

use super::Summary;
use super::object::message;
use super::table::Lacking;

/// The most problems of one file that are told in full; the rest are counted.
pub const PROBLEMS_SHOWN_MAX: usize = 20;

/// The most lines beyond the first that are told of one problem.
const FURTHER_LINES_MAX: usize = 4;

/// The most characters of a faulty value that a message shows.
const SHOWN_CHARS_MAX: usize = 60;

/// Why a file was not taken.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file could not be read to its end.
    #[error("{name}: {source}")]
    Io {
        /// The file.
        name: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file was read and is not right.
    #[error("{}", Listed { name, problems, more: *more, way_out: |_| "" })]
    Problems {
        /// The file.
        name: String,
        /// The first of them, at most [`PROBLEMS_SHOWN_MAX`], in the file's order.
        problems: Vec<Problem>,
        /// How many more there are.
        more: u64,
        /// Whether any of them, shown or not, has the way out to add what is missing.
        can_be_added: bool,
        /// What was read all the same.
        summary: Box<Summary>,
    },
}

/// What an import can be told so that a problem goes away. Each door words it in its own way: the command line names
/// an option, a page its control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// In which order dates with slashes are written.
    Dates,
    /// Which members the columns of a table are.
    Columns,
    /// To add what is named and not here.
    AddMissing,
}

impl ReadError {
    /// What went wrong, each problem with the way out as this door words it; the wording begins with what separates it.
    #[must_use]
    pub fn told(&self, way_out: fn(WayOut) -> &'static str) -> String {
        match self {
            ReadError::Io { .. } => self.to_string(),
            ReadError::Problems { name, problems, more, .. } => {
                Listed { name, problems, more: *more, way_out }.to_string()
            }
        }
    }

    /// Whether adding what the file names and what is not here helps against any of its problems.
    #[must_use]
    pub fn can_be_added(&self) -> bool {
        let ReadError::Problems { can_be_added, .. } = self else { return false };
        *can_be_added
    }

    /// The same, after which so much was read.
    pub(super) fn after(self, read: Summary) -> ReadError {
        match self {
            ReadError::Problems { name, problems, more, can_be_added, .. } => {
                let summary = Box::new(read);
                ReadError::Problems { name, problems, more, can_be_added, summary }
            }
            other => other,
        }
    }
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line on which the faulty value starts, or, if it is missing, the record that lacks it. Of a
    /// table it is the row, as spreadsheets number it. Zero for all of the file.
    pub line: u64,
    /// Whether the file is a table.
    pub is_row: bool,
    /// Further lines with the very same problem, at most a few: one name that is not here may be in many.
    pub further: Vec<u64>,
    /// How many times there is this problem.
    pub times: u64,
    /// What is wrong.
    pub fault: Fault,
}

impl Problem {
    /// The lines that have it: `7`, or `7, 8, 12, 13, 20 and 44 more`; nothing where it is the whole file.
    #[must_use]
    pub fn lines(&self) -> String {
        if self.line == 0 {
            return String::new();
        }
        let further: String = self.further.iter().map(|line| format!(", {line}")).collect();
        match self.times - 1 - self.further.len() as u64 {
            0 => format!("{}{further}", self.line),
            more => format!("{}{further} and {more} more", self.line),
        }
    }

    /// Where in the file it is, as it follows the file's name: `, row 7`.
    fn place(&self) -> String {
        let (what, plural) =
            (if self.is_row { "row" } else { "line" }, if self.times > 1 { "s" } else { "" });
        match self.lines() {
            lines if lines.is_empty() => lines,
            lines => format!(", {what}{plural} {lines}"),
        }
    }
}

/// What is wrong at some place of a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// A required member is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A member has a value that it cannot have.
    #[error("{member} is {value}, expected {expected}")]
    Value {
        /// The member.
        member: &'static str,
        /// The beginning of what the file has.
        value: String,
        /// What it should have.
        expected: &'static str,
    },
    /// A member has a text that cannot be kept.
    #[error("{member} {error}")]
    Text {
        /// The member.
        member: &'static str,
        /// What is wrong with the text.
        error: TextError,
    },
    /// A member has a time outside of those that can be kept.
    #[error(
        "{member} is {value}, expected a time from {} to {}",
        Stamp::MIN.at_offset(0),
        Stamp::MAX.at_offset(0)
    )]
    Beyond {
        /// The member.
        member: &'static str,
        /// What the file has.
        value: String,
    },
    /// A member has a number that a spreadsheet has rounded.
    #[error(
        "{member} is {value}: a spreadsheet has rounded it. Format the column as text before you enter the numbers"
    )]
    Rounded {
        /// The member.
        member: &'static str,
        /// What the file has.
        value: String,
    },
    /// A date that may be one of two.
    #[error("{member} is {value}: does the day or the month come first?")]
    UnclearDate {
        /// The member.
        member: &'static str,
        /// What the file has.
        value: String,
    },
    /// A time with an offset in a column whose name says another time zone.
    #[error(
        "{member} is {value}, but the column has times of {zone}: write the time without an offset, or take {zone} out of the column's name"
    )]
    OtherOffset {
        /// The member.
        member: &'static str,
        /// What the file has.
        value: String,
        /// The time zone.
        zone: String,
    },
    /// A local time that no clock shows.
    #[error("{member} is {value}: clocks in {zone} skip that hour")]
    Skipped {
        /// The member.
        member: &'static str,
        /// What the file has.
        value: String,
        /// The time zone.
        zone: String,
    },
    /// A name that is not here.
    #[error("{member} is {name:?}, which does not exist here")]
    UnknownName {
        /// The member.
        member: &'static str,
        /// The name.
        name: String,
    },
    /// The id of a status that is not here, without its name: nothing can be added by an id alone.
    #[error("activityStatus.id is {id}, which does not exist here: give the name of the status")]
    NamelessStatus {
        /// The id.
        id: StatusId,
    },
    /// A name that several have.
    #[error("{member} is {name:?}: several have that name, give the number")]
    AmbiguousName {
        /// The member.
        member: &'static str,
        /// The name.
        name: String,
    },
    /// An id of another system that another activity has here.
    #[error("{external_id} is activity {id} here, but activityId is {given}: clear one of them")]
    ExternalIdTaken {
        /// The id in the other system.
        external_id: String,
        /// Which activity has it.
        id: ActivityId,
        /// Which one the row names.
        given: ActivityId,
    },
    /// What is here could not be looked up.
    #[error("it cannot be looked up whether this activity is here: {0}")]
    Unavailable(String),
    /// A number and a name that belong to different accounts or people.
    #[error(
        "{id_member} {id} is {name_of_id:?}, but {name_member} is {name:?}: clear {id_member} to use the name, or {name_member} to keep the number"
    )]
    Disagree {
        /// The member that has the number.
        id_member: &'static str,
        /// The number.
        id: i64,
        /// Whose it is.
        name_of_id: String,
        /// The member that has the name.
        name_member: &'static str,
        /// The name.
        name: String,
    },
    /// A number that the import has given to a new account or person.
    #[error(
        "{member} is {id}, which another row's {name:?} has got as a new number: put the name into this row too, or import accounts and people first"
    )]
    NumberOfNew {
        /// The member that has the number.
        member: &'static str,
        /// The number.
        id: i64,
        /// The name that has got it.
        name: String,
    },
    /// More custom fields than an activity may have.
    #[error("{member} has {has} {what}; the maximum is {max}")]
    TooMany {
        /// The member.
        member: &'static str,
        /// Of what.
        what: &'static str,
        /// How many it has.
        has: usize,
        /// How many it may have.
        max: usize,
    },
    /// Something that should be an object and is none that can be read.
    #[error("{member}: {error}")]
    Object {
        /// The member.
        member: &'static str,
        /// What is wrong.
        error: String,
    },
    /// Not JSON: nothing after it is read.
    #[error("this is not valid JSON: {0}")]
    Syntax(String),
    /// A JSON value that the end of the file cuts off.
    #[error("the JSON that starts here does not end: is the file incomplete?")]
    CutOff,
    /// A JSON value that does not end within
    /// [`VALUE_BYTES_MAX`](super::VALUE_BYTES_MAX).
    #[error("the value that starts here is larger than 1 GiB: put each record on its own line")]
    TooLarge,
    /// An answer of another method.
    #[error(
        "{0} contains no activities: expected syncActivitiesResponse, listActivitiesResponse or retrieveActivityResponse"
    )]
    Answer(String),
    /// An answer that reports a failure.
    #[error("{root} reports a failure: {errors}")]
    Failed {
        /// The answer's one root member.
        root: String,
        /// What it says.
        errors: String,
    },
    /// A header row without any column that is known.
    #[error(
        "the first row names none of the columns of an activity: expected JSON, a workbook (.xlsx, .ods), or CSV with commas, semicolons or tabs, whose first row has names like activityId, subject and startDateTime. It has: {header}"
    )]
    Columns {
        /// The names of its columns.
        header: String,
    },
    /// A header row without columns that new activities need, of a table whose rows can be nothing but new activities.
    #[error(
        "the first row has no column for {columns}, and no activityId: new activities need subject, startDateTime, activityStatus.name and activityPriority. It has: {header}"
    )]
    LackingColumns {
        /// The columns.
        columns: String,
        /// The names of those that it has.
        header: String,
    },
    /// A file without anything in it.
    #[error("the file is empty")]
    Empty,
    /// A file that is neither text nor a workbook.
    #[error(
        "this is not a table: expected a workbook (.xlsx, .ods), CSV, or saved answers or exports (JSON, JSON lines)"
    )]
    NoTable,
    /// The same of a file of accounts.
    #[error(
        "the header row does not have {0}: expected a workbook (.xlsx, .ods) or a CSV file with commas, semicolons or tabs, with the column name and, optionally, id"
    )]
    AccountColumns(String),
    /// The same of a file of users.
    #[error(
        "the header row does not have {0}: expected a CSV file with commas, semicolons or tabs, with the column name and, optionally, id, role and login"
    )]
    UserColumns(String),
    /// A header row that names a column twice.
    #[error("the header row has {0} twice")]
    ColumnTwice(&'static str),
    /// A row with more cells than the header row.
    #[error(
        "this row has {cells} cells, but the header row has {columns}: a comma, semicolon or tab inside a text has split it. Put such texts in quotation marks"
    )]
    Cells {
        /// The row's cells, up to the last that has something in it.
        cells: usize,
        /// The header's.
        columns: usize,
    },
    /// A cell with a formula that has no value.
    #[error(
        "column {column} has a formula that was never calculated: open the workbook in a spreadsheet and save it, or let the program that wrote it write text"
    )]
    Uncalculated {
        /// The column, counted from 1.
        column: usize,
    },
    /// A cell that shows an error.
    #[error(
        "column {column} shows the error {shows}: correct the formula, or replace it with a value"
    )]
    CellError {
        /// The column, counted from 1.
        column: usize,
        /// What it shows.
        shows: String,
    },
    /// A quoted cell that nothing closes.
    #[error("a quoted cell in this row is not closed before the end of the file")]
    Unclosed,
    /// A row beyond [`ROW_BYTES_MAX`](super::ROW_BYTES_MAX).
    #[error("this row is larger than 16 MiB: is a quotation mark missing?")]
    RowTooLarge,
    /// Bytes that are no text.
    #[error("this is not UTF-8: save the file as CSV with the encoding Unicode (UTF-8)")]
    Encoding,
    /// UTF-8 that a program has taken for Windows-1252 and saved again.
    #[error(
        "the file was opened as Western European (Windows-1252) and saved with wrong letters: open the original again as Unicode (UTF-8)"
    )]
    OpenedAsWestern,
    /// A workbook that cannot be read.
    #[error("cannot read this workbook: {0}")]
    Workbook(String),
    /// A workbook of an old form, or with a password.
    #[error("this is an .xls workbook, or it has a password: save it as .xlsx without a password")]
    OldWorkbook,
    /// A workbook that would take too much room.
    #[error("this workbook is too large: save the sheet as CSV, or split it")]
    WorkbookTooLarge,
    /// A workbook whose sheets are all hidden.
    #[error("all sheets of this workbook are hidden")]
    NoSheet,
}

impl Fault {
    /// What the import can be told so that it goes away.
    #[must_use]
    pub fn way_out(&self) -> Option<WayOut> {
        match self {
            Fault::UnclearDate { .. } => Some(WayOut::Dates),
            Fault::Columns { .. } | Fault::LackingColumns { .. } => Some(WayOut::Columns),
            Fault::UnknownName { .. } => Some(WayOut::AddMissing),
            _ => None,
        }
    }

    /// That a table of activities lacks columns.
    pub(super) fn columns(lacking: &Lacking) -> Fault {
        /// The most names of columns that a message has.
        const HEADER_MAX: usize = 30;
        let names = lacking.header.iter().take(HEADER_MAX).map(|name| shown(name));
        let more = if lacking.header.len() > HEADER_MAX { ", …" } else { "" };
        let header = format!("{}{more}", names.collect::<Vec<_>>().join(", "));
        match lacking.knows_some {
            false => Fault::Columns { header },
            true => Fault::LackingColumns { columns: lacking.columns.join(", "), header },
        }
    }

    /// Whether it is a name or an id that is not here, which may be in very many rows.
    fn is_of_name(&self) -> bool {
        matches!(
            self,
            Fault::UnknownName { .. } | Fault::AmbiguousName { .. } | Fault::NamelessStatus { .. }
        )
    }

    /// That the member has this value and should have another.
    pub(super) fn value(member: &'static str, value: &str, expected: &'static str) -> Fault {
        Fault::Value { member, value: shown(value), expected }
    }

    /// That the member should be an object, and why this value is none.
    pub(super) fn object(
        member: &'static str,
        value: &str,
        error: &serde_json::Error,
        expected: &'static str,
    ) -> Fault {
        if value.starts_with('{') {
            return Fault::Object { member, error: message(error) };
        }
        Fault::value(member, value, expected)
    }
}

/// The beginning of a piece of the file, on one line.
pub(super) fn shown(value: &str) -> String {
    let mut chars = value.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = chars.by_ref().take(SHOWN_CHARS_MAX).collect();
    shown.extend(chars.next().map(|_| '…'));
    shown
}

/// A file's problems, one a line.
struct Listed<'a> {
    name: &'a str,
    problems: &'a [Problem],
    more: u64,
    way_out: fn(WayOut) -> &'static str,
}

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            let way_out = problem.fault.way_out().map_or("", self.way_out);
            let Problem { fault, .. } = problem;
            write!(f, "{separator}{}{}: {fault}{way_out}", self.name, problem.place())?;
        }
        match self.more {
            0 => Ok(()),
            1 => write!(f, "\n{}: and 1 more problem", self.name),
            more => write!(f, "\n{}: and {more} more problems", self.name),
        }
    }
}

/// The problems found so far: the first in full, the others counted.
#[derive(Debug, Default)]
pub(super) struct Problems {
    shown: Vec<Problem>,
    more: u64,
    can_be_added: bool,
    are_of_rows: bool,
}

impl Problems {
    /// Those of a table.
    pub(super) fn of_rows() -> Problems {
        Problems { are_of_rows: true, ..Problems::default() }
    }

    /// The file is a table.
    pub(super) fn are_of_rows(&mut self) {
        self.are_of_rows = true;
    }

    /// Adds one. Its line is asked for only if it will be shown: finding it is slow.
    pub(super) fn add(&mut self, line: impl FnOnce() -> u64, fault: Fault) {
        self.can_be_added |= fault.way_out() == Some(WayOut::AddMissing);
        let same = self.shown.iter_mut().find(|shown| fault.is_of_name() && shown.fault == fault);
        if let Some(same) = same {
            same.times += 1;
            if same.further.len() < FURTHER_LINES_MAX {
                same.further.push(line());
            }
        } else if self.shown.len() < PROBLEMS_SHOWN_MAX {
            let (line, is_row, further) = (line(), self.are_of_rows, Vec::new());
            self.shown.push(Problem { line, is_row, further, times: 1, fault });
        } else {
            self.more += 1;
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.shown.len() as u64 + self.more
    }

    /// What is wrong, without lines; none if nothing.
    pub(super) fn in_one_line(&self) -> Option<String> {
        let faults: Vec<String> =
            self.shown.iter().map(|problem| problem.fault.to_string()).collect();
        (!faults.is_empty()).then(|| faults.join("; "))
    }

    /// All is well, or it is not.
    pub(super) fn verdict(self, name: &str) -> Result<(), ReadError> {
        if self.shown.is_empty() {
            return Ok(());
        }
        let Problems { shown: problems, more, can_be_added, .. } = self;
        let (name, summary) = (name.to_owned(), Box::default());
        Err(ReadError::Problems { name, problems, more, can_be_added, summary })
    }
}

/// A stretch of the file, and the line on which it starts: from it follows the line of everything
/// that borrows from it, so that lines are counted only where something is wrong.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) text: &'a str,
    pub(super) first_line: u64,
}

impl Place<'static> {
    /// A row of a table, whose cells are all in that row.
    pub(super) fn row(number: u64) -> Place<'static> {
        Place { text: "", first_line: number }
    }
}

impl Place<'_> {
    /// The line on which `part`, which borrows from this stretch, starts.
    pub(super) fn line_of(&self, part: &str) -> u64 {
        let offset = (part.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        let before = offset.and_then(|offset| self.text.as_bytes().get(..offset));
        self.first_line + before.map_or(0, newlines)
    }
}

/// How many line ends the bytes have.
pub(super) fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

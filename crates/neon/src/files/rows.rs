//! Activities in a table: a record a row.

use std::io;
use std::ops::ControlFlow;

use domain::{Imported, Members, Terms};

use super::Intake;
use super::cells::CellReading;
use super::fields::{Column, Fields, NAMES};
use super::problem::{Fault, Place};
use super::source::Source;
use super::table::{self, Columns, CsvRows, Row, Said, WorkbookForm};
use super::value::Form;

const COLUMNS: usize = NAMES.len();

/// Reads a table: CSV or a workbook.
pub(super) fn read(source: Source<'_>, intake: &mut Intake<'_>) -> io::Result<()> {
    let names = intake.reading.columns;
    let find = |name: &str| names.find(name).map(|column| column as usize);
    let columns = Columns {
        names: NAMES,
        find: &find,
        is_time: Column::is_time,
        required: &[],
        lacking: Fault::Columns,
    };
    match source {
        Source::Csv { mut text, line, is_marked } => {
            let mut rows = CsvRows::new(&mut text, line, is_marked, &columns)?;
            table::read(&mut rows, &columns, &mut |said| take(said, false, intake))
        }
        Source::Workbook(workbook) => {
            workbook.read(&columns, &mut |said, form| take(said, form == WorkbookForm::Ods, intake))
        }
        Source::Empty | Source::Json(..) => Ok(()),
    }
}

fn take(said: Said<'_, COLUMNS>, loses_tabs: bool, intake: &mut Intake<'_>) -> ControlFlow<()> {
    match said {
        Said::Row(row) => read_row(&row, loses_tabs, intake),
        Said::Other(name) => {
            intake.summary.ignored.add(name);
            ControlFlow::Continue(())
        }
        Said::Fault(line, fault) => {
            intake.problems.add(|| line, fault);
            ControlFlow::Continue(())
        }
    }
}

fn read_row(row: &Row<'_, COLUMNS>, loses_tabs: bool, intake: &mut Intake<'_>) -> ControlFlow<()> {
    let Row { whole, first_line, values, zones } = *row;
    let reading = &mut intake.reading;
    let mut cells = CellReading {
        zone: reading.zone,
        dates: reading.dates,
        names: &mut *reading.names,
        zones,
        twice: &mut intake.summary.twice,
        unsaid: &mut intake.summary.unsaid,
    };
    let fields = Fields {
        form: Form::Cell,
        place: Place { text: whole, first_line },
        whole,
        values,
        members: Members::NONE,
        cells: Some(&mut cells),
        problems: &mut intake.problems,
        ignored: &mut intake.summary.ignored,
    };
    match fields.read(reading.now) {
        Some(mut imported) => {
            if let Imported::Record { terms: Terms::Table { loses_tabs: loses, .. }, .. } =
                &mut imported
            {
                *loses = loses_tabs;
            }
            intake.take(imported)
        }
        None => ControlFlow::Continue(()),
    }
}

//! Activities in a table: a record a row.

use std::io;
use std::ops::ControlFlow;

use csv::StringRecord;
use domain::{Imported, Members, Terms, Zone};

use super::Intake;
use super::cells::CellReading;
use super::column::{COLUMN_COUNT, COLUMN_NAMES, Column};
use super::fields::Fields;
use super::foreign::ForeignRow;
use super::layouts::Layout;
use super::other_system::OtherSystem;
use super::problem::{Fault, Place};
use super::recognised::HeaderNames;
use super::source::Source;
use super::table::{self, Columns, CsvRows, Row, Said, WorkbookForm};
use super::value::Form;

/// Reads a table: CSV or a workbook.
pub(super) fn read(source: Source<'_>, intake: &mut Intake<'_>) -> io::Result<()> {
    intake.problems.are_of_rows();
    let names = HeaderNames::new(intake.reading.columns);
    let look_at = |header: &StringRecord| names.look_at(header);
    let find = |name: &str| names.find(name).map(Column::place);
    let is_said = |name: &str| names.is_said(name);
    let columns = Columns {
        names: COLUMN_NAMES,
        look_at: &look_at,
        find: &find,
        is_said: &is_said,
        is_time: Column::is_time,
        lacks: &|has| names.lacks(has),
        lacking: Fault::columns,
    };
    match source {
        Source::Csv { mut text, line, is_marked } => {
            let mut rows = CsvRows::new(&mut text, line, is_marked, &columns)?;
            table::read(&mut rows, &columns, &mut |said| take(said, false, &names, intake))
        }
        Source::Workbook(workbook) => workbook.read(&columns, &mut |said, form| {
            take(said, form == WorkbookForm::Ods, &names, intake)
        }),
        Source::Empty | Source::NoText | Source::Json(..) => Ok(()),
    }
}

fn take(
    said: Said<'_, COLUMN_COUNT>,
    loses_tabs: bool,
    names: &HeaderNames<'_>,
    intake: &mut Intake<'_>,
) -> ControlFlow<()> {
    let layout = names.layout();
    if let (Some(layout), None) = (layout, &intake.summary.other_system) {
        let is_utc = layout.is_utc && !intake.reading.zone_is_said;
        intake.summary.other_system = Some(OtherSystem::of(layout, names.ids(), is_utc));
    }
    match said {
        Said::Row(row) => read_row(&row, loses_tabs, layout, intake),
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

fn read_row(
    row: &Row<'_, COLUMN_COUNT>,
    loses_tabs: bool,
    layout: Option<&'static Layout>,
    intake: &mut Intake<'_>,
) -> ControlFlow<()> {
    let Row { whole, number, values, zones } = *row;
    let reading = &mut intake.reading;
    let other_system = intake.summary.other_system.as_mut();
    let foreign = layout.zip(other_system).and_then(|(layout, told)| ForeignRow::of(layout, told));
    let is_utc = foreign.as_ref().is_some_and(ForeignRow::is_utc);
    let mut cells = CellReading {
        zone: reading.zone,
        stored_zone: is_utc.then(Zone::utc),
        dates: reading.dates,
        names: &mut *reading.names,
        zones,
        twice: &mut intake.summary.twice,
        names_ignored: &mut intake.summary.names_ignored,
        unsaid: &mut intake.summary.unsaid,
    };
    let fields = Fields {
        form: Form::Cell,
        place: Place::row(number),
        whole,
        values,
        members: Members::NONE,
        foreign,
        cells: Some(&mut cells),
        problems: &mut intake.problems,
        ignored: &mut intake.summary.ignored,
    };
    match fields.read(reading.now) {
        Some(mut imported) => {
            if let Imported::Record { terms: Terms::Table { texts, .. }, .. } = &mut imported {
                texts.loses_tabs = loses_tabs;
            }
            intake.take(imported)
        }
        None => ControlFlow::Continue(()),
    }
}

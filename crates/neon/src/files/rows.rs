//! Activities in a table: a record a row.

use std::io::{self, BufRead};
use std::ops::ControlFlow;

use super::Intake;
use super::fields::{Column, Fields, NAMES};
use super::problem::{Fault, Place};
use super::table::{self, Columns, Row, Said};
use super::value::Form;

const COLUMNS: Columns<{ NAMES.len() }> =
    Columns { names: NAMES, find, required: &Column::REQUIRED, lacking: Fault::Columns };

/// Reads a file whose first `line - 1` lines were blank.
pub(super) fn read(source: &mut dyn BufRead, line: u64, intake: &mut Intake<'_>) -> io::Result<()> {
    table::read(source, line, &COLUMNS, &mut |said| match said {
        Said::Row(row) => read_row(&row, intake),
        Said::Other(name) => {
            intake.summary.ignored.add(name);
            ControlFlow::Continue(())
        }
        Said::Fault(line, fault) => {
            intake.problems.add(|| line, fault);
            ControlFlow::Continue(())
        }
    })
}

fn read_row(row: &Row<'_, { NAMES.len() }>, intake: &mut Intake<'_>) -> ControlFlow<()> {
    let Row { whole, first_line, values } = *row;
    let fields = Fields {
        form: Form::Cell,
        place: Place { text: whole, first_line },
        whole,
        values,
        problems: &mut intake.problems,
        ignored: &mut intake.summary.ignored,
    };
    match fields.read(intake.now) {
        Some(imported) => intake.take(imported),
        None => ControlFlow::Continue(()),
    }
}

fn find(name: &str) -> Option<usize> {
    match NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)) {
        Some(at) if at == Column::Status as usize => Some(Column::StatusName as usize),
        found => found,
    }
}

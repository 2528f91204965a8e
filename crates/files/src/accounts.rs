//! The names of accounts in a table: an account a row.

use std::io::BufRead;
use std::ops::ControlFlow;

use domain::{ClientId, Name};

use super::ignored::Ignored;
use super::problem::{Fault, Problems, ReadError};
use super::source;
use super::table::{self, Columns, Row, Said};
use super::value::{self, Form, Kind};

const NAMES: [&str; 2] = ["id", "name"];
const ID: usize = 0;
const NAME: usize = 1;

/// By which names a header calls each column, in any case.
const CALLED: [&[&str]; 2] =
    [&["id", "clientId", "accountId", "account id"], &["name", "accountName", "account name"]];

fn find(name: &str) -> Option<usize> {
    CALLED.iter().position(|names| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// Reads a file of accounts as [`read`](super::read) reads one of activities in CSV, and as strictly: the
/// first row names the column `name`, and perhaps `id`. After the first problem nothing is handed over any more.
///
/// Returned is what the file has beyond that. `name` stands in messages.
///
/// # Errors
/// When the file cannot be read, or when anything in it is not right.
pub fn read_accounts(
    name: &str,
    mut source: impl BufRead,
    each: &mut dyn FnMut(Option<ClientId>, Name),
) -> Result<Ignored, ReadError> {
    let (mut problems, mut ignored) = (Problems::of_rows(), Ignored::default());
    let take = &mut |said: Said<'_, 2>| {
        match said {
            Said::Row(row) => {
                let account = account(&row, &mut problems);
                if let Some((id, name)) = account.filter(|_| problems.count() == 0) {
                    each(id, name);
                }
            }
            Said::Other(name) => ignored.add(name),
            Said::Fault(line, fault) => problems.add(|| line, fault),
        }
        ControlFlow::Continue(())
    };
    let columns = Columns {
        look_at: &|_| {},
        names: NAMES,
        find: &find,
        is_said: &|_| false,
        is_time: |_| false,
        lacks: &|has| table::missing(&[NAME], has),
        lacking: |lacking| Fault::AccountColumns(lacking.columns.join(", ")),
    };
    source::read_table(&mut source, &columns, take)
        .map_err(|source| ReadError::Io { name: name.to_owned(), source })?;
    problems.verdict(name).map(|()| ignored)
}

/// The number, where there is one, and the name.
fn account(row: &Row<'_, 2>, problems: &mut Problems) -> Option<(Option<ClientId>, Name)> {
    let is_given = row.values[ID].is_some_and(|cell| !cell.trim().is_empty());
    let id = is_given.then(|| cell(row, ID, &value::ACCOUNT, problems));
    let name = cell(row, NAME, &value::ACCOUNT_NAME, problems)?;
    match id {
        Some(id) => Some((Some(id?), name)),
        None => Some((None, name)),
    }
}

fn cell<T>(row: &Row<'_, 2>, at: usize, kind: &Kind<T>, problems: &mut Problems) -> Option<T> {
    let cell = row.values[at].filter(|cell| !cell.trim().is_empty());
    let parsed = match cell {
        Some(cell) => kind.read(NAMES[at], Form::Cell, cell),
        None => Err(Fault::Missing(NAMES[at])),
    };
    let fault = |fault| problems.add(|| row.number, fault);
    parsed.map_err(fault).ok()
}

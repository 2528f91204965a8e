//! The names of accounts in a table: an account a row.

use std::io::BufRead;
use std::ops::ControlFlow;

use domain::Account;

use super::ignored::Ignored;
use super::problem::{Fault, Place, Problems, ReadError};
use super::source;
use super::table::{Columns, Row, Said};
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
/// first row names the columns `id` and `name`. After the first problem nothing is handed over any more.
///
/// Returned is what the file has beyond that. `name` stands in messages.
///
/// # Errors
/// When the file cannot be read, or when anything in it is not right.
pub fn read_accounts(
    name: &str,
    mut source: impl BufRead,
    each: &mut dyn FnMut(Account),
) -> Result<Ignored, ReadError> {
    let (mut problems, mut ignored) = (Problems::default(), Ignored::default());
    let take = &mut |said: Said<'_, 2>| {
        match said {
            Said::Row(row) => {
                let account = account(&row, &mut problems);
                account.filter(|_| problems.count() == 0).into_iter().for_each(&mut *each);
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
        is_time: |_| false,
        required: &[ID, NAME],
        lacking: Fault::AccountColumns,
    };
    source::read_table(&mut source, &columns, take)
        .map_err(|source| ReadError::Io { name: name.to_owned(), source })?;
    problems.verdict(name).map(|()| ignored)
}

fn account(row: &Row<'_, 2>, problems: &mut Problems) -> Option<Account> {
    let id = cell(row, ID, &value::ACCOUNT, problems);
    let name = cell(row, NAME, &value::ACCOUNT_NAME, problems);
    Some(Account { id: id?, name: name? })
}

fn cell<T>(row: &Row<'_, 2>, at: usize, kind: &Kind<T>, problems: &mut Problems) -> Option<T> {
    let cell = row.values[at].filter(|cell| !cell.trim().is_empty());
    let parsed = match cell {
        Some(cell) => kind.read(NAMES[at], Form::Cell, cell),
        None => Err(Fault::Missing(NAMES[at])),
    };
    let place = Place { text: row.whole, first_line: row.first_line };
    let fault = |fault| problems.add(|| place.line_of(cell.unwrap_or(row.whole)), fault);
    parsed.map_err(fault).ok()
}

//! People in a table: a user a row.

use std::io::BufRead;
use std::ops::ControlFlow;

use domain::{ListedUser, LoginName, Name, Role, UserId};

use super::ignored::Ignored;
use super::problem::{Fault, Problems, ReadError};
use super::source;
use super::table::{self, Columns, Row, Said};
use super::value::{self, Form, Kind, Unfit};

const NAMES: [&str; 4] = ["name", "id", "role", "login"];
const NAME: usize = 0;
const ID: usize = 1;
const ROLE: usize = 2;
const LOGIN: usize = 3;

/// By which names a header calls each column, in any case.
const CALLED: [&[&str]; 4] = [
    &["name", "full name"],
    &["id", "userId", "systemUserId", "user id"],
    &["role"],
    &["login", "login name", "loginName"],
];

const USER_NAME: Kind<Name> = Kind { expected: "text", parse: |text| Ok(Name::parse(text)?) };
const USER_ID: Kind<Option<UserId>> = value::USER;
const USER_ROLE: Kind<Role> = Kind {
    expected: "viewer, editor or admin",
    parse: |text| Role::parse(&text.trim().to_lowercase()).ok_or(Unfit::Unexpected),
};
const USER_LOGIN: Kind<LoginName> = Kind {
    expected: "1 to 100 characters without blanks, like ada or ada@example.org",
    parse: |text| LoginName::parse(text).map_err(|_| Unfit::Unexpected),
};

fn find(name: &str) -> Option<usize> {
    CALLED.iter().position(|names| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// Reads a file of users as [`read_accounts`](super::read_accounts) reads one of accounts: the first row names
/// the column `name`, and perhaps `id`, `role` and `login`. Each is handed over with its row; a user without a
/// role is an editor. After the first problem nothing is handed over any more.
///
/// Returned is what the file has beyond that. `name` stands in messages.
///
/// # Errors
/// When the file cannot be read, or when anything in it is not right.
pub fn read_users(
    name: &str,
    mut source: impl BufRead,
    each: &mut dyn FnMut(u64, ListedUser),
) -> Result<Ignored, ReadError> {
    let (mut problems, mut ignored) = (Problems::of_rows(), Ignored::default());
    let columns = Columns {
        look_at: &|_| {},
        names: NAMES,
        find: &find,
        is_said: &|_| false,
        is_time: |_| false,
        lacks: &|has| table::missing(&[NAME], has),
        lacking: |lacking| Fault::UserColumns(lacking.columns.join(", ")),
    };
    let take = &mut |said: Said<'_, 4>| {
        match said {
            Said::Row(row) => {
                let read = user(&row, &mut problems);
                if let Some(user) = read.filter(|_| problems.count() == 0) {
                    each(row.number, user);
                }
            }
            Said::Other(name) => ignored.add(name),
            Said::Fault(line, fault) => problems.add(|| line, fault),
        }
        ControlFlow::Continue(())
    };
    source::read_table(&mut source, &columns, take)
        .map_err(|source| ReadError::Io { name: name.to_owned(), source })?;
    problems.verdict(name).map(|()| ignored)
}

fn user(row: &Row<'_, 4>, problems: &mut Problems) -> Option<ListedUser> {
    let mut cells = Cells { row, problems };
    let (name, id) = (cells.read(NAME, &USER_NAME), cells.read(ID, &USER_ID));
    let (role, login) = (cells.read(ROLE, &USER_ROLE), cells.read(LOGIN, &USER_LOGIN));
    if let Ok(None) = name {
        cells.fault(Fault::Missing(NAMES[NAME]));
    }
    Some(ListedUser {
        name: name.ok()??,
        id: id.ok()?.flatten(),
        role: role.ok()?.unwrap_or(Role::Editor),
        login: login.ok()?,
    })
}

/// The value is wrong, and its problem has been told.
struct Told;

struct Cells<'r, 'p> {
    row: &'r Row<'r, 4>,
    problems: &'p mut Problems,
}

impl Cells<'_, '_> {
    /// The value of a cell; none where there is nothing in it.
    fn read<T>(&mut self, at: usize, kind: &Kind<T>) -> Result<Option<T>, Told> {
        let cell = self.row.values[at].filter(|cell| !cell.trim().is_empty());
        let Some(cell) = cell else { return Ok(None) };
        kind.read(NAMES[at], Form::Cell, cell).map(Some).map_err(|fault| {
            self.fault(fault);
            Told
        })
    }

    fn fault(&mut self, fault: Fault) {
        self.problems.add(|| self.row.number, fault);
    }
}

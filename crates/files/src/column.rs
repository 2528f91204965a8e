//! What a column of a table, or a member of a record in JSON, is about.

use api_v1::member;
use domain::{Member, MemberKind};

/// A member, or what another system has in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Member(Member),
    Deleted,
    AccountName,
    SystemUserName,
    /// In JSON the object of id and name; in a table another word for the name.
    Status,
    /// The id as another system writes it.
    ForeignId,
    /// The end, where there is a start; else the start.
    Due,
    /// The day of an event that lasts all day.
    Day,
    DurationMinutes,
    DurationMs,
    IsDeleted,
    IsAllDay,
    /// Whether it is done: where the status's name is not known here.
    IsClosed,
    /// The same, in a word.
    State,
}

/// What is no member, in the order of its places. From [`Column::ForeignId`] on, only other systems have it: what it
/// means for an activity, their layout says.
const OTHERS: [(Column, &str); 13] = [
    (Column::Deleted, "deletedDateTime"),
    (Column::AccountName, "accountName"),
    (Column::SystemUserName, "systemUserName"),
    (Column::Status, member::STATUS),
    (Column::ForeignId, "the id"),
    (Column::Due, "the due date"),
    (Column::Day, "the day"),
    (Column::DurationMinutes, "the duration in minutes"),
    (Column::DurationMs, "the duration in milliseconds"),
    (Column::IsDeleted, "whether it is deleted"),
    (Column::IsAllDay, "whether it is all day"),
    (Column::IsClosed, "whether it is closed"),
    (Column::State, "the state"),
];

/// How many columns a table can have.
pub(super) const COLUMN_COUNT: usize = Member::COUNT + OTHERS.len();

/// What each column is called in messages, by its place: members first.
pub(super) const COLUMN_NAMES: [&str; COLUMN_COUNT] = {
    let mut names = [""; COLUMN_COUNT];
    let mut at = 0;
    while at < COLUMN_COUNT {
        names[at] = match at.checked_sub(Member::COUNT) {
            None => Member::ALL[at].name(),
            Some(other) => OTHERS[other].1,
        };
        at += 1;
    }
    names
};

/// The names that our own files use, for members and the four columns that may stand beside them.
pub(super) const NAMES: [&str; Member::COUNT + 4] = match COLUMN_NAMES.first_chunk() {
    Some(names) => *names,
    None => [""; Member::COUNT + 4],
};

/// The columns in which programs exchange activities, in the order of the record: what comes after among the
/// names is another word for one of them, or its name.
pub const COLUMNS: &[&str] = NAMES.split_at(Member::COUNT + 1).0;

impl From<Member> for Column {
    fn from(member: Member) -> Column {
        Column::Member(member)
    }
}

impl Column {
    /// Its place in [`COLUMN_NAMES`].
    pub(super) fn place(self) -> usize {
        match self {
            Column::Member(member) => member as usize,
            other => {
                let at = OTHERS.iter().position(|(column, _)| *column == other);
                Member::COUNT + at.unwrap_or_default()
            }
        }
    }

    /// The column at a place.
    pub(super) fn at(place: usize) -> Option<Column> {
        let other = || OTHERS.get(place.checked_sub(Member::COUNT)?).map(|(column, _)| *column);
        Member::ALL.get(place).map(|member| Column::Member(*member)).or_else(other)
    }

    /// Which member it is about: where the file has nothing of it, the record keeps what it has. Of the creation and
    /// of the status, it takes more than a column to say.
    pub(super) fn about(self) -> Option<Member> {
        match self {
            Column::Member(Member::StatusId | Member::StatusName) => None,
            Column::Member(Member::ModifiedBy) => Some(Member::ModifiedBy),
            Column::Member(member) => Some(member).filter(|m| m.kind() != MemberKind::Origin),
            Column::AccountName => Some(Member::Client),
            Column::SystemUserName => Some(Member::SystemUser),
            Column::ForeignId => Some(Member::ExternalId),
            _ => None,
        }
    }

    /// Whether it is a time.
    pub(super) fn is_time(at: usize) -> bool {
        let times = [Member::Created, Member::Modified, Member::Start, Member::End];
        at == Column::Deleted.place() || times.into_iter().any(|time| time as usize == at)
    }

    /// Whether it is a date: what a system writes in UTC as midnight of it is meant as the day all the same.
    pub(super) fn is_date(self) -> bool {
        matches!(self, Column::Due | Column::Day)
    }

    pub(super) fn name(self) -> &'static str {
        COLUMN_NAMES[self.place()]
    }
}

//! What a column of a table, or a member of a record in JSON, is about.

use api_v1::member;
use domain::Member;

/// The members by the names that files use: the columns of a table, in the order of the record.
pub(super) const NAMES: [&str; 20] = [
    member::CREATED,
    member::CREATED_BY,
    member::MODIFIED,
    member::MODIFIED_BY,
    member::ID,
    member::SUBJECT,
    member::NOTE,
    member::START,
    member::END,
    member::CLIENT,
    member::SYSTEM_USER,
    member::STATUS_ID,
    member::STATUS_NAME,
    member::PRIORITY,
    member::CUSTOM_FIELDS,
    "externalId",
    "deletedDateTime",
    "accountName",
    "systemUserName",
    member::STATUS,
];

/// Columns that only other systems have: what they mean for an activity, their layout says.
const FOREIGN: [&str; 9] = [
    "the id",
    "the due date",
    "the day",
    "the duration in minutes",
    "the duration in milliseconds",
    "whether it is deleted",
    "whether it is all day",
    "whether it is closed",
    "the state",
];

/// How many columns a table can have.
pub(super) const COLUMN_COUNT: usize = NAMES.len() + FOREIGN.len();

/// What each column is called in messages, by its place.
pub(super) const COLUMN_NAMES: [&str; COLUMN_COUNT] = {
    let mut names = [""; COLUMN_COUNT];
    let mut at = 0;
    while at < COLUMN_COUNT {
        names[at] = if at < NAMES.len() { NAMES[at] } else { FOREIGN[at - NAMES.len()] };
        at += 1;
    }
    names
};

/// The columns in which programs exchange activities, in the order of the record: what comes after among the
/// names is another word for one of them, or its name.
pub const COLUMNS: &[&str] = NAMES.split_at(Column::Deleted as usize + 1).0;

/// A member, or what another system has in its place: its place in [`COLUMN_NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Created,
    CreatedBy,
    Modified,
    ModifiedBy,
    Id,
    Subject,
    Note,
    Start,
    End,
    Client,
    SystemUser,
    StatusId,
    StatusName,
    Priority,
    CustomFields,
    ExternalId,
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

impl Column {
    /// All of them, by their places in [`COLUMN_NAMES`].
    pub(super) const ALL: [Column; COLUMN_COUNT] = [
        Column::Created,
        Column::CreatedBy,
        Column::Modified,
        Column::ModifiedBy,
        Column::Id,
        Column::Subject,
        Column::Note,
        Column::Start,
        Column::End,
        Column::Client,
        Column::SystemUser,
        Column::StatusId,
        Column::StatusName,
        Column::Priority,
        Column::CustomFields,
        Column::ExternalId,
        Column::Deleted,
        Column::AccountName,
        Column::SystemUserName,
        Column::Status,
        Column::ForeignId,
        Column::Due,
        Column::Day,
        Column::DurationMinutes,
        Column::DurationMs,
        Column::IsDeleted,
        Column::IsAllDay,
        Column::IsClosed,
        Column::State,
    ];

    /// Which member each is about: where the file has nothing of it, the record keeps what it has.
    pub(super) const MEMBERS: [(Column, Member); 13] = [
        (Column::ModifiedBy, Member::ModifiedBy),
        (Column::Subject, Member::Subject),
        (Column::Note, Member::Note),
        (Column::Start, Member::Start),
        (Column::End, Member::End),
        (Column::Client, Member::Client),
        (Column::AccountName, Member::Client),
        (Column::SystemUser, Member::SystemUser),
        (Column::SystemUserName, Member::SystemUser),
        (Column::Priority, Member::Priority),
        (Column::CustomFields, Member::CustomFields),
        (Column::ExternalId, Member::ExternalId),
        (Column::ForeignId, Member::ExternalId),
    ];

    /// Whether it is a time.
    pub(super) fn is_time(at: usize) -> bool {
        let times =
            [Column::Created, Column::Modified, Column::Start, Column::End, Column::Deleted];
        times.into_iter().any(|time| time as usize == at)
    }

    /// Whether it is a date: what a system writes in UTC as midnight of it is meant as the day all the same.
    pub(super) fn is_date(self) -> bool {
        matches!(self, Column::Due | Column::Day)
    }

    pub(super) fn name(self) -> &'static str {
        COLUMN_NAMES[self as usize]
    }
}

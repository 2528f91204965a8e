//! The record itself.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::{ClientId, ID_MAX, Moment, Stamp, StatusId, UserId};

/// The most characters that a subject may have.
pub const SUBJECT_CHARS_MAX: usize = 4_000;

/// The most characters that a note, or the value of a custom field, may have.
pub const NOTE_CHARS_MAX: usize = 100_000;

/// The most custom field values that an activity may be given.
pub const CUSTOM_FIELDS_MAX: usize = 500;

/// The most bytes of text that an activity's custom fields may be given, all together: each edit
/// keeps all of them anew.
pub const CUSTOM_FIELDS_BYTES_MAX: usize = 1 << 20;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing but blanks.
    #[error("must not be empty")]
    Empty,
    /// More characters than are kept.
    #[error("must have at most {max} characters, but has {chars}")]
    TooLong {
        /// How many it has.
        chars: usize,
        /// How many it may have.
        max: usize,
    },
    /// A character that no document can carry.
    #[error(
        "must not contain NUL characters, or control characters where a single line is expected"
    )]
    Control,
}

/// Checks what holds for every text: something in it, not too long, no NUL.
pub(crate) fn checked(text: &str, chars_max: usize) -> Result<&str, TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    checked_or_empty(text, chars_max)
}

fn checked_or_empty(text: &str, chars_max: usize) -> Result<&str, TextError> {
    // A text has at most as many characters as bytes: most are settled without counting.
    let chars = if text.len() <= chars_max { 0 } else { text.chars().count() };
    if chars > chars_max {
        return Err(TextError::TooLong { chars, max: chars_max });
    }
    if text.contains('\0') {
        return Err(TextError::Control);
    }
    Ok(text)
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $check:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is: blanks within and around it are the writer's.
            ///
            /// # Errors
            /// See [`TextError`].
            pub fn parse(text: &str) -> Result<$name, TextError> {
                Ok($name($check(text, $max)?.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<$name, TextError> {
                $name::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text! {
    /// What the activity is about, never empty.
    Subject, checked, SUBJECT_CHARS_MAX
}
text! {
    /// The long text; empty where there is none, since every sample prints it.
    Note, checked_or_empty, NOTE_CHARS_MAX
}
text! {
    /// A status's name, never empty.
    StatusName, checked, crate::NAME_CHARS_MAX
}
text! {
    /// The id that an activity has in the system that it was imported from, with the name of that system in
    /// front: `salesforce:00T5e00001ABCdeEAH`. Never empty.
    ExternalId, checked, crate::NAME_CHARS_MAX
}

impl Note {
    /// No note.
    #[must_use]
    pub fn empty() -> Note {
        Note(String::new())
    }
}

/// How urgent an activity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// `Low`.
    Low,
    /// `Normal`.
    Normal,
    /// `High`.
    High,
}

impl Priority {
    /// All of them, least urgent first.
    pub const ALL: [Priority; 3] = [Priority::Low, Priority::Normal, Priority::High];

    /// The name in title case: `High`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Low => "Low",
            Priority::Normal => "Normal",
            Priority::High => "High",
        }
    }

    /// The name as API v1 has it in JSON: `HIGH`, the name of a Java constant where its XML has `High`.
    #[must_use]
    pub fn capitals(self) -> &'static str {
        match self {
            Priority::Low => "LOW",
            Priority::Normal => "NORMAL",
            Priority::High => "HIGH",
        }
    }

    /// The priority of that name, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Priority> {
        Priority::ALL.into_iter().find(|priority| priority.as_str().eq_ignore_ascii_case(text))
    }
}

/// The content of an activity at one version. Its id, stamp and place stand in
/// [`Version`](crate::Version).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// When it was created.
    pub created: Stamp,
    /// Who created it: the name of that day. Imported records may have none.
    pub created_by: Option<String>,
    /// Who made this version: the name of that day. Imported records may have none.
    pub modified_by: Option<String>,
    /// What it is about.
    pub subject: Subject,
    /// The long text.
    pub note: Note,
    /// When it starts.
    pub start: Moment,
    /// When it ends; may be before the start, as in the manual's own sample.
    pub end: Option<Moment>,
    /// The account that it is about.
    pub client: Option<ClientId>,
    /// The responsible person.
    pub system_user: Option<UserId>,
    /// Its status.
    pub status: StatusId,
    /// The status's name, embedded (invariant 8).
    pub status_name: StatusName,
    /// How urgent it is.
    pub priority: Priority,
    /// Custom fields, in the order that they were given.
    pub custom_fields: Vec<CustomField>,
    /// The id that it has in the system that it was imported from.
    pub external_id: Option<ExternalId>,
    /// Where it comes from.
    pub provenance: Provenance,
}

impl Activity {
    /// One that says nothing yet: what it cannot be without has a value that means nothing. For `..Activity::blank()`,
    /// and to be filled member by member.
    #[must_use]
    pub fn blank() -> Activity {
        Activity {
            created: Stamp::from_millis(0),
            created_by: None,
            modified_by: None,
            subject: Subject("-".to_owned()),
            note: Note::empty(),
            start: Stamp::from_millis(0).at_offset(0),
            end: None,
            client: None,
            system_user: None,
            status: StatusId(0),
            status_name: StatusName("-".to_owned()),
            priority: Priority::Normal,
            custom_fields: Vec::new(),
            external_id: None,
            provenance: Provenance::default(),
        }
    }

    /// The responsible person, whether or not a user with that id exists.
    #[must_use]
    pub fn assignable_user(&self) -> Option<UserId> {
        self.system_user.filter(|user| (1..=ID_MAX).contains(&user.0))
    }

    /// Whether it differs from another in nothing but who saved it and where it comes from.
    #[must_use]
    pub fn has_content_of(&self, other: &Activity) -> bool {
        let mut copy = self.clone();
        copy.modified_by.clone_from(&other.modified_by);
        copy.provenance = other.provenance;
        copy == *other
    }
}

/// Where a record comes from, as far as a later import has to know. It is no part of the content, and
/// no answer shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Where the content came from.
    pub source: Source,
    /// The stamp of the version that brought the content, where the present one has only brought it
    /// up to date with what it embeds.
    pub since: Option<Stamp>,
    /// Whether the server that it was followed from does not say when it was created: `created` is when it came.
    pub is_undated: bool,
}

/// Where the content of a record came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// A change here, and no import before it.
    #[default]
    Here,
    /// An import, whose file had it as of then: its `lastModifiedDateTime`, or failing that the time
    /// of the import.
    Import(Stamp),
    /// A server that is followed, and that does not say when it was changed.
    Stampless,
    /// A change here, after an import.
    Edited,
}

impl Provenance {
    /// Of what an import brings.
    #[must_use]
    pub fn imported(as_of: Stamp) -> Provenance {
        Provenance { source: Source::Import(as_of), ..Provenance::default() }
    }

    /// Of what a server that is followed has, which may not say when it was changed, nor when it was created.
    #[must_use]
    pub fn followed(modified: Option<Stamp>, is_undated: bool) -> Provenance {
        let source = modified.map_or(Source::Stampless, Source::Import);
        Provenance { source, since: None, is_undated }
    }

    /// What the content was as of, where an import brought it.
    #[must_use]
    pub fn as_of(self) -> Option<Stamp> {
        match self.source {
            Source::Import(as_of) => Some(as_of),
            Source::Here | Source::Stampless | Source::Edited => None,
        }
    }

    /// After an edit.
    #[must_use]
    pub fn edited(self) -> Provenance {
        let source = match self.source {
            Source::Here => Source::Here,
            Source::Import(_) | Source::Stampless | Source::Edited => Source::Edited,
        };
        Provenance { source, since: None, ..self }
    }

    /// After a version that only brings what is embedded up to date, and follows one of this stamp.
    #[must_use]
    pub fn refreshed(self, stamp: Stamp) -> Provenance {
        Provenance { since: self.since.or(Some(stamp)), ..self }
    }
}

/// The value of one custom field; a field with several chosen options has several of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomField {
    /// The field's id.
    pub field_id: String,
    /// Its value.
    pub value: Option<String>,
    /// The chosen option's id.
    pub option_id: Option<String>,
}

impl CustomField {
    /// As text for people.
    pub(crate) fn shown(&self) -> String {
        let option = self.option_id.as_ref().map(|option| format!("option {option}"));
        let parts: Vec<&str> =
            [self.value.as_deref(), option.as_deref()].into_iter().flatten().collect();
        format!("{}: {}", self.field_id, parts.join(", "))
    }

    /// How long its texts are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = [Some(&self.field_id), self.value.as_ref(), self.option_id.as_ref()];
        texts.into_iter().flatten().map(String::len).sum()
    }
}

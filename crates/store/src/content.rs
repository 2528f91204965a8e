//! The stored form of an activity's content: a JSON array, so that `sqlite3` and `psql` can look into it, and no
//! version repeats the members' names.
//!
//! Members may be added at the end with `#[serde(default)]`; none may change its meaning or its place, because
//! versions are immutable (invariant 1). Reading borrows from the stored text: most of it is printed at once.

use std::borrow::Cow;
use std::str::FromStr;

use domain::{
    Activity, ActivityId, ClientId, CustomField, Mirrored, MirroredField, Moment, Priority,
    Provenance, Seq, Source, Stamp, StatusId, TextError, UserId, Version,
};
use serde::de::Error as _;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize};

use crate::{StoreError, scan};

/// What a record shows of its version, without memory of its own.
#[derive(Debug)]
pub struct StoredVersion<'a> {
    /// Position in the organization's log.
    pub seq: Seq,
    /// The commit's time.
    pub stamp: Stamp,
    /// Which activity this is a version of.
    pub id: ActivityId,
    /// The activity as it is from here on; none of a tombstone.
    pub content: Option<Content<'a>>,
}

/// [`Activity`] in its stored form, member for member: an array in this order. Of those from the custom fields on,
/// it ends with the last that says anything.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "they are those of an activity")]
pub struct Content<'a> {
    #[serde(deserialize_with = "stamp")]
    pub created: Stamp,
    #[serde(borrow)]
    pub created_by: Option<StoredText<'a>>,
    #[serde(borrow)]
    pub modified_by: Option<StoredText<'a>>,
    #[serde(borrow)]
    pub subject: StoredText<'a>,
    #[serde(borrow)]
    pub note: StoredText<'a>,
    pub start: StoredMoment,
    pub end: Option<StoredMoment>,
    pub client: Option<i64>,
    pub system_user: Option<i64>,
    pub status: i64,
    #[serde(borrow)]
    pub status_name: StoredText<'a>,
    #[serde(deserialize_with = "priority")]
    pub priority: Priority,
    #[serde(borrow, default)]
    pub custom_fields: Vec<StoredField<'a>>,
    #[serde(borrow, default)]
    pub external_id: Option<StoredText<'a>>,
    /// As of when an import's file had it, in milliseconds UTC.
    #[serde(default)]
    pub imported: Option<i64>,
    /// Whether imported content has been edited since.
    #[serde(default)]
    pub edited: bool,
    /// The stamp of the version that brought the content, where it was an earlier one.
    #[serde(default)]
    pub since: Option<i64>,
    /// Whether the server that it was followed from does not say when it was changed.
    #[serde(default)]
    pub stampless: bool,
    /// Whether it does not say when it was created.
    #[serde(default)]
    pub undated: bool,
}

/// A text, pointing into its JSON where that has no escapes.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct StoredText<'a> {
    text: Cow<'a, str>,
    #[serde(skip)]
    plain: bool,
}

/// An instant with its offset: milliseconds UTC and seconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct StoredMoment(pub(crate) i64, pub(crate) i32);

/// [`CustomField`] in its stored form.
#[derive(Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are those of a custom field")]
pub struct StoredField<'a> {
    #[serde(borrow)]
    pub field: StoredText<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub value: Option<StoredText<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub option: Option<StoredText<'a>>,
}

/// A priority as a number, from 1 for the lowest.
pub(crate) fn priority_of(number: usize) -> Option<Priority> {
    Priority::ALL.get(number.checked_sub(1)?).copied()
}

fn stamp<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Stamp, D::Error> {
    i64::deserialize(deserializer).map(Stamp::from_millis)
}

fn priority<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Priority, D::Error> {
    let number = usize::deserialize(deserializer)?;
    priority_of(number).ok_or_else(|| D::Error::custom(format_args!("{number} is no priority")))
}

/// What an array may end without.
#[derive(Serialize)]
#[serde(untagged)]
enum Ending<'c> {
    Fields(&'c [StoredField<'c>]),
    Text(&'c Option<StoredText<'c>>),
    Number(Option<i64>),
    Flag(bool),
}

impl Ending<'_> {
    fn says_nothing(&self) -> bool {
        match self {
            Ending::Fields(fields) => fields.is_empty(),
            Ending::Text(text) => text.is_none(),
            Ending::Number(number) => number.is_none(),
            Ending::Flag(is_set) => !is_set,
        }
    }
}

impl Serialize for Content<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let endings = [
            Ending::Fields(&self.custom_fields),
            Ending::Text(&self.external_id),
            Ending::Number(self.imported),
            Ending::Flag(self.edited),
            Ending::Number(self.since),
            Ending::Flag(self.stampless),
            Ending::Flag(self.undated),
        ];
        let told = endings.iter().rposition(|ending| !ending.says_nothing()).map_or(0, |at| at + 1);
        let mut array = serializer.serialize_seq(None)?;
        array.serialize_element(&self.created.millis())?;
        array.serialize_element(&self.created_by)?;
        array.serialize_element(&self.modified_by)?;
        array.serialize_element(&self.subject)?;
        array.serialize_element(&self.note)?;
        array.serialize_element(&self.start)?;
        array.serialize_element(&self.end)?;
        array.serialize_element(&self.client)?;
        array.serialize_element(&self.system_user)?;
        array.serialize_element(&self.status)?;
        array.serialize_element(&self.status_name)?;
        array.serialize_element(&(self.priority as usize + 1))?;
        for ending in &endings[..told] {
            array.serialize_element(ending)?;
        }
        array.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for StoredText<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

        let Text(text) = Text::deserialize(deserializer)?;
        let plain = matches!(text, Cow::Borrowed(_));
        Ok(StoredText { text, plain })
    }
}

impl<'a> StoredText<'a> {
    fn of(text: &'a str) -> StoredText<'a> {
        StoredText { text: Cow::Borrowed(text), plain: false }
    }

    /// The text between quotes in JSON, without escapes.
    pub(crate) fn plain(text: &'a str) -> StoredText<'a> {
        StoredText { text: Cow::Borrowed(text), plain: true }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text is known to need no escapes as JSON, since it had none.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.plain
    }
}

impl StoredMoment {
    fn of(moment: Moment) -> StoredMoment {
        StoredMoment(moment.stamp.millis(), moment.offset_seconds)
    }

    /// The instant with its offset.
    #[must_use]
    pub fn moment(self) -> Moment {
        Stamp::from_millis(self.0).at_offset(self.1)
    }
}

impl<'a> StoredField<'a> {
    /// Of that custom field.
    #[must_use]
    pub fn of(field: &'a CustomField) -> StoredField<'a> {
        StoredField {
            field: StoredText::of(&field.field_id),
            value: field.value.as_deref().map(StoredText::of),
            option: field.option_id.as_deref().map(StoredText::of),
        }
    }

    fn bytes(&self) -> usize {
        let texts = [Some(&self.field), self.value.as_ref(), self.option.as_ref()];
        texts.into_iter().flatten().map(|text| text.text.len()).sum()
    }

    fn to_field(&self) -> CustomField {
        CustomField {
            field_id: self.field.text.to_string(),
            value: self.value.as_ref().map(|text| text.text.to_string()),
            option_id: self.option.as_ref().map(|text| text.text.to_string()),
        }
    }
}

impl<'a> StoredVersion<'a> {
    /// Of that version.
    #[must_use]
    pub fn of(version: &'a Version) -> StoredVersion<'a> {
        StoredVersion {
            seq: version.seq,
            stamp: version.stamp,
            id: version.id,
            content: version.record().map(Content::of),
        }
    }

    /// The activity as mirrors keep it; none of a tombstone.
    #[must_use]
    pub fn mirrored(&self) -> Option<Mirrored<'_>> {
        let content = self.content.as_ref()?;
        let fields = content.custom_fields.iter().map(|field| MirroredField {
            field_id: field.field.as_str(),
            value: field.value.as_ref().map(StoredText::as_str),
            option_id: field.option.as_ref().map(StoredText::as_str),
        });
        Some(Mirrored {
            id: self.id,
            subject: content.subject.as_str(),
            note: content.note.as_str(),
            start: content.start.moment().stamp,
            end: content.end.map(|end| end.moment().stamp),
            client: content.client,
            system_user: content.system_user,
            status: content.status,
            status_name: content.status_name.as_str(),
            priority: content.priority,
            created: Some(content.created),
            created_by: content.created_by.as_ref().map(StoredText::as_str),
            modified: Some(self.stamp),
            modified_by: content.modified_by.as_ref().map(StoredText::as_str),
            custom_fields: fields.collect(),
        })
    }
}

impl<'a> Content<'a> {
    /// Of that activity.
    #[must_use]
    pub fn of(activity: &'a Activity) -> Content<'a> {
        Content {
            created: activity.created,
            created_by: activity.created_by.as_deref().map(StoredText::of),
            modified_by: activity.modified_by.as_deref().map(StoredText::of),
            subject: StoredText::of(activity.subject.as_str()),
            note: StoredText::of(activity.note.as_str()),
            start: StoredMoment::of(activity.start),
            end: activity.end.map(StoredMoment::of),
            client: activity.client.map(|id| id.0),
            system_user: activity.system_user.map(|id| id.0),
            status: activity.status.0,
            status_name: StoredText::of(activity.status_name.as_str()),
            priority: activity.priority,
            custom_fields: activity.custom_fields.iter().map(StoredField::of).collect(),
            external_id: activity.external_id.as_ref().map(|id| StoredText::of(id.as_str())),
            imported: match activity.provenance.source {
                Source::Import(as_of) => Some(as_of.millis()),
                Source::Here | Source::Stampless | Source::Edited => None,
            },
            edited: activity.provenance.source == Source::Edited,
            since: activity.provenance.since.map(Stamp::millis),
            stampless: activity.provenance.source == Source::Stampless,
            undated: activity.provenance.is_undated,
        }
    }

    fn provenance(&self) -> Provenance {
        let source = match self.imported {
            Some(as_of) => Source::Import(Stamp::from_millis(as_of)),
            None if self.edited => Source::Edited,
            None if self.stampless => Source::Stampless,
            None => Source::Here,
        };
        let since = self.since.map(Stamp::from_millis);
        Provenance { source, since, is_undated: self.undated }
    }

    /// How long the texts are that may be long.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let fields = self.custom_fields.iter().map(StoredField::bytes).sum::<usize>();
        self.subject.text.len() + self.note.text.len() + fields
    }

    /// Reads a stored form.
    ///
    /// # Errors
    /// When it is not one.
    pub fn read(json: &'a str) -> Result<Content<'a>, StoreError> {
        match scan::content(json) {
            Some(content) => Ok(content),
            None => serde_json::from_str(json).map_err(damaged),
        }
    }

    /// The activity.
    ///
    /// # Errors
    /// When a text of it is none that an activity may have.
    pub fn to_activity(&self) -> Result<Activity, StoreError> {
        Ok(Activity {
            created: self.created,
            created_by: self.created_by.as_ref().map(|name| name.text.to_string()),
            modified_by: self.modified_by.as_ref().map(|name| name.text.to_string()),
            subject: parsed(&self.subject)?,
            note: parsed(&self.note)?,
            start: self.start.moment(),
            end: self.end.map(StoredMoment::moment),
            client: self.client.map(ClientId),
            system_user: self.system_user.map(UserId),
            status: StatusId(self.status),
            status_name: parsed(&self.status_name)?,
            priority: self.priority,
            custom_fields: self.custom_fields.iter().map(StoredField::to_field).collect(),
            external_id: self.external_id.as_ref().map(parsed).transpose()?,
            provenance: self.provenance(),
        })
    }
}

fn parsed<T: FromStr<Err = TextError>>(text: &StoredText<'_>) -> Result<T, StoreError> {
    text.text.parse().map_err(damaged)
}

/// The stored form of a content.
///
/// # Errors
/// Never in practice; writing to memory is the only step that could fail.
pub fn encode(activity: &Activity) -> Result<String, StoreError> {
    serde_json::to_string(&Content::of(activity)).map_err(damaged)
}

/// The content of a stored form.
///
/// # Errors
/// When it is not one.
pub fn decode(json: &str) -> Result<Activity, StoreError> {
    Content::read(json)?.to_activity()
}

fn damaged(problem: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("a stored activity cannot be read: {problem}"))
}

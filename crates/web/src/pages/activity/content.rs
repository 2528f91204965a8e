//! The content of an activity's form: as typed, and as parsed.

use domain::{
    Activity, ClientId, CustomFieldPatch, Draft, Moment, Note, Patch, Presence, Priority, StatusId,
    StatusRef, Subject, UserId,
};

use super::Names;
use crate::fields::Fields;
use crate::form::Wrong;
use crate::times;

/// A member of an activity that the form can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Subject,
    Account,
    Responsible,
    Start,
    End,
    Status,
    Priority,
    Note,
}

impl Part {
    pub(super) const ALL: [Part; 8] = [
        Part::Subject,
        Part::Account,
        Part::Responsible,
        Part::Start,
        Part::End,
        Part::Status,
        Part::Priority,
        Part::Note,
    ];

    /// The name of its field.
    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Subject => "subject",
            Part::Account => "account",
            Part::Responsible => "responsible",
            Part::Start => "start",
            Part::End => "end",
            Part::Status => "status",
            Part::Priority => "priority",
            Part::Note => "note",
        }
    }

    /// Its label.
    pub(super) fn label(self) -> &'static str {
        match self {
            Part::Subject => "Subject",
            Part::Account => "Account",
            Part::Responsible => "Assigned to",
            Part::Start => "Start",
            Part::End => "End",
            Part::Status => "Status",
            Part::Priority => "Priority",
            Part::Note => "Note",
        }
    }
}

/// The text of each part in the form.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed([String; Part::ALL.len()]);

impl Typed {
    /// What a form has sent.
    pub(super) fn read(fields: &Fields) -> Typed {
        Typed(Part::ALL.map(|part| lines(fields.raw(part.name()))))
    }

    /// What the form shows of an activity.
    pub(super) fn of(content: &Content, names: &Names) -> Typed {
        let zone = names.zone();
        Typed(Part::ALL.map(|part| match part {
            // A control with one line drops line breaks.
            Part::Subject => content.subject.as_str().replace(['\r', '\n'], ""),
            Part::Account => content.client.map_or_else(String::new, |id| names.account(id)),
            Part::Responsible => content.system_user.map_or_else(String::new, |id| id.to_string()),
            Part::Start => times::control(content.start.stamp, zone),
            Part::End => {
                content.end.map_or_else(String::new, |end| times::control(end.stamp, zone))
            }
            Part::Status => content.status.to_string(),
            Part::Priority => content.priority.as_str().to_owned(),
            Part::Note => lines(content.note.as_str()),
        }))
    }

    pub(super) fn get(&self, part: Part) -> &str {
        &self.0[part as usize]
    }

    pub(super) fn set(&mut self, part: Part, text: impl Into<String>) {
        self.0[part as usize] = text.into();
    }

    /// Whether a part is as the form showed it.
    fn is_as(&self, shown: &Typed, part: Part) -> bool {
        let (typed, shown) = (self.get(part), shown.get(part));
        match part {
            Part::Start | Part::End => times::same_control(typed, shown),
            _ => typed == shown,
        }
    }
}

/// Normalizes the line ends of browsers.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The parsed content of a form.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) subject: Subject,
    pub(super) client: Option<ClientId>,
    pub(super) system_user: Option<UserId>,
    pub(super) start: Moment,
    pub(super) end: Option<Moment>,
    pub(super) status: StatusId,
    pub(super) priority: Priority,
    pub(super) note: Note,
}

/// Reads a form, part by part.
struct Reader<'a> {
    typed: &'a Typed,
    /// The version that the form was made from, and what the form showed of it.
    base: Option<(&'a Activity, Typed)>,
    wrong: &'a mut Wrong,
}

impl Reader<'_> {
    fn is_untouched(&self, part: Part) -> bool {
        self.base.as_ref().is_some_and(|(_, shown)| self.typed.is_as(shown, part))
    }

    /// An untouched part keeps its exact value, even if the form shows less of it: a start keeps its offset.
    fn part<T>(
        &mut self,
        part: Part,
        keep: impl FnOnce(&Activity) -> T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match &self.base {
            Some((activity, _)) if self.is_untouched(part) => Some(keep(activity)),
            _ => self.wrong.check(part.name(), parse(self.typed.get(part).trim())),
        }
    }
}

impl Content {
    pub(super) fn of(activity: &Activity) -> Content {
        Content {
            subject: activity.subject.clone(),
            client: activity.client,
            system_user: activity.system_user,
            start: activity.start,
            end: activity.end,
            status: activity.status,
            priority: activity.priority,
            note: activity.note.clone(),
        }
    }

    /// Parses a form that was made from `base`, and notes its errors. `meant` are the accounts that are meant by what was
    /// typed.
    pub(super) fn parse(
        typed: &Typed,
        base: Option<&Activity>,
        names: &Names,
        meant: &[ClientId],
        wrong: &mut Wrong,
    ) -> Option<Content> {
        let base = base.map(|activity| (activity, Typed::of(&Content::of(activity), names)));
        let mut reader = Reader { typed, base, wrong };
        let subject = reader.part(
            Part::Subject,
            |a| a.subject.clone(),
            |text| Subject::parse(text).map_err(|e| e.to_string()),
        );
        let client =
            reader.part(Part::Account, |a| a.client, |text| account(text, meant, names).map(Some));
        let system_user =
            reader.part(Part::Responsible, |a| a.system_user, |text| user(text, names));
        let start = reader.part(Part::Start, |a| a.start, |text| times::typed(text, names.zone()));
        let end = reader.part(
            Part::End,
            |a| a.end,
            |text| {
                if text.is_empty() { Ok(None) } else { times::typed(text, names.zone()).map(Some) }
            },
        );
        let status = reader.part(Part::Status, |a| a.status, |text| status(text, names));
        let priority = reader.part(
            Part::Priority,
            |a| a.priority,
            |text| Priority::parse(text).ok_or_else(|| "must be one from the list".to_owned()),
        );
        let note = reader.part(
            Part::Note,
            |a| a.note.clone(),
            |_| Note::parse(typed.get(Part::Note)).map_err(|e| e.to_string()),
        );
        let untouched = reader.is_untouched(Part::Start) && reader.is_untouched(Part::End);
        // Scripts may save such times; in the form it is a mistake.
        if let (Some(start), Some(Some(end)), false) = (start, end, untouched)
            && end.stamp < start.stamp
        {
            wrong.add(Part::End.name(), "must not be before the start");
        }
        if !wrong.is_empty() {
            return None;
        }
        Some(Content {
            subject: subject?,
            client: client?,
            system_user: system_user?,
            start: start?,
            end: end?,
            status: status?,
            priority: priority?,
            note: note?,
        })
    }

    /// Whether a part is the same in both.
    pub(super) fn same(&self, other: &Content, part: Part) -> bool {
        match part {
            Part::Subject => self.subject == other.subject,
            Part::Account => self.client == other.client,
            Part::Responsible => self.system_user == other.system_user,
            Part::Start => self.start.stamp == other.start.stamp,
            Part::End => self.end.map(|end| end.stamp) == other.end.map(|end| end.stamp),
            Part::Status => self.status == other.status,
            Part::Priority => self.priority == other.priority,
            Part::Note => self.note == other.note,
        }
    }

    /// The parts that differ.
    pub(super) fn differing(&self, other: &Content) -> Vec<Part> {
        Part::ALL.into_iter().filter(|part| !self.same(other, *part)).collect()
    }

    /// Copies a part from another.
    pub(super) fn take(&mut self, part: Part, from: &Content) {
        match part {
            Part::Subject => self.subject.clone_from(&from.subject),
            Part::Account => self.client = from.client,
            Part::Responsible => self.system_user = from.system_user,
            Part::Start => self.start = from.start,
            Part::End => self.end = from.end,
            Part::Status => self.status = from.status,
            Part::Priority => self.priority = from.priority,
            Part::Note => self.note.clone_from(&from.note),
        }
    }

    /// The patch that changes `was` into this.
    pub(super) fn patch(&self, was: &Content) -> Patch {
        let differs = |part| !self.same(was, part);
        fn presence<T>(differs: bool, value: Option<T>) -> Presence<T> {
            if differs { value.map_or(Presence::Clear, Presence::Set) } else { Presence::Keep }
        }
        Patch {
            subject: differs(Part::Subject).then(|| self.subject.clone()),
            note: differs(Part::Note).then(|| self.note.clone()),
            start: differs(Part::Start).then_some(self.start),
            end: presence(differs(Part::End), self.end),
            client: self.client.filter(|_| differs(Part::Account)),
            system_user: presence(differs(Part::Responsible), self.system_user),
            status: differs(Part::Status).then_some(StatusRef::Id(self.status)),
            priority: differs(Part::Priority).then_some(self.priority),
            custom_fields: Vec::new(),
        }
    }

    /// A new activity, with the custom fields of another; none without an account.
    pub(super) fn draft(self, custom_fields: Vec<CustomFieldPatch>) -> Option<Draft> {
        Some(Draft {
            subject: self.subject,
            note: self.note,
            start: self.start,
            end: self.end,
            client: self.client?,
            system_user: self.system_user.map_or(Presence::Clear, Presence::Set),
            status: StatusRef::Id(self.status),
            priority: self.priority,
            custom_fields,
        })
    }
}

fn account(text: &str, meant: &[ClientId], names: &Names) -> Result<ClientId, String> {
    if text.is_empty() {
        return Err("must not be empty: type the name or ID of an account".to_owned());
    }
    match meant {
        [one] => Ok(*one),
        [] => Err("was not found: type another name, or the account’s ID".to_owned()),
        fitting @ [first, ..] => {
            let (first, count) = (names.account(*first), fitting.len());
            Err(format!("matches {count} accounts: add the ID of the one you mean, as in {first}"))
        }
    }
}

fn user(text: &str, names: &Names) -> Result<Option<UserId>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let id = text.parse().ok().map(UserId);
    match id.and_then(|id| names.directory.users.get(&id)) {
        Some(user) if !user.disabled => Ok(Some(user.id)),
        Some(_) => Err("must be an active user".to_owned()),
        None => Err("must be one from the list".to_owned()),
    }
}

fn status(text: &str, names: &Names) -> Result<StatusId, String> {
    let id = text.parse().ok().map(StatusId);
    match id.and_then(|id| names.directory.statuses.get(&id)) {
        Some(status) if !status.retired => Ok(status.id),
        Some(_) => Err("is no longer available: choose another".to_owned()),
        None => Err("must be one from the list".to_owned()),
    }
}

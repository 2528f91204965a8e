//! The content of an activity's form: as typed, and as parsed.

use domain::{
    Activity, ClientId, CustomFieldPatch, Draft, Member, MemberKind, Patch, Priority, StatusId,
    UserId, Value,
};

use super::Names;
use super::controls::PARTS;
use crate::fields::Fields;
use crate::form::Wrong;
use crate::times;

/// The name of a member's field in the form.
pub(super) fn field(part: Member) -> &'static str {
    match part {
        Member::Client => "account",
        Member::SystemUser => "responsible",
        Member::Start => "start",
        Member::End => "end",
        Member::StatusId => "status",
        Member::Priority => "priority",
        part => part.name(),
    }
}

/// The label of a member's field: a status is chosen by its name.
pub(super) fn label(part: Member) -> &'static str {
    if part == Member::StatusId { Member::StatusName.label() } else { part.label() }
}

/// The text of each part in the form.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed([String; Member::COUNT]);

impl Typed {
    fn with(text: impl Fn(Member) -> String) -> Typed {
        let mut typed = Typed::default();
        PARTS.into_iter().for_each(|part| typed.set(part, text(part)));
        typed
    }

    /// What a form has sent.
    pub(super) fn read(fields: &Fields) -> Typed {
        Typed::with(|part| lines(fields.raw(field(part))))
    }

    /// What the form shows of an activity.
    pub(super) fn of(content: &Activity, names: &Names) -> Typed {
        Typed::with(|part| match content.value(part) {
            Value::Number(id) if part == Member::Client => names.account(ClientId(id)),
            Value::Number(id) => id.to_string(),
            Value::Moment(moment) => times::control(moment.stamp, names.zone()),
            Value::Priority(priority) => priority.as_str().to_owned(),
            // A control with one line drops line breaks.
            Value::Text(text) if part.kind() == MemberKind::Line => text.replace(['\r', '\n'], ""),
            Value::Text(text) => lines(text),
            _ => String::new(),
        })
    }

    pub(super) fn get(&self, part: Member) -> &str {
        &self.0[part as usize]
    }

    pub(super) fn set(&mut self, part: Member, text: impl Into<String>) {
        self.0[part as usize] = text.into();
    }

    /// Whether a part is as the form showed it.
    fn is_as(&self, shown: &Typed, part: Member) -> bool {
        let (typed, shown) = (self.get(part), shown.get(part));
        match part {
            Member::Start | Member::End => times::same_control(typed, shown),
            _ => typed == shown,
        }
    }
}

/// Normalizes the line ends of browsers.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Parses a form that was made from `base`, and notes its errors. `meant` are the accounts that are meant by what was
/// typed. An untouched part keeps its exact value, even if the form shows less of it: a start keeps its offset.
pub(super) fn parse(
    typed: &Typed,
    base: Option<&Activity>,
    names: &Names,
    meant: &[ClientId],
    wrong: &mut Wrong,
) -> Option<Activity> {
    let shown = base.map(|activity| Typed::of(activity, names));
    let is_untouched = |part| shown.as_ref().is_some_and(|shown| typed.is_as(shown, part));
    let mut content = base.cloned().unwrap_or_else(Activity::blank);
    for part in PARTS.into_iter().filter(|part| !is_untouched(*part)) {
        wrong.check(field(part), set(&mut content, part, typed.get(part), names, meant));
    }
    let untouched = is_untouched(Member::Start) && is_untouched(Member::End);
    let are_times = ![Member::Start, Member::End].into_iter().any(|part| wrong.has(field(part)));
    // Scripts may save such times; in the form it is a mistake.
    if are_times && !untouched && ends_early(&content) {
        wrong.add(field(Member::End), "must not be before the start");
    }
    wrong.is_empty().then_some(content)
}

/// Sets a part to what was typed.
fn set(
    content: &mut Activity,
    part: Member,
    typed: &str,
    names: &Names,
    meant: &[ClientId],
) -> Result<(), String> {
    let text = typed.trim();
    match part {
        Member::Client => content.client = Some(account(text, meant, names)?),
        Member::SystemUser => content.system_user = user(text, names)?,
        Member::Start => content.start = times::typed(text, names.zone())?,
        Member::End if text.is_empty() => content.end = None,
        Member::End => content.end = Some(times::typed(text, names.zone())?),
        Member::StatusId => content.status = status(text, names)?,
        Member::Priority => {
            content.priority = Priority::parse(text).ok_or("must be one from the list")?;
        }
        part => {
            let text = if part.kind() == MemberKind::Line { text } else { typed };
            content.set_text(part, text).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Whether it ends before it starts.
pub(super) fn ends_early(content: &Activity) -> bool {
    content.end.is_some_and(|end| end.stamp < content.start.stamp)
}

/// Whether a part is the same in both.
pub(super) fn same(one: &Activity, other: &Activity, part: Member) -> bool {
    match (one.value(part), other.value(part)) {
        (Value::Moment(one), Value::Moment(other)) => one.stamp == other.stamp,
        (one, other) => one == other,
    }
}

/// The parts that differ.
pub(super) fn differing(one: &Activity, other: &Activity) -> Vec<Member> {
    PARTS.into_iter().filter(|part| !same(one, other, *part)).collect()
}

/// The patch that changes `was` into `content`.
pub(super) fn patch(content: &Activity, was: &Activity) -> Patch {
    let mut patch = Patch::default();
    differing(content, was).into_iter().for_each(|part| patch.take(part, content));
    patch
}

/// A new activity, with the custom fields of another; none without an account.
pub(super) fn draft(content: &Activity, custom_fields: Vec<CustomFieldPatch>) -> Option<Draft> {
    let mut patch = Patch { custom_fields, ..Patch::default() };
    PARTS.into_iter().for_each(|part| patch.take(part, content));
    patch.into_draft()
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

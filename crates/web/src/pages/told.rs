//! The message on a page about a change that was just made there, with a button to undo it.
//!
//! The address names the change by its position in the log (`changed`, `version`), and the message follows from it,
//! so that a crafted link cannot make a page say anything else.

use axum::Router;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::post;
use domain::{ActivityId, Kind, Member, Seq, Version};
use maud::{Markup, html};
use service::{Change, Refusal, Write, Written};

use super::activity::{Id, Names, address, short};
use crate::fields::{Fields, local};
use crate::layout::csrf;
use crate::session::Posted;
use crate::times::{self, Shape};
use crate::{Problem, SignedIn, Web};

/// The most characters shown of a subject.
const SUBJECT_CHARS_MAX: usize = 80;

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/activities/{id}/undo", post(undo))
}

/// The result of a change made on a page.
pub(crate) enum Told {
    /// It made this version.
    Changed(ActivityId, Seq),
    /// Someone else changed the activity after the page was made; nothing was saved.
    Outdated(ActivityId),
    /// Someone removed it in the meantime; nothing was saved.
    Gone(ActivityId),
    /// Nothing had to be changed.
    Nothing,
}

impl Told {
    /// The result of a write; an error if the activity never existed, or if the refusal needs a page of its own.
    pub(crate) async fn of(
        web: &Web,
        who: &SignedIn,
        id: ActivityId,
        written: Result<Written, Refusal>,
    ) -> Result<Told, Problem> {
        match written {
            Ok(Written { version: Some(version), .. }) => Ok(Told::Changed(id, version)),
            Ok(_) => Ok(Told::Nothing),
            Err(Refusal::Outdated(_)) => Ok(Told::Outdated(id)),
            Err(Refusal::UnknownActivity(_)) => {
                let latest = web.service.latest(&who.person.tenant, id).await?;
                latest.map(|_| Told::Gone(id)).ok_or(Problem::NotFound)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// The address of a page with the message.
    pub(crate) fn at(&self, back: &str) -> String {
        let (address, place) = back.split_once('#').unwrap_or((back, ""));
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let kept = |fields: Fields, name: &&str| fields.without(name);
        let fields = SAID.iter().fold(Fields::parse(query.as_bytes()), kept);
        let id = |name: &str, id: &ActivityId| fields.with(name, &id.to_string());
        let told = match self {
            Told::Changed(of, version) => id("changed", of).with("version", &version.to_string()),
            Told::Outdated(of) => id("outdated", of),
            Told::Gone(of) => id("gone", of),
            Told::Nothing => fields,
        };
        let place = if place.is_empty() { String::new() } else { format!("#{place}") };
        format!("{}{place}", told.address(path))
    }
}

/// The fields of an address that stand for messages.
const SAID: [&str; 5] = ["work", "changed", "version", "outdated", "gone"];

/// The message that the address asks for; `back` is the address of the page itself.
pub(crate) async fn notice(
    web: &Web,
    who: &SignedIn,
    query: &Fields,
    back: &str,
) -> Result<Markup, Problem> {
    let id = |name| query.get(name).parse().ok().map(ActivityId);
    if let Some((id, version)) = id("changed").zip(query.get("version").parse().ok()) {
        return changed(web, who, id, Seq(version), back).await;
    }
    let (id, text) = match (id("outdated"), id("gone")) {
        (Some(id), _) => (
            id,
            " was changed by someone else in the meantime. You now see their version, and your change was not saved.",
        ),
        (None, Some(id)) => {
            (id, " was removed in the meantime, so your change was not saved. It is in the bin.")
        }
        _ => return Ok(html! {}),
    };
    let Some(latest) = web.service.latest(&who.person.tenant, id).await? else {
        return Ok(html! {});
    };
    let subject = subject(web, who, &latest).await?;
    Ok(html! {
        div.notice.told.warn role="status" { p { a href=(address(id)) { (subject) } (text) } }
    })
}

async fn changed(
    web: &Web,
    who: &SignedIn,
    id: ActivityId,
    version: Seq,
    back: &str,
) -> Result<Markup, Problem> {
    let change = web.service.change(&who.person.tenant, id, version).await?;
    let Some(change) = change else { return Ok(html! {}) };
    let latest = web.service.latest(&who.person.tenant, id).await?;
    let is_latest = latest.is_some_and(|latest| latest.seq == version);
    let subject = subject(web, who, &change.version).await?;
    // Back to its row, if there is one.
    let back = if back.contains('#') { back.to_owned() } else { format!("{back}#a{id}") };
    Ok(html! {
        div.notice.told.ok role="status" {
            form action={ (address(id)) "/undo" } method="post" {
                p {
                    a href=(address(id)) { (subject) } " " (said(who, &change)) " "
                    @if who.edits() && is_latest {
                        (csrf(who))
                        input type="hidden" name="version" value=(version);
                        input type="hidden" name="back" value=(back);
                        button.small type="submit" { "Undo" }
                    }
                }
            }
        }
    })
}

/// `“Call Ada”`, even if it has been removed.
async fn subject(web: &Web, who: &SignedIn, version: &Version) -> Result<String, Problem> {
    let of = |version: &Version| version.record().map(|activity| activity.subject.to_string());
    let mut found = of(version);
    if let (None, Some(before)) = (&found, version.previous) {
        let before = web.service.version(&who.person.tenant, version.id, before).await?;
        found = before.as_deref().and_then(of);
    }
    let named = found.map(|subject| format!("“{}”", short(&subject, SUBJECT_CHARS_MAX)));
    Ok(named.unwrap_or_else(|| format!("Activity {}", version.id)))
}

/// The change in words.
fn said(who: &SignedIn, change: &Change) -> String {
    let names = Names::of(who);
    let Some(activity) = change.version.record() else { return "was removed.".to_owned() };
    match change.before {
        None => return format!("was created with status {}.", activity.status_name),
        Some(Kind::Tombstone) => return "was restored.".to_owned(),
        Some(Kind::Record) => {}
    }
    let members: Vec<Member> = change.differences.iter().map(|d| d.member).collect();
    match &*members {
        [Member::StatusName | Member::StatusId] | [Member::StatusId, Member::StatusName] => {
            format!("is now {}.", activity.status_name)
        }
        [Member::Priority] => format!("now has priority {}.", activity.priority.as_str()),
        [Member::SystemUser] => match activity.system_user {
            Some(user) => format!("is now assigned to {}.", names.user(user)),
            None => "is now unassigned.".to_owned(),
        },
        [Member::Start] | [Member::Start, Member::End] => {
            let start = times::text(activity.start.stamp, &names.clock, Shape::Both);
            format!("now starts {start}.")
        }
        _ if members.contains(&Member::StatusName) => {
            format!("was changed and is now {}.", activity.status_name)
        }
        _ => "was changed.".to_owned(),
    }
}

async fn undo(
    State(web): State<Web>,
    Id(id): Id,
    Posted { who, fields }: Posted,
) -> Result<Redirect, Problem> {
    who.needs_to_edit()?;
    let version = fields.get("version").parse().map(Seq).map_err(|_| Problem::NotFound)?;
    let undo = Write::Undo { id, version };
    let written = web.service.write(&who.person.tenant, who.person.author(), undo).await;
    let told = Told::of(&web, &who, id, written).await?;
    Ok(Redirect::to(&told.at(local(fields.get("back")).unwrap_or("/activities"))))
}

//! Removes and restores an activity.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::{ActivityId, Seq, Version};
use maud::{Markup, html};
use service::{Refusal, Write};

use super::controls::facts;
use super::{Id, Names, address, short};
use crate::fields::local;
use crate::layout::{self, Nav, csrf};
use crate::pages::told::Told;
use crate::session::Posted;
use crate::times::{self, Shape};
use crate::{Problem, SignedIn, Web};

/// The button that removes. A script asks for confirmation and says so; without scripts, a page does.
pub(super) fn button(who: &SignedIn, id: ActivityId, subject: &str, back: &str) -> Markup {
    let question = format!("Remove “{}”? You can restore it from the bin.", short(subject, 80));
    html! {
        form action={ (address(id)) "/remove" } method="post" data-confirm=(question) {
            (csrf(who))
            input type="hidden" name="back" value=(back);
            button.danger type="submit" { "Remove" }
        }
    }
}

pub(super) async fn remove(
    State(web): State<Web>,
    Id(id): Id,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs_to_edit()?;
    let tenant = &who.person.tenant;
    let present = web.service.latest(tenant, id).await?.ok_or(Problem::NotFound)?;
    if let Some(activity) = present.record().filter(|_| fields.get("confirmed") != "1") {
        return Ok(confirm(&who, id, activity.subject.as_str(), fields.get("back")));
    }
    let written = web.service.write(tenant, who.person.author(), Write::Remove(id)).await;
    let version = match written {
        Ok(written) => written.version,
        // Someone else was faster, or it was clicked twice.
        Err(Refusal::UnknownActivity(_)) => Some(present.seq),
        Err(refusal) => return Err(refusal.into()),
    };
    let told = version.map_or(Told::Nothing, |version| Told::Changed(id, version));
    Ok(Redirect::to(&told.at(local(fields.get("back")).unwrap_or("/activities"))).into_response())
}

fn confirm(who: &SignedIn, id: ActivityId, subject: &str, back: &str) -> Response {
    let content = html! {
        div.card.narrow {
            h1 { "Remove this activity?" }
            p { (short(subject, 200)) }
            p.hint { "You can restore it from the bin." }
            form action={ (address(id)) "/remove" } method="post" {
                (csrf(who))
                input type="hidden" name="back" value=(back);
                input type="hidden" name="confirmed" value="1";
                div.buttons {
                    button.danger type="submit" { "Remove" }
                    a.button.quiet href=(address(id)) { "Cancel" }
                }
            }
        }
    };
    layout::page(who, "Remove this activity?", Nav::Activities, &content)
}

pub(super) async fn restore(
    State(web): State<Web>,
    Id(id): Id,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs_to_edit()?;
    let position = |name| match fields.get(name) {
        "" => Ok(None),
        seq => seq.parse().map(|seq| Some(Seq(seq))).map_err(|_| Problem::NotFound),
    };
    let restore = Write::Restore { id, to: position("seq")?, seen: position("seen")? };
    let written = web.service.write(&who.person.tenant, who.person.author(), restore).await;
    match written {
        Err(Refusal::UnknownVersion(_)) => Err(Problem::NotFound),
        Err(Refusal::Outdated(_)) => {
            let history = format!("{}/history?outdated=1", address(id));
            Ok(Redirect::to(&history).into_response())
        }
        written => {
            let told = Told::of(&web, &who, id, written).await?;
            // Says so if there was nothing to restore.
            let is_same = matches!(told, Told::Nothing);
            let page = format!("{}{}", address(id), if is_same { "?done=same" } else { "" });
            let back = local(fields.get("back")).unwrap_or(&page);
            Ok(Redirect::to(&told.at(back)).into_response())
        }
    }
}

/// The page of a removed activity.
pub(super) async fn removed_page(
    web: &Web,
    who: &SignedIn,
    names: &Names,
    tombstone: &Version,
) -> Result<Response, Problem> {
    let id = tombstone.id;
    let last = match tombstone.previous {
        Some(seq) => web.service.version(&names.tenant, id, seq).await?,
        None => None,
    };
    let last = last.as_deref().and_then(Version::record);
    let title = format!("Activity {id}");
    let actions = html! {
        a.button href={ (address(id)) "/history" } { "History" }
        @if who.edits() && last.is_some() {
            form action={ (address(id)) "/restore" } method="post" {
                (csrf(who))
                button.primary type="submit" { "Restore" }
            }
        }
    };
    let content = html! {
        (layout::head(&title, &actions))
        div.notice.warn role="status" {
            p {
                "This activity was removed by " (names.author(tombstone.author)) ", "
                (times::time(tombstone.stamp, &names.clock, Shape::Both)) "."
            }
        }
        div.card {
            @match last {
                Some(activity) => { h2 { "Last version" } (facts(activity, names)) }
                None => p { "It was already removed when it was imported, so there is nothing to restore." }
            }
        }
    };
    Ok(layout::page(who, &title, Nav::Activities, &content))
}

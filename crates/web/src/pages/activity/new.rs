//! A new activity, from nothing or from another.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::{Activity, ActivityId, ClientId, CustomFieldPatch, Priority, Role, Seq, Version};
use maud::html;
use service::{Refusal, Write};
use std::sync::Arc;

use super::Names;
use super::address;
use super::content::{Content, Part, Typed};
use super::controls::{controls, custom_fields};
use crate::created::{form_token, once};
use crate::fields::Fields;
use crate::form::Wrong;
use crate::layout::{self, Nav, csrf, notice};
use crate::session::{Posted, Query};
use crate::{Problem, SignedIn, Web, times};

/// A form: what is in it, and what it was copied from.
struct Form {
    typed: Typed,
    copied: Option<Arc<Version>>,
}

impl Form {
    fn base(&self) -> Option<&Activity> {
        self.copied.as_deref().and_then(Version::record)
    }
}

pub(super) async fn form(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    who.needs(Role::Editor)?;
    let names = Names::of(&who);
    let mut copied = None;
    if query.has("copy") {
        let id = query.get("copy").parse().map_err(|_| Problem::NotFound)?;
        let version = web.service.retrieve(&names.tenant, ActivityId(id)).await?.1;
        copied = Some(version.ok_or(Problem::NotFound)?);
    }
    let mut form = Form { typed: Typed::default(), copied };
    form.typed = match form.base() {
        Some(activity) => Typed::of(&Content::of(activity), &names),
        None => first(&who, &names, &query),
    };
    page(&web, &who, &names, &form, &Wrong::default())
}

/// What a form begins with.
fn first(who: &SignedIn, names: &Names, query: &Fields) -> Typed {
    let mut typed = Typed::default();
    if let Ok(client) = query.get("client").parse() {
        typed.set(Part::Account, names.account(ClientId(client)));
    }
    typed.set(Part::Responsible, who.person.user.to_string());
    let start = times::next_hour(names.clock.now, names.zone());
    typed.set(Part::Start, times::control(start, names.zone()));
    if let Some(status) = names.directory.first_status() {
        typed.set(Part::Status, status.id.to_string());
    }
    typed.set(Part::Priority, Priority::Normal.as_str());
    typed
}

fn page(
    web: &Web,
    who: &SignedIn,
    names: &Names,
    form: &Form,
    wrong: &Wrong,
) -> Result<Response, Problem> {
    let copied = form.copied.as_deref();
    let title = if copied.is_some() { "Duplicate activity" } else { "New activity" };
    let content = html! {
        (layout::head(title, &html! {}))
        @if !wrong.is_empty() { (notice("bad", &mistakes(wrong))) }
        form.edit action="/activities" method="post" {
            (csrf(who))
            (form_token(web)?)
            @if let Some(version) = copied {
                input type="hidden" name="copy" value=(version.id);
                input type="hidden" name="copied" value=(version.seq);
            }
            // A retired status is not copied: the list begins with one that can be chosen.
            (controls(&form.typed, None, names, wrong))
            div.buttons {
                button.primary type="submit" { "Create activity" }
                a.button.quiet href="/activities" { "Cancel" }
            }
        }
        @if let Some(activity) = form.base() { (custom_fields(activity)) }
    };
    Ok((wrong.status(), layout::page(who, title, Nav::Activities, &content)).into_response())
}

/// What a form says whose fields say more.
pub(super) fn mistakes(wrong: &Wrong) -> String {
    let count = layout::counted(wrong.len() as u64, "field needs", "fields need");
    format!("Nothing was saved yet: {count} another look.")
}

pub(super) async fn create(
    State(web): State<Web>,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Editor)?;
    let names = Names::of(&who);
    let copied = copied(&web, &names, &fields).await?;
    let typed = Typed::read(&fields);
    let form = Form { typed, copied };
    let mut wrong = Wrong::default();
    let content = Content::parse(&form.typed, form.base(), &names, &mut wrong);
    let custom_fields = form.base().map(custom_field_patches).unwrap_or_default();
    if let Some(content) = content {
        if let Some(draft) = content.draft(custom_fields) {
            let (service, person) = (web.service.clone(), who.person.clone());
            let create = async move {
                let write = Write::Create(Box::new(draft));
                let written = service.write(&person.tenant, person.author(), write).await?;
                Ok((written.id.0, ()))
            };
            match once(&web, &who, &fields, create).await? {
                Ok((id, _)) => {
                    let page = format!("{}?done=created", address(ActivityId(id)));
                    return Ok(Redirect::to(&page).into_response());
                }
                Err(refusal) => status_refused(refusal, &mut wrong)?,
            }
        } else {
            wrong.add(Part::Account.name(), "must not be empty");
        }
    }
    page(&web, &who, &names, &form, &wrong)
}

/// The version that the form was copied from.
async fn copied(
    web: &Web,
    names: &Names,
    fields: &Fields,
) -> Result<Option<Arc<Version>>, Problem> {
    if !fields.has("copied") {
        return Ok(None);
    }
    let ids = (fields.get("copy").parse(), fields.get("copied").parse());
    let (Ok(id), Ok(seq)) = ids else { return Err(Problem::NotFound) };
    let version = web.service.version(&names.tenant, ActivityId(id), Seq(seq)).await?;
    version.map(Some).ok_or(Problem::NotFound)
}

fn custom_field_patches(activity: &Activity) -> Vec<CustomFieldPatch> {
    let fields = activity.custom_fields.iter().cloned();
    let patches = fields.map(|field| CustomFieldPatch {
        field_id: field.field_id,
        value: field.value,
        option_id: field.option_id,
    });
    patches.collect()
}

/// A status may have been retired since the form was read: that stands at the field.
pub(super) fn status_refused(refusal: Refusal, wrong: &mut Wrong) -> Result<(), Problem> {
    match refusal {
        Refusal::RetiredStatus(_) | Refusal::UnknownStatus(_) => {
            wrong.add(Part::Status.name(), "must be one that is not retired");
            Ok(())
        }
        other => Err(other.into()),
    }
}

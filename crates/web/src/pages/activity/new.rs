//! Creates an activity, possibly as a copy or follow-up of another.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::{Activity, ActivityId, ClientId, CustomFieldPatch, Member, Priority, Seq, Version};
use maud::{Markup, html};
use service::{Refusal, Write};
use std::sync::Arc;

use super::content::{self, Typed, draft, field};
use super::controls::{controls, custom_fields};
use super::then::{FOLLOW_UP, Then};
use super::{Names, account};
use crate::created::{form_token, once};
use crate::fields::{Fields, local};
use crate::form::Wrong;
use crate::layout::{self, Nav, csrf};
use crate::pages::{names, told};
use crate::session::{Posted, Query};
use crate::way_back::way_back;
use crate::{Problem, SignedIn, Web, times};

/// The form for a new activity.
struct Form {
    typed: Typed,
    copied: Option<Arc<Version>>,
    /// Where it was opened from.
    back: String,
    /// Whether it is the follow-up of another.
    follows: bool,
}

/// The proposed start of a follow-up, in days from today.
const FOLLOWS_AFTER_DAYS: i64 = 7;

impl Form {
    fn base(&self) -> Option<&Activity> {
        self.copied.as_deref().and_then(Version::record)
    }
}

pub(super) async fn form(
    State(web): State<Web>,
    who: SignedIn,
    headers: HeaderMap,
    Query(query): Query,
) -> Result<Response, Problem> {
    who.needs_to_edit()?;
    let names = Names::of(&who);
    let mut copied = None;
    if query.has("copy") {
        copied = Some(present(&web, &names, query.get("copy")).await?);
    }
    let (typed, follows) = (Typed::default(), query.has("after"));
    let mut form = Form { typed, copied, back: String::new(), follows };
    form.back = way_back(&web, &headers, &query);
    form.typed = match form.base() {
        Some(activity) => Typed::of(activity, &names),
        None => first(&who, &names, &query),
    };
    if follows {
        let before = present(&web, &names, query.get("after")).await?;
        follow_up(&mut form.typed, before.record().ok_or(Problem::NotFound)?, &names);
    }
    let said = told::notice(&web, &who, &query, "/activities/new").await?;
    page(&web, &who, &names, &form, &Wrong::default(), &said)
}

async fn present(web: &Web, names: &Names, id: &str) -> Result<Arc<Version>, Problem> {
    let id = id.parse().map(ActivityId).map_err(|_| Problem::NotFound)?;
    web.service.retrieve(&names.tenant, id).await?.1.ok_or(Problem::NotFound)
}

/// Fills in a follow-up: same account and time of day, a week from now.
fn follow_up(typed: &mut Typed, before: &Activity, names: &Names) {
    let was = Typed::of(before, names);
    for part in [Member::Subject, Member::Client, Member::Priority] {
        typed.set(part, was.get(part));
    }
    let day = names.clock.date(names.clock.day(FOLLOWS_AFTER_DAYS));
    let time = was.get(Member::Start).get(10..16).unwrap_or_default();
    typed.set(Member::Start, format!("{day}{time}"));
}

/// The initial content of the form.
fn first(who: &SignedIn, names: &Names, query: &Fields) -> Typed {
    let mut typed = Typed::default();
    if let Ok(client) = query.get("client").parse() {
        typed.set(Member::Client, names.account(ClientId(client)));
    }
    typed.set(Member::SystemUser, who.person.user.to_string());
    let start = times::next_hour(names.clock.now, names.zone());
    typed.set(Member::Start, times::control(start, names.zone()));
    if let Some(status) = names.directory.first_status() {
        typed.set(Member::StatusId, status.id.to_string());
    }
    typed.set(Member::Priority, Priority::Normal.as_str());
    typed
}

fn page(
    web: &Web,
    who: &SignedIn,
    names: &Names,
    form: &Form,
    wrong: &Wrong,
    said: &Markup,
) -> Result<Response, Problem> {
    let copied = form.copied.as_deref();
    let title = if copied.is_some() { "Duplicate activity" } else { "New activity" };
    let content = html! {
        (layout::head(title, &html! {}))
        (said)
        (wrong.notice())
        form.edit action="/activities" method="post" {
            (csrf(who))
            (form_token(web)?)
            input type="hidden" name="back" value=(form.back);
            @if form.follows { input type="hidden" name="follows" value="1"; }
            @if let Some(version) = copied {
                input type="hidden" name="copy" value=(version.id);
                input type="hidden" name="copied" value=(version.seq);
            }
            // A retired status is not copied; the list then starts with one that can be chosen.
            (controls(&form.typed, None, names, wrong))
            div.buttons {
                button.primary type="submit" { "Create activity" }
                @if !form.follows && names::done_status(&names.directory).is_some() {
                    button type="submit" name="then" value=(FOLLOW_UP) { "Done and follow up" }
                }
                a.button.quiet href=(form.back) { "Cancel" }
            }
        }
        @if let Some(activity) = form.base() { (custom_fields(activity)) }
    };
    Ok((wrong.status(), layout::page(who, title, Nav::Activities, &content)).into_response())
}

pub(super) async fn create(
    State(web): State<Web>,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs_to_edit()?;
    let names = Names::of(&who);
    let copied = copied(&web, &names, &fields).await?;
    let mut typed = Typed::read(&fields);
    let then = Then::read(&fields, &names, &mut typed);
    if then != Then::Stay {
        begin_by_now(&mut typed, &names);
    }
    let back = local(fields.get("back")).unwrap_or("/activities").to_owned();
    let base = copied.as_deref().and_then(Version::record);
    let is_right = |typed: &Typed| account::is_right(typed, base, &names);
    account::add_if_asked(&web, &who, &names, &fields, &mut typed, is_right).await?;
    let follows = fields.has("follows");
    let form = Form { typed, copied, back, follows };
    let mut wrong = Wrong::default();
    let meant =
        names::accounts_meant(&web, &names.tenant, form.typed.get(Member::Client).trim()).await?;
    let content = content::parse(&form.typed, form.base(), &names, &meant, &mut wrong);
    let custom_fields = form.base().map(custom_field_patches).unwrap_or_default();
    if let Some(content) = content {
        if let Some(draft) = draft(&content, custom_fields) {
            let (service, person) = (web.service.clone(), who.person.clone());
            let create = async move {
                let write = Write::Create(Box::new(draft));
                let written = service.write(&person.tenant, person.author(), write).await?;
                Ok((written.id.0, written.version))
            };
            match once(&web, &who, &fields, create).await? {
                Ok((id, version)) => {
                    let version = version.flatten();
                    return Ok(then.go_on(ActivityId(id), version, "created", &form.back));
                }
                Err(refusal) => status_refused(refusal, &mut wrong)?,
            }
        } else {
            wrong.add(field(Member::Client), "must not be empty");
        }
    }
    page(&web, &who, &names, &form, &wrong, &html! {})
}

/// A done activity has started: a start in the future, as the form proposes it, becomes this minute.
fn begin_by_now(typed: &mut Typed, names: &Names) {
    let start = times::typed(typed.get(Member::Start), names.zone());
    let now = times::control(names.clock.now, names.zone());
    if start.is_ok_and(|start| start.stamp > names.clock.now) && typed.get(Member::End).is_empty() {
        typed.set(Member::Start, now.get(..16).unwrap_or(&now));
    }
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

/// Puts the error at the field if the status was retired after the form was opened.
pub(super) fn status_refused(refusal: Refusal, wrong: &mut Wrong) -> Result<(), Problem> {
    match refusal {
        Refusal::RetiredStatus(_) | Refusal::UnknownStatus(_) => {
            wrong.add(field(Member::StatusId), "is no longer available: choose another");
            Ok(())
        }
        other => Err(other.into()),
    }
}

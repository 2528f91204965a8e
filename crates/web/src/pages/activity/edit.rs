//! Shows and edits an activity.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::{Activity, ActivityId, Member, Seq, Version};
use maud::{Markup, html};
use service::{Refusal, Write, Written};

use super::content::{self, Typed, differing, field, patch};
use super::controls::{PARTS, controls, custom_fields, facts};
use super::new::status_refused;
use super::then::{DONE, FOLLOW_UP, Then};
use super::{Id, Names, account, address, conflict, remove, short};
use crate::fields::{Fields, local};
use crate::form::Wrong;
use crate::layout::{self, Nav, csrf, notice};
use crate::pages::{names, told};
use crate::session::{Posted, Query};
use crate::times::{self, Shape};
use crate::way_back::way_back;
use crate::{Problem, SignedIn, Web};

/// The field with the account as the form showed it.
const ACCOUNT_SHOWN: &str = "account_shown";

/// The most characters of the subject shown as the title.
const TITLE_CHARS_MAX: usize = 120;

pub(super) async fn show(
    State(web): State<Web>,
    who: SignedIn,
    headers: HeaderMap,
    Id(id): Id,
    Query(query): Query,
) -> Result<Response, Problem> {
    let names = Names::of(&who);
    let back = way_back(&web, &headers, &query);
    let version = web.service.latest(&names.tenant, id).await?.ok_or(Problem::NotFound)?;
    let Some(activity) = version.record() else {
        return remove::removed_page(&web, &who, &names, &version).await;
    };
    let done = match query.get("done") {
        "created" => Some("Activity created."),
        "saved" => Some("Changes saved."),
        "merged" => {
            Some("Changes saved, along with changes that someone else made while you were editing.")
        }
        "same" => Some("No changes to save: the activity already looks like this."),
        _ => None,
    };
    let said = told::notice(&web, &who, &query, &address(id)).await?;
    let done = html! { @if let Some(text) = done { (notice("ok", text)) } (said) };
    if !who.edits() {
        let read = html! { div.card { (facts(activity, &names)) } };
        return Ok(page(&who, &names, &version, activity, &back, &done, &read));
    }
    let typed = Typed::of(activity, &names);
    let form = form(&who, &names, (&version, activity), &typed, &back, &Wrong::default());
    Ok(page(&who, &names, &version, activity, &back, &done, &form))
}

/// The form made from `base`.
fn form(
    who: &SignedIn,
    names: &Names,
    (version, base): (&Version, &Activity),
    typed: &Typed,
    back: &str,
    wrong: &Wrong,
) -> Markup {
    let status = names.directory.statuses.get(&base.status);
    let is_done = status.is_some_and(|status| status.done);
    html! {
        div.card {
            form.edit action=(address(version.id)) method="post" {
                (csrf(who))
                input type="hidden" name="seen" value=(version.seq);
                input type="hidden" name="back" value=(back);
                input type="hidden" name=(ACCOUNT_SHOWN) value=(Typed::of(base, names).get(Member::Client));
                (controls(typed, Some(base), names, wrong))
                div.buttons {
                    button.primary type="submit" { "Save changes" }
                    @if is_done {
                        a.button href={ "/activities/new?after=" (version.id) } { "Follow up" }
                    } @else if names::done_status(&names.directory).is_some() {
                        button type="submit" name="then" value=(DONE) { "Mark as done" }
                        button type="submit" name="then" value=(FOLLOW_UP) { "Done and follow up" }
                    }
                }
            }
        }
    }
}

fn page(
    who: &SignedIn,
    names: &Names,
    version: &Version,
    activity: &Activity,
    back: &str,
    above: &Markup,
    content: &Markup,
) -> Response {
    let (id, title) = (version.id, short(activity.subject.as_str(), TITLE_CHARS_MAX));
    let actions = html! {
        a.button.quiet href=(back) { "Back" }
        a.button href={ (address(id)) "/history" } { "History" }
        @if who.edits() {
            a.button href={ "/activities/new?copy=" (id) } { "Duplicate" }
            (remove::button(who, id, activity.subject.as_str(), back))
        }
    };
    let content = html! {
        (layout::head(&title, &actions))
        (above)
        div.split {
            (content)
            aside {
                div.card {
                    h2 { "About this activity" }
                    (history_facts(names, version, activity))
                }
                (custom_fields(activity))
            }
        }
    };
    layout::page(who, &title, Nav::Activities, &content)
}

fn history_facts(names: &Names, version: &Version, activity: &Activity) -> Markup {
    let time = |stamp| times::time(stamp, &names.clock, Shape::Both);
    html! {
        dl.facts {
            dt { "ID" } dd { (version.id) }
            @if let Some(id) = &activity.external_id {
                dt { "External ID" } dd { (id) }
            }
            dt { "Created" }
            dd {
                (time(activity.created))
                @if let Some(name) = &activity.created_by { " by " (name) }
            }
            dt { "Last changed" }
            dd { (time(version.stamp)) " by " (names.author(version.author)) }
        }
    }
}

/// An edit that has come in.
pub(super) struct Edit {
    pub(super) id: ActivityId,
    /// The version that the form was made from.
    pub(super) base: Arc<Version>,
    pub(super) typed: Typed,
    /// Where the activity was opened from.
    pub(super) back: String,
    then: Then,
    /// The parts that still have to be chosen on the conflict page.
    unchosen: Vec<Member>,
}

impl Edit {
    pub(super) fn base(&self) -> Result<&Activity, Problem> {
        self.base.record().ok_or_else(without_version)
    }

    /// Redirects after it has been saved; `done` is the message to show.
    pub(super) fn go_on(&self, written: &Written, done: &str) -> Response {
        self.then.go_on(self.id, written.version, done, &self.back)
    }

    /// The button that was pressed, to be carried along if a question comes first.
    pub(super) fn button(&self) -> &'static str {
        self.then.name()
    }
}

fn without_version() -> Problem {
    let text = "This form does not say which version of the activity it is for. Reload the activity’s page and try again.";
    Problem::Wrong(text.to_owned())
}

pub(super) async fn save(
    State(web): State<Web>,
    Id(id): Id,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs_to_edit()?;
    let names = Names::of(&who);
    if web.service.latest(&names.tenant, id).await?.is_none() {
        return Err(Problem::NotFound);
    }
    let mut edit = read(&web, &names, id, &fields).await?;
    let base = edit.base.clone();
    let is_right = |typed: &Typed| account::is_right(typed, base.record(), &names);
    account::add_if_asked(&web, &who, &names, &fields, &mut edit.typed, is_right).await?;
    let base = edit.base()?;
    let mut wrong = Wrong::default();
    for part in &edit.unchosen {
        wrong.add(
            field(*part),
            "was changed by both of you. This is your value: save it or change it",
        );
    }
    let typed = edit.typed.get(Member::Client).trim();
    let meant = names::accounts_meant(&web, &names.tenant, typed).await?;
    let Some(mine) = content::parse(&edit.typed, Some(base), &names, &meant, &mut wrong) else {
        return again(&who, &names, &edit, &wrong);
    };
    let restores = fields.get("restore") == "1";
    let seen = if restores { revive(&web, &who, &edit).await? } else { edit.base.seq };
    let patch = Box::new(patch(&mine, base));
    let (tenant, author) = (&names.tenant, who.person.author());
    match web.service.write(tenant, author, Write::Edit { id, seen, patch }).await {
        Ok(written) => {
            let is_saved = written.version.is_some() || restores;
            Ok(edit.go_on(&written, if is_saved { "saved" } else { "same" }))
        }
        Err(Refusal::Outdated(_) | Refusal::UnknownActivity(_)) => {
            conflict::settle(&web, &who, &names, &edit, &mine).await
        }
        Err(refusal) => {
            status_refused(refusal, &mut wrong)?;
            again(&who, &names, &edit, &wrong)
        }
    }
}

/// Reads the form. From the conflict page it says for each part which value to keep.
async fn read(web: &Web, names: &Names, id: ActivityId, fields: &Fields) -> Result<Edit, Problem> {
    let seen = fields.get("seen").parse().map_err(|_| without_version())?;
    let base = web.service.version(&names.tenant, id, Seq(seen)).await?;
    let base = base.ok_or_else(without_version)?;
    let mut typed = Typed::read(fields);
    let then = Then::read(fields, names, &mut typed);
    let back = local(fields.get("back")).unwrap_or("/activities").to_owned();
    let mut edit = Edit { id, base, typed, back, then, unchosen: Vec::new() };
    let shown = Typed::of(edit.base()?, names);
    // An account that has been renamed in the meantime still counts as untouched.
    if fields.has(ACCOUNT_SHOWN) && fields.raw(ACCOUNT_SHOWN) == edit.typed.get(Member::Client) {
        edit.typed.set(Member::Client, shown.get(Member::Client));
    }
    let is_asked = |part: &Member| fields.all(conflict::CHOOSE).any(|name| name == field(*part));
    for part in PARTS.into_iter().filter(is_asked) {
        match fields.get(&conflict::pick(part)) {
            conflict::MINE => {}
            conflict::THEIRS => edit.typed.set(part, shown.get(part)),
            _ => edit.unchosen.push(part),
        }
    }
    Ok(edit)
}

/// The form again, with its errors.
pub(super) fn again(
    who: &SignedIn,
    names: &Names,
    edit: &Edit,
    wrong: &Wrong,
) -> Result<Response, Problem> {
    let base = edit.base()?;
    let above = wrong.notice();
    let form = form(who, names, (&edit.base, base), &edit.typed, &edit.back, wrong);
    let page = page(who, names, &edit.base, base, &edit.back, &above, &form);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Restores a removed activity before it is edited. Returns the version that the edit is based on: the new one, if
/// its content is what the form was made from.
async fn revive(web: &Web, who: &SignedIn, edit: &Edit) -> Result<Seq, Problem> {
    let tenant = &who.person.tenant;
    let restore = Write::Restore { id: edit.id, to: None, seen: None };
    let written = web.service.write(tenant, who.person.author(), restore).await?;
    let Some(seq) = written.version else { return Ok(edit.base.seq) };
    let back = web.service.version(tenant, edit.id, seq).await?;
    let (back, base) = (back.as_deref().and_then(Version::record), edit.base()?);
    let is_as_seen = back.is_some_and(|back| differing(back, base).is_empty());
    Ok(if is_as_seen { seq } else { edit.base.seq })
}

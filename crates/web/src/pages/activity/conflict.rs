//! Two people edited an activity at the same time. Edits that do not collide are merged and saved; where they do, the
//! person who saves second chooses what to keep.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::{Activity, Member, MemberKind, Version};
use maud::{Markup, html};
use service::{Refusal, Write};

use super::content::{Typed, differing, field, label, patch, same};
use super::controls::{PARTS, shown};
use super::edit::Edit;
use super::merge::Merged;
use super::then::SETTLED;
use super::{Names, address, short};
use crate::form::{Wrong, hidden};
use crate::layout::{self, Nav, csrf, notice};
use crate::pages::differences;
use crate::times::{self, Shape};
use crate::{Problem, SignedIn, Web};

/// How often an edit is merged with what others save in the meantime before giving up.
const TRIES_MAX: usize = 10;

/// The values of a choice: the part as typed here, or as the other person saved it.
pub(super) const MINE: &str = "mine";
pub(super) const THEIRS: &str = "theirs";

/// The field that names each part to choose.
pub(super) const CHOOSE: &str = "choose";

/// The field name for the choice of a part.
pub(super) fn pick(part: Member) -> String {
    format!("pick-{}", field(part))
}

/// Handles an edit of a version that is no longer the latest.
pub(super) async fn settle(
    web: &Web,
    who: &SignedIn,
    names: &Names,
    edit: &Edit,
    mine: &Activity,
) -> Result<Response, Problem> {
    let base = edit.base()?;
    for _ in 0..TRIES_MAX {
        let present = web.service.latest(&names.tenant, edit.id).await?.ok_or(Problem::NotFound)?;
        let Some(theirs) = present.record() else {
            let content = gone(who, names, edit, mine, base, &present);
            return Ok(conflict(who, "Removed while you were editing", &content));
        };
        let merged = Merged::of(base, mine, theirs);
        if !merged.colliding.is_empty() {
            let both = Both { names, base, mine, theirs, present: &present };
            return Ok(conflict(
                who,
                "Changed while you were editing",
                &both.choose(who, edit, &merged),
            ));
        }
        let patch = Box::new(patch(&merged.content, theirs));
        let write = Write::Edit { id: edit.id, seen: present.seq, patch };
        match web.service.write(&names.tenant, who.person.author(), write).await {
            Ok(written) => {
                let done = if written.version.is_some() { "merged" } else { "same" };
                return Ok(edit.go_on(&written, done));
            }
            Err(Refusal::Outdated(_) | Refusal::UnknownActivity(_)) => {}
            Err(refusal) => {
                let mut wrong = Wrong::default();
                super::new::status_refused(refusal, &mut wrong)?;
                return super::edit::again(who, names, edit, &wrong);
            }
        }
    }
    let text = "Others keep changing this activity, so your changes could not be saved. Go back and send them again.";
    Err(Problem::Unavailable(text.to_owned()))
}

fn conflict(who: &SignedIn, title: &str, content: &Markup) -> Response {
    let page = layout::page(who, title, Nav::Activities, content);
    (StatusCode::CONFLICT, page).into_response()
}

fn by(names: &Names, version: &Version) -> Markup {
    html! {
        (names.author(version.author)) ", "
        (times::time(version.stamp, &names.clock, Shape::Both))
    }
}

/// Hidden fields with what was typed.
fn carried(
    who: &SignedIn,
    edit: &Edit,
    seen: &Version,
    typed: &Typed,
    visible: &[Member],
) -> Markup {
    html! {
        (csrf(who))
        input type="hidden" name="back" value=(edit.back);
        input type="hidden" name="then" value=(edit.button());
        input type="hidden" name=(SETTLED) value="1";
        input type="hidden" name="seen" value=(seen.seq);
        @for part in PARTS.into_iter().filter(|part| !visible.contains(part)) {
            (hidden(field(part), typed.get(part)))
        }
    }
}

/// The version before, what was typed here, and what the other person saved.
struct Both<'a> {
    names: &'a Names,
    base: &'a Activity,
    mine: &'a Activity,
    theirs: &'a Activity,
    present: &'a Version,
}

impl<'a> Both<'a> {
    fn choose(&self, who: &SignedIn, edit: &Edit, merged: &Merged) -> Markup {
        let Both { names, base, mine, present, .. } = self;
        // Parts to choose carry what was typed; all others carry the merged value.
        let mut typed = Typed::of(&merged.content, names);
        for part in &merged.colliding {
            typed.set(*part, edit.typed.get(*part));
        }
        let texts: Vec<Member> =
            PARTS.into_iter().filter(|part| merged.both(*part).is_some()).collect();
        let settled =
            |part: &Member| !merged.colliding.contains(part) && !same(&merged.content, base, *part);
        let settled: Vec<Member> = PARTS.into_iter().filter(settled).collect();
        html! {
            (layout::head(&format!("Changed while you were editing: {}", short(self.theirs.subject.as_str(), 80)), &html! {}))
            (notice("warn", &format!("{} changed this activity while you were editing.", names.author(present.author))))
            p.lead { "Nothing you typed is lost, and nothing has been saved yet. Choose what to keep where you both made changes." }
            div.conflict {
                form.edit action=(address(edit.id)) method="post" {
                    (carried(who, edit, present, &typed, &texts))
                    @for part in &merged.colliding {
                        @match merged.both(*part) {
                            Some(text) => (self.text(*part, text)),
                            None => (self.pick(*part)),
                        }
                    }
                    @if !settled.is_empty() {
                        div.card {
                            h2 { "Also saved" }
                            dl.facts {
                                @for part in settled {
                                    dt { (label(part)) }
                                    dd {
                                        (shown(part, &merged.content, names)) " "
                                        span.muted { @if same(mine, base, part) { "by " (names.author(present.author)) } @else { "by you" } }
                                    }
                                }
                            }
                        }
                    }
                    div.buttons {
                        button.primary type="submit" { "Save" }
                        a.button.quiet href=(address(edit.id)) { "Discard my changes" }
                    }
                }
            }
        }
    }

    /// A combined text, to be edited.
    fn text(&self, part: Member, text: &str) -> Markup {
        let (id, help) = (format!("f-{}", field(part)), format!("h-{}", field(part)));
        let of = |content: &'a Activity| content.value(part).text();
        let (base, mine, theirs) = (of(self.base), of(self.mine), of(self.theirs));
        html! {
            fieldset {
                legend { (label(part)) " " span.badge.warn { "changed by both" } }
                div.side { b { "Yours" } (differences::shown(base, mine)) }
                div.side { b { "Saved by " (by(self.names, self.present)) } (differences::shown(base, theirs)) }
                div.field {
                    label for=(id) { (label(part)) ", combined" }
                    @if part.kind() == MemberKind::Line {
                        input id=(id) name=(field(part)) value=(text) required[part.is_required()] aria-describedby=(help);
                    } @else {
                        textarea id=(id) name=(field(part)) rows="6" aria-describedby=(help) { "\n" (text) }
                    }
                    p.help id=(help) { "Delete what you don’t want to keep." }
                }
            }
        }
    }

    /// A choice between the two values, with none chosen at first.
    fn pick(&self, part: Member) -> Markup {
        let saved = html! { "Saved by " (by(self.names, self.present)) };
        html! {
            fieldset {
                legend { (label(part)) " " span.badge.warn { "changed by both" } }
                input type="hidden" name=(CHOOSE) value=(field(part));
                (side(part, MINE, &html! { "Yours" }, &shown(part, self.mine, self.names)))
                (side(part, THEIRS, &saved, &shown(part, self.theirs, self.names)))
            }
        }
    }
}

fn side(part: Member, value: &str, title: &Markup, content: &Markup) -> Markup {
    html! {
        label {
            input type="radio" name=(pick(part)) value=(value) required;
            span { b { (title) } (content) }
        }
    }
}

fn gone(
    who: &SignedIn,
    names: &Names,
    edit: &Edit,
    mine: &Activity,
    base: &Activity,
    tombstone: &Version,
) -> Markup {
    let changed = differing(mine, base);
    html! {
        (layout::head("Removed while you were editing", &html! {}))
        (notice("warn", &format!("{} removed this activity while you were editing.", names.author(tombstone.author))))
        p.lead { "Nothing you typed is lost, and nothing has been saved yet. Removed by " (by(names, tombstone)) "." }
        div.card {
            h2 { "Your changes" }
            dl.facts {
                @for part in changed { dt { (label(part)) } dd { (shown(part, mine, names)) } }
            }
            form action=(address(edit.id)) method="post" {
                (carried(who, edit, &edit.base, &edit.typed, &[]))
                input type="hidden" name="restore" value="1";
                div.buttons {
                    button.primary type="submit" { "Restore with my changes" }
                    a.button.quiet href="/activities" { "Leave it in the bin" }
                }
            }
        }
    }
}

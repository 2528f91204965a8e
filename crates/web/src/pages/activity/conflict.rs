//! Two people have changed an activity at once: who came second chooses, part by part.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::Version;
use maud::{Markup, html};

use super::content::{Content, Part};
use super::controls::shown;
use super::edit::Edit;
use super::{Names, address};
use crate::layout::{self, Nav, csrf, notice};
use crate::times::{self, Shape};
use crate::{Problem, SignedIn};

/// What the choice of a part says that is to stay as it has been saved meanwhile.
pub(super) const THEIRS: &str = "theirs";

/// The name of the choice of a part.
pub(super) fn pick(part: Part) -> String {
    format!("pick-{}", part.name())
}

/// Shows both: what was typed, and what is there now. Nothing has been saved.
pub(super) fn page(
    who: &SignedIn,
    names: &Names,
    edit: &Edit,
    mine: &Content,
    present: &Version,
) -> Result<Response, Problem> {
    let base = Content::of(edit.base()?);
    let content = match present.record() {
        Some(theirs) => choose(who, names, edit, mine, &base, (present, &Content::of(theirs))),
        None => gone(who, names, edit, mine, &base, present),
    };
    let page = layout::page(who, "Changed meanwhile", Nav::Activities, &content);
    Ok((StatusCode::CONFLICT, page).into_response())
}

fn by(names: &Names, version: &Version) -> Markup {
    html! {
        (names.author(version.author)) ", "
        (times::time(version.stamp, &names.clock, Shape::Both))
    }
}

/// What was typed travels along unseen.
fn carried(who: &SignedIn, edit: &Edit, seen: &Version) -> Markup {
    html! {
        (csrf(who))
        input type="hidden" name="seen" value=(seen.seq);
        @for part in Part::ALL {
            input type="hidden" name=(part.name()) value=(edit.typed.get(part));
        }
    }
}

fn choose(
    who: &SignedIn,
    names: &Names,
    edit: &Edit,
    mine: &Content,
    base: &Content,
    (present, theirs): (&Version, &Content),
) -> Markup {
    let is_mine = |part| !mine.same(base, part);
    let collides = |part| is_mine(part) && !theirs.same(base, part);
    let differing = mine.differing(theirs);
    let any_collides = differing.iter().any(|part| collides(*part));
    let lead = if any_collides {
        "Nothing of yours is lost, and nothing has been saved yet. Choose what is to stay."
    } else {
        "You changed different things: save, and both stay. Nothing has been saved yet."
    };
    let yours = |part| html! { @if is_mine(part) { "Yours" } @else { "As it was before" } };
    let saved = |part| {
        html! {
            @if theirs.same(base, part) { "As it was before" }
            @else { "Saved meanwhile by " (by(names, present)) }
        }
    };
    html! {
        (layout::head("Changed meanwhile", &html! {}))
        (notice("warn", &format!("{} has changed this activity while you did.", names.author(present.author))))
        p.lead { (lead) }
        div.conflict {
            form action=(address(edit.id)) method="post" {
                (carried(who, edit, present))
                @for part in differing {
                    fieldset {
                        legend { (part.label()) @if collides(part) { " " span.badge.warn { "changed by both" } } }
                        (side(part, "mine", is_mine(part), &yours(part), &shown(part, mine, names)))
                        (side(part, THEIRS, !is_mine(part), &saved(part), &shown(part, theirs, names)))
                    }
                }
                div.buttons {
                    button.primary type="submit" { "Save this" }
                    a.button.quiet href=(address(edit.id)) { "Drop my changes" }
                }
            }
        }
    }
}

fn side(part: Part, value: &str, is_chosen: bool, title: &Markup, content: &Markup) -> Markup {
    html! {
        label {
            input type="radio" name=(pick(part)) value=(value) checked[is_chosen];
            span { b { (title) } (content) }
        }
    }
}

fn gone(
    who: &SignedIn,
    names: &Names,
    edit: &Edit,
    mine: &Content,
    base: &Content,
    tombstone: &Version,
) -> Markup {
    let changed = mine.differing(base);
    html! {
        (layout::head("Removed meanwhile", &html! {}))
        (notice("warn", &format!("{} has removed this activity while you changed it.", names.author(tombstone.author))))
        p.lead { "Nothing of yours is lost, and nothing has been saved yet. Removed: " (by(names, tombstone)) "." }
        div.card {
            h2 { "Your changes" }
            dl.facts {
                @for part in changed { dt { (part.label()) } dd { (shown(part, mine, names)) } }
            }
            form action=(address(edit.id)) method="post" {
                (carried(who, edit, &edit.base))
                input type="hidden" name="restore" value="1";
                div.buttons {
                    button.primary type="submit" { "Restore it with my changes" }
                    a.button.quiet href="/activities" { "Leave it removed" }
                }
            }
        }
    }
}

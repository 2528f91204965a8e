//! How far a file has come while something is done with it, and what came of an import.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::cells::{Called, differing, linked, section};
use super::preview::{added, missing_people, tally};
use super::problems;
use super::stage::{Done, Importing, Stage, Trouble};
use super::uploads::Upload;
use crate::SignedIn;
use crate::fields::Fields;
use crate::layout::{counted, csrf, notice, number};
use crate::pages::names::Names;
use crate::times;

/// How many are done, of how many, and in words.
fn done(stage: &Stage) -> (u64, Option<u64>, String) {
    let (what, done, total) = match stage {
        Stage::Checking(checking) => {
            let (done, total) = checking.done();
            let what = if total.is_some() { "compared with what is here" } else { "read" };
            (what, done, total)
        }
        Stage::Importing(importing) => ("imported", importing.work.done(), importing.work.total),
        Stage::Received | Stage::Checked(_) => ("read", 0, None),
    };
    let text = match total {
        Some(total) => format!("{} of {} {what}", number(done), number(total)),
        None => format!("{} {what}", counted(done, "activity", "activities")),
    };
    (done, total, text)
}

/// What a script reads that follows it.
pub(super) fn progress(stage: &Stage) -> Response {
    let (done, total, text) = done(stage);
    let finished = !stage.is_at_work();
    let state =
        serde_json::json!({ "done": done, "total": total, "finished": finished, "text": text });
    ([(header::CONTENT_TYPE, "application/json")], state.to_string()).into_response()
}

pub(super) fn working(upload: &Upload, stage: &Stage) -> Markup {
    let (done, total, text) = done(stage);
    let label = if matches!(stage, Stage::Importing(_)) { "Importing" } else { "Checking" };
    html! {
        div data-progress=(upload.address()) {
            progress max=[total] value=[total.map(|_| done)] aria-label=(label) {}
            p.progress role="status" { (text) }
        }
        p.hint { "You can leave this page and come back: it goes on." }
        noscript { meta http-equiv="refresh" content="2"; }
    }
}

/// What came of an import.
pub(super) fn show(who: &SignedIn, upload: &Upload, importing: &Importing) -> Markup {
    let outcome = importing.outcome.lock();
    match &*outcome {
        Some(Ok(done)) => succeeded(who, importing, done),
        // Refused before anything was written.
        Some(Err(trouble @ (Trouble::Unfit(_) | Trouble::File(..)))) => html! {
            (problems::list(trouble, who))
            (again(who, upload))
        },
        Some(Err(trouble)) => html! {
            (notice("bad", "The import has stopped. What was imported before that stays; importing the file again goes on."))
            (problems::list(trouble, who))
            (again(who, upload))
        },
        None => html! {
            (notice("bad", "The import broke off. The server's log says why. Importing the file again goes on where it stopped."))
            (again(who, upload))
        },
    }
}

fn again(who: &SignedIn, upload: &Upload) -> Markup {
    html! {
        form action=(upload.address()) method="post" {
            (csrf(who))
            div.buttons {
                button.primary type="submit" name="action" value="check" { "Check the file again" }
                button.quiet type="submit" name="action" value="discard" { "Give up" }
            }
        }
    }
}

fn succeeded(who: &SignedIn, importing: &Importing, done: &Done) -> Markup {
    let Done { report, subjects, added: new, still_missing } = done;
    let called = Called { names: &Names::of(who), subjects, not_here: still_missing };
    let changed = report.changed();
    let text = match changed {
        0 => "Import finished. Nothing has changed: everything was here already.".to_owned(),
        changed => {
            format!(
                "Import finished: {} created, updated or removed.",
                counted(changed, "activity was", "activities were")
            )
        }
    };
    let since = times::control(importing.began, &who.clock.zone);
    let since = Fields::of([("from", since)]).address("/changes");
    html! {
        (notice("ok", &text))
        (tally(report, false))
        p {
            @if changed > 0 && !report.kept_stamps { a.button.primary href=(since) { "See what changed" } " " }
            a.button href="/activities" { "To the activities" }
        }
        @let conflicts = &report.conflicts;
        (section("Not imported, because the same was changed here", conflicts.count, &differing(&called, &conflicts.first, conflicts.count)))
        (linked(&called, "Left as they are, because they were edited here or are newer than in the file", &report.newer_here))
        (linked(&called, "Removed here, and still removed", &report.left_removed))
        (linked(&called, "Brought back", &report.brought_back))
        (linked(&called, "New activities", &report.given_ids))
        (added(new, &report.statuses))
        (missing_people(still_missing, false))
    }
}

//! Import in the pages: an admin uploads a file, looks at what it would change, and imports it.
//!
//! `receive` takes the file, `uploads` keeps it, `work` reads, rehearses and imports it in the background, and
//! `stage` says how far it has come. One address shows all of it: progress, the preview, the result.

mod cells;
mod choices;
mod preview;
mod problems;
mod receive;
mod result;
mod stage;
mod uploads;
mod work;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::Role;
use maud::{Markup, html};

use self::choices::Choices;
use self::receive::NotReceived;
use self::stage::{Checked, Stage};
use self::uploads::{UPLOAD_BYTES_MAX, Upload};
use crate::form::Wrong;
use crate::layout::{self, Nav, csrf, notice, number};
use crate::problem::shown;
use crate::session::{Posted, Query};
use crate::{Problem, SignedIn, Web};

pub(crate) use self::uploads::Uploads;

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/import", get(show_form).post(upload))
        .route("/import/{id}", get(show).post(act))
}

/// How long the next page waits for what has been begun, before it shows the progress instead.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// How often files are looked for that have been kept long enough.
const LOOKED_AFTER_EVERY: Duration = Duration::from_secs(600);

async fn show_form(State(web): State<Web>, who: SignedIn) -> Result<Response, Problem> {
    who.needs_to_import()?;
    Ok(form(&web, &who, StatusCode::OK, None))
}

/// The page with the form for a file, and the files that have been uploaded and not been imported yet.
fn form(web: &Web, who: &SignedIn, status: StatusCode, problem: Option<&str>) -> Response {
    let waiting = web.uploads.of_person(&who.person, web.service.now());
    let largest = UPLOAD_BYTES_MAX >> 20;
    let content = html! {
        (layout::head("Import", &html! { a.button.quiet href="/activities" { "To the activities" } }))
        @if let Some(problem) = problem { (notice("bad", problem)) }
        p.lead { "Upload a file with activities. Before anything is written, you see what would change." }
        form.edit action="/import" method="post" enctype="multipart/form-data" {
            (csrf(who))
            div.field {
                label for="f-file" { "File" }
                input #f-file name="file" type="file" required accept=(ACCEPTED) aria-describedby="h-file"
                    data-bytes-max=(UPLOAD_BYTES_MAX);
                p.help #h-file {
                    "A workbook (.xlsx, .ods), CSV, or saved API answers (JSON, JSON lines), up to " (largest) " MiB."
                }
            }
            div.buttons { button.primary type="submit" { "Upload and check" } }
        }
        @if !waiting.is_empty() {
            section {
                h2 { "Your files" }
                ul { @for upload in &waiting { li { a href=(upload.address()) { (upload.name) } " " span.muted { (state_of(upload)) } } } }
            }
        }
        p.hint {
            "A file that you do not import is deleted after an hour. Larger files, and whole organizations, are imported on the server with "
            code { "driftless import " (who.person.tenant.id) " FILE" } "."
        }
    };
    (status, layout::page(who, "Import", Nav::Activities, &content)).into_response()
}

/// What a browser offers first.
const ACCEPTED: &str = ".xlsx,.ods,.csv,.tsv,.txt,.json,.jsonl,.ndjson";

/// In a word or two.
fn state_of(upload: &Upload) -> &'static str {
    match upload.stage() {
        Stage::Received => "uploaded",
        Stage::Checking(_) => "being checked",
        Stage::Checked(checked) if checked.outcome.is_err() => "cannot be imported as it is",
        Stage::Checked(_) => "ready to import",
        Stage::Importing(importing) if importing.is_at_work() => "being imported",
        Stage::Importing(_) => "done",
    }
}

async fn upload(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let who = SignedIn::from_request_parts(&mut parts, &web).await?;
    who.needs_to_import()?;
    let tenant = &who.person.tenant;
    let too_many = || {
        let text = "Too many files are being imported at the moment. Try again in a few minutes.";
        Problem::Unavailable(text.to_owned())
    };
    let place = web.uploads.place(tenant.key).ok_or_else(too_many)?;
    let received = match receive::receive(&web, &who, &parts.headers, body).await {
        Ok(received) => received,
        Err(NotReceived::Problem(problem)) => return Err(problem),
        Err(refused) => return Ok(not_received(&web, &who, &refused)),
    };
    let id = web.service.new_secret().map_err(Problem::Unavailable)?;
    let now = web.service.now();
    let file = (received.name, received.file, received.bytes);
    let upload = Arc::new(Upload::new(id, file, &who.person, now));
    if !web.uploads.keep(upload.clone(), now) {
        return Err(too_many());
    }
    look_after(&web);
    drop(place);
    check(&web, &who, &upload, Choices::default()).await;
    Ok(Redirect::to(&upload.address()).into_response())
}

/// The form again, and why there is no file.
fn not_received(web: &Web, who: &SignedIn, refused: &NotReceived) -> Response {
    let (status, text) = match refused {
        NotReceived::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "The file is larger than {} MiB. Split it, or import it on the server.",
                UPLOAD_BYTES_MAX >> 20
            ),
        ),
        NotReceived::Empty => (StatusCode::UNPROCESSABLE_ENTITY, "The file is empty.".to_owned()),
        NotReceived::NoFile | NotReceived::Problem(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "Choose a file first.".to_owned())
        }
    };
    form(web, who, status, Some(&text))
}

/// Deletes files that have been kept long enough, also if no one asks for them again.
fn look_after(web: &Web) {
    if !web.uploads.begin_watch() {
        return;
    }
    let uploads = Arc::downgrade(&web.uploads);
    let service = web.service.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOKED_AFTER_EVERY).await;
            match uploads.upgrade() {
                Some(uploads) if uploads.watch(service.now()) => {}
                _ => return,
            }
        }
    });
}

/// Begins a check, and waits for it as long as a page may take.
async fn check(web: &Web, who: &SignedIn, upload: &Arc<Upload>, choices: Choices) {
    work::start_check(web, &who.person, upload, choices);
    if let Stage::Checking(checking) = upload.stage() {
        let _ = tokio::time::timeout(WAIT_MAX, checking.ended()).await;
    }
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query,
) -> Result<Response, Problem> {
    who.needs_to_import()?;
    let Some(upload) = web.uploads.find(&id, &who.person, web.service.now()) else {
        return Ok(gone(&web, &who));
    };
    let stage = upload.stage();
    let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.starts_with("application/json")) {
        return Ok(result::progress(&stage));
    }
    if matches!(stage, Stage::Received) {
        work::start_check(&web, &who.person, &upload, Choices::default());
    }
    let said = match query.get("changed") {
        "1" => notice(
            "warn",
            "You changed what is to be imported, so the file was checked again. Nothing has been imported yet.",
        ),
        _ => html! {},
    };
    Ok(page(&web, &who, &upload, StatusCode::OK, &said, &Wrong::default()))
}

/// For a file that is not here: it is another person's, or was discarded, or has been kept long enough.
fn gone(web: &Web, who: &SignedIn) -> Response {
    let text = "This file is not here any more. Files are kept for an hour, and not beyond a restart of the server. Upload it again.";
    form(web, who, StatusCode::NOT_FOUND, Some(text))
}

/// The page of a file, whatever has become of it. `said` goes before everything else.
fn page(
    web: &Web,
    who: &SignedIn,
    upload: &Upload,
    status: StatusCode,
    said: &Markup,
    wrong: &Wrong,
) -> Response {
    let (title, content) = match upload.stage() {
        Stage::Received => ("Checking", result::working(upload, &Stage::Received)),
        stage @ Stage::Checking(_) => ("Checking", result::working(upload, &stage)),
        Stage::Checked(checked) => ("Import", preview::show(web, who, upload, &checked, wrong)),
        Stage::Importing(importing) if importing.is_at_work() => {
            ("Importing", result::working(upload, &Stage::Importing(importing)))
        }
        Stage::Importing(importing) => ("Import", result::show(who, upload, &importing)),
    };
    let size = number(upload.bytes.div_ceil(1 << 10));
    let content = html! {
        (layout::head(title, &html! { a.button.quiet href="/import" { "Another file" } }))
        (said)
        p.lead { b { (upload.name) } " " span.muted { (size) " KiB" } }
        (content)
    };
    (status, layout::page(who, title, Nav::Activities, &content)).into_response()
}

async fn act(
    State(web): State<Web>,
    Path(id): Path<String>,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs_to_import()?;
    let Some(upload) = web.uploads.find(&id, &who.person, web.service.now()) else {
        return Ok(gone(&web, &who));
    };
    let back = || Redirect::to(&upload.address()).into_response();
    if fields.get("action") == "discard" {
        web.uploads.forget(&upload);
        return Ok(Redirect::to("/import").into_response());
    }
    let stage = upload.stage();
    if stage.is_at_work() || upload.reader().is_none() {
        return Ok(back());
    }
    let mut wrong = Wrong::default();
    let choices = Choices::parse(&fields, upload.columns(), &mut wrong);
    if !wrong.is_empty() {
        let said = html! {};
        return Ok(page(&web, &who, &upload, StatusCode::UNPROCESSABLE_ENTITY, &said, &wrong));
    }
    let Stage::Checked(checked) = stage else {
        // One that has failed is tried again as it was.
        let choices =
            if let Stage::Importing(last) = stage { last.choices.clone() } else { choices };
        check(&web, &who, &upload, choices).await;
        return Ok(back());
    };
    if fields.get("action") != "import" {
        check(&web, &who, &upload, choices).await;
        return Ok(back());
    }
    if choices != checked.choices {
        check(&web, &who, &upload, choices).await;
        return Ok(Redirect::to(&format!("{}?changed=1", upload.address())).into_response());
    }
    import(&web, &who, &upload, &checked, choices).await
}

/// Begins to import a file that has been checked with these very choices.
async fn import(
    web: &Web,
    who: &SignedIn,
    upload: &Arc<Upload>,
    checked: &Checked,
    choices: Choices,
) -> Result<Response, Problem> {
    let back = || Redirect::to(&upload.address()).into_response();
    let Ok(preview) = &checked.outcome else { return Ok(back()) };
    let refused = |status, text: &str| {
        page(web, who, upload, status, &notice("bad", text), &Wrong::default())
    };
    if preview.needs_add {
        let text = "The file names people, accounts or statuses that are not in this organization. Let the import add them, or change the file.";
        return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    match work::start_import(web, &who.person, upload, preview, choices) {
        Ok(()) => {}
        Err(service::LongWorkError::PermissionDenied) => {
            return Err(Problem::Forbidden(Role::Admin));
        }
        Err(problem) => return Ok(refused(StatusCode::CONFLICT, &shown(&problem))),
    }
    if let Stage::Importing(importing) = upload.stage() {
        let _ = tokio::time::timeout(WAIT_MAX, importing.work.ended()).await;
    }
    Ok(back())
}

//! Reads a file, rehearses importing it, imports it. All of this takes a thread that may wait.

use std::io::BufReader;
use std::sync::Arc;

use files::{ColumnNames, Reading, Summary};
use parking_lot::Mutex;
use service::{
    ImportError, ImportNames, ImportPlan, LongWorkError, NotHere, Person, Spool, Tenant, wait,
};

use super::choices::Choices;
use super::stage::{Checked, Checking, Done, Importing, Preview, Stage, Trouble};
use super::uploads::{Known, ROWS_MAX, UNPACKED_BYTES_MAX, Upload};
use crate::Web;
use crate::layout::counted;

/// What a file says.
struct Read {
    plan: ImportPlan,
    summary: Summary,
    names: ImportNames,
}

/// Reads the whole file. With `adds_missing`, names that are not here get numbers.
fn read(
    web: &Web,
    tenant: &Arc<Tenant>,
    upload: &Upload,
    choices: &Choices,
    adds_missing: bool,
    progress: &dyn Fn(u64),
) -> Result<Read, Trouble> {
    let unavailable = |e: &dyn ToString| Trouble::Unavailable(e.to_string());
    let folder = web.settings.folder.clone();
    let mut names = web.service.import_names(tenant, adds_missing).map_err(|e| unavailable(&e))?;
    let mut spool = Spool::new(folder.as_deref().unwrap_or(&std::env::temp_dir()))?;
    let zone = choices.zone.clone();
    let zone = zone.unwrap_or_else(|| tenant.directory().organization.zone.clone());
    let reading = Reading {
        now: web.service.now(),
        zone: &zone,
        zone_is_said: choices.zone.is_some(),
        dates: choices.dates,
        columns: &upload.names(choices),
        folder: folder.as_deref(),
        unpacked_max: UNPACKED_BYTES_MAX,
        names: &mut names,
    };
    let source = BufReader::new(upload.reader().ok_or(Trouble::Gone)?);
    let mut each = |items| {
        progress(items);
        if items > ROWS_MAX { Err(Trouble::TooMany) } else { Ok(()) }
    };
    let summary =
        spool.take_file(&mut each, |take| files::read(&upload.name, source, reading, take))?;
    let summary = match summary {
        Ok(summary) => summary,
        Err(error) => {
            let options = choices.options(upload, true);
            let further = web.service.further_problems(tenant, spool.finish()?, options);
            return Err(Trouble::File(error, further));
        }
    };
    if summary.organization.is_some() {
        return Err(Trouble::Whole);
    }
    if summary.records + summary.removals == 0 {
        return Err(Trouble::Empty);
    }
    Ok(Read { plan: spool.finish()?, summary, names })
}

/// Begins to check a file with these choices; what it finds is the file's next stage.
pub(super) fn start_check(web: &Web, person: &Person, upload: &Arc<Upload>, choices: Choices) {
    let checking = Arc::new(Checking::new(choices));
    let is_begun = upload.go_on(|stage| {
        let may = !stage.is_at_work();
        if may {
            *stage = Stage::Checking(checking.clone());
        }
        may
    });
    if !is_begun {
        return;
    }
    let (web, tenant, upload) = (web.clone(), person.tenant.clone(), upload.clone());
    tokio::spawn(async move {
        let turn = web.uploads.turn(tenant.key).await;
        let (there, now_checking) = (upload.clone(), checking.clone());
        let service = web.service.clone();
        let checked = service.heavy(move || {
            let _turn = turn;
            check(&web, &tenant, &there, &now_checking)
        });
        let outcome = checked.await.unwrap_or_else(|e| {
            let problem = e.to_string();
            tracing::error!(%problem, "checking a file ended abnormally");
            Err(Trouble::Unavailable("the check broke off; the server's log says why".to_owned()))
        });
        let choices = checking.choices.clone();
        upload.go_on(|stage| *stage = Stage::Checked(Arc::new(Checked { choices, outcome })));
        checking.end();
    });
}

fn check(
    web: &Web,
    tenant: &Arc<Tenant>,
    upload: &Upload,
    checking: &Arc<Checking>,
) -> Result<Preview, Trouble> {
    look_at_columns(web, tenant, upload)?;
    let choices = &checking.choices;
    let Looked { read: Read { plan, summary, .. }, not_here, refused } =
        look(web, tenant, upload, checking)?;
    let (activities, repeated) = (plan.len(), plan.repeated().clone());
    checking.note_compared(0, activities);
    let progress = |done| checking.note_compared(done, activities);
    let needs_add = refused.is_some();
    let options = choices.options(upload, true);
    let report = wait(web.service.import(tenant, plan, options, &progress));
    let report = match (report, refused) {
        // All that is wrong is told at once.
        (Err(ImportError::Rows(rows)), Some(Trouble::File(error, _))) => {
            return Err(Trouble::File(error, Some(rows)));
        }
        (report, _) => report?,
    };
    let subjects = web.service.subjects(tenant, &report);
    Ok(Preview { activities, summary, report, not_here, needs_add, subjects, repeated })
}

/// Looks what the columns are, the first time.
fn look_at_columns(web: &Web, tenant: &Tenant, upload: &Upload) -> Result<(), Trouble> {
    if upload.known.get().is_none() {
        let source = BufReader::new(upload.reader().ok_or(Trouble::Gone)?);
        let names = remembered(tenant);
        let columns =
            files::look(source, &names, web.settings.folder.as_deref(), UNPACKED_BYTES_MAX);
        let columns = columns.map_err(|e| Trouble::Unavailable(e.to_string()))?;
        let _ = upload.known.set(Known { names, columns });
    }
    Ok(())
}

/// A file as it has been read for its preview.
struct Looked {
    read: Read,
    /// What it names and what is not here.
    not_here: NotHere,
    /// Why an import by these choices would be refused: what is missing is not to be added.
    refused: Option<Trouble>,
}

/// Reads a file by the choices, and once more where names are missing that are not to be added: so the page can show
/// what they are, and what an import would do that adds them.
fn look(
    web: &Web,
    tenant: &Arc<Tenant>,
    upload: &Upload,
    checking: &Checking,
) -> Result<Looked, Trouble> {
    let choices = &checking.choices;
    let read_with =
        |adds| read(web, tenant, upload, choices, adds, &|items| checking.note_read(items));
    let can_be_added =
        |trouble: &Trouble| matches!(trouble, Trouble::File(error, _) if error.can_be_added());
    let is_by_state =
        |summary: &Summary| summary.other_system.as_ref().is_some_and(|other| other.by_state > 0);
    match read_with(choices.add) {
        Ok(read) => {
            let may_add = !choices.add && is_by_state(&read.summary);
            let second = may_add.then(|| read_with(true)).and_then(Result::ok);
            let not_here = second.as_ref().unwrap_or(&read).names.not_here().clone();
            Ok(Looked { read, not_here, refused: None })
        }
        Err(first) if !choices.add && can_be_added(&first) => match read_with(true) {
            Ok(read) => {
                let not_here = read.names.not_here().clone();
                Ok(Looked { read, not_here, refused: Some(first) })
            }
            Err(_) => Err(first),
        },
        Err(trouble) => Err(trouble),
    }
}

/// What the organization has said of columns before.
fn remembered(tenant: &Tenant) -> ColumnNames {
    let mut names = ColumnNames::default();
    let said = tenant.directory();
    // A member that there is no more is no longer known.
    let said = said.organization.import_columns.lines().filter_map(|line| line.parse().ok());
    said.for_each(|name| names.say(name));
    names
}

/// Remembers what was said of columns, after all that was said before.
fn remember(web: &Web, tenant: &Arc<Tenant>, choices: &Choices) {
    if choices.columns.is_empty() {
        return;
    }
    let mut names = remembered(tenant);
    choices.columns.iter().for_each(|name| names.say(name.clone()));
    let columns: String = names.said().map(|name| format!("{name}\n")).collect();
    // The import is done all the same.
    if let Err(problem) = web.service.remember_columns(tenant, columns) {
        tracing::warn!(org = %tenant.id, %problem, "what columns are cannot be remembered");
    }
}

/// Begins to import a file as it was checked.
pub(super) fn start_import(
    web: &Web,
    person: &Person,
    upload: &Arc<Upload>,
    preview: &Preview,
    choices: Choices,
) -> Result<(), LongWorkError> {
    let outcome = Arc::new(Mutex::new(None));
    let (web_there, tenant, there) = (web.clone(), person.tenant.clone(), upload.clone());
    let (outcome_there, choices_there) = (outcome.clone(), choices.clone());
    let began = web.service.now();
    let (user, runtime) = (person.user, tokio::runtime::Handle::current());
    upload.go_on(|stage| {
        // A second click, or another window.
        if stage.is_at_work() {
            return Ok(());
        }
        let activities = counted(preview.activities, "activity", "activities");
        let title = format!("Importing {activities}");
        let work = web.service.start_import(person, title, preview.activities, move |progress| {
            let turn = runtime.block_on(web_there.uploads.turn(tenant.key));
            let found = read(&web_there, &tenant, &there, &choices_there, choices_there.add, &|_| {});
            drop(turn);
            let done = found
                .and_then(|found| import(&web_there, &tenant, &there, found, &choices_there, progress));
            let told = match &done {
                Ok(Done { report, .. }) => {
                    let changed = report.changed();
                    tracing::info!(org = %tenant.id, user = user.0, changed, "an import in the pages");
                    there.drop_file();
                    Ok(changed)
                }
                Err(_) => Err("the import has failed".to_owned()),
            };
            *outcome_there.lock() = Some(done);
            told
        })?;
        *stage = Stage::Importing(Arc::new(Importing { work, began, choices, outcome }));
        Ok(())
    })
}

fn import(
    web: &Web,
    tenant: &Arc<Tenant>,
    upload: &Upload,
    found: Read,
    choices: &Choices,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Done, Trouble> {
    let Read { mut plan, names, .. } = found;
    let (mut added, mut still_missing) = (NotHere::default(), names.not_here().clone());
    if choices.add {
        std::mem::swap(&mut added, &mut still_missing);
        plan.add(added.clone());
    }
    let options = choices.options(upload, false);
    let report = wait(web.service.import(tenant, plan, options, progress))?;
    remember(web, tenant, choices);
    let subjects = web.service.subjects(tenant, &report);
    Ok(Done { report, subjects, added, still_missing })
}

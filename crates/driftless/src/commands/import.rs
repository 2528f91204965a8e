//! `import`.

use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};
use std::thread;

use neon::files::{self, Pages, Summary};
use service::{ImportOptions, ImportPlan, ImportReport, Repeated, Spool};

use super::{Failure, Files, Ground};
use crate::cli::Import;
use crate::console::Console;

/// Items between two reports of progress while reading.
const PROGRESS_ITEMS: u64 = 10_000;

pub(super) fn run(
    import: &Import,
    ground: &Ground,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let org = ground.service.known_org(&import.org)?;
    let plan = read(import, ground, files, console)?;
    let options = ImportOptions { dry_run: import.dry_run, restore: import.restore };
    let total = plan.len();
    let (tell, heard) = mpsc::channel();
    let report = thread::scope(|scope| {
        let importing = scope.spawn(|| {
            let tell: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(move |done| {
                let _ = tell.send(done);
            });
            ground.service.import(&org, plan, options, &tell)
        });
        let what = if import.dry_run { "checking" } else { "writing" };
        // Whether anybody reads the progress makes no difference to the import.
        for done in heard {
            let _ = console.progress(what, done, Some(total));
        }
        importing.join()
    });
    let report = report.map_err(|_| "the import ended abnormally; run it again to go on")??;
    console.print(&described(&report, import.dry_run))?;
    if report.refused.1 > 0 {
        return Err(format!(
            "{} activities were removed here meanwhile and left so",
            report.refused.1
        )
        .into());
    }
    Ok(())
}

/// Reads all files before anything is written, and names all that is wrong with them.
fn read(
    import: &Import,
    ground: &Ground,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<ImportPlan, Failure> {
    let mut spool = Spool::new(&ground.folder)?;
    let mut problems = Vec::new();
    let mut pages = Pages::default();
    let mut items = 0;
    for path in &import.files {
        let name = path.display().to_string();
        let source = files
            .open(path)
            .map_err(|e| format!("{name} cannot be read: {e}\nnothing was imported"))?;
        let mut failed = None;
        let summary = files::read(&name, source, ground.service.now(), &mut |item| {
            items += 1;
            let shown = match items % PROGRESS_ITEMS {
                0 => console.progress("reading", items, None).map_err(Failure::from),
                _ => Ok(()),
            };
            match shown.and_then(|()| Ok(spool.push(&item)?)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(e) => {
                    failed = Some(e);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(failed) = failed {
            return Err(failed);
        }
        match summary {
            Ok(summary) => {
                tell_ignored(&name, &summary, console)?;
                pages.merge(summary.pages);
            }
            Err(e) => problems.push(e.to_string()),
        }
    }
    if !problems.is_empty() {
        return Err(format!("{}\nnothing was imported", problems.join("\n")).into());
    }
    let plan = spool.finish()?;
    warn(&pages, plan.repeated(), console)?;
    Ok(plan)
}

/// Tells what may be missing or too much: files saved by a script that was cut short, or twice.
fn warn(pages: &Pages, repeated: &Repeated, console: &mut dyn Console) -> Result<(), Failure> {
    for missing in pages.missing() {
        console.note(&format!("warning: {missing}"))?;
    }
    let (first, count) = repeated;
    if *count > 0 {
        let ids: Vec<String> = first.iter().map(ToString::to_string).collect();
        let more = if *count > ids.len() as u64 { " …" } else { "" };
        let ids = ids.join(", ");
        console.note(&format!(
            "warning: {count} activities come more than once, the last change of each counts: {ids}{more}"
        ))?;
    }
    Ok(())
}

fn tell_ignored(name: &str, summary: &Summary, console: &mut dyn Console) -> Result<(), Failure> {
    if summary.records + summary.removals == 0 {
        console.note(&format!("{name}: there is nothing in it"))?;
    }
    let ignored: Vec<String> =
        summary.ignored.names().map(|(member, times)| format!("{member} ({times})")).collect();
    if !ignored.is_empty() {
        console.note(&format!("{name}: not kept: {}", ignored.join(", ")))?;
    }
    Ok(())
}

fn described(report: &ImportReport, dry_run: bool) -> String {
    let ImportReport { created, updated, unchanged, removed, .. } = report;
    let would = if dry_run { "would be " } else { "" };
    let mut text = format!(
        "{created} {would}created, {updated} {would}updated, {unchanged} unchanged, {removed} {would}removed\n"
    );
    if report.kept_stamps {
        text.push_str("ids and times of change are kept\n");
    } else if created + updated + removed > 0 {
        text.push_str("times of change are new: whoever polls from now on gets what differed\n");
    }
    if report.from_the_future > 0 {
        let count = report.from_the_future;
        text.push_str(&format!(
            "{count} were dated in the future and got the time of this import\n"
        ));
    }
    if !report.statuses.is_empty() {
        text.push_str(&format!("statuses taken over: {}\n", report.statuses.join(", ")));
    }
    for group in &report.same_names {
        text.push_str(&format!(
            "statuses of one name: {group}; who chooses by name gets the first: `driftless status rename` tells them apart\n"
        ));
    }
    text
}

//! `import`.

use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};
use std::thread;

use domain::{Name, UserId, Zone};
use neon::files::{self, ColumnNames, Ignored, Pages, Reading, WayOut};
use service::{
    Differing, ImportNames, ImportOptions, ImportPlan, ImportReport, Listed, NotHere,
    OrganizationData, Rehearsal, Spool, Tenant,
};

use super::export::difference;
use super::{Failure, Files, Ground, agreeing};
use crate::cli::Import;
use crate::console::Console;

/// People who are named in a message.
const PEOPLE_SHOWN_MAX: usize = 20;

/// Items between two reports of progress while reading.
const PROGRESS_ITEMS: u64 = 10_000;

pub(super) fn run(
    import: &Import,
    ground: &Ground,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let org = ground.service.known_org(&import.org)?;
    let mut names = ground.service.import_names(&org, import.add_missing)?;
    let (plan, organization) = read(import, ground, &org, &mut names, files, console)?;
    let is_whole = organization.is_some();
    let Import { dry_run, overwrite, restore, .. } = *import;
    let options = ImportOptions { dry_run, overwrite, restore };
    let total = plan.len();
    let taken_over = organization.as_deref().map(|data| taken_over(import, data));
    let (tell, heard) = mpsc::channel();
    let report = thread::scope(|scope| {
        let importing = scope.spawn(|| {
            let tell: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(move |done| {
                let _ = tell.send(done);
            });
            match organization {
                Some(data) => {
                    ground.service.import_organization(&org, plan, *data, options.dry_run, &tell)
                }
                None => ground.service.import(&org, plan, options, &tell),
            }
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
    if let Some(text) = taken_over {
        console.print(&text)?;
    }
    if !is_whole {
        add_missing(import, ground, &org, names.not_here(), console)?;
    }
    Ok(())
}

/// Adds people and accounts that the files name, or says who is not here. It comes after the import, whose
/// activities have their numbers already: an import that is refused adds nobody.
fn add_missing(
    import: &Import,
    ground: &Ground,
    org: &Arc<Tenant>,
    not_here: &NotHere,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let NotHere { users, accounts, .. } = not_here;
    let shown = |(id, name): (&UserId, &Option<Name>)| match name {
        Some(name) => format!("{id} {name}"),
        None => id.to_string(),
    };
    let people: Vec<String> = users.iter().take(PEOPLE_SHOWN_MAX).map(shown).collect();
    let more = if users.len() > people.len() { " …" } else { "" };
    let people = format!("{}{more}", people.join(", "));
    if !import.add_missing {
        if !users.is_empty() {
            let are = agreeing(users.len() as u64, "person is", "people are");
            console.note(&format!(
                "{are} responsible for activities and not in the organization: {people}; --add-missing adds them"
            ))?;
        }
        return Ok(());
    }
    let would = if import.dry_run { "would be " } else { "" };
    if !users.is_empty() {
        let count = agreeing(users.len() as u64, "person", "people");
        console.note(&format!("{count} {would}added: {people}"))?;
    }
    if !accounts.is_empty() {
        let count = agreeing(accounts.len() as u64, "account", "accounts");
        console.note(&format!("{count} {would}added"))?;
    }
    if import.dry_run {
        return Ok(());
    }
    ground.service.add_not_here(org, not_here)?;
    Ok(())
}

/// What columns are called: what is said now, after what a file has kept.
fn column_names(import: &Import) -> ColumnNames {
    let mut names = ColumnNames::default();
    import.map.iter().for_each(|name| names.say(name.clone()));
    names
}

/// Reads all files before anything is written, and names all that is wrong with them.
fn read(
    import: &Import,
    ground: &Ground,
    org: &Tenant,
    names: &mut ImportNames,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(ImportPlan, Option<Box<OrganizationData>>), Failure> {
    let mut organization = None;
    let mut spool = Spool::new(&ground.folder)?;
    let columns = column_names(import);
    let of_org = || org.directory().organization.zone.clone();
    let zone: Zone = import.time_zone.clone().unwrap_or_else(of_org);
    let mut problems = Vec::new();
    let mut pages = Pages::default();
    let mut items = 0;
    for path in &import.files {
        let name = path.display().to_string();
        let source = files
            .open(path)
            .map_err(|e| format!("{name} cannot be read: {e}\nnothing was imported"))?;
        let mut failed = None;
        spool.begin_file();
        let reading = Reading {
            now: ground.service.now(),
            zone: &zone,
            dates: import.dates,
            columns: &columns,
            folder: Some(&ground.folder),
            unpacked_max: files::WORKBOOK_UNPACKED_BYTES_MAX,
            names,
        };
        let summary = files::read(&name, source, reading, &mut |item| {
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
                let is_empty = summary.records + summary.removals == 0;
                tell_ignored(&name, is_empty, &summary.ignored, console)?;
                tell_unsure(&name, &summary, console)?;
                pages.merge(summary.pages);
                if summary.organization.is_some() && import.files.len() > 1 {
                    problems.push(format!("{name} is a whole organization: import it alone"));
                }
                organization = organization.or(summary.organization);
            }
            Err(e) => problems.push(e.told(way_out)),
        }
    }
    if !problems.is_empty() {
        return Err(format!("{}\nnothing was imported", problems.join("\n")).into());
    }
    let plan = spool.finish()?;
    warn(&pages, plan.repeated(), console)?;
    Ok((plan, organization))
}

/// The options that help against what is wrong with a file.
fn way_out(way_out: WayOut) -> &'static str {
    match way_out {
        WayOut::Dates => " Say --dates us or --dates eu",
        WayOut::Columns => ". For other names, say --map \"Their name=subject\"",
        WayOut::AddMissing => ": add it first, or say --add-missing",
    }
}

/// What came with a whole organization, and what does not come with one.
fn taken_over(import: &Import, data: &OrganizationData) -> String {
    let Import { org, dry_run, .. } = import;
    let OrganizationData { name, zone, users, statuses, accounts, .. } = data;
    let taken = [
        agreeing(users.len() as u64, "user", "users"),
        agreeing(statuses.len() as u64, "status", "statuses"),
        agreeing(accounts.len() as u64, "account", "accounts"),
    ];
    let would = if *dry_run { "would be " } else { "" };
    let taken = taken.join(", ");
    let mut text = format!("{would}taken over: the name {name}, the time zone {zone}, {taken}\n");
    if !dry_run {
        text.push_str(&format!(
            "passwords and API keys are not in an export; next: driftless user login {org} ID, driftless key add {org} --user ID\n"
        ));
    }
    text
}

/// Tells what may be missing or too much: files saved by a script that was cut short, or twice.
fn warn(pages: &Pages, repeated: &Listed, console: &mut dyn Console) -> Result<(), Failure> {
    for missing in pages.missing() {
        console.note(&format!("warning: {missing}"))?;
    }
    if repeated.count > 0 {
        let come = agreeing(
            repeated.count,
            "activity comes more than once, its last change",
            "activities come more than once, the last change of each",
        );
        console.note(&format!("warning: {come} counts: {repeated}"))?;
    }
    Ok(())
}

/// Tells what of a file was not taken.
pub(super) fn tell_ignored(
    name: &str,
    is_empty: bool,
    ignored: &Ignored,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    if is_empty {
        console.note(&format!("{name}: there is nothing in it"))?;
    }
    let ignored: Vec<String> =
        ignored.names().map(|(member, times)| format!("{member} ({times})")).collect();
    if !ignored.is_empty() {
        console.note(&format!("{name}: not kept: {}", ignored.join(", ")))?;
    }
    Ok(())
}

/// Tells what of a table may be meant otherwise.
fn tell_unsure(
    name: &str,
    summary: &files::Summary,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    if summary.twice > 0 {
        let times = agreeing(summary.twice, "time occurs", "times occur");
        console.note(&format!(
            "{name}: {times} twice, because clocks go back in that hour; where one is new, the earlier is taken"
        ))?;
    }
    if summary.without_id > 0 {
        let rows = agreeing(summary.without_id, "row has", "rows have");
        console.note(&format!(
            "{name}: {rows} no activityId and becomes a new activity; importing the file again would add it again"
        ))?;
    }
    Ok(())
}

fn described(report: &ImportReport, dry_run: bool) -> String {
    let ImportReport { created, brought_back, updated, unchanged, removed, .. } = report;
    let would = if dry_run { "would be " } else { "" };
    let mut text = format!(
        "{created} {would}created, {updated} {would}updated, {unchanged} unchanged, {removed} {would}removed\n"
    );
    if brought_back.count > 0 {
        text.push_str(&format!("{} {would}brought back: {brought_back}\n", brought_back.count));
    }
    let changed = created + brought_back.count + updated + removed;
    if changed > 0 && report.kept_stamps {
        text.push_str("ids and times of change are kept\n");
    } else if changed > 0 {
        text.push_str("times of change are new: whoever polls from now on gets what differed\n");
    }
    if report.given_ids.count > 0 && !dry_run {
        text.push_str(&format!("ids of new activities: {}\n", report.given_ids));
    }
    text.push_str(&left(report, dry_run));
    if report.from_the_future > 0 {
        let were = agreeing(report.from_the_future, "was", "were");
        text.push_str(&format!("{were} dated in the future and got the time of this import\n"));
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

/// What was not done, and what a dry run shows of the rest.
fn left(report: &ImportReport, dry_run: bool) -> String {
    let Listed { count, .. } = report.newer_here;
    let mut text = String::new();
    if count > 0 {
        let stay = match (dry_run, count) {
            (true, 1) => "would stay as it is",
            (true, _) => "would stay as they are",
            (false, 1) => "left as it is",
            (false, _) => "left as they are",
        };
        text.push_str(&format!(
            "{count} {stay}, edited here or newer than in the files: {}; --overwrite takes the files'\n",
            report.newer_here
        ));
    }
    if report.left_removed.count > 0 {
        let left = &report.left_removed;
        let stays = if left.count == 1 { "stays" } else { "stay" };
        text.push_str(&format!(
            "{} removed here and {stays} removed: {left}; --restore brings back\n",
            left.count
        ));
    }
    if report.conflicts.count > 0 {
        let rows = agreeing(report.conflicts.count, "row was", "rows were");
        text.push_str(&format!(
            "{rows} not imported, because the same was changed here since the file was made; --overwrite takes the file's\n"
        ));
        text.push_str(&shown("in conflict", &report.conflicts.first, report.conflicts.count));
    }
    if dry_run {
        let Rehearsal { overwritten, removed, newer_here, .. } = &report.rehearsal;
        text.push_str(&shown("would be overwritten", overwritten, report.updated));
        if removed.count > 0 {
            text.push_str(&format!("would be removed: {removed}\n"));
        }
        text.push_str(&shown("would stay", newer_here, count));
    }
    text
}

/// The first of some activities, with what is here and what the files have.
fn shown(what: &str, first: &[Differing], count: u64) -> String {
    if first.is_empty() {
        return String::new();
    }
    let activity = |differing: &Differing| {
        let removed =
            if differing.members.is_empty() { "  in the files it is removed" } else { "" };
        let members: String = differing.members.iter().map(difference).collect();
        format!("  {}{removed}\n{members}", differing.id)
    };
    let first_of = if count > first.len() as u64 { ", the first of them" } else { "" };
    let activities: String = first.iter().map(activity).collect();
    format!("{what}{first_of}:\n{activities}")
}

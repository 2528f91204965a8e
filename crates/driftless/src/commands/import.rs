//! `import`.

use std::sync::{Arc, mpsc};
use std::thread;

use domain::{AuditKind, Member, Name, OrganizationData, UserId, Zone};
use files::{ColumnNames, Ignored, OtherSystem, Pages, Reading, WayOut};
use service::{
    Differing, ImportError, ImportNames, ImportOptions, ImportPlan, ImportReport, Listed, NotHere,
    Rehearsal, RowProblem, RowProblems, Spool, Tenant, wait,
};

use super::export::difference;
use super::{Context, Failure, Files, agreeing, noted};
use crate::cli::Import;
use crate::console::Console;

/// People who are named in a message.
const PEOPLE_SHOWN_MAX: usize = 20;

/// New activities that a dry run shows.
const NEW_SHOWN_MAX: usize = 20;

/// Items between two reports of progress while reading.
const PROGRESS_ITEMS: u64 = 10_000;

pub(super) fn run(
    import: &Import,
    context: &Context,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    let org = context.service.known_org(&import.org)?;
    let mut names = context.service.import_names(&org, import.add_missing)?;
    let (mut plan, organization) = read(import, context, &org, &mut names, files, console)?;
    let is_whole = organization.is_some();
    let Import { dry_run, overwrite, restore, .. } = *import;
    let options = ImportOptions { dry_run, overwrite, restore, by: None };
    if import.add_missing && !is_whole {
        plan.add(names.not_here().clone());
    }
    let total = plan.len();
    if !dry_run {
        let what = match is_whole {
            true => "importing a whole organization".to_owned(),
            false => format!("importing {}", agreeing(total, "activity", "activities")),
        };
        noted(&context.service, &org, AuditKind::Import, &what, console)?;
    }
    let taken_over = organization.as_deref().map(|data| taken_over(import, data));
    let ((tell, heard), org) = (mpsc::channel(), &org);
    let report = thread::scope(|scope| {
        let importing = scope.spawn(move || {
            let tell = |done| {
                let _ = tell.send(done);
            };
            match organization {
                Some(data) => {
                    context.service.import_organization(org, plan, *data, options.dry_run, &tell)
                }
                None => wait(context.service.import(org, plan, options, &tell)),
            }
        });
        let what = if import.dry_run { "checking" } else { "writing" };
        // Whether anybody reads the progress makes no difference to the import.
        for done in heard {
            let _ = console.progress(what, done, Some(total));
        }
        importing.join()
    });
    let report = report.map_err(|_| "the import ended unexpectedly; run it again to continue")?;
    let report = match report {
        Err(ImportError::Rows(problems)) => {
            let problems = of_rows(import, &problems);
            return Err(format!("{problems}\nnothing was imported").into());
        }
        report => report?,
    };
    console.print(&described(&report, import.dry_run))?;
    if let Some(text) = taken_over {
        console.print(&text)?;
    }
    if !is_whole {
        tell_missing(import, names.not_here(), console)?;
    }
    Ok(())
}

/// Says which people and accounts that the files name were added, or which people are missing.
fn tell_missing(
    import: &Import,
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
            let have = agreeing(users.len() as u64, "person has", "people have");
            console.note(&format!(
                "{have} activities but no user in the organization: {people}; --add-missing adds them"
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
    context: &Context,
    org: &Arc<Tenant>,
    names: &mut ImportNames,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<(ImportPlan, Option<Box<OrganizationData>>), Failure> {
    let mut organization = None;
    let mut spool = Spool::new(&context.folder)?;
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
            .map_err(|e| format!("cannot read {name}: {e}\nnothing was imported"))?;
        let reading = Reading {
            now: context.service.now(),
            zone: &zone,
            zone_is_said: import.time_zone.is_some(),
            dates: import.dates,
            columns: &columns,
            folder: Some(&context.folder),
            unpacked_max: files::WORKBOOK_UNPACKED_BYTES_MAX,
            names,
        };
        let mut each = |_| {
            items += 1;
            match items % PROGRESS_ITEMS {
                0 => console.progress("reading", items, None).map_err(Failure::from),
                _ => Ok(()),
            }
        };
        let summary =
            spool.take_file(&mut each, |take| files::read(&name, source, reading, take))?;
        match summary {
            Ok(summary) => {
                let is_empty = summary.records + summary.removals == 0;
                if let Some(other) = &summary.other_system {
                    tell_other_system(&name, other, console)?;
                }
                tell_ignored(&name, is_empty, &summary.ignored, console)?;
                tell_unsure(&name, &summary, console)?;
                pages.merge(summary.pages);
                if summary.organization.is_some() && import.files.len() > 1 {
                    problems.push(format!(
                        "{name} is an export of a whole organization: import it on its own"
                    ));
                }
                organization = organization.or(summary.organization);
            }
            Err(e) => problems.push(e.told(way_out)),
        }
    }
    let plan = spool.finish()?;
    if !problems.is_empty() {
        let options = ImportOptions {
            overwrite: import.overwrite,
            restore: import.restore,
            ..ImportOptions::default()
        };
        let further = context.service.further_problems(org, plan, options);
        problems.extend(further.map(|further| of_rows(import, &further)));
        return Err(format!("{}\nnothing was imported", problems.join("\n")).into());
    }
    if plan.problems().is_empty() {
        warn(&pages, plan.repeated(), console)?;
    }
    Ok((plan, organization))
}

/// What is wrong with rows that could be read, each with its file.
fn of_rows(import: &Import, problems: &RowProblems) -> String {
    let told = |problem: &RowProblem| match import.files.get(problem.file) {
        Some(file) if problem.row.is_some() => format!("{}, {problem}\n", file.display()),
        _ => format!("{problem}\n"),
    };
    let mut text: String = problems.first.iter().map(told).collect();
    if problems.more > 0 {
        text.push_str(&format!("and {} more\n", problems.more));
    }
    text.trim_end().to_owned()
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
    let mut text = format!("{would}imported: the name {name}, the time zone {zone}, {taken}\n");
    if !dry_run {
        text.push_str(&format!(
            "an export contains no passwords or API keys; next: driftless user login {org} ID, driftless key add {org} --user ID\n"
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
        let occur = agreeing(repeated.count, "activity occurs", "activities occur");
        console.note(&format!(
            "warning: {occur} more than once, and only the latest change is imported: {repeated}"
        ))?;
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
        console.note(&format!("{name} contains nothing to import"))?;
    }
    let ignored: Vec<String> =
        ignored.names().map(|(member, times)| format!("{member} ({times})")).collect();
    if !ignored.is_empty() {
        console.note(&format!("{name}: ignored: {}", ignored.join(", ")))?;
    }
    Ok(())
}

/// Tells as what a table of another system was read, and by which rules.
fn tell_other_system(
    name: &str,
    other: &OtherSystem,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    console.note(&format!("{name}: read as {}", other.layout))?;
    if other.is_utc {
        console.note(&format!(
            "{name}: times without a time zone are read as UTC; --time-zone names another"
        ))?;
    }
    if let (Some(system), [_, ..]) = (other.system, &other.ids[..]) {
        let ids = other.ids.join(", ");
        console.note(&format!(
            "{name}: accounts and people cannot be found by their {system} ids ({ids}): add columns with their names, and say --map \"Their column=accountName\" or =systemUserName"
        ))?;
    }
    for note in other.notes() {
        console.note(&format!("{name}: {note}"))?;
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
            "{name}: {times} twice because the clocks go back in that hour; new values were read as the earlier one"
        ))?;
    }
    if summary.names_ignored > 0 {
        let names = agreeing(
            summary.names_ignored,
            "name of an account or person does",
            "names of accounts or people do",
        );
        console.note(&format!(
            "{name}: {names} not exist here and differ from the name of the number in the same row; the number counts. To use such a name, clear the number"
        ))?;
    }
    if summary.without_id > 0 {
        let (rows, them) = match summary.without_id {
            1 => ("1 row has no activityId and becomes a new activity".to_owned(), "it"),
            many => (format!("{many} rows have no activityId and become new activities"), "them"),
        };
        console
            .note(&format!("{name}: {rows}; importing the file again would add {them} again"))?;
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
        text.push_str(&format!("{} {would}restored: {brought_back}\n", brought_back.count));
    }
    let changed = created + brought_back.count + updated + removed;
    if changed > 0 && report.kept_stamps {
        text.push_str("ids and times of change are kept\n");
    } else if changed > 0 {
        text.push_str("times of change are new: the next poll returns what changed\n");
    }
    if report.given_ids.count > 0 && !dry_run {
        text.push_str(&format!("ids of new activities: {}\n", report.given_ids));
    }
    text.push_str(&left(report, dry_run));
    if report.from_the_future > 0 {
        let were = agreeing(report.from_the_future, "change was", "changes were");
        text.push_str(&format!("{were} dated in the future and got the time of this import\n"));
    }
    if !report.statuses.is_empty() {
        text.push_str(&format!("statuses imported: {}\n", report.statuses.join(", ")));
    }
    for group in &report.same_names {
        text.push_str(&format!(
            "statuses with the same name: {group}; choosing by name selects the first, so rename the others with `driftless status rename`\n"
        ));
    }
    text
}

/// What was not done, and what a dry run shows of the rest.
fn left(report: &ImportReport, dry_run: bool) -> String {
    let Listed { count, .. } = report.newer_here;
    let mut text = String::new();
    if count > 0 {
        let not = if dry_run { "would not be changed" } else { "not changed" };
        text.push_str(&format!(
            "{count} {not}, because edited here or newer than in the files: {}; --overwrite imports the files' values\n",
            report.newer_here
        ));
    }
    if report.left_removed.count > 0 {
        let left = &report.left_removed;
        let stays = if left.count == 1 { "stays" } else { "stay" };
        text.push_str(&format!(
            "{} removed here and {stays} removed: {left}; --restore restores\n",
            left.count
        ));
    }
    if report.conflicts.count > 0 {
        let rows = agreeing(report.conflicts.count, "row was", "rows were");
        text.push_str(&format!(
            "{rows} not imported, because the same cells were changed here since the file was made; --overwrite imports the file's values\n"
        ));
        text.push_str(&shown("conflicts", &report.conflicts.first, report.conflicts.count));
    }
    if dry_run {
        let Rehearsal { created, overwritten, removed, newer_here } = &report.rehearsal;
        text.push_str(&new_ones(created, report.created));
        text.push_str(&shown("would be overwritten", overwritten, report.updated));
        if removed.count > 0 {
            text.push_str(&format!("would be removed: {removed}\n"));
        }
        text.push_str(&shown("would not be changed", newer_here, count));
    }
    text
}

/// The first of those that would be new, one a line.
fn new_ones(first: &[Differing], count: u64) -> String {
    const MEMBERS: [Member; 3] = [Member::Subject, Member::Start, Member::StatusName];
    if first.is_empty() {
        return String::new();
    }
    let activity = |new: &Differing| {
        let value = |member| {
            let found = new.members.iter().find(|difference| difference.member == member);
            found.and_then(|difference| difference.after.clone())
        };
        let id = if new.id.0 == 0 { "new".to_owned() } else { new.id.to_string() };
        let values: Vec<String> = MEMBERS.into_iter().filter_map(value).collect();
        format!("  {id}  {}\n", values.join(" | "))
    };
    let shown = first.len().min(NEW_SHOWN_MAX);
    let first_of = if count > shown as u64 { ", the first ones" } else { "" };
    let activities: String = first.iter().take(shown).map(activity).collect();
    format!("would be created{first_of}:\n{activities}")
}

/// The first of some activities, with what is here and what the files have.
fn shown(what: &str, first: &[Differing], count: u64) -> String {
    if first.is_empty() {
        return String::new();
    }
    let activity = |differing: &Differing| {
        let removed = if differing.members.is_empty() { "  removed in the files" } else { "" };
        let members: String = differing.members.iter().map(difference).collect();
        format!("  {}{removed}\n{members}", differing.id)
    };
    let first_of = if count > first.len() as u64 { ", the first ones" } else { "" };
    let activities: String = first.iter().map(activity).collect();
    format!("{what}{first_of}:\n{activities}")
}

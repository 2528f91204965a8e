//! What importing a file would do, and what can be said about it.

use domain::{Member, MemberKind, Zone};
use files::{Dates, OtherSystem, Summary, TableColumn, Unsaid, members};
use maud::{Markup, html};
use service::{ImportError, ImportReport, NotHere};

use super::choices::{Choices, column_field};
use super::stage::{Checked, Preview, Trouble};
use super::uploads::Upload;
use super::{cells, problems};
use crate::form::{Label, Wrong, choice, options};
use crate::layout::{counted, csrf, number};
use crate::pages::names::Names;
use crate::problem::capitalized;
use crate::{SignedIn, Web};

/// What a column can be, in words: a member, or another word for one.
fn said(column: &'static str) -> &'static str {
    match column {
        "accountName" => "Account, by name",
        "clientId" => "Account, by ID",
        "systemUserName" => "Assigned to, by name",
        "systemUserId" => "Assigned to, by ID",
        "activityStatus.name" => "Status, by name",
        "activityStatus.id" => "Status, by ID",
        "externalId" => "ID in another system",
        "lastModifiedDateTime" => "Version (last changed)",
        "deletedDateTime" => "Deleted",
        name => Member::named(name).map_or(name, Member::label),
    }
}

/// The people who are named in a line.
const PEOPLE_SHOWN_MAX: usize = 20;

pub(super) fn show(
    web: &Web,
    who: &SignedIn,
    upload: &Upload,
    checked: &Checked,
    wrong: &Wrong,
) -> Markup {
    let names = Names::of(who);
    let preview = checked.outcome.as_ref().ok();
    html! {
        @match &checked.outcome {
            Err(trouble) => (problems::list(trouble, who)),
            Ok(preview) => {
                (tally(&preview.report, true))
                (warnings(web, who, preview))
            }
        }
        form.rehearsal action=(upload.address()) method="post" {
            (csrf(who))
            (columns(upload, checked))
            (times(who, checked, wrong))
            @match &checked.outcome {
                Ok(preview) => (ways(preview, &checked.choices)),
                Err(Trouble::Unfit(ImportError::Shifted(..))) => {
                    div.card.ways { (overwrite(&checked.choices, "Take the file’s times as they are, and its other values too")) }
                }
                Err(trouble) if can_add(trouble) || checked.choices.add => {
                    div.card.ways { (add(&checked.choices)) }
                }
                Err(_) => {}
            }
            (buttons(checked))
        }
        @if let Some(preview) = preview { (cells::all(&names, preview)) }
    }
}

/// What is known of the file apart from its activities; of a file with problems, as far as it was read.
fn summary(checked: &Checked) -> Option<&Summary> {
    match &checked.outcome {
        Ok(preview) => Some(&preview.summary),
        Err(Trouble::File(files::ReadError::Problems { summary, .. }, _)) => Some(summary),
        Err(_) => None,
    }
}

/// The numbers.
pub(super) fn tally(report: &ImportReport, is_to_come: bool) -> Markup {
    let counts = [
        (if is_to_come { "to be created" } else { "created" }, report.created, true),
        (if is_to_come { "to be updated" } else { "updated" }, report.updated, true),
        ("unchanged", report.unchanged, true),
        (if is_to_come { "to be removed" } else { "removed" }, report.removed, false),
        (
            if is_to_come { "to be brought back" } else { "brought back" },
            report.brought_back.count,
            false,
        ),
        (
            if is_to_come { "to stay as they are" } else { "left as they are" },
            report.newer_here.count,
            false,
        ),
        (
            if is_to_come { "to stay removed" } else { "left removed" },
            report.left_removed.count,
            false,
        ),
        ("in conflict", report.conflicts.count, false),
    ];
    html! {
        div.cards {
            @for (what, count, always) in counts {
                @if always || count > 0 { div.card.stat { span { (what) } b { (number(count)) } } }
            }
        }
    }
}

/// What may be unexpected.
fn warnings(web: &Web, who: &SignedIn, preview: &Preview) -> Markup {
    let Preview { summary, report, repeated, .. } = preview;
    let mut told: Vec<String> =
        summary.pages.missing().map(|missing| format!("{missing}.")).collect();
    if repeated.count > 0 {
        let come = counted(repeated.count, "activity is", "activities are");
        told.push(format!(
            "{come} in the file more than once; the last change counts: {repeated}."
        ));
    }
    if summary.without_id > 0 {
        let rows = counted(
            summary.without_id,
            "row has no activity ID and becomes a new activity",
            "rows have no activity ID and become new activities",
        );
        told.push(format!("{rows}. Importing the file again would add them again."));
    }
    if summary.twice > 0 {
        let times = counted(summary.twice, "time occurs", "times occur");
        told.push(format!("{times} twice, because clocks go back in that hour. Where one is new, the earlier is taken."));
    }
    if summary.names_ignored > 0 {
        let names = counted(summary.names_ignored, "name", "names");
        told.push(format!("{names} of accounts or people do not exist here and differ from the name of the ID in the same row. The ID counts; to use such a name, clear the ID."));
    }
    if report.from_the_future > 0 {
        told.push(format!(
            "{} a time of change in the future and get the time of the import.",
            counted(report.from_the_future, "activity has", "activities have")
        ));
    }
    if !web.service.has_activities(&who.person.tenant) && !report.kept_stamps {
        told.push("Every activity keeps its ID and gets the time of this import as its time of change. To keep times of change too, import on the server into an organization that no one has signed in to.".to_owned());
    }
    html! {
        @if !told.is_empty() {
            div.notice.warn role="status" { @for text in &told { p { (text) } } }
        }
    }
}

/// Which column is what, where the file is a table.
fn columns(upload: &Upload, checked: &Checked) -> Markup {
    let other_system = summary(checked).and_then(|summary| summary.other_system.as_ref());
    let columns = upload.columns();
    let member = |column: &TableColumn| checked.choices.member(column);
    let unknown = columns.iter().filter(|column| member(column).is_empty()).count() as u64;
    let ignored = summary(checked).map(|summary| &summary.ignored);
    html! {
        @if let Some(other) = other_system { (read_as(other)) }
        @if !columns.is_empty() {
            details.card.columns open[unknown > 0 || checked.outcome.is_err()] {
                summary {
                    (counted(columns.len() as u64, "column", "columns"))
                    @if unknown > 0 { ", " (number(unknown)) " not imported" }
                }
                div.scroll {
                    table.grid {
                        thead { tr { th { "Column" } th { "First value" } th { "Imported as" } } }
                        tbody {
                            @for (at, column) in columns.iter().enumerate() {
                                tr.open[member(column).is_empty()] {
                                    th scope="row" { (column.name) }
                                    td data-label="First value" { (column.sample) }
                                    td data-label="Imported as" {
                                        select name=(column_field(at)) aria-label={ "Import " (column.name) " as" } {
                                            (options(to_choose(column), member(column)))
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        } @else if let Some(ignored) = ignored.filter(|ignored| ignored.names().next().is_some()) {
            p.hint {
                "Not imported: "
                @for (at, (name, times)) in ignored.names().enumerate() {
                    @if at > 0 { ", " }
                    code { (name) } " (" (number(times)) ")"
                }
            }
        }
    }
}

/// As what a table of another system was read, and by which rules.
fn read_as(other: &OtherSystem) -> Markup {
    html! {
        p.hint { "Read as " strong { (other.layout) } "." }
        ul.hint {
            @if other.is_utc { li { "Times without a time zone are read as UTC." } }
            @if let (Some(system), [_, ..]) = (other.system, &other.ids[..]) {
                li {
                    "Accounts and people cannot be found by their " (system) " IDs (" (other.ids.join(", "))
                    "). Add columns with their names to the file."
                }
            }
            @for note in other.notes() { li { (capitalized(&note)) "." } }
        }
    }
}

/// What a column can be. In a table of another system, it can also have what only that has, such as a duration.
fn to_choose(column: &TableColumn) -> impl Iterator<Item = (String, &'static str)> {
    let foreign = column.member.filter(|member| !members().contains(member));
    // What the server says of it comes last.
    let is_origin = |name: &&str| {
        let member = Member::named(name).filter(|member| *member != Member::Id);
        member.is_some_and(|member| member.kind() == MemberKind::Origin)
    };
    let mut all = members().to_vec();
    all.sort_by_key(is_origin);
    let all = all.into_iter().map(|name| (name.to_owned(), said(name)));
    let foreign = foreign.map(|member| (member.to_owned(), member.trim_start_matches("the ")));
    std::iter::once((String::new(), "Not imported")).chain(foreign).chain(all)
}

/// What the file does not say of its times.
fn times(who: &SignedIn, checked: &Checked, wrong: &Wrong) -> Markup {
    let Unsaid { dates, zone } = summary(checked).map_or_else(Unsaid::default, |s| s.unsaid);
    let chosen = &checked.choices;
    let org_zone = who.person.tenant.directory().organization.zone.clone();
    let order = match chosen.dates {
        None => "",
        Some(Dates::Us) => "us",
        Some(Dates::Eu) => "eu",
    };
    let orders =
        [("", "choose…"), ("us", "11/30/2026: month first"), ("eu", "30/11/2026: day first")];
    let dates_label = Label {
        name: "dates",
        text: "Dates in this file",
        help: "Some of its dates could be read either way.",
        required: true,
        ..Label::default()
    };
    let zone_label = Label {
        name: "zone",
        text: "Time zone of this file",
        help: "Its times do not say their time zone.",
        ..Label::default()
    };
    let is_utc = summary(checked).and_then(|s| s.other_system.as_ref()).is_some_and(|o| o.is_utc);
    let usual = match is_utc {
        true => "UTC, as the file’s system writes them".to_owned(),
        false => format!("{} (the organization’s)", org_zone.name()),
    };
    let names = Zone::names();
    let named = names.iter().map(|name| (name.clone(), name.as_str()));
    let zones = std::iter::once((String::new(), usual.as_str())).chain(named);
    html! {
        @let asks_dates = dates || chosen.dates.is_some();
        @let is_shifted = matches!(checked.outcome, Err(Trouble::Unfit(ImportError::Shifted(..))));
        @let asks_zone = zone || is_utc || is_shifted || chosen.zone.is_some();
        @if asks_dates || asks_zone || wrong.has("zone") {
            div.card.times {
                div.pair {
                    @if asks_dates {
                        (choice(dates_label, orders.map(|(value, text)| (value.to_owned(), text)), order, wrong))
                    }
                    @if asks_zone || wrong.has("zone") {
                        (choice(zone_label, zones, chosen.zone.as_ref().map_or("", Zone::name), wrong))
                    }
                }
            }
        }
    }
}

/// How it is to be imported, where there is something to choose.
fn ways(preview: &Preview, chosen: &Choices) -> Markup {
    let Preview { report, not_here, .. } = preview;
    let stays = report.newer_here.count + report.conflicts.count;
    let has_missing = !not_here.is_empty() || chosen.add;
    html! {
        @if has_missing || stays > 0 || chosen.overwrite || report.left_removed.count > 0 || chosen.restore {
            div.card.ways {
                @if has_missing {
                    (missing_people(not_here, true))
                    (add(chosen))
                    @if !not_here.users.is_empty() { p.hint { "People who are added cannot sign in until you give them a login." } }
                }
                @if stays > 0 || chosen.overwrite {
                    (overwrite(chosen, "Take the file’s values also where an activity was edited here since, or is newer here"))
                }
                @if report.left_removed.count > 0 || chosen.restore {
                    p { label { input type="checkbox" name="restore" checked[chosen.restore]; "Bring back activities that have been removed here" } }
                }
            }
        }
    }
}

/// Whether something that the file names is missing, apart from what else is wrong.
fn can_add(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::File(error, _) if error.can_be_added())
}

fn add(chosen: &Choices) -> Markup {
    html! {
        p { label { input type="checkbox" name="add" checked[chosen.add]; "Add what is missing" } }
    }
}

fn overwrite(chosen: &Choices, text: &str) -> Markup {
    html! {
        p { label { input type="checkbox" name="overwrite" checked[chosen.overwrite]; (text) } }
    }
}

/// Whom and what the file names that is not here.
pub(super) fn missing_people(not_here: &NotHere, with_all: bool) -> Markup {
    let NotHere { users, accounts, statuses, .. } = not_here;
    let people = users.iter().map(|(id, name)| match name {
        Some(name) => format!("{name} ({id})"),
        None => format!("number {id}"),
    });
    html! {
        @if !users.is_empty() {
            p { "Assigned to activities, but not in this organization: " (some(people, users.len())) "." }
        }
        @if with_all && !accounts.is_empty() {
            p { "Accounts that do not exist yet: " (some(accounts.values().map(ToString::to_string), accounts.len())) "." }
        }
        @if with_all && !statuses.is_empty() {
            p { "Statuses that do not exist yet: " (some(statuses.values().map(ToString::to_string), statuses.len())) "." }
        }
    }
}

/// What an import has added apart from activities.
pub(super) fn added(added: &NotHere, statuses: &[String]) -> Markup {
    let NotHere { users, accounts, .. } = added;
    let counts = [(users.len(), "person", "people"), (accounts.len(), "account", "accounts")];
    html! {
        @for (count, one, many) in counts {
            @if count > 0 { p { (counted(count as u64, one, many)) " added." } }
        }
        @if !statuses.is_empty() { p { "Statuses added or renamed: " (some(statuses.iter().cloned(), statuses.len())) ". " a href="/settings#statuses" { "Look at the statuses" } } }
    }
}

/// The first of some names.
fn some(names: impl Iterator<Item = String>, count: usize) -> String {
    let first: Vec<String> = names.take(PEOPLE_SHOWN_MAX).collect();
    let more = if count > first.len() {
        format!(" and {} more", number((count - first.len()) as u64))
    } else {
        String::new()
    };
    format!("{}{more}", first.join(", "))
}

fn buttons(checked: &Checked) -> Markup {
    let preview = checked.outcome.as_ref().ok();
    let changed = preview.map_or(0, |preview| preview.report.changed());
    let needs_add = preview.is_some_and(|preview| preview.needs_add);
    html! {
        @if needs_add {
            p {
                "The numbers above are for an import that adds what is missing. "
                "To import the file without that, correct the names in it and upload it again."
            }
        }
        div.buttons {
            @if needs_add {
                button.primary type="submit" name="add" value="on" { "Add these and check again" }
            } @else if changed > 0 {
                button.primary type="submit" name="action" value="import" {
                    "Import " (counted(changed, "activity", "activities"))
                }
            } @else if checked.outcome.is_ok() {
                p.hint { "Importing this file would change nothing." }
            }
            button.primary[checked.outcome.is_err()] type="submit" name="action" value="check" { "Check again" }
            button.quiet type="submit" name="action" value="discard" { "Discard the file" }
        }
    }
}

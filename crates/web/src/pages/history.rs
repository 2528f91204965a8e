//! The history of one activity: its versions, the latest first.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use domain::{ClientId, Kind, Member, Moment, Origin, Seq, UserId};
use maud::{Markup, html};
use service::{Change, Difference};

use super::activity::{Id, Names, address};
use super::differences;
use crate::layout::{self, Nav, csrf};
use crate::problem::capitalized;
use crate::session::Query;
use crate::times::{self, Shape};
use crate::{Problem, SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/activities/{id}/history", get(show))
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Id(id): Id,
    Query(query): Query,
) -> Result<Response, Problem> {
    let names = Names::of(&who);
    let from = match query.get("from") {
        "" => None,
        seq => Some(Seq(seq.parse().map_err(|_| Problem::NotFound)?)),
    };
    let latest = web.service.latest(&names.tenant, id).await?.ok_or(Problem::NotFound)?;
    let history = web.service.story(&names.tenant, id, from).await?.ok_or(Problem::NotFound)?;
    let title = format!("History of activity {id}");
    let subject = latest.record().map(|activity| activity.subject.as_str());
    let content = html! {
        (layout::head(&title, &html! { a.button href=(address(id)) { "Back to the activity" } }))
        @if query.get("outdated") == "1" {
            div.notice.warn role="status" {
                p { "Someone changed this activity after you opened its history, so nothing was restored. Check the latest change first." }
            }
        }
        p.lead { (subject.unwrap_or("This activity was removed.")) }
        @if from.is_some() { p { a href={ (address(id)) "/history" } { "Latest changes" } } }
        ol.story {
            @for change in &history.changes {
                (step(&who, &names, change, latest.seq))
            }
        }
        @if let Some(older) = history.older {
            nav.pages aria-label="Pages" {
                a href={ (address(id)) "/history?from=" (older) } rel="next" { "Older changes" }
            }
        }
    };
    Ok(layout::page(&who, &title, Nav::Activities, &content))
}

fn step(who: &SignedIn, names: &Names, change: &Change, latest: Seq) -> Markup {
    let version = &change.version;
    let is_older_record = version.record().is_some() && version.seq != latest;
    html! {
        li {
            span.what { (what(change)) }
            span.who { (by(change, names)) }
            span.when { (times::time(version.stamp, &names.clock, Shape::Both)) }
            @if who.edits() && is_older_record {
                form action={ (address(version.id)) "/restore" } method="post" {
                    (csrf(who))
                    input type="hidden" name="seq" value=(version.seq);
                    input type="hidden" name="seen" value=(latest);
                    button.small type="submit" { "Restore this version" }
                }
            }
            @let told: Vec<&Difference> = change.differences.iter().filter(|d| is_told(d, change)).collect();
            @if !told.is_empty() {
                dl.diff { @for difference in told { (row(difference, names)) } }
            }
        }
    }
}

/// Whether the activity changed only because its status was renamed.
fn is_rename(change: &Change) -> bool {
    matches!(&*change.differences, [only] if only.member == Member::StatusName)
}

/// `Ada Byron · web pages`
fn by(change: &Change, names: &Names) -> String {
    let author = change.version.author;
    match author.user {
        _ if is_rename(change) => "along with all activities that have this status".to_owned(),
        Some(_) => format!("{} · {}", names.author(author), origin(author.origin)),
        None => capitalized(&origin(author.origin)),
    }
}

fn what(change: &Change) -> &'static str {
    let kind = change.version.state.kind();
    match (change.before, kind) {
        (None, Kind::Record) => "Created",
        (_, Kind::Tombstone) => "Removed",
        (Some(Kind::Tombstone), Kind::Record) => "Restored",
        (Some(Kind::Record), Kind::Record) if is_rename(change) => "Status renamed",
        (Some(Kind::Record), Kind::Record) => "Changed",
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Api => "API",
        Origin::Web => "web pages",
        Origin::Import => "import",
        Origin::CommandLine => "command line",
        Origin::Examples => "examples",
    }
}

/// A status is shown by its name, unless one with the same name took its place.
fn is_told(difference: &Difference, change: &Change) -> bool {
    let names_differ = change.differences.iter().any(|d| d.member == Member::StatusName);
    difference.member != Member::StatusId || !names_differ
}

pub(super) fn row(difference: &Difference, names: &Names) -> Markup {
    let Difference { member, before, after } = difference;
    let (before, after) = (before.as_deref(), after.as_deref());
    html! {
        dt { (member.label()) }
        dd {
            @if member.is_text() || *member == Member::CustomFields {
                (differences::shown(before.unwrap_or_default(), after.unwrap_or_default()))
            } @else {
                @if before.is_some() { del { (value(*member, before, names)) } }
                @if before.is_some() && after.is_some() { " → " }
                @if after.is_some() { ins { (value(*member, after, names)) } }
            }
        }
    }
}

/// A value as pages show it: names instead of ids, and times in the reader's zone.
pub(super) fn value(member: Member, text: Option<&str>, names: &Names) -> Markup {
    let text = text.unwrap_or_default();
    let number = || text.parse().ok();
    let better = match member {
        Member::Client => number().map(|id| html! { (names.account(ClientId(id))) }),
        Member::SystemUser => number().map(|id| html! { (names.user(UserId(id))) }),
        Member::Start | Member::End => {
            Moment::parse(text).ok().map(|m| times::moment(m, &names.clock, Shape::Both))
        }
        Member::Priority => {
            domain::Priority::parse(text).map(|priority| html! { (priority.as_str()) })
        }
        _ => None,
    };
    better.unwrap_or_else(|| html! { (text) })
}

//! The calendar feed: the activities assigned to a person.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Activity, ActivityId, Priority, Seq, UserId, Version};
use service::{Calendar, Directory, Service, hash_secret};

use super::ical::{self, Event};
use crate::pages::names;
use crate::room::Seat;
use crate::session::Query;
use crate::{Problem, Web, api};

/// The query that includes done activities.
pub(super) const WITH_DONE: &str = "done=yes";

/// The most bytes of all entries of a feed together.
const FEED_BYTES_MAX: usize = 4 << 20;

/// The most characters of a note in an entry.
const NOTE_CHARS_MAX: usize = 1_000;

/// Records that are read at a time: few, since each may have a long note.
const PIECE_RECORDS: usize = 50;

/// Any wrong address gets the same answer: not found.
pub(super) async fn show(
    State(web): State<Web>,
    path: Result<Path<(String, String, String)>, PathRejection>,
    Query(query): Query,
    seat: Seat,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path((org, user, file)) = path.map_err(|_| Problem::NotFound)?;
    let user = user.parse().map(UserId).map_err(|_| Problem::NotFound)?;
    let secret = file.strip_suffix(".ics").ok_or(Problem::NotFound)?;
    let calendar = web.service.calendar(&org, user, secret).ok_or(Problem::NotFound)?;
    let tenant = calendar.tenant.clone();
    let _turn = web.service.calendar_turn(&tenant).await?;
    seat.take(&tenant).await?;
    let with_done = format!("done={}", query.get("done")) == WITH_DONE;
    let links = api::root(&web, &headers);
    let text = Feed::of(&web.service, calendar, links).text(with_done).await?;
    let tag = tag(&text);
    if has(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, kept(tag)).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"activities.ics\""),
    ];
    Ok((headers, kept(tag), text).into_response())
}

/// Calendar apps may cache the feed, and ask each time whether it has changed. Proxies may not, and links in it must
/// not reveal its address.
fn kept(tag: String) -> [(header::HeaderName, String); 3] {
    [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ]
}

/// The entity tag of the feed. A weak one, because the feed may be compressed on its way out.
fn tag(text: &str) -> String {
    let hash = hash_secret(text).0;
    let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{digits}\"")
}

/// Whether the reader already has the feed with that tag.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    lines
        .flat_map(|line| line.split(','))
        .any(|given| given.trim() == "*" || bare(given) == bare(tag))
}

/// A feed while it is made.
struct Feed<'s> {
    service: &'s Service,
    calendar: Calendar,
    directory: Arc<Directory>,
    /// What the addresses of activities start with.
    links: Option<String>,
}

impl<'s> Feed<'s> {
    fn of(service: &'s Service, calendar: Calendar, links: Option<String>) -> Feed<'s> {
        let directory = calendar.tenant.directory();
        Feed { service, calendar, directory, links }
    }

    async fn text(&self, with_done: bool) -> Result<String, Problem> {
        let positions = self.service.calendar_positions(&self.calendar, with_done).await?;
        let mut entries = self.entries(&positions).await?;
        // An order by time relative to today would change every day, and the feed must not.
        entries.sort_unstable_by_key(|(id, _)| *id);
        let name = format!("{}: {}", self.directory.organization.name, self.calendar.user.name);
        Ok(ical::calendar(&name, entries.iter().map(|(_, lines)| lines.as_str())))
    }

    /// As many entries as there is room for.
    async fn entries(&self, positions: &[Seq]) -> Result<Vec<(ActivityId, String)>, Problem> {
        let mut entries = Vec::new();
        let mut bytes = 0;
        for piece in positions.chunks(PIECE_RECORDS) {
            let tenant = &self.calendar.tenant;
            for version in self.service.selected(tenant, piece.to_vec()).await? {
                let Some(activity) = version.record() else { continue };
                let lines = self.event(&version, activity).lines();
                bytes += lines.len();
                if bytes > FEED_BYTES_MAX {
                    return Ok(entries);
                }
                entries.push((version.id, lines));
            }
        }
        Ok(entries)
    }

    fn event(&self, version: &Version, activity: &Activity) -> Event {
        let id = version.id;
        let status = self.directory.statuses.get(&activity.status);
        Event {
            // Not the host's name, which may change.
            uid: format!("activity-{id}@{}.driftless", self.calendar.tenant.id),
            sequence: version.seq.0,
            created: activity.created,
            changed: version.stamp,
            start: activity.start.stamp,
            end: activity.end.map(|end| end.stamp),
            title: activity.subject.to_string(),
            category: activity.status_name.to_string(),
            description: self.description(activity),
            priority: activity.priority,
            is_free: status.is_some_and(|status| status.done),
            url: self.links.as_ref().map(|root| format!("{root}/activities/{id}")),
        }
    }

    fn description(&self, activity: &Activity) -> String {
        let mut lines = vec![format!("Status: {}", activity.status_name)];
        if let Some(client) = activity.client {
            lines.push(format!("Account: {}", names::account(&self.calendar.tenant, client)));
        }
        if activity.priority != Priority::Normal {
            lines.push(format!("Priority: {}", activity.priority.as_str()));
        }
        let note = activity.note.as_str().trim();
        if !note.is_empty() {
            lines.push(String::new());
            lines.push(shortened(note));
        }
        lines.join("\n")
    }
}

/// The start of a note, or all of it if it is short.
fn shortened(note: &str) -> String {
    match note.char_indices().nth(NOTE_CHARS_MAX) {
        Some((end, _)) => format!("{} …", note[..end].trim_end()),
        None => note.to_owned(),
    }
}

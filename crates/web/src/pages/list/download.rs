//! What the list shows, all pages of it, as a file for a spreadsheet, which `import` takes back as it was.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use csv::QuoteStyle;
use domain::{Activity, CustomField, GUARD_COLUMN, Seq, Version, guarded};
use http_body_util::channel::{Channel, Sender};
use serde_json::{Value, json};
use service::{AskError, Directory, Service, Tenant};

use super::query::Asked;
use crate::session::Query;
use crate::{Problem, SignedIn, Web};

/// Records that are read and written at a time: few, since each may have a long note.
const PIECE_RECORDS: usize = 50;

/// What a piece may take in memory, where the notes are long.
const PIECE_BYTES: usize = 8 << 20;

/// Columns, by the names of API v1, and the names of what it has as a number. The last one is never empty:
/// there are spreadsheets that save rows only as far as something is in them.
const COLUMNS: [&str; 18] = [
    "activityId",
    "subject",
    "note",
    "startDateTime",
    "endDateTime",
    "clientId",
    "accountName",
    "systemUserId",
    "systemUserName",
    "activityStatus.id",
    "activityStatus.name",
    "activityPriority",
    "customFieldDataList",
    "createdDateTime",
    "createdBy",
    "lastModifiedBy",
    GUARD_COLUMN,
    "lastModifiedDateTime",
];

/// Spreadsheets know by this mark that the file is UTF-8.
const MARK: &str = "\u{feff}";

pub(super) async fn download(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    let asked = Asked::parse(&query, &who);
    if !asked.wrong.is_empty() {
        return Err(Problem::Wrong(asked.wrong.join(" ")));
    }
    let org = who.person.tenant.clone();
    let positions = web.service.select(&org, &asked.query()).await?;
    let bytes = positions.len() * size_of::<Seq>() + PIECE_BYTES;
    let room = org.room_for_answer(bytes).ok_or_else(|| {
        let text = "Too many downloads are under way. Try again when one of them is done.";
        Problem::Unavailable(text.to_owned())
    })?;
    let today = org.directory().organization.zone.at(web.service.now()).to_string();
    let day = today.get(..10).unwrap_or_default();
    let (sender, body) = Channel::<Bytes, io::Error>::new(1);
    let file = File { service: web.service.clone(), directory: org.directory(), org };
    tokio::spawn(async move {
        let _room = room;
        file.send(&positions, sender).await;
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"activities-{day}.csv\"")),
    ];
    Ok((headers, Body::new(body)).into_response())
}

/// A file under way.
struct File {
    service: Service,
    org: Arc<Tenant>,
    directory: Arc<Directory>,
}

impl File {
    /// Sends the file piece by piece, as fast as it is read. When something fails on the way, the
    /// connection breaks: a file that just ended early would be taken for all there is.
    async fn send(&self, positions: &[Seq], mut sender: Sender<Bytes, io::Error>) {
        let mut pieces = positions.chunks(PIECE_RECORDS);
        let mut next = written(QuoteStyle::Necessary, |rows| rows.write_record(COLUMNS))
            .map(|head| [MARK.as_bytes(), &head].concat());
        loop {
            let sent = match next {
                Ok(piece) => sender.send_data(piece.into()).await,
                Err(problem) => {
                    tracing::warn!(%problem, org = %self.org.id, "a download broke off");
                    return sender.abort(problem);
                }
            };
            if sent.is_err() {
                return; // Nobody reads any more.
            }
            let Some(piece) = pieces.next() else { return };
            next = self.piece(piece).await;
        }
    }

    async fn piece(&self, positions: &[Seq]) -> io::Result<Vec<u8>> {
        let read = self.service.selected(&self.org, positions.to_vec()).await;
        let versions = read.map_err(|problem: AskError| io::Error::other(problem.to_string()))?;
        // Some spreadsheets split rows at semicolons and tabs too, unless they are quoted.
        written(QuoteStyle::Always, |rows| {
            let mut records = versions.iter().filter_map(|v| Some((v, v.record()?)));
            records.try_for_each(|(version, activity)| {
                let cells = self.cells(version, activity);
                rows.write_record(cells.iter().map(|cell| guarded(cell).into_owned()))
            })
        })
    }

    /// One row, in the order of [`COLUMNS`].
    fn cells(&self, version: &Version, activity: &Activity) -> [String; COLUMNS.len()] {
        let zone = &self.directory.organization.zone;
        let (client, user) = (activity.client, activity.system_user);
        let known = |client| self.org.accounts().name(client).map(ToString::to_string);
        [
            version.id.to_string(),
            activity.subject.to_string(),
            activity.note.to_string(),
            activity.start.to_string(),
            text(activity.end),
            text(client),
            text(client.and_then(known)),
            text(user),
            text(user.and_then(|user| self.directory.users.get(&user)).map(|user| &user.name)),
            activity.status.to_string(),
            activity.status_name.to_string(),
            activity.priority.as_str().to_uppercase(),
            custom_fields(activity),
            zone.at(activity.created).to_string(),
            text(activity.created_by.as_ref()),
            text(activity.modified_by.as_ref()),
            String::new(),
            zone.at(version.stamp).to_string(),
        ]
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// As API v1 prints them; nothing where there are none.
fn custom_fields(activity: &Activity) -> String {
    let field = |field: &CustomField| {
        let members = [
            ("fieldId", Some(&field.field_id)),
            ("fieldValue", field.value.as_ref()),
            ("fieldOptionId", field.option_id.as_ref()),
        ];
        let present = members.into_iter().filter_map(|(name, text)| Some((name, json!(text?))));
        present.map(|(name, text)| (name.to_owned(), text)).collect::<Value>()
    };
    match &*activity.custom_fields {
        [] => String::new(),
        fields => {
            json!({ "customFieldData": fields.iter().map(field).collect::<Value>() }).to_string()
        }
    }
}

fn written(
    quotes: QuoteStyle,
    write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>,
) -> io::Result<Vec<u8>> {
    let mut rows = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(quotes)
        .from_writer(Vec::new());
    write(&mut rows)?;
    rows.into_inner().map_err(csv::IntoInnerError::into_error)
}

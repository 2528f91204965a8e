//! Downloads all pages of the list for a spreadsheet, as a workbook or CSV.

mod csv_file;
mod row;
mod workbook;

use std::io::{self, Write};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::{AuditKind, Seq, Version};
use http_body_util::channel::{Channel, Sender};
use parking_lot::Mutex;
use service::{AskError, DOWNLOADS_PER_ORG_MAX, Directory, Service, Tenant};

use self::csv_file::CsvFile;
use self::row::Cell;
use self::workbook::Workbook;
use super::query::ListRequest;
use crate::layout::{counted, number};
use crate::session::Query;
use crate::{Problem, SignedIn, Web};

/// The most records that are read and written at a time.
const PIECE_RECORDS: usize = 50;

/// Fewer of them if their texts take more than this, but one at least.
const PIECE_BYTES: usize = 1 << 20;

/// What a download takes for its pieces: one that is made, one that is being sent, and as texts and as rows.
const PIECES_BYTES: usize = 4 * PIECE_BYTES;

/// The file formats.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Workbook,
    Csv,
}

impl Form {
    fn media_type(self) -> &'static str {
        match self {
            Form::Workbook => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Form::Csv => "text/csv; charset=utf-8",
        }
    }

    /// The file extension.
    fn extension(self) -> &'static str {
        match self {
            Form::Workbook => "xlsx",
            Form::Csv => "csv",
        }
    }
}

/// The workbook.
pub(super) async fn workbook(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    download(&web, &who, &ListRequest::parse(&web, &query, &who).await?, Form::Workbook).await
}

/// The CSV for spreadsheets.
pub(super) async fn csv(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    download(&web, &who, &ListRequest::parse(&web, &query, &who).await?, Form::Csv).await
}

async fn download(
    web: &Web,
    who: &SignedIn,
    asked: &ListRequest,
    form: Form,
) -> Result<Response, Problem> {
    if !asked.wrong.is_empty() {
        return Err(Problem::Wrong(asked.wrong.join(" ")));
    }
    let org = who.person.tenant.clone();
    let positions = web.service.select(&org, &asked.query()).await?;
    if form == Form::Workbook && positions.len() > workbook::RECORDS_MAX {
        return Err(Problem::Wrong(format!(
            "A workbook has room for {} activities, but the list has {}. Filter the list, or download it as CSV.",
            number(workbook::RECORDS_MAX as u64),
            number(positions.len() as u64),
        )));
    }
    let mut place = org.download().ok_or_else(|| {
        Problem::Unavailable(format!(
            "{DOWNLOADS_PER_ORG_MAX} downloads of your organization are already in progress. Try again when one of them has finished."
        ))
    })?;
    place.share().grow_to(size_of_val(&*positions) + PIECES_BYTES).await?;
    let what = counted(positions.len() as u64, "activity", "activities");
    let what = format!("downloaded {what} as {}", form.extension());
    web.service.note_act(&who.person, AuditKind::Export, &what).await?;
    let directory = org.directory();
    let today = directory.organization.zone.at(web.service.now()).to_string();
    let day = today.get(..10).unwrap_or_default();
    let disposition = format!("attachment; filename=\"activities-{day}.{}\"", form.extension());
    let file = File { service: web.service.clone(), directory, org, form, sink: None };
    let (sender, body) = Channel::<Bytes, io::Error>::new(1);
    tokio::spawn(async move {
        let _place = place;
        file.send(&positions, sender).await;
    });
    let headers = [
        (header::CONTENT_TYPE, form.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, Body::new(body)).into_response())
}

/// A file in progress.
struct File {
    service: Service,
    org: Arc<Tenant>,
    directory: Arc<Directory>,
    form: Form,
    /// None before the first piece.
    sink: Option<Sink>,
}

impl File {
    /// Sends the file piece by piece, as fast as the browser reads it. If something fails, the connection is aborted,
    /// because a file that just ends early would look complete.
    async fn send(self, positions: &[Seq], mut sender: Sender<Bytes, io::Error>) {
        let id = self.org.id.clone();
        if let Err(problem) = self.send_pieces(positions, &mut sender).await {
            tracing::warn!(%problem, org = %id, "a download failed");
            sender.abort(problem);
        }
    }

    async fn send_pieces(
        self,
        positions: &[Seq],
        sender: &mut Sender<Bytes, io::Error>,
    ) -> io::Result<()> {
        let (mut file, mut left) = (self, positions);
        loop {
            let (piece, rest) = left.split_at(file.records_at_once(left).await?);
            let bytes;
            // The last piece has no records, only the end of the file.
            (file, bytes) = file.piece(piece, positions.len()).await?;
            let is_read = bytes.is_empty() || sender.send_data(bytes).await.is_ok();
            if !is_read || piece.is_empty() {
                return Ok(());
            }
            left = rest;
        }
    }

    /// How many of these records the next piece has.
    async fn records_at_once(&self, left: &[Seq]) -> io::Result<usize> {
        let next = left.get(..PIECE_RECORDS).unwrap_or(left);
        if next.is_empty() {
            return Ok(0);
        }
        let lengths = self.service.version_bytes(&self.org, next.to_vec()).await;
        let lengths = lengths.map_err(|problem| failed(&problem.into()))?;
        let mut bytes = 0;
        let fits = |length: &&usize| {
            bytes += **length;
            bytes <= PIECE_BYTES
        };
        Ok(lengths.iter().take_while(fits).count().max(1))
    }

    /// The next piece of the file: these records, of `total` in all, or the end of the file.
    async fn piece(mut self, positions: &[Seq], total: usize) -> io::Result<(File, Bytes)> {
        let service = self.service.clone();
        let versions = if positions.is_empty() {
            None
        } else {
            Some(
                service
                    .selected(&self.org, positions.to_vec())
                    .await
                    .map_err(|problem| failed(&problem))?,
            )
        };
        let work = move || {
            let bytes = self.written(versions.as_deref(), total)?;
            Ok((self, bytes))
        };
        service.heavy(work).await.map_err(|refusal| failed(&refusal.into()))?
    }

    /// Writes records, or the end of the file, on a thread that may block.
    fn written(&mut self, versions: Option<&[Version]>, total: usize) -> io::Result<Bytes> {
        let mut sink = match self.sink.take() {
            Some(sink) => sink,
            None => Sink::begin(self.form, &self.directory, total)?,
        };
        let Some(versions) = versions else { return sink.end() };
        for version in versions.iter().filter(|version| version.record().is_some()) {
            sink.row(&row::cells(self.form, &self.org, &self.directory, version))?;
        }
        let bytes = sink.bytes()?;
        self.sink = Some(sink);
        Ok(bytes)
    }
}

fn failed(problem: &AskError) -> io::Error {
    io::Error::other(problem.to_string())
}

/// The file that the rows are written to.
enum Sink {
    Workbook(Box<Workbook>),
    Csv(Box<CsvFile>),
}

impl Sink {
    /// Begins a file with this many records.
    fn begin(form: Form, directory: &Directory, total: usize) -> io::Result<Sink> {
        let columns = row::columns(form, &directory.organization.zone);
        Ok(match form {
            Form::Workbook => {
                Sink::Workbook(Box::new(Workbook::begin(&columns, directory, total)?))
            }
            Form::Csv => Sink::Csv(Box::new(CsvFile::begin(&columns)?)),
        })
    }

    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        match self {
            Sink::Workbook(workbook) => workbook.row(cells),
            Sink::Csv(file) => file.row(cells),
        }
    }

    /// The bytes that are ready to be sent.
    fn bytes(&mut self) -> io::Result<Bytes> {
        match self {
            Sink::Workbook(workbook) => Ok(workbook.bytes()),
            Sink::Csv(file) => file.bytes(),
        }
    }

    /// The rest of the file.
    fn end(self) -> io::Result<Bytes> {
        match self {
            Sink::Workbook(workbook) => workbook.end(),
            Sink::Csv(mut file) => file.bytes(),
        }
    }
}

/// Bytes that have been written but not sent yet.
#[derive(Clone, Default)]
struct Outgoing(Arc<Mutex<Vec<u8>>>);

impl Outgoing {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock()).into()
    }
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

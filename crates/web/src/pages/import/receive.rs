//! Takes a file from a browser: who sends it and the form's token are looked at before a byte of it is kept.

use std::fs::File;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use futures_util::Stream;
use multer::{Constraints, Field, Multipart, SizeLimit};
use thiserror::Error;

use super::uploads::UPLOAD_BYTES_MAX;
use crate::{Problem, SignedIn, Web};

/// The longest token of a form, in bytes.
const TOKEN_BYTES_MAX: u64 = 1 << 10;

/// What a form has before its file, in bytes, and what it may have after it.
const FORM_BYTES_MAX: u64 = 16 << 10;

/// A file that is too large is read on to here, and not kept: before it has sent everything, a browser does not look
/// at what is answered.
const READ_BYTES_MAX: u64 = 4 * UPLOAD_BYTES_MAX;

/// So much is written at once, where writing may take a while.
const STEP_BYTES: usize = 256 << 10;

/// The longest name of a file that is kept, in characters.
const NAME_CHARS_MAX: usize = 120;

/// A file as it has come.
pub(super) struct Received {
    pub(super) name: String,
    pub(super) file: File,
    pub(super) bytes: u64,
}

/// Why there is no file.
pub(super) enum NotReceived {
    /// The form had none.
    NoFile,
    /// There was nothing in it.
    Empty,
    TooLarge,
    Problem(Problem),
}

impl From<multer::Error> for NotReceived {
    fn from(error: multer::Error) -> NotReceived {
        match error {
            multer::Error::StreamSizeExceeded { .. } => NotReceived::TooLarge,
            multer::Error::StreamReadFailed(problem) if problem.is::<TooMuchBeforeFile>() => {
                NotReceived::Problem(Problem::ForeignForm)
            }
            _ => NotReceived::Problem(Problem::cut_short()),
        }
    }
}

/// Reads the form that [`super::form`] shows.
pub(super) async fn receive(
    web: &Web,
    who: &SignedIn,
    headers: &HeaderMap,
    body: Body,
) -> Result<Received, NotReceived> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let boundary = multer::parse_boundary(kind.unwrap_or_default())
        .map_err(|_| NotReceived::Problem(Problem::ForeignForm))?;
    let announced = HttpBody::size_hint(&body).lower();
    let sizes = SizeLimit::new()
        .whole_stream(READ_BYTES_MAX + FORM_BYTES_MAX)
        .for_field("csrf", TOKEN_BYTES_MAX);
    let constraints = Constraints::new().size_limit(sizes);
    let at_file = Arc::new(AtomicBool::new(false));
    let pieces = Pieces::new(body, at_file.clone());
    let mut form = Multipart::with_constraints(pieces, boundary, constraints);
    let token = match form.next_field().await? {
        Some(field) if field.name() == Some("csrf") => field.text().await?,
        _ => String::new(),
    };
    if !who.is_form_of(&token) {
        return Err(NotReceived::Problem(Problem::ForeignForm));
    }
    let is_too_large = announced > UPLOAD_BYTES_MAX + FORM_BYTES_MAX;
    while let Some(field) = form.next_field().await? {
        if field.name() == Some("file") {
            at_file.store(true, Ordering::Relaxed);
            let name = field.file_name().unwrap_or_default().to_owned();
            let (file, bytes) = write(web, field, is_too_large).await?;
            return match (bytes, name.is_empty()) {
                (0, true) => Err(NotReceived::NoFile),
                (0, false) => Err(NotReceived::Empty),
                _ => Ok(Received { name: shown(&name), file, bytes }),
            };
        }
    }
    Err(NotReceived::NoFile)
}

/// A form has more than [`FORM_BYTES_MAX`] before its file.
#[derive(Debug, Error)]
#[error("the form has too much before its file")]
struct TooMuchBeforeFile;

/// A body, piece by piece. The parser takes in all that there is before it looks at any of it: so each piece is small
/// until the file begins, there is one at a time, and before the file no more than [`FORM_BYTES_MAX`].
struct Pieces {
    body: BodyDataStream,
    /// What has come and has not been handed on.
    rest: Bytes,
    /// How much may still come before the file.
    left: u64,
    at_file: Arc<AtomicBool>,
    /// Whether the last call has handed a piece on, which is looked at first.
    has_given: bool,
}

impl Pieces {
    /// The longest piece before the file, in bytes.
    const PIECE_BYTES: usize = 4 << 10;

    fn new(body: Body, at_file: Arc<AtomicBool>) -> Pieces {
        let body = body.into_data_stream();
        Pieces { body, rest: Bytes::new(), left: FORM_BYTES_MAX, at_file, has_given: false }
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, axum::BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_given) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(cx)) {
                Some(Ok(piece)) => self.rest = piece,
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            }
        }
        self.has_given = true;
        if self.at_file.load(Ordering::Relaxed) {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.rest))));
        }
        let length = self.rest.len().min(Pieces::PIECE_BYTES);
        match self.left.checked_sub(length as u64) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err(Box::new(TooMuchBeforeFile)))),
        }
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}

/// Sets a file aside, as it comes.
async fn write(
    web: &Web,
    mut field: Field<'_>,
    is_too_large: bool,
) -> Result<(File, u64), NotReceived> {
    let folder = web.settings.folder.clone();
    let made = blocking(move || match folder {
        Some(folder) => tempfile::tempfile_in(folder),
        None => tempfile::tempfile(),
    });
    let mut file = made.await?;
    let (mut bytes, mut step) = (0, Vec::new());
    while let Some(piece) = field.chunk().await? {
        bytes += piece.len() as u64;
        if is_too_large || bytes > UPLOAD_BYTES_MAX {
            step = Vec::new();
            continue;
        }
        step.extend_from_slice(&piece);
        if step.len() >= STEP_BYTES {
            let full = std::mem::take(&mut step);
            file = blocking(move || file.write_all(&full).map(|()| file)).await?;
        }
    }
    if is_too_large || bytes > UPLOAD_BYTES_MAX {
        return Err(NotReceived::TooLarge);
    }
    file = blocking(move || file.write_all(&step).map(|()| file)).await?;
    Ok((file, bytes))
}

async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, NotReceived> {
    let done = tokio::task::spawn_blocking(act).await;
    done.map_err(|e| e.to_string()).and_then(|done| done.map_err(|e| e.to_string())).map_err(
        |problem| {
            tracing::error!(%problem, "an uploaded file cannot be kept");
            let text = "The server cannot keep the file now. Try again later.".to_owned();
            NotReceived::Problem(Problem::Unavailable(text))
        },
    )
}

/// What a file is called, as far as that is shown: some browsers give its whole path.
fn shown(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect()
}

//! Files as imports read them.

use std::io::BufReader;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use domain::{
    ActivityId, Author, Imported, Member, Members, Moment, Origin, Seq, Stamp, State, Terms,
    Version, Zone,
};
use files::{AnswerHead, ColumnNames, ReadError, Reading, Unreadable};
use neon::export::{Format, Writer};
use service::ImportNames;

/// The longest file that is tried.
pub(crate) const BYTES_MAX: usize = 4 << 10;

/// What a workbook may have once it is unpacked: so little that no input takes long.
const UNPACKED_MAX: u64 = 1 << 20;

const NOW: &str = "2026-01-01T00:00:00.000Z";

static CHICAGO: LazyLock<Zone> =
    LazyLock::new(|| Zone::parse("America/Chicago").expect("a zone that there is"));
static COLUMNS: LazyLock<ColumnNames> = LazyLock::new(ColumnNames::default);

fn now() -> Stamp {
    Moment::parse(NOW).expect("a time").stamp
}

fn reading(names: &mut ImportNames) -> Reading<'_> {
    Reading {
        now: now(),
        zone: &CHICAGO,
        zone_is_said: false,
        dates: None,
        columns: &COLUMNS,
        folder: None,
        unpacked_max: UNPACKED_MAX,
        names,
    }
}

/// Reads a file for an organization that has nothing yet, with a buffer of that many bytes.
pub(crate) fn read(file: &[u8], buffer: usize) -> Result<Vec<Imported>, ReadError> {
    let mut taken = Vec::new();
    let source = BufReader::with_capacity(buffer, file);
    files::read("f", source, reading(&mut ImportNames::of_nothing()), &mut |imported| {
        taken.push(imported);
        ControlFlow::Continue(())
    })?;
    Ok(taken)
}

/// Reads an answer as a mirror does, and what is aside.
pub(crate) fn read_answer(
    answer: &[u8],
) -> Result<(AnswerHead, Vec<Imported>, Vec<Unreadable>), ReadError> {
    let (mut taken, mut aside) = (Vec::new(), Vec::new());
    let head = files::read_answer(
        "f",
        answer,
        reading(&mut ImportNames::of_nothing()),
        &mut |imported| {
            taken.push(imported);
            ControlFlow::Continue(())
        },
        &mut |unreadable| aside.push(unreadable),
    )?;
    Ok((head, taken, aside))
}

/// How a file is read does not depend on the pieces in which it comes, and what was read of it can be exported, and is
/// the same when it is read again.
pub(crate) fn is_read_and_written(file: &[u8], format: Format) {
    let read_in_pieces = |buffer| read(file, buffer).map_err(|problem| problem.to_string());
    let taken = read_in_pieces(1);
    assert_eq!(taken, read_in_pieces(BYTES_MAX));
    let Ok(taken) = taken else { return };
    let taken = exported(taken.into_iter().filter(is_whole).collect());
    if taken.is_empty() {
        return; // A file with nothing in it is none.
    }
    let file = written(format, &taken);
    let again = read(&file, BYTES_MAX).map(exported).map_err(|problem| problem.to_string());
    assert_eq!(again.as_ref(), Ok(&taken), "{}", String::from_utf8_lossy(&file));
}

/// Whether it says all that an activity has to have. What it does not say is a matter of what is there already.
fn is_whole(item: &Imported) -> bool {
    let Imported::Record { named, .. } = item else { return true };
    let has_status = named.has(Member::StatusId) || named.has(Member::StatusName);
    has_status && [Member::Subject, Member::Start, Member::Priority].iter().all(|m| named.has(*m))
}

/// As they would be in an organization: all have an id and a time, and say all of themselves.
fn exported(items: Vec<Imported>) -> Vec<Imported> {
    let mut items = items;
    for (item, new_id) in items.iter_mut().zip(1..) {
        match item {
            Imported::Record { id, stamp, named, terms, row, .. } => {
                id.get_or_insert(ActivityId(new_id));
                stamp.get_or_insert(now());
                (*named, *terms, *row) = (Members::ALL, Terms::Exact, None);
            }
            Imported::Removed { at, .. } => {
                at.get_or_insert(now());
            }
        }
    }
    items
}

fn written(format: Format, items: &[Imported]) -> Vec<u8> {
    let mut writer = Writer::new(format, CHICAGO.clone(), Vec::new()).expect("memory takes all");
    for item in items {
        let (id, stamp) = (item.id().expect("it has one"), item.stamp().expect("it has one"));
        let state = match item {
            Imported::Record { activity, .. } => State::Record(activity.clone()),
            Imported::Removed { .. } => State::Tombstone,
        };
        let author = Author { user: None, origin: Origin::Import };
        let version = Version { seq: Seq(1), stamp, id, previous: None, author, state };
        writer.write(&version).expect("memory takes all");
    }
    writer.finish().expect("memory takes all")
}

//! Which versions are current, in which order, as of when. Pure, in memory, no I/O, no locks.
//!
//! Each organization has one [`Timeline`]. It follows the log, version by version, and is owned by the
//! committer. A query uses a [`View`] of it: the versions that are current as of a seq. A view is cheap to
//! clone and never changes, so that all pages of a run come from the same one while the log grows
//! (invariant 4).
//!
//! Totals, the first page and the last cost the same: both kinds of version are kept as sets of bits, one
//! per version of the log, with the counts of every range (`bits`). A view shares with its neighbors every
//! range in which they do not differ.
//!
//! ```
//! use domain::{ActivityId, Kind, Seq, Stamp};
//! use timeline::{Direction, Entry, Timeline};
//!
//! let mut timeline = Timeline::new();
//! for (id, kind) in [(7, Kind::Record), (8, Kind::Record), (7, Kind::Tombstone)] {
//!     let stamp = Stamp::from_millis(1_000);
//!     timeline.append(Entry { id: ActivityId(id), stamp, kind })?;
//! }
//! let range = timeline.between(Some(Stamp::from_millis(1_000)), None);
//!
//! let now = timeline.head();
//! assert_eq!(now.page(range, Direction::NewestFirst, 0, 10), [Seq(2)]);
//! assert_eq!(now.tombstones(range).collect::<Vec<_>>(), [Seq(3)]);
//!
//! let before = timeline.view_at(Seq(2));
//! assert_eq!(before.page(range, Direction::NewestFirst, 0, 10), [Seq(2), Seq(1)]);
//! assert_eq!(before.count_tombstones(range), 0);
//! # Ok::<(), timeline::AppendError>(())
//! ```
//!
//! Inside, a version is known by its position, which is its seq minus one. To let a view answer something
//! new about kinds of versions, add a third set to its two, and maintain it in [`Timeline::append`] and
//! [`Timeline::view_at`].

mod bits;
mod column;
mod latest;
mod range;
mod timeline;
mod view;

pub use range::SeqRange;
pub use timeline::{AppendError, Entry, Selected, Tally, Timeline, VERSIONS_MAX};
pub use view::{Direction, View};

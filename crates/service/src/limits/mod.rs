//! What clients and organizations may take: memory, turns, places, disk.

pub(crate) mod disk;
pub(crate) mod followers;
pub(crate) mod intake;
pub(crate) mod quota;
pub(crate) mod room;
pub(crate) mod shed;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::limits::followers::Followers;
use crate::limits::quota::Stored;
use crate::limits::room::{Room, Rooms};

/// Questions that sort, or make digests, at the same time, of all organizations together: each holds its keys in memory,
/// and a thread. Others wait for them.
pub const SORTS_MAX: usize = 4;

/// Questions of one organization that sort, or make digests, at the same time; others wait for them. Fewer than
/// all may together, so that none keeps the others out.
const SORTS_PER_ORG_MAX: usize = SORTS_MAX / 2;

/// Long pages of one organization of which a part is read and printed at the same time; those of others wait for them,
/// and not for other organizations'.
const LONG_READS_PER_ORG_MAX: usize = 2;

/// Calendar feeds of one organization that are made at the same time; others wait for them without a thread.
const CALENDARS_PER_ORG_MAX: usize = 2;

/// The downloads of one organization at the same time. They have their own room, so that slow ones do not take that
/// of other answers.
pub const DOWNLOADS_PER_ORG_MAX: usize = 4;

/// The most bytes that the downloads of one organization may hold.
pub const DOWNLOADS_BYTES_MAX: usize = 32 << 20;

/// What one organization may take.
pub(crate) struct Limits {
    /// What its requests and answers hold in memory.
    pub(crate) answers: Arc<Room>,
    pub(crate) downloads: Arc<Room>,
    /// Places for clients that follow the head.
    pub(crate) following: Arc<Followers>,
    /// Questions that may sort or make digests at once: each may hold many keys in memory, and a thread.
    pub(crate) sorting: Arc<Semaphore>,
    /// Turns to read and print a part of a long page ([`crate::Service::fold_long`]).
    pub(crate) long_reads: Semaphore,
    /// Turns to make a calendar feed.
    pub(crate) calendars: Arc<Semaphore>,
    /// How much its log takes, if that is limited.
    pub(crate) stored: Stored,
}

impl Limits {
    /// Nothing taken yet.
    pub(crate) fn new(rooms: &Arc<Rooms>) -> Limits {
        Limits {
            answers: rooms.answers(),
            downloads: rooms.room(DOWNLOADS_PER_ORG_MAX, DOWNLOADS_BYTES_MAX),
            following: Arc::default(),
            sorting: Arc::new(Semaphore::new(SORTS_PER_ORG_MAX)),
            long_reads: Semaphore::new(LONG_READS_PER_ORG_MAX),
            calendars: Arc::new(Semaphore::new(CALENDARS_PER_ORG_MAX)),
            stored: Stored::default(),
        }
    }
}

//! Room: what the requests of an organization take in memory, from the start of the work until the answer is sent.
//!
//! An organization has places for requests under way, and room for the bytes of answers that have not been sent yet.
//! All organizations share the bytes. Each may hold as much as it leaves free: one alone gets half of all, two a
//! third each, and there is always something left for the next. (This is the "dynamic threshold" by which switches
//! share their buffers among ports: A. Choudhury, E. Hahne, 1998.)
//!
//! If there is no room, a request waits for a short time, first come, first served within its organization. Every
//! wait ends, so two requests that each hold what the other one waits for are both refused, and neither waits forever.
//! An answer that is larger than all of its organization's room (only long lists of removed ids make one) gets it if the
//! organization holds nothing else, one such answer at a time on the whole server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use crate::base::runtime::Runtime;

/// The most bytes that the unsent answers of all organizations may have together, not counting the one that is larger
/// than its organization's room.
pub const ANSWERS_BYTES_ALL_MAX: usize = 128 << 20;

/// The most bytes that the unsent answers of one organization may have, if no other organization has any.
pub const ANSWERS_BYTES_MAX: usize = ANSWERS_BYTES_ALL_MAX / 2;

/// How long a request waits for room, in milliseconds.
pub const ROOM_WAIT_MS_MAX: u64 = 500;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoRoom {
    /// Too many requests are under way.
    #[error("the organization has too many requests in progress; try again")]
    Requests,
    /// Too much has not been sent yet.
    #[error("the organization's clients are still reading too many large answers; try again")]
    Answers,
}

/// The room of all organizations.
pub(crate) struct Rooms {
    runtime: Arc<dyn Runtime>,
    requests_per_org_max: usize,
    books: Mutex<Books>,
    /// Rung when bytes have been given back.
    freed: Notify,
    refused: AtomicU64,
}

/// What is held of [`Rooms`].
#[derive(Default)]
struct Books {
    bytes: usize,
    /// Whether an answer is under way that is larger than its organization's room.
    has_oversized: bool,
}

/// What an organization may hold at the same time, for one purpose.
pub(crate) struct Room {
    all: Arc<Rooms>,
    bytes_max: usize,
    places: Semaphore,
    /// Changes only while the books are locked.
    bytes: AtomicUsize,
    /// Held by the first in the queue of those that wait for bytes.
    queue: tokio::sync::Mutex<()>,
}

/// A share of the bytes, until it is dropped.
pub struct Share {
    room: Arc<Room>,
    /// What it was asked for.
    bytes: usize,
    /// What of it is on the books: less for an answer that is larger than the room.
    counted: usize,
    is_oversized: bool,
    /// Whether it has a place too: it is in a [`Place`] then.
    has_place: bool,
}

/// A request under way, and its share of the bytes. The way to one costs one step on one number if nobody waits.
pub struct Place(Share);

impl Rooms {
    pub(crate) fn new(runtime: Arc<dyn Runtime>, requests_per_org_max: usize) -> Arc<Rooms> {
        Arc::new(Rooms {
            runtime,
            requests_per_org_max,
            books: Mutex::default(),
            freed: Notify::new(),
            refused: AtomicU64::new(0),
        })
    }

    /// The room for an organization's answers.
    pub(crate) fn answers(self: &Arc<Rooms>) -> Arc<Room> {
        self.room(self.requests_per_org_max, ANSWERS_BYTES_MAX)
    }

    /// Room for another purpose, with as many places and bytes.
    pub(crate) fn room(self: &Arc<Rooms>, places: usize, bytes_max: usize) -> Arc<Room> {
        Arc::new(Room {
            all: self.clone(),
            bytes_max,
            places: Semaphore::new(places),
            bytes: AtomicUsize::new(0),
            queue: tokio::sync::Mutex::default(),
        })
    }

    /// The bytes that are held now.
    pub(crate) fn bytes(&self) -> usize {
        self.books.lock().bytes
    }

    /// How many requests have been refused for want of room.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn refuse(&self, why: NoRoom) -> NoRoom {
        self.refused.fetch_add(1, Ordering::Relaxed);
        why
    }
}

impl Room {
    /// A place, as soon as there is one.
    pub(crate) async fn place(self: &Arc<Room>) -> Result<Place, NoRoom> {
        self.share().into_place().await
    }

    /// A place, if there is one now.
    pub(crate) fn try_place(self: &Arc<Room>) -> Option<Place> {
        self.share().try_into_place().ok()
    }

    /// A share of nothing yet.
    pub(crate) fn share(self: &Arc<Room>) -> Share {
        let room = self.clone();
        Share { room, bytes: 0, counted: 0, is_oversized: false, has_place: false }
    }
}

impl Share {
    /// The bytes that it was asked for.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Makes it at least this large, if there is room now.
    #[must_use]
    pub fn try_grow_to(&mut self, bytes: usize) -> bool {
        if bytes <= self.bytes {
            return true;
        }
        let all = self.room.all.clone();
        let mut books = all.books.lock();
        let held = self.room.bytes.load(Ordering::Relaxed);
        let (others, free) = (held - self.counted, ANSWERS_BYTES_ALL_MAX - books.bytes);
        // It may hold as much as it leaves free.
        let most = ((held + free) / 2).min(self.room.bytes_max);
        if others.saturating_add(bytes) > most {
            if others > 0 || books.has_oversized && !self.is_oversized {
                return false;
            }
            (books.has_oversized, self.is_oversized) = (true, true);
        }
        let counted = bytes.min(most - others).max(self.counted);
        self.count(&mut books, counted);
        self.bytes = bytes;
        true
    }

    /// Makes it at least this large now.
    ///
    /// # Errors
    /// When there is no room.
    pub fn grow_now(&mut self, bytes: usize) -> Result<(), NoRoom> {
        if self.try_grow_to(bytes) { Ok(()) } else { Err(self.room.all.refuse(NoRoom::Answers)) }
    }

    /// Makes it at least this large, as soon as there is room.
    ///
    /// # Errors
    /// When there is none for too long.
    pub async fn grow_to(&mut self, bytes: usize) -> Result<(), NoRoom> {
        if bytes <= self.bytes {
            return Ok(());
        }
        // Nothing overtakes those that wait.
        if self.room.queue.try_lock().is_ok() && self.try_grow_to(bytes) {
            return Ok(());
        }
        let all = self.room.all.clone();
        tokio::select! {
            biased;
            () = self.wait_to_grow(bytes) => Ok(()),
            () = all.runtime.sleep(Duration::from_millis(ROOM_WAIT_MS_MAX)) => Err(all.refuse(NoRoom::Answers)),
        }
    }

    async fn wait_to_grow(&mut self, bytes: usize) {
        let room = self.room.clone();
        let _first = room.queue.lock().await;
        loop {
            let freed = room.all.freed.notified();
            if self.try_grow_to(bytes) {
                return;
            }
            freed.await;
        }
    }

    /// Gives back what is more than this.
    pub fn shrink_to(&mut self, bytes: usize) {
        if bytes >= self.bytes {
            return;
        }
        self.bytes = bytes;
        let all = self.room.all.clone();
        let mut books = all.books.lock();
        self.count(&mut books, bytes.min(self.counted));
        if self.is_oversized && bytes == self.counted {
            (books.has_oversized, self.is_oversized) = (false, false);
        }
        drop(books);
        all.freed.notify_waiters();
    }

    /// Sets what is on the books.
    fn count(&mut self, books: &mut Books, counted: usize) {
        let held = self.room.bytes.load(Ordering::Relaxed);
        self.room.bytes.store(held - self.counted + counted, Ordering::Relaxed);
        books.bytes = books.bytes - self.counted + counted;
        self.counted = counted;
    }

    /// A place with this share, as soon as there is one.
    ///
    /// # Errors
    /// When there is none for too long.
    pub async fn into_place(self) -> Result<Place, NoRoom> {
        let mut share = match self.try_into_place() {
            Ok(place) => return Ok(place),
            Err(share) => share,
        };
        let room = share.room.clone();
        let is_there = tokio::select! {
            biased;
            permit = room.places.acquire() => permit.map(SemaphorePermit::forget).is_ok(),
            () = room.all.runtime.sleep(Duration::from_millis(ROOM_WAIT_MS_MAX)) => false,
        };
        if !is_there {
            return Err(room.all.refuse(NoRoom::Requests));
        }
        share.has_place = true;
        Ok(Place(share))
    }

    fn try_into_place(mut self) -> Result<Place, Share> {
        self.has_place = self.room.places.try_acquire().map(SemaphorePermit::forget).is_ok();
        if self.has_place { Ok(Place(self)) } else { Err(self) }
    }

    fn leave_place(&mut self) {
        if std::mem::take(&mut self.has_place) {
            self.room.places.add_permits(1);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.leave_place();
        self.shrink_to(0);
    }
}

impl Place {
    /// Its share of the bytes.
    pub fn share(&mut self) -> &mut Share {
        &mut self.0
    }

    /// The answer is complete: another request may take the place, and the bytes are held on.
    #[must_use]
    pub fn into_share(mut self) -> Share {
        self.0.leave_place();
        self.0
    }
}

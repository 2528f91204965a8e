//! Room: what the requests of an organization take in memory, from the start of the work until the answer is sent.
//!
//! An organization has places for requests under way, and room for the bytes of answers that have not been sent yet.
//! All organizations share the bytes. Each may hold as much as it leaves free: one alone gets half of all, two a
//! third each, and there is always something left for the next. (This is the "dynamic threshold" by which switches
//! share their buffers among ports: A. Choudhury, E. Hahne, 1998.)
//!
//! If there is no room, a request waits for a short time, first come, first served within its organization. Every
//! wait ends, so two requests that each hold what the other one waits for are both refused, and neither waits forever.
//! An answer that is larger than all of its organization's room gets it if the organization holds nothing else, one
//! such answer at a time on the whole server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::Runtime;

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
    places: Arc<Semaphore>,
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
}

/// A request under way, and its share of the bytes.
pub struct Place {
    share: Share,
    _permit: OwnedSemaphorePermit,
}

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
            places: Arc::new(Semaphore::new(places)),
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
        let permit = self.places.clone().try_acquire_owned().ok()?;
        Some(Place { share: self.share(), _permit: permit })
    }

    /// A share of nothing yet.
    pub(crate) fn share(self: &Arc<Room>) -> Share {
        Share { room: self.clone(), bytes: 0, counted: 0, is_oversized: false }
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
        if others + bytes > most {
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
        let places = self.room.places.clone();
        if let Ok(permit) = places.clone().try_acquire_owned() {
            return Ok(Place { share: self, _permit: permit });
        }
        let all = &self.room.all;
        let acquired = tokio::select! {
            biased;
            permit = places.acquire_owned() => permit.ok(),
            () = all.runtime.sleep(Duration::from_millis(ROOM_WAIT_MS_MAX)) => None,
        };
        let permit = acquired.ok_or_else(|| all.refuse(NoRoom::Requests))?;
        Ok(Place { share: self, _permit: permit })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

impl Place {
    /// Its share of the bytes.
    pub fn share(&mut self) -> &mut Share {
        &mut self.share
    }

    /// The answer is complete: another request may take the place, and the bytes are held on.
    #[must_use]
    pub fn into_share(self) -> Share {
        self.share
    }
}

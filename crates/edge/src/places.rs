//! Places for connections: how many there are, how many of them one address can have, and which connections are closed
//! when they run short.
//!
//! A connection that waits for its client can be closed at any time; one whose request is being answered cannot. So a
//! newcomer gets a place as long as anyone idles, and whoever opens thousands of silent connections loses those first.
//! If all places are at work, a newcomer gets one of a small reserve: health checks are answered there, everything else
//! is told to try again.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use metrics::Gauge;
use parking_lot::Mutex;
use service::{Intake, IntakeShare, Network, Owner, Shed, shed};
use tokio::sync::Notify;

use super::Limits;

/// Places for newcomers when all others are at work.
const RESERVE_MAX: usize = 16;

/// Connections that have been told to close, and have not yet, which takes no longer than a moment. Newcomers wait for
/// them if there are so many.
const LEAVING_MAX: usize = 64;

/// How long a client has for its request on a place of the reserve.
pub(super) const RESERVE_PATIENCE: Duration = Duration::from_secs(2);

/// Connections beyond the ordinary ones.
pub(super) const SPARE_MAX: usize = RESERVE_MAX + LEAVING_MAX;

/// A client that keeps us waiting within a request has that long before it can lose its place: slow lines stall
/// now and then.
const STALLED_MIN: Duration = Duration::from_secs(5);

/// Looking for the connections to close takes as long as looking at all of them. So one in so many is closed at once.
const CLOSED_SHARE: usize = 64;

/// What heads may take together beyond what each connection has for its own.
const HEADS_BYTES_MAX: usize = 16 << 20;

/// All places of a server.
pub(super) struct Places(Arc<Shared>);

struct Shared {
    connections_max: usize,
    from_address_max: usize,
    /// Times are counted from here.
    begun: Instant,
    taken: Mutex<Taken>,
    /// Rung when a connection has closed as it was told.
    has_left: Notify,
    heads: Arc<Intake>,
    gauge: Gauge,
}

#[derive(Default)]
struct Taken {
    next_id: u64,
    ordinary: usize,
    by_network: HashMap<Network, HashMap<u64, Arc<Occupant>>>,
    reserve: HashMap<u64, Arc<Occupant>>,
    leaving: usize,
}

/// A connection, as others see it.
struct Occupant {
    network: Network,
    /// When it came, in microseconds since the start.
    came: u64,
    /// What it does: [`WORKS`], [`LEAVES`], or since when it waits for its client.
    state: AtomicU64,
    is_in_reserve: AtomicBool,
    told_to_leave: Notify,
}

/// A request is being answered. Any other state has the time in microseconds since the start, shifted to the left; the
/// last bit is 1 within a request.
const WORKS: u64 = 0;

/// Its place is needed for another connection. What comes from its client now is not answered any more.
const LEAVES: u64 = u64::MAX;

impl Occupant {
    /// Since when it waits for its client, and whether it does so within a request.
    fn waits_since(&self) -> Option<(u64, bool)> {
        let state = self.state.load(Ordering::Relaxed);
        (state != WORKS && state != LEAVES).then_some((state >> 1, state & 1 == 1))
    }

    /// False if it has to leave.
    fn set(&self, state: u64) -> bool {
        let unless_it_leaves = |before| (before != LEAVES).then_some(state);
        self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, unless_it_leaves).is_ok()
    }

    /// Tells it to leave, unless something has come from its client since then.
    fn tell_to_leave(&self, since: u64, is_stalled: bool) -> bool {
        let state = since << 1 | u64::from(is_stalled);
        let exchanged =
            self.state.compare_exchange(state, LEAVES, Ordering::Relaxed, Ordering::Relaxed);
        if exchanged.is_ok() {
            self.told_to_leave.notify_one();
            shed(if is_stalled { Shed::Stalled } else { Shed::Idle });
        }
        exchanged.is_ok()
    }
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Places {
        Places(Arc::new(Shared {
            connections_max: limits.connections_max,
            from_address_max: limits.connections_from_address_max,
            begun: Instant::now(),
            taken: Mutex::default(),
            has_left: Notify::new(),
            heads: Intake::new(HEADS_BYTES_MAX, Shed::Head),
            gauge: metrics::gauge!("driftless_connections"),
        }))
    }

    /// Waits while many connections that were told to leave are still to do so.
    pub(super) async fn have_left(&self) {
        while self.0.taken.lock().leaving >= LEAVING_MAX {
            self.0.has_left.notified().await;
        }
    }

    /// A place for a connection from this address; none if it has to be refused. One that stands for many clients, as
    /// a proxy's does, can have all places.
    pub(super) fn admit(&self, address: IpAddr, stands_for_many: bool) -> Option<Seat> {
        let shared = &self.0;
        let (network, now) = (Network::of(address), shared.micros(Instant::now()));
        let mut taken = shared.taken.lock();
        let own = taken.by_network.get(&network).map_or(0, HashMap::len);
        if !stands_for_many
            && own >= shared.from_address_max
            && !taken.make_room(Some(network), now)
        {
            shed(Shed::Address);
            return None;
        }
        let is_in_reserve = taken.ordinary >= shared.connections_max && !taken.make_room(None, now);
        if is_in_reserve && !taken.make_room_in_reserve() {
            shed(Shed::Full);
            return None;
        }
        let occupant = Arc::new(Occupant {
            network,
            came: now,
            state: AtomicU64::new(now << 1),
            is_in_reserve: AtomicBool::new(is_in_reserve),
            told_to_leave: Notify::new(),
        });
        let id = taken.next_id;
        taken.next_id += 1;
        if is_in_reserve {
            taken.reserve.insert(id, Arc::clone(&occupant));
        } else {
            taken.seat(id, Arc::clone(&occupant));
        }
        shared.gauge.increment(1);
        Some(Seat { shared: Arc::clone(shared), id, occupant })
    }
}

impl Shared {
    /// At least 1, which tells it from [`WORKS`].
    fn micros(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.begun).as_micros();
        u64::try_from(since).unwrap_or(u64::MAX >> 1).max(1)
    }
}

impl Taken {
    fn seat(&mut self, id: u64, occupant: Arc<Occupant>) {
        self.ordinary += 1;
        self.by_network.entry(occupant.network).or_default().insert(id, occupant);
    }

    fn unseat(&mut self, id: u64, network: Network) {
        let Some(of_network) = self.by_network.get_mut(&network) else { return };
        if of_network.remove(&id).is_some() {
            self.ordinary -= 1;
        }
        if of_network.is_empty() {
            self.by_network.remove(&network);
        }
    }

    /// Closes the connections that have waited for their clients longest, of this network or of all, for one that came at
    /// this time. False if there are none.
    fn make_room(&mut self, of: Option<Network>, came: u64) -> bool {
        let all = match of {
            Some(network) => self.by_network.get(&network).into_iter().collect::<Vec<_>>(),
            None => self.by_network.values().collect(),
        };
        let stalled_before = came.saturating_sub(STALLED_MIN.as_micros() as u64);
        let mut seated = 0;
        let (mut idle, mut stalled) = (Vec::new(), Vec::new());
        for (id, occupant) in all.into_iter().flatten() {
            seated += 1;
            match occupant.waits_since() {
                // One that came later may be about to send its request.
                Some((since, false)) if since <= came => idle.push((since, *id, occupant)),
                Some((since, true)) if since < stalled_before => {
                    stalled.push((since, *id, occupant));
                }
                _ => {}
            }
        }
        let is_stalled = idle.is_empty();
        let mut waiting = if is_stalled { stalled } else { idle };
        let count = (seated / CLOSED_SHARE).max(1).min(waiting.len());
        let count = count.min(LEAVING_MAX.saturating_sub(self.leaving));
        if count == 0 {
            return false;
        }
        waiting.select_nth_unstable_by_key(count - 1, |(since, ..)| *since);
        waiting.truncate(count);
        waiting.retain(|(since, _, occupant)| occupant.tell_to_leave(*since, is_stalled));
        let closed: Vec<_> = waiting.iter().map(|(_, id, one)| (*id, one.network)).collect();
        self.leaving += closed.len();
        for (id, network) in &closed {
            self.unseat(*id, *network);
        }
        !closed.is_empty()
    }

    /// The same in the reserve, of which only a request that is being answered keeps its place.
    fn make_room_in_reserve(&mut self) -> bool {
        if self.reserve.len() < RESERVE_MAX {
            return true;
        }
        let waiting = self.reserve.iter().filter_map(|(id, one)| Some((one.waits_since()?, *id)));
        let Some(((since, is_stalled), id)) = waiting.min() else { return false };
        let has_left = self.reserve[&id].tell_to_leave(since, is_stalled);
        if has_left {
            self.reserve.remove(&id);
            self.leaving += 1;
        }
        has_left
    }
}

/// A connection's place, until it is dropped.
pub(super) struct Seat {
    shared: Arc<Shared>,
    id: u64,
    occupant: Arc<Occupant>,
}

impl Seat {
    /// A request is being answered. False if it must not be: the connection has to leave.
    pub(super) fn works(&self) -> bool {
        self.occupant.set(WORKS)
    }

    /// Since then, a request is awaited, or the rest of its head.
    pub(super) fn awaits_request(&self, since: Instant) {
        self.occupant.set(self.shared.micros(since) << 1);
    }

    /// Since then, the client keeps us waiting for the rest of a body, or does not read its answer.
    pub(super) fn is_kept_waiting(&self, since: Instant) {
        self.occupant.set(self.shared.micros(since) << 1 | 1);
    }

    /// The client has continued, if it had kept us waiting.
    pub(super) fn continues(&self) {
        if let Some((_, true)) = self.occupant.waits_since() {
            self.works();
        }
    }

    /// Resolves when the place is needed for another connection.
    pub(super) async fn told_to_leave(&self) {
        self.occupant.told_to_leave.notified().await;
    }

    /// Whether this is a place of the reserve.
    pub(super) fn is_in_reserve(&self) -> bool {
        self.occupant.is_in_reserve.load(Ordering::Relaxed)
    }

    /// Moves to an ordinary place, if there is one by now.
    pub(super) fn leaves_reserve(&self) -> bool {
        let mut taken = self.shared.taken.lock();
        let is_full = taken.ordinary >= self.shared.connections_max;
        if is_full && !taken.make_room(None, self.occupant.came) {
            return false;
        }
        if let Some(occupant) = taken.reserve.remove(&self.id) {
            taken.seat(self.id, occupant);
            self.occupant.is_in_reserve.store(false, Ordering::Relaxed);
        }
        true
    }

    /// The client's share of the memory for long heads.
    pub(super) fn head_share(&self) -> IntakeShare {
        self.shared.heads.share(Owner::Network(self.occupant.network))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.shared.taken.lock();
        if self.occupant.state.load(Ordering::Relaxed) == LEAVES {
            taken.leaving -= 1;
            self.shared.has_left.notify_one();
        } else if taken.reserve.remove(&self.id).is_none() {
            taken.unseat(self.id, self.occupant.network);
        }
        self.shared.gauge.decrement(1);
    }
}

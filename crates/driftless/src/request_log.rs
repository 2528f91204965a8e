//! Answered requests, on their way into the log and the metrics.
//!
//! Each answering thread notes its requests in a place of its own, or one that it shares with few others, so that
//! threads do not wait for each other. Every 20 milliseconds all entries are collected, in order of time. A request
//! for the metrics collects them first, so that everything answered before is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::Stamp;
use hashbrown::HashMap;
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::PrometheusHandle;
use parking_lot::{Condvar, Mutex};
use serde::{Serialize, Serializer};
use service::Tenant;
use tracing::Level;

use crate::cli::LogFormat;
use crate::log;

/// How long entries gather.
const GATHERED_FOR: Duration = Duration::from_millis(20);

/// Places for threads to write in: more than there are threads that answer, mostly.
const PLACES: usize = 16;

/// A thread that finds this many entries in its place collects them itself: the collecting thread is behind,
/// because the log is not read.
const ENTRIES_MAX: usize = 4_096;

/// A request that has been answered, with the members that its line in the log has.
#[derive(Serialize)]
pub(crate) struct Answered {
    /// When, as clocks show it.
    #[serde(skip)]
    pub(crate) at: Stamp,
    /// When, finely enough to say what came first.
    #[serde(skip)]
    pub(crate) ended: Instant,
    /// GET or POST.
    pub(crate) verb: &'static str,
    /// The API's method, or the page.
    pub(crate) method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_id")]
    pub(crate) org: Option<Arc<Tenant>>,
    pub(crate) status: u16,
    /// The API's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
    /// How long the answer took.
    #[serde(rename = "ms", serialize_with = "as_ms")]
    pub(crate) took: Duration,
}

/// The page that scripts, styles and pictures count as.
const ASSETS: &str = "assets";

impl Answered {
    /// The log level: scripts, styles and pictures of a page matter less than the page.
    pub(crate) fn level(&self) -> Level {
        if self.method == ASSETS && self.status < 400 { Level::DEBUG } else { Level::INFO }
    }
}

fn as_id<S: Serializer>(org: &Option<Arc<Tenant>>, serializer: S) -> Result<S::Ok, S::Error> {
    org.as_ref().map(|org| org.id.as_str()).serialize(serializer)
}

fn as_ms<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_micros() as f64 / 1e3)
}

/// See the module. Clones are the same.
#[derive(Clone)]
pub(crate) struct RequestLog(Arc<Shared>);

struct Shared {
    places: [Place; PLACES],
    meters: Mutex<Meters>,
    /// Whether there is something to collect.
    news: Mutex<bool>,
    rung: Condvar,
    format: LogFormat,
    metrics: PrometheusHandle,
}

/// On cache lines of its own: processors share memory by lines, and modern ones fetch two at a time.
#[derive(Default)]
#[repr(align(128))]
struct Place(Mutex<Vec<Answered>>);

/// What is counted, by method: looking meters up by their labels takes longer than counting.
#[derive(Default)]
struct Meters(HashMap<&'static str, MethodMeters>);

struct MethodMeters {
    success: Counter,
    fail: Counter,
    seconds: Histogram,
}

/// Which place a thread writes in.
fn own_place() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static PLACE: usize = THREADS.fetch_add(1, Ordering::Relaxed) % PLACES);
    PLACE.with(|place| *place)
}

impl RequestLog {
    /// An empty one, and the thread that collects its entries.
    pub(crate) fn start(
        format: LogFormat,
        metrics: PrometheusHandle,
    ) -> std::io::Result<RequestLog> {
        let shared = Shared {
            places: Default::default(),
            meters: Mutex::default(),
            news: Mutex::default(),
            rung: Condvar::new(),
            format,
            metrics,
        };
        let request_log = RequestLog(Arc::new(shared));
        let own = request_log.clone();
        std::thread::Builder::new().name("requests".to_owned()).spawn(move || own.keep())?;
        Ok(request_log)
    }

    /// Notes an answered request.
    pub(crate) fn note(&self, answered: Answered) {
        let count = {
            let mut entries = self.0.places[own_place()].0.lock();
            entries.push(answered);
            entries.len()
        };
        match count {
            1 => self.ring(),
            ENTRIES_MAX.. => self.take_up(),
            _ => {}
        }
    }

    /// Counts the noted requests, and hands them to the log.
    pub(crate) fn take_up(&self) {
        // Held to the end, so that whoever comes second finds all counted.
        let mut meters = self.0.meters.lock();
        let mut taken = self.taken();
        taken.sort_by_key(|answered| answered.ended);
        let logged = tracing::enabled!(target: log::REQUESTS, Level::INFO);
        let all_logged = tracing::enabled!(target: log::REQUESTS, Level::DEBUG);
        for answered in &taken {
            meters.count(answered);
            if all_logged || (logged && answered.level() == Level::INFO) {
                log::request(answered, self.0.format);
            }
        }
        // Durations pile up one by one until they are sorted into the histogram.
        self.0.metrics.run_upkeep();
    }

    /// What was answered before now. Places are looked at one after the other: what follows upon an entry
    /// that was too late for its own place may be found in a later one, and stays for the next time.
    fn taken(&self) -> Vec<Answered> {
        let now = Instant::now();
        let mut taken = Vec::new();
        let mut some_stay = false;
        for Place(entries) in &self.0.places {
            let mut entries = entries.lock();
            taken.extend(entries.extract_if(.., |answered| answered.ended <= now));
            some_stay |= !entries.is_empty();
        }
        if some_stay {
            self.ring();
        }
        taken
    }

    /// Wakes the thread that collects the entries.
    fn ring(&self) {
        *self.0.news.lock() = true;
        self.0.rung.notify_one();
    }

    #[expect(clippy::disallowed_methods, reason = "entries are to gather")]
    fn keep(&self) {
        loop {
            let mut news = self.0.news.lock();
            while !std::mem::take(&mut *news) {
                self.0.rung.wait(&mut news);
            }
            drop(news);
            std::thread::sleep(GATHERED_FOR);
            self.take_up();
            log::write_out();
        }
    }
}

impl Meters {
    fn count(&mut self, answered: &Answered) {
        let method = answered.method;
        let meters = self.0.entry(method).or_insert_with(|| MethodMeters::of(method));
        let ok = answered.code.is_none() && answered.status < 400;
        if ok { &meters.success } else { &meters.fail }.increment(1);
        meters.seconds.record(answered.took.as_secs_f64());
    }
}

impl MethodMeters {
    fn of(method: &'static str) -> MethodMeters {
        let requests = |result: &'static str| metrics::counter!("driftless_requests_total", "method" => method, "result" => result);
        MethodMeters {
            success: requests("success"),
            fail: requests("fail"),
            seconds: metrics::histogram!("driftless_request_seconds", "method" => method),
        }
    }
}

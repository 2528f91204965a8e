//! What the service needs from its runtime, as a parameter, so that the simulation can provide its own.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake};
use std::thread::Thread;
use std::time::Duration;

/// A future without a name.
pub type Pending = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the service's questions wait.
pub trait Runtime: Send + Sync {
    /// Waits for that long.
    fn sleep(&self, duration: Duration) -> Pending;

    /// Does work that may wait for the disk, on a thread where nothing else waits for it.
    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> Pending;

    /// The same for work that computes for long: it stands back behind everything else where the runtime can have it so.
    fn heavy(&self, work: Box<dyn FnOnce() + Send>) -> Pending {
        self.blocking(work)
    }

    /// Does work in the background; nothing waits for it.
    fn spawn(&self, work: Pending);
}

/// Threads for heavy work at once.
const HEAVY_MAX: usize = 64;

/// How far they stand back behind all others, which are at 0: what takes long may take a little longer, and those who
/// want little do not wait for it. See `nice(2)`.
const HEAVY_NICENESS: i32 = 5;

/// The threads for [`Runtime::heavy`]. They end when they have had nothing to do for ten seconds.
static HEAVY: LazyLock<Option<tokio::runtime::Runtime>> = LazyLock::new(|| {
    let stand_back = || {
        // Where the system refuses, they are threads like others.
        let _ = rustix::process::nice(HEAVY_NICENESS);
    };
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.max_blocking_threads(HEAVY_MAX).thread_name("heavy").on_thread_start(stand_back);
    builder.build().ok()
});

/// The runtime of a server: tokio's, and threads with a lower priority for work that takes its time.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioRuntime;

impl Runtime for TokioRuntime {
    fn sleep(&self, duration: Duration) -> Pending {
        Box::pin(tokio::time::sleep(duration))
    }

    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> Pending {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => ended(runtime.spawn_blocking(work)),
            // A thread of no runtime, as commands have one, may wait itself.
            Err(_) => Box::pin(async { work() }),
        }
    }

    fn heavy(&self, work: Box<dyn FnOnce() + Send>) -> Pending {
        match &*HEAVY {
            Some(heavy) => ended(heavy.spawn_blocking(work)),
            None => self.blocking(work),
        }
    }

    fn spawn(&self, work: Pending) {
        tokio::spawn(work);
    }
}

/// Waits for the end of work. How it went, it has said itself.
fn ended(work: tokio::task::JoinHandle<()>) -> Pending {
    Box::pin(async move { drop(work.await) })
}

/// Waits for what comes in its own time, on a thread that may wait: it need not belong to a runtime. So commands use
/// the same methods as pages do.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Waiting(Thread);
    impl Wake for Waiting {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Waiting(std::thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

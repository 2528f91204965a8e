//! Warnings and errors that repeat: a store that fails would write the same line for each request.

use std::collections::HashMap;
use std::fmt::{self, Debug, Write};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// How often the same line may be written within a window.
const LINES_MAX: u64 = 5;

/// How long a window is.
const WINDOW: Duration = Duration::from_secs(10);

/// Different lines that are remembered. If there are more, counting begins again.
const LINES_KNOWN_MAX: usize = 1_000;

/// Lets the first lines of each window pass, and says at the next window how many it has left out.
#[derive(Default)]
pub(super) struct Repeats(Mutex<HashMap<u64, Window>>);

/// How often a line has been written.
struct Window {
    began: Instant,
    lines: u64,
}

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Written,
    /// The first one after others that were left out.
    WrittenAfter(u64),
    LeftOut,
}

impl Window {
    fn take(&mut self, now: Instant) -> Verdict {
        let mut left_out = 0;
        if now.duration_since(self.began) >= WINDOW {
            left_out = self.lines.saturating_sub(LINES_MAX);
            *self = Window { began: now, lines: 0 };
        }
        self.lines += 1;
        match (self.lines > LINES_MAX, left_out) {
            (true, _) => Verdict::LeftOut,
            (false, 0) => Verdict::Written,
            (false, count) => Verdict::WrittenAfter(count),
        }
    }
}

impl<S: Subscriber> Layer<S> for Repeats {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::WARN {
            return true;
        }
        let now = Instant::now();
        let verdict = {
            let mut known = self.0.lock();
            if known.len() >= LINES_KNOWN_MAX {
                known.clear();
            }
            let window = known.entry(line(event));
            window.or_insert(Window { began: now, lines: 0 }).take(now)
        };
        if let Verdict::WrittenAfter(count) = verdict {
            tracing::info!(count, "lines like the next one were left out");
        }
        verdict != Verdict::LeftOut
    }
}

/// Tells a line from others: by its place in the code and all that it says.
fn line(event: &Event<'_>) -> u64 {
    struct Text(DefaultHasher);
    impl Write for Text {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            // Hashing takes every byte.
            let _ = writeln!(self, "{field}={value:?}");
        }
    }
    let mut text = Text(DefaultHasher::new());
    event.metadata().callsite().hash(&mut text.0);
    event.record(&mut text);
    text.0.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_a_few_times_in_each_window_and_says_how_often_it_was_left_out() {
        let begin = Instant::now();
        let mut window = Window { began: begin, lines: 0 };
        let mut at = |seconds| window.take(begin + Duration::from_secs(seconds));
        let first: Vec<Verdict> = [0, 1, 2, 3, 4, 5, 9].map(&mut at).into();
        assert!(first[..5].iter().all(|verdict| *verdict == Verdict::Written), "{first:?}");
        assert!(first[5..].iter().all(|verdict| *verdict == Verdict::LeftOut), "{first:?}");
        assert_eq!(at(10), Verdict::WrittenAfter(2));
        assert_eq!(at(11), Verdict::Written);
        assert_eq!(at(30), Verdict::Written);
    }
}

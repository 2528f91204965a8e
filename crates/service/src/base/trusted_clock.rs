//! Limits how far the system clock is trusted: a day, and no further.
//!
//! A clock that is far ahead only once would spoil a data folder permanently: an exposed instant can never be
//! taken back, so from then on every stamp would follow an instant years ahead, and requests for changes up to
//! now would find none. So a start whose clock is far from everything stored is refused until the operator
//! confirms the clock; and while the server runs, a clock that jumps ahead or back is not followed any further.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use domain::{Clock, Stamp};
use thiserror::Error;

/// The longest step that is believed, in milliseconds.
const STEP_MS_MAX: i64 = 24 * 3_600_000;

/// How far a clock is followed away from the time that has passed since the start, in milliseconds. With a
/// promise on top, what is stored then is still within [`STEP_MS_MAX`] of a clock that is right again.
const FOLLOWED_MS_MAX: i64 = STEP_MS_MAX - 60_000;

/// How often a clock that has not leapt is taken for right, in milliseconds.
const FOUND_RIGHT_EVERY_MS: i64 = 3_600_000;

/// From 9000-01-01 on no clock is believed. A thousand years before [`Stamp::MAX`]: stamps must be able to
/// grow.
const BEYOND_SANITY: i64 = 221_845_392_000_000;

/// Which clocks a start accepts that are more than a day from everything stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AcceptClock {
    /// None of them.
    #[default]
    Near,
    /// None of them; but commands that only read continue from the latest stored instant, whatever the clock shows.
    Kept,
    /// Those that are later: the data was not used for a while.
    Later,
    /// All: the operator has said that the clock is right. What has been promised beyond it is
    /// taken back.
    Any,
}

/// Why a clock was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClockError {
    /// It is long after everything stored.
    #[error(
        "the clock shows {}, more than a day after the latest stored time, {}: set the clock",
        utc(*.clock),
        utc(*.kept)
    )]
    Ahead {
        /// What it shows.
        clock: Stamp,
        /// The latest instant that is kept.
        kept: Stamp,
    },
    /// It is long before the latest stored instant.
    #[error(
        "the clock shows {}, more than a day before the latest time given to clients, {}: set the clock",
        utc(*.clock),
        utc(*.kept)
    )]
    Behind {
        /// What it shows.
        clock: Stamp,
        /// The latest instant that is kept.
        kept: Stamp,
    },
    /// Its year is not plausible.
    #[error("the clock shows {}, which cannot be right: set the clock", utc(*.0))]
    Insane(Stamp),
}

/// An instant, to the second.
pub(crate) fn utc(instant: Stamp) -> String {
    let text = instant.at_offset(0).text();
    format!("{} {} UTC", &text.as_str()[..10], &text.as_str()[11..19])
}

/// The clock of a start, and the promise to begin with: see [`judge`].
///
/// # Errors
/// See [`ClockError`].
pub(crate) fn begin(
    clock: Arc<dyn Clock>,
    kept: Stamp,
    newest: Stamp,
    accept: AcceptClock,
) -> Result<(Stamp, TrustedClock), ClockError> {
    let trusted = TrustedClock::new(clock.clone());
    let now = trusted.now();
    match judge(now, kept, newest, accept) {
        Err(ClockError::Ahead { kept: latest, .. } | ClockError::Behind { kept: latest, .. })
            if accept == AcceptClock::Kept =>
        {
            Ok((kept, TrustedClock::standing(clock, latest)))
        }
        Err(refused) => Err(refused),
        Ok(promise) => {
            if accept == AcceptClock::Any && judge(now, kept, newest, AcceptClock::Near).is_ok() {
                tracing::warn!(
                    "--accept-clock was not needed: remove it, because it also accepts a wrong clock"
                );
            }
            Ok((promise, trusted))
        }
    }
}

/// Judges the clock of a start. `kept` is the promise that is in force, [`Stamp::MIN`] where nothing has been
/// promised yet; `newest` is the latest stamp of all versions. A stop under a clock that was behind leaves a
/// promise before them. Returns the promise to start with.
///
/// # Errors
/// See [`ClockError`].
pub(crate) fn judge(
    clock: Stamp,
    kept: Stamp,
    newest: Stamp,
    accept: AcceptClock,
) -> Result<Stamp, ClockError> {
    refuse_insane(clock)?;
    if kept == Stamp::MIN {
        return Ok(kept);
    }
    let latest = kept.max(newest);
    if clock > latest.plus_millis(STEP_MS_MAX) {
        return match accept {
            AcceptClock::Near | AcceptClock::Kept => Err(ClockError::Ahead { clock, kept: latest }),
            AcceptClock::Later | AcceptClock::Any => Ok(kept),
        };
    }
    if clock < kept.plus_millis(-STEP_MS_MAX) {
        return match accept {
            AcceptClock::Near | AcceptClock::Kept | AcceptClock::Later => {
                Err(ClockError::Behind { clock, kept })
            }
            AcceptClock::Any => Ok(clock),
        };
    }
    Ok(kept)
}

/// Refuses a clock in a year that none is believed to be in, whatever is kept.
///
/// # Errors
/// [`ClockError::Insane`].
pub fn refuse_insane(clock: Stamp) -> Result<(), ClockError> {
    if clock.millis() >= BEYOND_SANITY { Err(ClockError::Insane(clock)) } else { Ok(()) }
}

/// The machine's clock, followed no further than it is trusted.
pub(crate) struct TrustedClock {
    clock: Arc<dyn Clock>,
    /// What it showed when it was last found right, less what had passed by then, in milliseconds.
    off_ms: AtomicI64,
    /// What had passed by then, in milliseconds.
    found_right_ms: AtomicI64,
    /// How far it is followed away from that, in milliseconds.
    followed_ms: i64,
    /// Whether it shows what is not believed.
    has_leapt: AtomicBool,
}

impl TrustedClock {
    /// From now on, what has passed since says what is believed.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> TrustedClock {
        let (shown, passed_ms) = (clock.now(), clock.elapsed_ms());
        let off_ms = AtomicI64::new(shown.millis().saturating_sub(passed_ms));
        let found_right_ms = AtomicI64::new(passed_ms);
        let (followed_ms, has_leapt) = (FOLLOWED_MS_MAX, AtomicBool::new(false));
        TrustedClock { clock, off_ms, found_right_ms, followed_ms, has_leapt }
    }

    /// One that continues from an instant and never follows the machine's clock.
    fn standing(clock: Arc<dyn Clock>, from: Stamp) -> TrustedClock {
        let trusted = TrustedClock::new(clock);
        let passed_ms = trusted.found_right_ms.load(Ordering::Relaxed);
        trusted.off_ms.store(from.millis().saturating_sub(passed_ms), Ordering::Relaxed);
        // Nobody needs to hear that it shows something else.
        trusted.has_leapt.store(true, Ordering::Relaxed);
        TrustedClock { followed_ms: 0, ..trusted }
    }

    /// What a clock shows that has made no step since it was last found right. Every hour it is, if it has
    /// not leapt: what counts the time that passes may miss some, while a machine is paused from outside, and
    /// many small steps must not add up to a leap.
    fn steady(&self, shown: Stamp) -> Stamp {
        let passed_ms = self.clock.elapsed_ms();
        let steady = Stamp::from_millis(self.off_ms.load(Ordering::Relaxed)).plus_millis(passed_ms);
        let since_ms = passed_ms.saturating_sub(self.found_right_ms.load(Ordering::Relaxed));
        let step_ms = shown.millis().saturating_sub(steady.millis()).saturating_abs();
        if since_ms >= FOUND_RIGHT_EVERY_MS && step_ms <= self.followed_ms {
            self.off_ms.store(shown.millis().saturating_sub(passed_ms), Ordering::Relaxed);
            self.found_right_ms.store(passed_ms, Ordering::Relaxed);
        }
        steady
    }

    /// Says once that the clock has leapt, and once that it is back.
    #[cold]
    fn tell(&self, has_leapt: bool, shown: Stamp) {
        if self.has_leapt.swap(has_leapt, Ordering::Relaxed) == has_leapt {
            return;
        }
        if has_leapt {
            tracing::warn!(
                clock = utc(shown),
                "the clock has jumped by far more than the time that has passed: times of change follow it for less than a day; set the clock, or, if it is right now, stop the server and start it once with `driftless serve --accept-clock`"
            );
        } else {
            tracing::info!("the clock is right again, and times of change follow it");
        }
    }
}

impl Clock for TrustedClock {
    fn now(&self) -> Stamp {
        let shown = self.clock.now();
        let steady = self.steady(shown);
        let (first, last) =
            (steady.plus_millis(-self.followed_ms), steady.plus_millis(self.followed_ms));
        let believed = shown.clamp(first, last);
        let has_leapt = shown != believed;
        if has_leapt != self.has_leapt.load(Ordering::Relaxed) {
            self.tell(has_leapt, shown);
        }
        believed
    }

    fn elapsed_ms(&self) -> i64 {
        self.clock.elapsed_ms()
    }

    fn wait_until(&self, until: Stamp, at_most_ms: i64) {
        // As the machine's clock shows that instant.
        let off_ms = self.clock.now().millis() - self.now().millis();
        self.clock.wait_until(until.plus_millis(off_ms), at_most_ms);
    }
}

#[cfg(test)]
mod tests {
    use domain::{ManualClock, Moment};

    use super::*;

    const BEGAN: i64 = 1_780_000_000_000;

    fn at(millis: i64) -> Stamp {
        Stamp::from_millis(millis)
    }

    #[test]
    fn the_last_sane_year_ends_where_it_says() {
        let first = Moment::parse("9000-01-01T00:00:00Z").unwrap().stamp;
        assert_eq!(first, at(BEYOND_SANITY));
        assert_eq!(refuse_insane(first), Err(ClockError::Insane(first)));
        assert_eq!(refuse_insane(first.plus_millis(-1)), Ok(()));
        assert_eq!(refuse_insane(Stamp::MIN), Ok(()));
        assert!(judge(Stamp::MAX, Stamp::MAX, Stamp::MIN, AcceptClock::Any).is_err());
    }

    #[test]
    fn a_day_is_believed_at_a_start_and_no_more() {
        let kept = at(BEGAN);
        for off in [-STEP_MS_MAX, 0, STEP_MS_MAX] {
            assert_eq!(judge(at(BEGAN + off), kept, Stamp::MIN, AcceptClock::Near), Ok(kept));
        }
        let (ahead, behind) = (at(BEGAN + STEP_MS_MAX + 1), at(BEGAN - STEP_MS_MAX - 1));
        let is_ahead = Err(ClockError::Ahead { clock: ahead, kept });
        let is_behind = Err(ClockError::Behind { clock: behind, kept });
        assert_eq!(judge(ahead, kept, Stamp::MIN, AcceptClock::Near), is_ahead);
        assert_eq!(judge(ahead, kept, Stamp::MIN, AcceptClock::Later), Ok(kept));
        assert_eq!(judge(ahead, kept, Stamp::MIN, AcceptClock::Any), Ok(kept));
        assert_eq!(judge(behind, kept, Stamp::MIN, AcceptClock::Near), is_behind);
        assert_eq!(judge(behind, kept, Stamp::MIN, AcceptClock::Later), is_behind);
        assert_eq!(judge(behind, kept, Stamp::MIN, AcceptClock::Any), Ok(behind));
        assert_eq!(
            judge(ahead, Stamp::MIN, Stamp::MIN, AcceptClock::Near),
            Ok(Stamp::MIN),
            "nothing is kept"
        );
        assert!(judge(Stamp::MIN, Stamp::MAX, Stamp::MIN, AcceptClock::Near).is_err());
        let versions = ahead.plus_millis(-1);
        assert_eq!(
            judge(ahead, kept, versions, AcceptClock::Near),
            Ok(kept),
            "versions are kept too"
        );
    }

    #[test]
    fn a_leap_is_followed_for_less_than_a_day_and_back_at_once() {
        const FAR_MS: i64 = 100 * 365 * STEP_MS_MAX;
        for sign in [1, -1] {
            let machine = Arc::new(ManualClock::new(at(BEGAN)));
            let clock = TrustedClock::new(machine.clone());
            let off = |passed_ms: i64, off_ms: i64| at(BEGAN + passed_ms + sign * off_ms);
            machine.leap(sign * 3_600_000);
            assert_eq!(clock.now(), off(0, 3_600_000));
            machine.leap(sign * FAR_MS);
            assert_eq!(clock.now(), off(0, FOLLOWED_MS_MAX));
            machine.advance(5);
            assert_eq!(clock.now(), off(5, FOLLOWED_MS_MAX), "it goes on");
            clock.wait_until(clock.now().plus_millis(3), 10);
            assert_eq!(clock.now(), off(8, FOLLOWED_MS_MAX), "and is waited for");
            machine.leap(-sign * (FAR_MS + 7_200_000));
            assert_eq!(clock.now(), off(8, -3_600_000));
        }
    }

    #[test]
    fn the_ends_of_time_are_no_danger() {
        for (began, other) in [(Stamp::MIN, Stamp::MAX), (Stamp::MAX, Stamp::MIN)] {
            let machine = Arc::new(ManualClock::new(began));
            let clock = TrustedClock::new(machine.clone());
            assert_eq!(clock.now(), began);
            machine.leap(other.millis() - began.millis());
            clock.wait_until(other, 10);
            assert!((clock.now().millis() - began.millis()).abs() < STEP_MS_MAX);
        }
    }

    /// A machine that is paused from outside each night: what counts the time misses nine hours.
    #[test]
    fn small_steps_do_not_add_up_to_a_leap() {
        let machine = Arc::new(ManualClock::new(at(BEGAN)));
        let clock = TrustedClock::new(machine.clone());
        for _ in 0..10 {
            machine.leap(9 * 3_600_000);
            for _ in 0..15 {
                machine.advance(3_600_000);
                assert_eq!(clock.now(), machine.now());
            }
        }
        // A leap of days does not become right by waiting.
        machine.leap(10 * STEP_MS_MAX);
        for _ in 0..100 {
            machine.advance(3_600_000);
            assert!(clock.now() < machine.now());
        }
    }
}

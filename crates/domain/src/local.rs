//! Times without a zone, as on a wall clock.

use jiff::Span;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset};

use crate::{Moment, MomentError, Stamp, Zone};

/// What clocks show, in no zone: `2026-11-30 09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime(DateTime);

/// Which instants a [`LocalTime`] means in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// One.
    Once(Moment),
    /// Two, since clocks were put back: the earlier, and how many milliseconds later the other is.
    Twice(Moment, u32),
    /// None, since clocks skip it.
    Never,
}

impl LocalTime {
    /// The time of that date, year 1 to 9999, and time of day; none if a calendar or clock has no such one.
    ///
    /// ```
    /// use domain::LocalTime;
    /// assert!(LocalTime::new([2026, 2, 28], [9, 0, 0, 0]).is_some());
    /// assert!(LocalTime::new([2026, 2, 29], [9, 0, 0, 0]).is_none());
    /// ```
    #[must_use]
    pub fn new(year_month_day: [u16; 3], hour_minute_second_milli: [u16; 4]) -> Option<LocalTime> {
        let ([year, month, day], [hour, minute, second, milli]) =
            (year_month_day, hour_minute_second_milli);
        let small = |number: u16| i8::try_from(number).ok();
        let civil = DateTime::new(
            i16::try_from(year).ok().filter(|year| (1..=9999).contains(year))?,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
            i32::from(milli).checked_mul(1_000_000)?,
        );
        civil.ok().map(LocalTime)
    }

    /// What clocks show a second later.
    #[must_use]
    pub fn next_second(self) -> LocalTime {
        LocalTime(self.0.saturating_add(Span::new().seconds(1)))
    }

    /// The instant at which clocks with this offset show it.
    ///
    /// # Errors
    /// When it is outside [`Stamp::MIN`] to [`Stamp::MAX`].
    pub fn at_offset(self, offset_seconds: i32) -> Result<Moment, MomentError> {
        let offset = Offset::from_seconds(offset_seconds).map_err(|_| MomentError::NoTime)?;
        let instant = offset.to_timestamp(self.0).map_err(|_| MomentError::Beyond)?;
        within(instant.as_millisecond()).map(|stamp| stamp.at_offset(offset_seconds))
    }

    /// The instants at which clocks of this zone show it.
    ///
    /// # Errors
    /// When they are outside [`Stamp::MIN`] to [`Stamp::MAX`].
    pub fn in_zone(self, zone: &Zone) -> Result<Local, MomentError> {
        let ambiguous = zone.zone.to_ambiguous_timestamp(self.0);
        let offset = ambiguous.offset();
        let beyond = |_| MomentError::Beyond;
        if matches!(offset, AmbiguousOffset::Gap { .. }) {
            return Ok(Local::Never);
        }
        let earlier = within(ambiguous.earlier().map_err(beyond)?.as_millisecond())?;
        let later = within(ambiguous.later().map_err(beyond)?.as_millisecond())?;
        let apart_ms = u32::try_from(later.millis() - earlier.millis()).unwrap_or(0);
        let moment = zone.at(earlier);
        Ok(if apart_ms == 0 { Local::Once(moment) } else { Local::Twice(moment, apart_ms) })
    }
}

fn within(millis: i64) -> Result<Stamp, MomentError> {
    let stamp = Stamp::from_millis(millis);
    if stamp.millis() == millis { Ok(stamp) } else { Err(MomentError::Beyond) }
}

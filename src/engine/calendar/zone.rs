//! Instants and the clock of a time zone.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

/// No clock is further from UTC than this, with a whole day skipped on top.
const FARTHEST: TimeDelta = TimeDelta::hours(40);
/// No clock is set back further than this, in the night at least.
const SET_BACK: TimeDelta = TimeDelta::hours(3);
const DAY: TimeDelta = TimeDelta::days(1);

/// A clock as it is read at an instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) local: NaiveDateTime,
    offset: FixedOffset,
}

impl Clock {
    /// The clock of `zone` at `at`.
    pub(super) fn read(zone: Tz, at: DateTime<Utc>) -> Self {
        let (utc, offset) = (at.naive_utc(), offset(zone, at));
        Self { local: utc.checked_add_offset(offset).unwrap_or(utc), offset }
    }

    /// How far it is into its day.
    pub(super) fn into_day(self) -> TimeDelta {
        self.local.time().signed_duration_since(NaiveTime::MIN)
    }

    /// When it is changed after `from`, at which it was read, and not after `until`, which is a few days later at most. Nobody changes it
    /// and back again within days, so there is no change if it is as far from UTC at both ends.
    pub(super) fn change(self, zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (offset(zone, until) != self.offset).then(|| first(from, until, |at| offset(zone, at) != self.offset))
    }
}

/// A day by the clock of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalDay {
    /// Which.
    pub date: NaiveDate,
    /// Its first instant, as [`start_of_day`] has it.
    pub start: DateTime<Utc>,
    /// The first instant at which it is another day.
    pub end: DateTime<Utc>,
}

impl LocalDay {
    /// The day that it is in `zone` at `at`.
    #[must_use]
    pub fn at(zone: Tz, at: DateTime<Utc>) -> Self {
        let clock = Clock::read(zone, at);
        let date = clock.local.date();
        // Nearly every day has 24 hours, which is cheaper to see than to look up when it begins and ends.
        let start = at.checked_sub_signed(clock.into_day()).unwrap_or(at);
        let end = start.checked_add_signed(DAY).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let before = start.checked_sub_signed(SET_BACK).unwrap_or(start);
        if offset(zone, before) == clock.offset && offset(zone, end) == clock.offset {
            return Self { date, start, end };
        }
        let next = date.succ_opt().map_or(DateTime::<Utc>::MAX_UTC, |next| start_of_day(zone, next));
        // If the clock was set back over midnight, the next day has begun once already.
        Self { date, start: start_of_day(zone, date), end: if next > at { next } else { end } }
    }
}

/// The day that it is in `zone` at `at`.
#[must_use]
pub fn local_day(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    Clock::read(zone, at).local.date()
}

/// The hour that the clock of `zone` shows at `at`, 0 to 23.
#[must_use]
pub fn local_hour(zone: Tz, at: DateTime<Utc>) -> u8 {
    u8::try_from(Clock::read(zone, at).local.hour()).unwrap_or_default()
}

/// When the clock of `zone` next shows another hour than at `at`.
#[must_use]
pub fn end_of_hour(zone: Tz, at: DateTime<Utc>) -> DateTime<Utc> {
    let clock = Clock::read(zone, at);
    let into_hour = clock.into_day() - TimeDelta::hours(clock.local.hour().into());
    let Some(end) = at.checked_add_signed(TimeDelta::hours(1) - into_hour) else { return DateTime::<Utc>::MAX_UTC };
    clock.change(zone, at, end).unwrap_or(end)
}

/// The first instant of that day in `zone`. Where the clock skips midnight, or the whole day, it is the instant at which it does.
#[must_use]
pub fn start_of_day(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    if let Some(start) = zone.from_local_datetime(&midnight).earliest() {
        return start.with_timezone(&Utc);
    }
    let near = midnight.and_utc();
    let (Some(before), Some(after)) = (near.checked_sub_signed(FARTHEST), near.checked_add_signed(FARTHEST)) else {
        return near;
    };
    first(before, after, |at| Clock::read(zone, at).local >= midnight)
}

fn offset(zone: Tz, at: DateTime<Utc>) -> FixedOffset {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix()
}

/// The first whole second after `from` at which `reached` holds, which then holds up to `until`.
fn first(from: DateTime<Utc>, until: DateTime<Utc>, reached: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
    let (mut before, mut after) = (from.timestamp(), until.timestamp());
    while after - before > 1 {
        let middle = i64::midpoint(before, after);
        match DateTime::from_timestamp(middle, 0) {
            Some(at) if !reached(at) => before = middle,
            _ => after = middle,
        }
    }
    DateTime::from_timestamp(after, 0).unwrap_or(until)
}

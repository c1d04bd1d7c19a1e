//! When a campaign or an account works: hours of the day on days of the week, by the clock of a time zone.
//!
//! Whether an instant is inside is asked of the zone's clock at that instant, so a change to or from daylight-saving time can never let
//! anything out of the window: hours that the clock skips do not come, and hours that it repeats come twice.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use crate::{
    models::{
        SendingWindow,
        workflow::{Schedule, Weekday},
    },
    utils::timezone,
};

#[cfg(test)]
mod tests;
mod zone;

use zone::Clock;
pub use zone::{LocalDay, end_of_hour, local_day, local_hour, start_of_day};

/// How often a search steps over a change of clocks before it gives up: two windows in a row were never lost to one.
const MOST_CHANGES: usize = 16;
const DAYS_OF_WEEK: i64 = 7;

/// Hours of the day on days of the week, in a time zone. They open and close on the same local day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorkingHours {
    zone: Tz,
    /// A bit for each day, Monday's the lowest.
    days: u8,
    /// The minute of the day at which they open.
    open: u16,
    /// The minute of the day at which they close, 1,440 for midnight at its end.
    close: u16,
}

impl WorkingHours {
    /// A campaign's hours, in `lead_zone` if it goes by the zones of its leads; none if the schedule has no such hours.
    #[must_use]
    pub fn of_schedule(schedule: &Schedule, lead_zone: Option<Tz>) -> Option<Self> {
        let own = timezone::parse(schedule.timezone.as_deref()?)?;
        let zone = lead_zone.filter(|_| schedule.use_lead_timezone).unwrap_or(own);
        Self::new(zone, &schedule.days, schedule.start_minute()?, schedule.end_minute()?)
    }

    /// An account's hours; none if the window is not one that could have been stored.
    #[must_use]
    pub fn of_account(window: &SendingWindow) -> Option<Self> {
        // A schedule reads its times alike.
        let times = Schedule {
            start_time: Some(window.start_time.clone()),
            end_time: Some(window.end_time.clone()),
            ..Schedule::default()
        };
        Self::new(timezone::parse(&window.timezone)?, &window.days, times.start_minute()?, times.end_minute()?)
    }

    fn new(zone: Tz, days: &[Weekday], open: u16, close: u16) -> Option<Self> {
        let days = days.iter().fold(0, |bits, day| bits | 1 << *day as u8);
        (days != 0 && open < close).then_some(Self { zone, days, open, close })
    }

    /// The same hours by the clock of another zone.
    #[must_use]
    pub fn in_zone(self, zone: Tz) -> Self {
        Self { zone, ..self }
    }

    /// Whose clock they go by.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether `at` is inside. This is the truth; all else here only finds such instants.
    #[must_use]
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.holds(Clock::read(self.zone, at).local)
    }

    /// Whether they open on that day at all.
    #[must_use]
    pub fn works_on(&self, day: NaiveDate) -> bool {
        self.days & 1 << day.weekday().num_days_from_monday() != 0
    }

    fn holds(self, local: NaiveDateTime) -> bool {
        let minute = local.hour() * 60 + local.minute();
        self.works_on(local.date()) && (u32::from(self.open)..u32::from(self.close)).contains(&minute)
    }

    /// The earliest instant from `at` on that is inside; none if there is none that can be told.
    #[must_use]
    pub fn next_open(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut from = at;
        for _ in 0..MOST_CHANGES {
            let clock = Clock::read(self.zone, from);
            if self.holds(clock.local) {
                return Some(from);
            }
            let opening = from.checked_add_signed(self.until_opening(clock)?)?;
            match clock.change(self.zone, from, opening) {
                None => return Some(opening),
                Some(change) => from = change,
            }
        }
        None
    }

    /// When the stretch of open hours that `at` lies in is over; `at` itself if it is not open then. It may be earlier than the true end (at
    /// midnight), never later.
    #[must_use]
    pub fn open_until(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let mut from = at;
        for _ in 0..MOST_CHANGES {
            let clock = Clock::read(self.zone, from);
            if !self.holds(clock.local) {
                return from;
            }
            let left = TimeDelta::minutes(self.close.into()) - clock.into_day();
            let Some(closing) = from.checked_add_signed(left) else { return from };
            match clock.change(self.zone, from, closing) {
                None => return closing,
                Some(change) => from = change,
            }
        }
        from
    }

    /// How long it is until the hours open, on a clock that nobody changes.
    fn until_opening(self, clock: Clock) -> Option<TimeDelta> {
        (0..=DAYS_OF_WEEK).find_map(|days| {
            let day = clock.local.date().checked_add_signed(TimeDelta::days(days))?;
            let wait = TimeDelta::days(days) + TimeDelta::minutes(self.open.into()) - clock.into_day();
            (self.works_on(day) && wait > TimeDelta::zero()).then_some(wait)
        })
    }
}

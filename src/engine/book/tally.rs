//! How often something was done, by local hours, days and weeks.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

const HOURS: usize = 24;
const WEEK: usize = 7;

/// Counts by days of one zone.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally(BTreeMap<NaiveDate, Day>);

#[derive(Debug, Clone, Default)]
struct Day {
    total: u32,
    hours: [u32; HOURS],
}

impl Tally {
    pub(super) fn add(&mut self, day: NaiveDate, hour: u8, times: u32) {
        let day = self.0.entry(day).or_default();
        day.total = day.total.saturating_add(times);
        if let Some(hour) = day.hours.get_mut(usize::from(hour)) {
            *hour = hour.saturating_add(times);
        }
    }

    pub(super) fn subtract(&mut self, day: NaiveDate, hour: u8, times: u32) {
        let Some(day) = self.0.get_mut(&day) else { return };
        day.total = day.total.saturating_sub(times);
        if let Some(hour) = day.hours.get_mut(usize::from(hour)) {
            *hour = hour.saturating_sub(times);
        }
    }

    pub(super) fn in_hour(&self, day: NaiveDate, hour: u8) -> u32 {
        self.0.get(&day).and_then(|day| day.hours.get(usize::from(hour))).copied().unwrap_or_default()
    }

    pub(super) fn on_day(&self, day: NaiveDate) -> u32 {
        self.0.get(&day).map_or(0, |day| day.total)
    }

    /// How often between two hours, each of a day, both included.
    pub(super) fn between(&self, (first, from): (NaiveDate, u8), (last, to): (NaiveDate, u8)) -> u32 {
        if (first, from) > (last, to) {
            return 0;
        }
        let counted = self.0.range(first..=last).map(|(date, day)| {
            let from = if *date == first { usize::from(from) } else { 0 };
            let to = if *date == last { usize::from(to) } else { HOURS - 1 };
            day.hours
                .get(from..=to.min(HOURS - 1))
                .unwrap_or_default()
                .iter()
                .fold(0, |sum: u32, n| sum.saturating_add(*n))
        });
        counted.fold(0, u32::saturating_add)
    }

    /// The most in any seven days in a row of which `day` is one.
    pub(super) fn in_fullest_week(&self, day: NaiveDate) -> u32 {
        let around = Days::new(WEEK as u64 - 1);
        let first = day.checked_sub_days(around).unwrap_or(NaiveDate::MIN);
        let last = day.checked_add_days(around).unwrap_or(NaiveDate::MAX);
        let mut totals = [0; 2 * WEEK - 1];
        for (date, day) in self.0.range(first..=last) {
            let index = usize::try_from(date.signed_duration_since(first).num_days()).unwrap_or_default();
            if let Some(total) = totals.get_mut(index) {
                *total = day.total;
            }
        }
        totals
            .windows(WEEK)
            .map(|week| week.iter().fold(0, |sum: u32, day| sum.saturating_add(*day)))
            .max()
            .unwrap_or(0)
    }
}

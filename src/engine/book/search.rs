//! Finding the earliest instant at which everything allows a step.
//!
//! The search never walks slot by slot: it leaps from one obstacle to where that obstacle ends. Whole days that are full are passed over by
//! their counts, closed hours by the calendar, taken slots by words of bits.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{AccountBook, Hours, Placed, Wanted, bound, course::Course, tally::Tally};
use crate::{
    engine::calendar::{LocalDay, end_of_hour, local_day, local_hour, start_of_day},
    models::{ActionLimits, Rule, workflow::NodeType},
};

/// How far ahead a place is looked for.
const HORIZON: TimeDelta = TimeDelta::days(800);

/// What is found at an instant.
enum Found {
    /// Room, in whole seconds since 1970: from `first` up to but without `beyond`.
    Room { first: i64, beyond: i64 },
    /// An obstacle, and when it ends; none if it does not.
    Obstacle { rule: Rule, until: Option<DateTime<Utc>> },
}

impl AccountBook {
    /// Finds the earliest instant for a step, if there is one before `before`.
    #[must_use]
    pub fn earliest_before(&self, wanted: &Wanted<'_>, before: Option<DateTime<Utc>>) -> Placed {
        let mut day = LocalDay::at(self.zone, wanted.ready_at);
        let mut course = Course::new(self.after(wanted.ready_at, &day));
        let start = wanted.terms.start_at.map(|until| (Rule::StartAt, until));
        let rest = self.terms.rests_until.map(|until| (Rule::AccountRests, until));
        for (rule, until) in start.into_iter().chain(rest) {
            course.moved(rule, whole_second(until));
        }
        let horizon = course.at.checked_add_signed(HORIZON).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let end = [wanted.terms.end_at, before].into_iter().flatten().fold(horizon, Ord::min);
        while course.at < end {
            if course.at >= day.end {
                day = LocalDay::at(self.zone, course.at);
            }
            match self.look(wanted, &day, course.at, end) {
                Found::Room { first, beyond } => return drawn(wanted.seed, first, beyond, course),
                Found::Obstacle { rule, until: Some(until) } if until > course.at => course.moved(rule, until),
                Found::Obstacle { rule, .. } => return Placed::Never { rule },
            }
        }
        let rule = if wanted.terms.is_over(course.at) { Some(Rule::EndAt) } else { course.last() };
        Placed::Never { rule: rule.unwrap_or(Rule::TooFar) }
    }

    /// The first instant for a step that is ready at `ready`: the beginning of the next slot. What the account did just before may stand in
    /// the present one, and a few seconds sooner or later make no difference to what is promised.
    fn after(&self, ready: DateTime<Utc>, day: &LocalDay) -> DateTime<Utc> {
        let next = self.slot(day, ready).and_then(|slot| {
            let into_day = TimeDelta::seconds((i64::from(slot) + 1) * i64::from(self.terms.spacing));
            day.start.checked_add_signed(into_day)
        });
        next.map_or_else(|| whole_second(ready), |next| next.min(day.end))
    }

    /// What is there at `at`, which is on `day`.
    fn look(&self, wanted: &Wanted<'_>, day: &LocalDay, at: DateTime<Utc>, end: DateTime<Utc>) -> Found {
        let hours = wanted.terms.hours;
        let opening = hours.next_open(at);
        if opening != Some(at) {
            return Found::Obstacle { rule: Rule::WorkingHours, until: opening };
        }
        let own_opening = self.next_open(at);
        if own_opening != Some(at) {
            return Found::Obstacle { rule: Rule::AccountHours, until: own_opening };
        }
        let none = Tally::default();
        let tally = self.acts.get(&wanted.action).map_or(&none, |acts| &acts.done_or_promised);
        if let Some(rule) = self.full_day(tally, wanted.action, day.date) {
            return Found::Obstacle { rule, until: self.end_of_full_days(tally, wanted.action, (day.date, rule), end) };
        }
        let mut until = hours.open_until(at).min(self.open_until(at)).min(day.end).min(end);
        if let Some(room) = self.room_in_24_hours(tally, wanted.action, at) {
            if room > at {
                return Found::Obstacle { rule: Rule::DayLimit, until: Some(room) };
            }
            until = until.min(end_of_hour(self.zone, at));
        }
        if let Some(per_hour) = bound(self.limits(wanted.action).per_hour) {
            let room = self.end_of_full_hours(tally, per_hour, day, at);
            if room > at {
                return Found::Obstacle { rule: Rule::HourLimit, until: (per_hour > 0).then_some(room) };
            }
            until = until.min(end_of_hour(self.zone, at));
        }
        self.room_between(day, at, until)
    }

    fn next_open(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.hours {
            Hours::Always => Some(at),
            Hours::Within(hours) => hours.next_open(at),
            Hours::Never => None,
        }
    }

    /// When the account's own hours are over that are open at `at`.
    #[must_use]
    pub fn open_until(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        match self.hours {
            Hours::Always => DateTime::<Utc>::MAX_UTC,
            Hours::Within(hours) => hours.open_until(at),
            Hours::Never => at,
        }
    }

    /// What forbids one more on that day.
    fn full_day(&self, tally: &Tally, action: NodeType, day: NaiveDate) -> Option<Rule> {
        self.room(tally, action, day).filter(|(left, _)| *left == 0).map(|(_, rule)| rule)
    }

    /// When the days are over that are full by the same rule; none if that is never.
    fn end_of_full_days(
        &self,
        tally: &Tally,
        action: NodeType,
        (day, rule): (NaiveDate, Rule),
        end: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let ActionLimits { per_day, per_week, .. } = self.limits(action);
        if per_day.is_some_and(|limit| limit <= 0) || per_week.is_some_and(|limit| limit <= 0) {
            return None;
        }
        let last = local_day(self.zone, end);
        let later = day.iter_days().skip(1);
        let next = later.take_while(|day| *day <= last).find(|day| self.full_day(tally, action, *day) != Some(rule));
        Some(next.map_or(end, |next| start_of_day(self.zone, next)))
    }

    /// When the hours are over that are full, if there are any at `at`; at latest at the end of the day.
    fn end_of_full_hours(&self, tally: &Tally, per_hour: u32, day: &LocalDay, at: DateTime<Utc>) -> DateTime<Utc> {
        let mut at = at;
        while at < day.end && tally.in_hour(day.date, local_hour(self.zone, at)) >= per_hour {
            at = end_of_hour(self.zone, at).min(day.end);
        }
        at
    }

    /// The first free slot of `day` for an instant from `at` up to but without `until`. Only the first half of a slot is used, so that no two
    /// acts are closer than half a slot.
    fn room_between(&self, day: &LocalDay, at: DateTime<Utc>, until: DateTime<Utc>) -> Found {
        let (from, beyond) = (at.timestamp(), whole_second(until).timestamp());
        let Some(slot) = self.slot(day, at) else { return Found::Room { first: from, beyond: from + 1 } };
        let spacing = i64::from(self.terms.spacing);
        let half = (spacing / 2).max(1);
        let start = |slot: u32| day.start.timestamp() + i64::from(slot) * spacing;
        let slot = if from < start(slot) + half { slot } else { slot + 1 };
        let free = start(self.slots.get(&day.date).map_or(slot, |slots| slots.first_free(slot)));
        if free >= beyond {
            return Found::Obstacle { rule: Rule::Spacing, until: Some(until) };
        }
        Found::Room { first: free.max(from), beyond: beyond.min(free + half) }
    }
}

/// An instant from `first` up to but without `beyond`, by seed.
fn drawn(seed: u64, first: i64, beyond: i64, mut course: Course) -> Placed {
    let seconds = u64::try_from(beyond - first).unwrap_or(1).max(1);
    let offset = i64::try_from(seed % seconds).unwrap_or_default();
    let (Some(slot), Some(at)) = (DateTime::from_timestamp(first, 0), DateTime::from_timestamp(first + offset, 0))
    else {
        return Placed::Never { rule: Rule::TooFar };
    };
    course.moved(Rule::Spacing, slot);
    Placed::At { at, moves: course.into_moves() }
}

/// The first whole second from `at` on.
fn whole_second(at: DateTime<Utc>) -> DateTime<Utc> {
    let up = i64::from(at.timestamp_subsec_nanos() > 0);
    DateTime::from_timestamp(at.timestamp() + up, 0).unwrap_or(at)
}

//! Whether there is any time at which the campaign may act.

use chrono::{DateTime, Utc};

use super::faults::Faults;
use crate::{models::workflow::Schedule, utils::timezone};

const MOST_NEW_LEADS: i64 = 10_000;

pub(super) fn check(schedule: Option<&Schedule>, now: DateTime<Utc>, faults: &mut Faults) {
    let Some(schedule) = schedule else {
        faults.add("/schedule", "missing_schedule", "A campaign needs a schedule.");
        return;
    };
    check_timezone(schedule, faults);
    check_days(schedule, faults);
    check_window(schedule, faults);
    check_bounds(schedule, now, faults);
    if schedule.new_leads_per_day.is_some_and(|count| !(1..=MOST_NEW_LEADS).contains(&count)) {
        let detail = format!("At least 1 and at most {MOST_NEW_LEADS} leads may begin on one day.");
        faults.add("/schedule/new_leads_per_day", "out_of_range", detail);
    }
}

fn check_timezone(schedule: &Schedule, faults: &mut Faults) {
    match schedule.timezone.as_deref() {
        None | Some("") => faults.add("/schedule/timezone", "missing_timezone", "A schedule needs a time zone."),
        Some(name) if timezone::parse(name).is_none() => {
            let detail = "This is no IANA time zone; they look like `Europe/Berlin`.";
            faults.add("/schedule/timezone", "unknown_timezone", detail);
        }
        Some(_) => {}
    }
}

fn check_days(schedule: &Schedule, faults: &mut Faults) {
    if schedule.days.is_empty() {
        faults.add("/schedule/days", "no_days", "A schedule needs at least one day of the week.");
    }
    for (i, day) in schedule.days.iter().enumerate() {
        if schedule.days[..i].contains(day) {
            faults.add(format!("/schedule/days/{i}"), "duplicate_day", "This day is listed twice.");
        }
    }
}

fn check_window(schedule: &Schedule, faults: &mut Faults) {
    let (start, end) = (schedule.start_minute(), schedule.end_minute());
    for (field, text, minute) in [("start_time", &schedule.start_time, start), ("end_time", &schedule.end_time, end)] {
        let pointer = format!("/schedule/{field}");
        match (text, minute) {
            (None, _) => faults.add(pointer, "missing_time", "A schedule needs this time of day."),
            (Some(_), None) => faults.add(pointer, "invalid_time", "A time of day is written like `09:00`."),
            (Some(_), Some(_)) => {}
        }
    }
    if let (Some(start), Some(end)) = (start, end)
        && start >= end
    {
        faults.add("/schedule/end_time", "empty_window", "The window must close later than it opens.");
    }
}

/// A beginning in the past is no fault: it means at once.
fn check_bounds(schedule: &Schedule, now: DateTime<Utc>, faults: &mut Faults) {
    let Some(end_at) = schedule.end_at else { return };
    if end_at <= now {
        faults.add("/schedule/end_at", "end_in_the_past", "This instant has passed, so nothing could be sent.");
    }
    if schedule.start_at.is_some_and(|start_at| end_at <= start_at) {
        faults.add("/schedule/end_at", "end_before_start", "This must be later than `start_at`.");
    }
}

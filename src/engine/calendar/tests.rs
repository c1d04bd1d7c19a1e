use chrono::{NaiveDateTime, TimeZone};
use proptest::prelude::*;

use super::*;
use crate::models::workflow::Weekday::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};

const EVERY_DAY: [Weekday; 7] = [Mon, Tue, Wed, Thu, Fri, Sat, Sun];
const WORKDAYS: [Weekday; 5] = [Mon, Tue, Wed, Thu, Fri];

fn hours(zone: Tz, days: &[Weekday], start: &str, end: &str) -> WorkingHours {
    let schedule = Schedule {
        timezone: Some(zone.name().into()),
        days: days.to_vec(),
        start_time: Some(start.into()),
        end_time: Some(end.into()),
        ..Schedule::default()
    };
    WorkingHours::of_schedule(&schedule, None).unwrap()
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The first instant at which the clock of `zone` shows that.
fn local(zone: Tz, text: &str) -> DateTime<Utc> {
    let shown: NaiveDateTime = text.parse().unwrap();
    zone.from_local_datetime(&shown).earliest().unwrap().to_utc()
}

fn shown(zone: Tz, at: DateTime<Utc>) -> String {
    at.with_timezone(&zone).format("%a %F %H:%M %Z").to_string()
}

#[test]
fn outside_its_hours_a_campaign_waits_for_the_next_opening() {
    let office = hours(Tz::Europe__Berlin, &WORKDAYS, "09:00", "17:30");
    for (at, expected) in [
        ("2026-03-06T16:59:00", "Fri 2026-03-06 16:59 CET"),
        ("2026-03-06T17:29:59", "Fri 2026-03-06 17:29 CET"),
        ("2026-03-06T17:30:00", "Mon 2026-03-09 09:00 CET"),
        ("2026-03-07T12:00:00", "Mon 2026-03-09 09:00 CET"),
        ("2026-03-09T08:59:59.999", "Mon 2026-03-09 09:00 CET"),
        ("2026-03-27T18:00:00", "Mon 2026-03-30 09:00 CEST"),
        ("2026-10-23T18:00:00", "Mon 2026-10-26 09:00 CET"),
    ] {
        let next = office.next_open(local(Tz::Europe__Berlin, at)).unwrap();
        assert_eq!(shown(Tz::Europe__Berlin, next), expected, "{at}");
    }
}

#[test]
fn hours_may_last_until_midnight() {
    let evening = hours(Tz::Europe__Berlin, &[Sat], "20:00", "24:00");
    assert!(evening.contains(local(Tz::Europe__Berlin, "2026-03-07T23:59:59.999")));
    assert!(!evening.contains(local(Tz::Europe__Berlin, "2026-03-08T00:00:00")));
    let saturday = local(Tz::Europe__Berlin, "2026-03-07T21:00:00");
    assert_eq!(shown(Tz::Europe__Berlin, evening.open_until(saturday)), "Sun 2026-03-08 00:00 CET");
    let always = hours(Tz::Europe__Berlin, &EVERY_DAY, "00:00", "24:00");
    for hour in 0..24 * 366 {
        assert!(always.contains(utc("2026-01-01T00:00:00Z") + TimeDelta::hours(hour)));
    }
}

#[test]
fn hours_that_the_clock_skips_do_not_come() {
    for (zone, at, start, end, expected) in [
        // 02:00 to 03:00 does not exist on the 29th.
        (Tz::Europe__Berlin, "2026-03-28T12:00:00", "02:00", "03:00", "Mon 2026-03-30 02:00 CEST"),
        (Tz::Europe__Berlin, "2026-03-28T12:00:00", "02:00", "03:15", "Sun 2026-03-29 03:00 CEST"),
        (Tz::America__New_York, "2026-03-07T12:00:00", "02:15", "02:45", "Mon 2026-03-09 02:15 EDT"),
        // There half an hour is skipped: 02:00 to 02:30.
        (Tz::Australia__Lord_Howe, "2026-10-03T12:00:00", "02:00", "02:30", "Mon 2026-10-05 02:00 +11"),
        (Tz::Australia__Lord_Howe, "2026-10-03T12:00:00", "02:00", "02:45", "Sun 2026-10-04 02:30 +11"),
        (Tz::Asia__Kolkata, "2026-03-28T12:00:00", "02:00", "03:00", "Sun 2026-03-29 02:00 IST"),
    ] {
        let next = hours(zone, &EVERY_DAY, start, end).next_open(local(zone, at)).unwrap();
        assert_eq!(shown(zone, next), expected, "{zone} {start}");
    }
}

#[test]
fn hours_that_the_clock_repeats_come_twice() {
    // 02:00 to 03:00 in summer time, then again in winter time.
    let night = hours(Tz::Europe__Berlin, &EVERY_DAY, "02:30", "02:45");
    for (at, opens, closes) in [
        ("2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T00:45:00Z"),
        ("2026-10-25T00:45:00Z", "2026-10-25T01:30:00Z", "2026-10-25T01:45:00Z"),
        ("2026-10-25T01:45:00Z", "2026-10-26T01:30:00Z", "2026-10-26T01:45:00Z"),
    ] {
        let opening = night.next_open(utc(at)).unwrap();
        assert_eq!((opening, night.open_until(opening)), (utc(opens), utc(closes)), "{at}");
    }
    let new_york = hours(Tz::America__New_York, &EVERY_DAY, "01:00", "02:00");
    assert!(new_york.contains(utc("2026-11-01T05:30:00Z")) && new_york.contains(utc("2026-11-01T06:30:00Z")));
    // There half an hour is repeated: 01:30 to 02:00.
    let lord_howe = hours(Tz::Australia__Lord_Howe, &EVERY_DAY, "01:45", "01:50");
    let first = lord_howe.next_open(utc("2026-04-04T14:00:00Z")).unwrap();
    let second = lord_howe.next_open(lord_howe.open_until(first)).unwrap();
    assert_eq!(second - first, TimeDelta::minutes(30));
}

#[test]
fn a_day_that_a_zone_left_out_has_no_hours() {
    // Samoa went from Thursday to Saturday.
    let fridays = hours(Tz::Pacific__Apia, &[Fri], "09:00", "17:00");
    let next = fridays.next_open(local(Tz::Pacific__Apia, "2011-12-29T12:00:00")).unwrap();
    assert_eq!(shown(Tz::Pacific__Apia, next), "Fri 2012-01-06 09:00 +14");
    let left_out = "2011-12-30".parse().unwrap();
    assert_eq!(start_of_day(Tz::Pacific__Apia, left_out), utc("2011-12-30T10:00:00Z"));
    let thursday = LocalDay::at(Tz::Pacific__Apia, local(Tz::Pacific__Apia, "2011-12-29T12:00:00"));
    assert_eq!((thursday.end - thursday.start, thursday.end), (TimeDelta::days(1), utc("2011-12-30T10:00:00Z")));
    assert_eq!(local_day(Tz::Pacific__Apia, thursday.end), "2011-12-31".parse().unwrap());
}

#[test]
fn a_day_begins_when_its_first_instant_comes() {
    for (zone, day, starts, hours) in [
        (Tz::Europe__Berlin, "2026-03-29", "2026-03-28T23:00:00Z", 23),
        (Tz::Europe__Berlin, "2026-10-25", "2026-10-24T22:00:00Z", 25),
        // The clock is put from midnight to one.
        (Tz::Africa__Cairo, "2026-04-24", "2026-04-23T22:00:00Z", 23),
        // The clock is put from midnight back to eleven.
        (Tz::Africa__Cairo, "2026-10-29", "2026-10-28T21:00:00Z", 25),
        // The clock is put from one back to midnight.
        (Tz::America__Havana, "2026-11-01", "2026-11-01T04:00:00Z", 25),
    ] {
        let start = start_of_day(zone, day.parse().unwrap());
        assert_eq!(start, utc(starts), "{zone} {day}");
        for minutes in [0, 1, 59, 60, 61, 119, 120, 121, 600, hours * 60 - 1] {
            let today = LocalDay::at(zone, start + TimeDelta::minutes(minutes));
            assert_eq!(
                (today.start, today.end - today.start),
                (start, TimeDelta::hours(hours)),
                "{zone} {day} {minutes}"
            );
        }
    }
}

#[test]
fn an_hour_ends_when_the_clock_shows_another() {
    for (zone, at, ends) in [
        (Tz::Europe__Berlin, "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
        (Tz::Europe__Berlin, "2026-10-25T00:30:30Z", "2026-10-25T01:00:00Z"),
        (Tz::Asia__Kolkata, "2026-03-29T00:40:00Z", "2026-03-29T01:30:00Z"),
        // At a quarter to three the clock is put on to a quarter to four.
        (Tz::Pacific__Chatham, "2026-09-26T13:50:00Z", "2026-09-26T14:00:00Z"),
    ] {
        assert_eq!(end_of_hour(zone, utc(at)), utc(ends), "{zone} {at}");
    }
}

#[test]
fn the_zone_of_a_lead_counts_only_if_the_schedule_says_so() {
    let mut schedule = Schedule {
        timezone: Some("Europe/Berlin".into()),
        days: vec![Mon],
        start_time: Some("09:00".into()),
        end_time: Some("10:00".into()),
        ..Schedule::default()
    };
    let zone = |schedule: &Schedule, lead| WorkingHours::of_schedule(schedule, lead).unwrap().zone();
    assert_eq!(zone(&schedule, Some(Tz::Asia__Tokyo)), Tz::Europe__Berlin);
    schedule.use_lead_timezone = true;
    assert_eq!(zone(&schedule, Some(Tz::Asia__Tokyo)), Tz::Asia__Tokyo);
    assert_eq!(zone(&schedule, None), Tz::Europe__Berlin);
}

#[test]
fn what_is_no_window_has_no_hours() {
    let good = SendingWindow {
        timezone: "Europe/Berlin".into(),
        days: vec![Mon],
        start_time: "09:00".into(),
        end_time: "24:00".into(),
    };
    assert!(WorkingHours::of_account(&good).is_some());
    for wrong in [
        SendingWindow { timezone: "Europe/Atlantis".into(), ..good.clone() },
        SendingWindow { days: Vec::new(), ..good.clone() },
        SendingWindow { start_time: "24:00".into(), ..good.clone() },
        SendingWindow { end_time: "09:00".into(), ..good.clone() },
    ] {
        assert_eq!(WorkingHours::of_account(&wrong), None, "{wrong:?}");
    }
}

/// Zones whose clocks are changed by an hour, by half an hour, at midnight, twice around Ramadan, once by a day, and never.
fn zones() -> impl Strategy<Value = Tz> {
    prop::sample::select(vec![
        Tz::Europe__Berlin,
        Tz::America__New_York,
        Tz::Australia__Lord_Howe,
        Tz::Pacific__Chatham,
        Tz::Africa__Cairo,
        Tz::Africa__Casablanca,
        Tz::America__Havana,
        Tz::Asia__Beirut,
        Tz::Pacific__Apia,
        Tz::Asia__Kolkata,
        Tz::UTC,
    ])
}

/// Within a few days of a change in one of those zones, mostly.
fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let changes = [
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-03T15:30:00Z",
        "2026-04-23T22:00:00Z",
        "2026-10-29T21:00:00Z",
        "2026-02-15T02:00:00Z",
        "2026-03-22T02:00:00Z",
        "2011-12-30T10:00:00Z",
    ]; // as the changes come
    (prop::sample::select(changes.to_vec()), -200_000_i64..200_000)
        .prop_map(|(change, seconds)| utc(change) + TimeDelta::seconds(seconds))
}

prop_compose! {
    fn any_hours()(zone in zones(), days in prop::sample::subsequence(EVERY_DAY.to_vec(), 1..=7), open in 0_u16..1440)
        (zone in Just(zone), days in Just(days), open in Just(open), close in open + 1..=1440) -> WorkingHours {
        WorkingHours::new(zone, &days, open, close).unwrap()
    }
}

proptest! {
    #[test]
    fn the_next_opening_is_what_a_look_at_every_minute_finds(hours in any_hours(), at in instants()) {
        let next = hours.next_open(at).unwrap();
        prop_assert!(next >= at && hours.contains(next));
        let whole = DateTime::from_timestamp(at.timestamp().div_euclid(60) * 60, 0).unwrap();
        let minutes = (1..).map(|minute| whole + TimeDelta::minutes(minute)).take_while(|minute| *minute < next);
        for minute in std::iter::once(at).filter(|at| *at < next).chain(minutes) {
            prop_assert!(!hours.contains(minute), "{minute} is inside and before {next}");
        }
    }

    #[test]
    fn between_opening_and_closing_it_is_open(hours in any_hours(), at in instants()) {
        let opening = hours.next_open(at).unwrap();
        let closing = hours.open_until(opening);
        prop_assert!(closing > opening);
        let minutes = (0..).map(|minute| opening + TimeDelta::minutes(minute)).take_while(|minute| *minute < closing);
        for minute in minutes.chain([closing - TimeDelta::seconds(1)]) {
            prop_assert!(hours.contains(minute), "{minute} is outside and before {closing}");
        }
    }

    #[test]
    fn a_day_holds_its_instants_and_no_others(zone in zones(), at in instants()) {
        let day = LocalDay::at(zone, at);
        prop_assert!(day.start <= at && at < day.end);
        prop_assert_eq!(day.date, local_day(zone, at));
        prop_assert_eq!(day.start, start_of_day(zone, day.date));
        prop_assert_eq!(LocalDay::at(zone, day.start), day);
        prop_assert_eq!(LocalDay::at(zone, day.end - TimeDelta::seconds(1)), day);
        prop_assert_ne!(local_day(zone, day.end), day.date);
        prop_assert_ne!(local_day(zone, day.start - TimeDelta::seconds(1)), day.date);
    }

    #[test]
    fn within_an_hour_the_clock_shows_that_hour(zone in zones(), at in instants()) {
        let end = end_of_hour(zone, at);
        prop_assert!(end > at);
        prop_assert_eq!(local_hour(zone, end - TimeDelta::seconds(1)), local_hour(zone, at));
    }
}

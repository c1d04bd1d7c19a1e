use std::collections::BTreeSet;

use chrono::{NaiveDateTime, TimeDelta, TimeZone};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::models::{
    AccountId, Channel, RampUp, SendingWindow,
    workflow::{Schedule, Weekday},
};

mod properties;
mod rolling;

const BERLIN: Tz = Tz::Europe__Berlin;
const MAIL: NodeType = NodeType::SendEmail;

/// An account that can do all that its channel has, without limits but these.
pub(in crate::engine) fn terms(id: u128, channel: Channel, limits: &serde_json::Value) -> AccountTerms {
    let capabilities: BTreeSet<_> =
        NodeType::ALL.into_iter().filter(|action| action.channel() == Some(channel)).collect();
    let mut all: serde_json::Map<_, _> =
        capabilities.iter().map(|action| (action.as_str().to_owned(), json!({"per_day": null}))).collect();
    all.extend(limits.as_object().unwrap().clone());
    AccountTerms {
        id: AccountId(Uuid::from_u128(id)),
        channel,
        in_order: true,
        capabilities,
        limits: serde_json::from_value(all.into()).unwrap(),
        window: None,
        spacing: 0,
        ramp_up: BTreeMap::new(),
        rests_until: None,
        mails_in_24_hours: None,
    }
}

pub(in crate::engine) fn window(zone: Tz, days: &str, start: &str, end: &str) -> SendingWindow {
    let day = |day: &str| serde_json::from_value::<Weekday>(day.into()).unwrap();
    SendingWindow {
        timezone: zone.name().into(),
        days: days.split(' ').map(day).collect(),
        start_time: start.into(),
        end_time: end.into(),
    }
}

/// A mailbox of Berlin without spacing.
fn mailbox(limits: &serde_json::Value) -> AccountTerms {
    let window = window(BERLIN, "mon tue wed thu fri sat sun", "00:00", "24:00");
    AccountTerms { window: Some(window), ..terms(1, Channel::Email, limits) }
}

pub(in crate::engine) fn schedule(zone: Tz, days: &str, start: &str, end: &str) -> Schedule {
    let SendingWindow { timezone, days, start_time, end_time } = window(zone, days, start, end);
    let (timezone, start_time, end_time) = (Some(timezone), Some(start_time), Some(end_time));
    Schedule { timezone, days, start_time, end_time, ..Schedule::default() }
}

fn office() -> CampaignTerms {
    CampaignTerms::of(&schedule(BERLIN, "mon tue wed thu fri", "09:00", "17:30"), None).unwrap()
}

fn always() -> CampaignTerms {
    CampaignTerms::of(&schedule(BERLIN, "mon tue wed thu fri sat sun", "00:00", "24:00"), None).unwrap()
}

fn berlin(text: &str) -> DateTime<Utc> {
    let shown: NaiveDateTime = text.parse().unwrap();
    BERLIN.from_local_datetime(&shown).earliest().unwrap().to_utc()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn wanted(ready_at: DateTime<Utc>, terms: &CampaignTerms) -> Wanted<'_> {
    Wanted { action: MAIL, ready_at, terms, seed: 0 }
}

fn shown(at: DateTime<Utc>) -> String {
    at.with_timezone(&BERLIN).format("%a %d %H:%M:%S").to_string()
}

/// As a salesperson would be told: the instant, and what moved it there.
fn told(placed: &Placed) -> String {
    match placed {
        Placed::At { at, moves } => {
            let moves = moves.iter().map(|moved| format!(", {} until {}", moved.rule, shown(moved.until)));
            shown(*at) + &moves.collect::<String>()
        }
        Placed::Never { rule } => format!("never: {rule}"),
    }
}

fn at(placed: &Placed) -> DateTime<Utc> {
    match placed {
        Placed::At { at, .. } => *at,
        Placed::Never { rule } => panic!("not placed: {rule}"),
    }
}

#[test]
fn a_step_is_moved_by_the_rules_that_forbid_its_instant_and_they_are_named() {
    let mut account = mailbox(&json!({"send_email": {"per_day": 2}}));
    account.window = Some(window(BERLIN, "mon tue wed thu fri", "08:00", "12:00"));
    let mut book = AccountBook::new(account);
    let office = office();
    for (ready, expected) in [
        ("2026-03-02T10:00:00", "Mon 02 10:00:00"),
        ("2026-03-02T08:30:00", "Mon 02 09:00:00, working_hours until Mon 02 09:00:00"),
        // Monday is full by now, and Tuesday morning belongs to the limit, not to the night.
        ("2026-03-02T10:00:00", "Tue 03 09:00:00, day_limit until Tue 03 09:00:00"),
        (
            "2026-03-03T13:00:00",
            "Wed 04 09:00:00, account_hours until Wed 04 08:00:00, working_hours until Wed 04 09:00:00",
        ),
        ("2026-03-06T18:00:00", "Mon 09 09:00:00, working_hours until Mon 09 09:00:00"),
        ("2026-03-07T16:59:00", "Mon 09 09:00:00, working_hours until Mon 09 09:00:00"),
        (
            "2026-03-07T16:59:00",
            "Tue 10 09:00:00, working_hours until Mon 09 09:00:00, day_limit until Tue 10 09:00:00",
        ),
    ] {
        assert_eq!(told(&book.place(&wanted(berlin(ready), &office))), expected, "{ready}");
    }
}

#[test]
fn a_day_takes_as_many_as_its_limit_and_the_next_ones_take_the_rest() {
    let mut book = AccountBook::new(mailbox(&json!({"send_email": {"per_day": 25}})));
    let office = office();
    let ready = berlin("2026-03-25T08:00:00");
    let mut days = BTreeMap::<_, u32>::new();
    for _ in 0..500 {
        *days.entry(local_day(BERLIN, at(&book.place(&wanted(ready, &office))))).or_default() += 1;
    }
    assert_eq!((days.len(), days.values().min(), days.values().max()), (20, Some(&25), Some(&25)));
    assert_eq!(days.last_key_value().unwrap().0, &day("2026-04-21"), "20 working days, over the change of clocks");
}

#[test]
fn what_was_done_counts_like_what_is_promised() {
    let mut book = AccountBook::new(mailbox(&json!({"send_email": {"per_day": 25}})));
    book.used(MAIL, day("2026-03-02"), 9, 24);
    let (office, ready) = (office(), berlin("2026-03-02T10:00:00"));
    assert_eq!(told(&book.place(&wanted(ready, &office))), "Mon 02 10:00:00");
    assert_eq!(told(&book.place(&wanted(ready, &office))), "Tue 03 09:00:00, day_limit until Tue 03 09:00:00");
    assert_eq!(book.left_now(MAIL, ready), 1, "what is promised does not hinder who comes to do it");
    book.released(MAIL, ready);
    assert_eq!(told(&book.earliest(&wanted(ready, &office))), "Mon 02 10:00:00");
}

#[test]
fn a_week_is_any_seven_days() {
    let mut book = AccountBook::new(mailbox(&json!({"send_email": {"per_day": 20, "per_week": 50}})));
    // Wednesday to Friday of the week before; the next Wednesday the first of them are a week ago.
    for (date, times) in [("2026-03-04", 20), ("2026-03-05", 20), ("2026-03-06", 9)] {
        book.used(MAIL, day(date), 10, times);
    }
    let (office, ready) = (office(), berlin("2026-03-09T08:00:00"));
    assert_eq!(told(&book.place(&wanted(ready, &office))), "Mon 09 09:00:00, working_hours until Mon 09 09:00:00");
    let moved = "Wed 11 09:00:00, working_hours until Mon 09 09:00:00, week_limit until Wed 11 09:00:00";
    assert_eq!(told(&book.earliest(&wanted(ready, &office))), moved);
    assert_eq!(book.left_now(MAIL, berlin("2026-03-10T10:00:00")), 1);
    assert_eq!(book.left_now(MAIL, berlin("2026-03-11T10:00:00")), 20);
    // What is promised later bounds the days before it as well.
    for _ in 0..20 {
        book.placed(MAIL, berlin("2026-03-16T10:00:00"));
        book.placed(MAIL, berlin("2026-03-17T10:00:00"));
    }
    let wednesday = (0..20)
        .map(|_| book.place(&wanted(ready, &office)))
        .filter(|placed| at(placed) < berlin("2026-03-12T00:00:00"));
    assert_eq!(wednesday.count(), 10);
}

#[test]
fn an_hour_that_is_full_sends_the_step_to_the_next() {
    let mut book = AccountBook::new(mailbox(&json!({"send_email": {"per_hour": 2, "per_day": null}})));
    let (office, ready) = (office(), berlin("2026-03-02T16:40:00"));
    for expected in [
        "Mon 02 16:40:00",
        "Mon 02 16:40:00",
        "Mon 02 17:00:00, hour_limit until Mon 02 17:00:00",
        "Mon 02 17:00:00, hour_limit until Mon 02 17:00:00",
        "Tue 03 09:00:00, hour_limit until Tue 03 09:00:00",
    ] {
        assert_eq!(told(&book.place(&wanted(ready, &office))), expected);
    }
    // The hour that the clock repeats is one hour to who counts.
    let always = always();
    let night = "2026-10-25T00:00:00Z".parse().unwrap();
    let nights: Vec<_> = (0..3).map(|_| at(&book.place(&wanted(night, &always))).to_rfc3339()).collect();
    assert_eq!(nights, ["2026-10-25T00:00:00+00:00", "2026-10-25T00:00:00+00:00", "2026-10-25T02:00:00+00:00"]);
}

#[test]
fn an_account_does_one_thing_in_a_slot() {
    let mut book = AccountBook::new(AccountTerms { spacing: 60, ..mailbox(&json!({})) });
    let office = office();
    let night = berlin("2026-03-02T03:00:00");
    for (seed, expected) in [
        (0, "Mon 02 09:00:00, working_hours until Mon 02 09:00:00"),
        (7, "Mon 02 09:01:07, working_hours until Mon 02 09:00:00, spacing until Mon 02 09:01:00"),
        // An instant is drawn from the first half of the slot only.
        (59, "Mon 02 09:02:29, working_hours until Mon 02 09:00:00, spacing until Mon 02 09:02:00"),
    ] {
        assert_eq!(told(&book.place(&Wanted { seed, ..wanted(night, &office) })), expected);
    }
    // The slot in which a step becomes ready may hold what was done just now.
    let ready = berlin("2026-03-02T10:00:05");
    assert_eq!(told(&book.place(&wanted(ready, &office))), "Mon 02 10:01:00");
    assert_eq!(told(&book.place(&wanted(ready, &office))), "Mon 02 10:02:00, spacing until Mon 02 10:02:00");
    book.released(MAIL, berlin("2026-03-02T10:01:00"));
    assert_eq!(told(&book.place(&wanted(ready, &office))), "Mon 02 10:01:00");
}

#[test]
fn a_day_without_a_free_slot_sends_the_step_to_the_next() {
    let mut book = AccountBook::new(AccountTerms { spacing: 3600, ..mailbox(&json!({})) });
    let (office, ready) = (office(), berlin("2026-03-02T00:00:00"));
    let placed: Vec<_> = (0..9).map(|_| told(&book.place(&wanted(ready, &office)))).collect();
    assert!(placed[7].starts_with("Mon 02 16:00:00, "));
    assert!(placed[8].starts_with("Mon 02 17:00:00, "));
    let next = "Tue 03 09:00:00, working_hours until Mon 02 09:00:00, spacing until Tue 03 09:00:00";
    assert_eq!(told(&book.place(&wanted(ready, &office))), next);
}

#[test]
fn a_new_account_does_more_from_day_to_day() {
    let mut account = mailbox(&json!({"send_email": {"per_day": 4}}));
    let ramp_up = RampUp { since: day("2026-03-02"), start_per_day: 1, increase_per_day: 2 };
    account.ramp_up = BTreeMap::from([(MAIL, ramp_up)]);
    let mut book = AccountBook::new(account);
    let (office, ready) = (office(), berlin("2026-03-02T09:00:00"));
    let placed: Vec<_> = (0..9).map(|_| told(&book.place(&wanted(ready, &office)))).collect();
    let days: Vec<_> = placed.iter().map(|placed| &placed[..3]).collect();
    assert_eq!(days, ["Mon", "Tue", "Tue", "Tue", "Wed", "Wed", "Wed", "Wed", "Thu"]);
    assert_eq!(placed[1], "Tue 03 09:00:00, ramp_up until Tue 03 09:00:00");
    assert_eq!(placed[8], "Thu 05 09:00:00, ramp_up until Wed 04 09:00:00, day_limit until Thu 05 09:00:00");
    assert_eq!(book.left_now(MAIL, berlin("2026-03-03T09:00:00")), 3);
}

#[test]
fn a_campaign_begins_and_ends_and_an_account_rests() {
    let (start, end) = (berlin("2026-03-08T12:00:00"), berlin("2026-03-10T12:00:00"));
    let terms = CampaignTerms { start_at: Some(start), end_at: Some(end), ..office() };
    let book = AccountBook::new(mailbox(&json!({})));
    let told_at = |book: &AccountBook, ready| told(&book.earliest(&wanted(berlin(ready), &terms)));
    let moved = "Mon 09 09:00:00, start_at until Sun 08 12:00:00, working_hours until Mon 09 09:00:00";
    assert_eq!(told_at(&book, "2026-03-02T10:00:00"), moved);
    assert_eq!(told_at(&book, "2026-03-10T11:59:59"), "Tue 10 11:59:59");
    assert_eq!(told_at(&book, "2026-03-10T12:00:00"), "never: end_at");
    let rests_until = Some(berlin("2026-03-10T11:00:00.5"));
    let tired = AccountBook::new(AccountTerms { rests_until, ..mailbox(&json!({})) });
    assert_eq!(told_at(&tired, "2026-03-09T10:00:00"), "Tue 10 11:00:01, account_rests until Tue 10 11:00:01");
}

#[test]
fn what_can_never_be_is_told_with_what_forbids_it() {
    let (office, ready) = (office(), berlin("2026-03-02T10:00:00"));
    for (limits, rule) in [
        (json!({"per_day": 0}), "day_limit"),
        (json!({"per_day": -1}), "day_limit"),
        (json!({"per_hour": 0}), "hour_limit"),
        (json!({"per_week": 0}), "week_limit"),
    ] {
        let book = AccountBook::new(mailbox(&json!({"send_email": limits})));
        assert_eq!(told(&book.earliest(&wanted(ready, &office))), format!("never: {rule}"));
        assert_eq!(book.left_now(MAIL, ready), 0);
    }
    let weekend = AccountTerms { window: Some(window(BERLIN, "sat sun", "09:00", "17:00")), ..mailbox(&json!({})) };
    let never = told(&AccountBook::new(weekend).earliest(&wanted(ready, &office)));
    assert!(never.starts_with("never: "), "{never}");
    let broken = AccountTerms { window: Some(window(BERLIN, "mon", "17:00", "09:00")), ..mailbox(&json!({})) };
    assert_eq!(told(&AccountBook::new(broken).earliest(&wanted(ready, &office))), "never: account_hours");
}

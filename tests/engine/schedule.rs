//! When a campaign may act.

use serde_json::{Value, json};

use crate::campaign::{Campaign, example};

#[test]
fn a_schedule_has_an_hour_to_send_in() {
    for (field, value, expected) in [
        ("timezone", json!(null), vec![("/schedule/timezone", "missing_timezone")]),
        ("timezone", json!("Europe/Atlantis"), vec![("/schedule/timezone", "unknown_timezone")]),
        ("timezone", json!("America/New_York"), vec![]),
        ("days", json!([]), vec![("/schedule/days", "no_days")]),
        ("days", json!(["sat"]), vec![]),
        ("days", json!(["mon", "tue", "mon"]), vec![("/schedule/days/2", "duplicate_day")]),
        ("start_time", json!(null), vec![("/schedule/start_time", "missing_time")]),
        ("start_time", json!("9 am"), vec![("/schedule/start_time", "invalid_time")]),
        ("start_time", json!("24:00"), vec![("/schedule/start_time", "invalid_time")]),
        ("end_time", json!("25:00"), vec![("/schedule/end_time", "invalid_time")]),
        ("end_time", json!("24:00"), vec![]),
        ("end_time", json!("09:00"), vec![("/schedule/end_time", "empty_window")]),
        ("end_time", json!("08:59"), vec![("/schedule/end_time", "empty_window")]),
        ("start_at", json!("2020-01-01T00:00:00Z"), vec![]),
        ("end_at", json!("2026-11-23T08:00:00Z"), vec![("/schedule/end_at", "end_in_the_past")]),
        ("end_at", json!("2026-11-23T09:00:01+01:00"), vec![]),
        ("new_leads_per_day", json!(null), vec![]),
        ("new_leads_per_day", json!(0), vec![("/schedule/new_leads_per_day", "out_of_range")]),
        ("new_leads_per_day", json!(10_001), vec![("/schedule/new_leads_per_day", "out_of_range")]),
    ] {
        let mut campaign = example();
        campaign.schedule[field] = value;
        campaign.must_say(&expected);
    }
}

#[test]
fn a_campaign_ends_after_it_begins() {
    let bounds = |start: &str, end: &str| {
        let mut schedule: Value = example().schedule;
        schedule["start_at"] = json!(start);
        schedule["end_at"] = json!(end);
        Campaign { schedule, ..example() }
    };
    bounds("2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z").must_say(&[]);
    bounds("2027-01-02T00:00:00Z", "2027-01-01T00:00:00Z").must_say(&[("/schedule/end_at", "end_before_start")]);
    bounds("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")
        .must_say(&[("/schedule/end_at", "end_before_start"), ("/schedule/end_at", "end_in_the_past")]);
}

//! Limits, spacing and hours.

use chrono::{NaiveDate, TimeDelta, Timelike as _};
use clento::utils::clock::Clock as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{account, act, assert_nothing_twice, at, campaign, list_of, nobody, run_until, sent};
use crate::support::TestApp;

fn one_mail() -> serde_json::Value {
    json!({"nodes": [{"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hi", "text": "Hi {{ first_name }}"}]}}]})
}

/// Of 500 leads who could all be written to, 25 are on each day of the account's zone, though clocks are changed on one of them.
async fn exactly_25_a_day(zone: &str, start: &str, days: [&str; 3]) {
    let app = TestApp::start().await;
    app.clock.set(at(start));
    let member = app.member();
    let list = list_of(&member, 500).await;
    let window = json!({"timezone": zone, "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "00:00", "end_time": "24:00"});
    let terms = json!({"sending_window": window, "limits": {"send_email": {"per_day": 25}}});
    let mailbox = account(&member, "email", nobody(json!({})), terms).await;
    let every_hour = json!({"timezone": zone, "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_time": "00:00", "end_time": "24:00"});
    let id = campaign(&member, &[&list], &[&mailbox], one_mail(), every_hour).await;
    act(&member, &id, "start").await;
    let tz: chrono_tz::Tz = zone.parse().unwrap();
    run_until(&app, at(start) + TimeDelta::days(4)).await;
    let sent = sent(&app).await;
    for day in days {
        let day: NaiveDate = day.parse().unwrap();
        let on_day = sent.iter().filter(|(.., at)| at.with_timezone(&tz).date_naive() == day).count();
        assert_eq!(on_day, 25, "{day} in {zone}");
    }
    for pair in sent.windows(2) {
        assert!(pair[1].2 - pair[0].2 >= TimeDelta::seconds(15), "{pair:?}");
    }
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn a_daily_limit_holds_on_the_day_on_which_summer_ends() {
    exactly_25_a_day("Europe/Berlin", "2026-10-23T22:00:00Z", ["2026-10-24", "2026-10-25", "2026-10-26"]).await;
}

#[tokio::test]
async fn a_daily_limit_holds_on_the_day_on_which_summer_begins() {
    exactly_25_a_day("America/New_York", "2026-03-07T05:00:00Z", ["2026-03-07", "2026-03-08", "2026-03-09"]).await;
}

/// 500 are due at the first hour of a day on which clocks are changed; sixteen workers are at it through that day and the next.
async fn sixteen_workers(zone: &str, midnight: &str, days: [&str; 2]) {
    let app = TestApp::start().await;
    app.clock.set(at(midnight));
    let member = app.member();
    let list = list_of(&member, 500).await;
    // Without spacing all that fits on the day is due within it, and the ledger alone keeps the limit.
    let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let hours = json!({"timezone": zone, "days": week, "start_time": "00:00", "end_time": "24:00"});
    let terms = json!({"spacing_seconds": 0, "sending_window": hours, "limits": {"send_email": {"per_day": 500}}});
    let mailbox = account(&member, "email", nobody(json!({})), terms).await;
    let id = campaign(&member, &[&list], &[&mailbox], one_mail(), hours.clone()).await;
    act(&member, &id, "start").await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    // Lowered after all were promised: what was promised does not go over it.
    member
        .patch(&format!("{}/{mailbox}", super::ACCOUNTS), json!({"limits": {"send_email": {"per_day": 25}}}))
        .await
        .expect(200);
    let mut replicas = Vec::new();
    for _ in 0..4 {
        replicas.push(app.replica().await);
    }
    for half_hours in 1..80 {
        app.clock.set(at(midnight) + TimeDelta::minutes(30 * half_hours));
        let workers = replicas.iter().cycle().take(16).map(|replica| async move {
            let _ = replica.state.runs().do_due(&CancellationToken::new()).await;
        });
        futures::future::join_all(workers).await;
    }
    let tz: chrono_tz::Tz = zone.parse().unwrap();
    let sent = sent(&app).await;
    for day in days {
        let day: NaiveDate = day.parse().unwrap();
        let on_day = sent.iter().filter(|(.., at)| at.with_timezone(&tz).date_naive() == day).count();
        assert_eq!(on_day, 25, "sent on the account's {day} in {zone}");
    }
    assert_eq!(sent.len(), 50);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn sixteen_workers_at_once_send_no_more_than_the_limit_on_the_longest_day() {
    sixteen_workers("Europe/Berlin", "2026-10-24T22:00:00Z", ["2026-10-25", "2026-10-26"]).await;
}

#[tokio::test]
async fn sixteen_workers_at_once_send_no_more_than_the_limit_on_the_shortest_day() {
    sixteen_workers("America/New_York", "2026-03-08T05:00:00Z", ["2026-03-08", "2026-03-09"]).await;
}

#[tokio::test]
async fn nothing_is_sent_outside_the_hours_and_what_was_missed_is_not_sent_in_a_rush() {
    let app = TestApp::start().await;
    app.clock.set(at("2026-11-23T08:00:00Z"));
    let member = app.member();
    let list = list_of(&member, 60).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 300})).await;
    let id = campaign(&member, &[&list], &[&mailbox], one_mail(), super::schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-11-23T09:00:00Z")).await;
    // Nobody works from ten in the morning in Berlin until half past five on the next day.
    app.clock.set(at("2026-11-24T16:25:00Z"));
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    let sent = sent(&app).await;
    assert_eq!(sent.len(), 60);
    for (_, lead, at) in &sent {
        let local = at.with_timezone(&chrono_tz::Europe::Berlin);
        let minute = local.hour() * 60 + local.minute();
        assert!((9 * 60..17 * 60 + 30).contains(&minute), "{lead} at {local}");
    }
    for pair in sent.windows(2) {
        assert!(pair[1].2 - pair[0].2 >= TimeDelta::seconds(100), "{pair:?}");
    }
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn a_new_account_does_more_from_day_to_day_as_simulated() {
    let app = TestApp::start().await;
    app.clock.set(at(super::MONDAY));
    let list = list_of(&app.member(), 30).await;
    let terms = json!({"limits": {"send_email": {"per_day": 9}}});
    let mailbox = account(&app.member(), "email", nobody(json!({})), terms).await;
    let path = format!("{}/{mailbox}", super::ACCOUNTS);
    let ramp = json!({"ramp_up": {"send_email": {"start_per_day": 2, "increase_per_day": 3}}});
    let ramped = app.member().patch(&path, ramp).await.expect(200);
    let expected = json!({"start_per_day": 2, "increase_per_day": 3, "since": "2026-11-23"});
    assert_eq!(ramped["ramp_up"], json!({ "send_email": expected }));
    let id = campaign(&app.member(), &[&list], &[&mailbox], one_mail(), super::schedule()).await;
    let promised = super::promises::promised(&app, &super::promises::simulated(&app, &id).await).await;
    act(&app.member(), &id, "start").await;
    run_until(&app, at("2026-11-24T20:00:00Z")).await;
    let usage = app.member().get(&format!("{path}/usage")).await.expect(200);
    assert_eq!(usage["actions"][0]["day"], json!({"used": 5, "limit": 5, "left": 0}), "{usage}");
    // Nobody gets a day for nothing: what was promised under the ramp is judged again when it is due.
    run_until(&app, at("2026-12-20T12:00:00Z")).await;
    let sent = sent(&app).await;
    assert_eq!(sent, promised);
    let on = |day: &str| sent.iter().filter(|(.., at)| at.date_naive() == day.parse::<NaiveDate>().unwrap()).count();
    assert_eq!(
        [on("2026-11-23"), on("2026-11-24"), on("2026-11-25"), on("2026-11-26"), on("2026-11-27")],
        [2, 5, 8, 9, 6]
    );
    let over = app.member().patch(&path, json!({"ramp_up": null})).await.expect(200);
    assert_eq!(over["ramp_up"], json!({}));
    let not_its = json!({"ramp_up": {"profile_visit": {}}});
    let problem = app.member().patch(&path, not_its).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "not_for_channel");
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn a_change_of_an_accounts_zone_opens_no_limit_anew() {
    let app = TestApp::start().await;
    app.clock.set(at("2026-11-23T18:00:00Z"));
    let member = app.member();
    let list = list_of(&member, 20).await;
    let every_hour = |zone: &str| {
        let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        json!({"timezone": zone, "days": week, "start_time": "00:00", "end_time": "24:00"})
    };
    let terms = json!({"sending_window": every_hour("UTC"), "limits": {"send_email": {"per_day": 4, "per_week": 9}}});
    let mailbox = account(&member, "email", nobody(json!({})), terms).await;
    let path = format!("{}/{mailbox}", super::ACCOUNTS);
    let id = campaign(&member, &[&list], &[&mailbox], one_mail(), every_hour("UTC")).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-11-23T23:30:00Z")).await;
    assert_eq!(sent(&app).await.len(), 4);
    // In Tokyo it is the morning of the next day, and in Honolulu the day before noon.
    for zone in ["Asia/Tokyo", "Pacific/Honolulu", "UTC"] {
        let member = app.member();
        member.patch(&path, json!({"sending_window": every_hour(zone)})).await.expect(200);
        run_until(&app, app.clock.now() + TimeDelta::minutes(5)).await;
        assert_eq!(sent(&app).await.len(), 4, "{zone}");
        let usage = member.get(&format!("{path}/usage")).await.expect(200);
        assert_eq!(usage["actions"][0]["day"]["used"], 4, "{zone}: {usage}");
        assert_eq!(usage["actions"][0]["week"]["used"], 4, "{zone}: {usage}");
    }
    run_until(&app, at("2026-11-24T20:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 8, "the next day is one");
}

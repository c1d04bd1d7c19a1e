//! Why a lead has not begun, when it may, and what would free it.

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::{
    ACCOUNTS, CAMPAIGNS, EXECUTIONS, MONDAY, account, act, at, campaign, count, list_of, nobody, run_until, schedule,
    sent, two_mails,
};
use crate::support::TestApp;

/// What keeps those from beginning who have not, in the order in which they would.
async fn waits(app: &TestApp) -> Vec<Value> {
    let ids = "select id::text from campaign_executions where status = 'pending' order by lead_id";
    let ids: Vec<String> = sqlx::query_scalar(ids).fetch_all(&app.pool).await.unwrap();
    let before = written(app).await;
    let mut waits = Vec::new();
    for id in ids {
        let execution = app.member().get(&format!("{EXECUTIONS}/{id}")).await.expect(200);
        waits.push(execution["waits"].clone());
    }
    assert_eq!(written(app).await, before, "to ask changes nothing");
    waits
}

async fn written(app: &TestApp) -> i64 {
    count(app, "select (select coalesce(sum(version), 0)::bigint from campaign_executions) + (select count(*) from activities)")
        .await
}

/// A campaign of two mails to so many, which was started on Monday morning, or at another time.
async fn started(count: usize, now: &str, schedule: Value, mailbox: Value) -> (TestApp, String, String) {
    let app = TestApp::start().await;
    app.clock.set(at(now));
    let list = list_of(&app.member(), count).await;
    let mailbox = account(&app.member(), "email", nobody(json!({})), mailbox).await;
    let id = campaign(&app.member(), &[&list], &[&mailbox], two_mails(), schedule).await;
    act(&app.member(), &id, "start").await;
    run_until(&app, at(now) + chrono::TimeDelta::minutes(5)).await;
    (app, id, format!("{ACCOUNTS}/{mailbox}"))
}

fn with(field: &str, value: Value) -> Value {
    let mut schedule = schedule();
    schedule[field] = value;
    schedule
}

#[tokio::test]
async fn who_waits_for_its_day_begins_when_it_was_told() {
    let (app, id, _) = started(3, MONDAY, with("new_leads_per_day", json!(1)), json!({})).await;
    let told = waits(&app).await;
    assert_eq!(told.len(), 2);
    let next = &told[0];
    assert_eq!(next["rule"], "new_leads_per_day", "{next}");
    assert!(next["freed_by"].as_str().unwrap().contains("`new_leads_per_day`"), "{next}");
    assert_eq!(next["moves"][0]["rule"], "working_hours", "on the next day it begins with the hours: {next}");
    run_until(&app, at("2026-11-24T12:00:00Z")).await;
    assert_eq!(sent(&app).await[1].2, at(next["not_before"].as_str().unwrap()));
    let begun = app.member().get(&format!("{CAMPAIGNS}/{id}/executions?status=waiting")).await.expect(200);
    let path = format!("{EXECUTIONS}/{}", begun["data"][0]["id"].as_str().unwrap());
    assert_eq!(app.member().get(&path).await.expect(200)["waits"], json!(null), "who has begun waits for its step");
    act(&app.member(), &id, "pause").await;
    let paused = waits(&app).await;
    assert_eq!((&paused[0]["rule"], &paused[0]["not_before"]), (&json!("campaign_paused"), &json!(null)), "{paused:?}");
    act(&app.member(), &id, "resume").await;
    assert_eq!(waits(&app).await[0]["rule"], "new_leads_per_day");
}

#[tokio::test]
async fn whichever_rule_leaves_no_room_is_told() {
    let friday = "2026-11-27T17:00:00Z";
    let limits = |more: Value| json!({"spacing_seconds": 0, "limits": {"send_email": more}});
    let tuesdays = json!({"sending_window": {"timezone": "Europe/Berlin", "days": ["tue"], "start_time": "10:00", "end_time": "12:00"}});
    for (case, now, schedule, mailbox, rule, not_before) in [
        ("hours", friday, schedule(), json!({}), "working_hours", "2026-11-30T08:0"),
        ("limit", MONDAY, schedule(), limits(json!({"per_day": 2})), "day_limit", "2026-11-24T08:0"),
        ("window", MONDAY, schedule(), tuesdays, "account_hours", "2026-11-24T09:0"),
    ] {
        let (app, ..) = started(4, now, schedule, mailbox).await;
        let waits = waits(&app).await;
        assert!(!waits.is_empty(), "{case}");
        for wait in waits {
            assert_eq!(wait["rule"], rule, "{case}: {wait}");
            assert!(wait["not_before"].as_str().unwrap().starts_with(not_before), "{case}: {wait}");
            assert!(!wait["freed_by"].as_str().unwrap().is_empty(), "{case}: {wait}");
        }
    }
}

#[tokio::test]
async fn whom_no_time_frees_is_told_so() {
    let limited = json!({"spacing_seconds": 0, "limits": {"send_email": {"per_day": 2}}});
    let (app, _, mailbox) = started(4, MONDAY, schedule(), limited).await;
    assert_eq!(waits(&app).await.len(), 2);
    app.member().patch(&mailbox, json!({"status": "paused"})).await.expect(200);
    for wait in waits(&app).await {
        assert_eq!((&wait["rule"], &wait["not_before"]), (&json!("no_account"), &json!(null)), "{wait}");
    }
    app.member().patch(&mailbox, json!({"status": "connected"})).await.expect(200);
    for (change, rule) in [
        ("update leads set status = 'do_not_contact'", "do_not_contact"),
        ("delete from campaign_lead_lists", "not_on_lists"),
    ] {
        sqlx::raw_sql(AssertSqlSafe(change)).execute(&app.pool).await.unwrap();
        for wait in waits(&app).await {
            assert_eq!((&wait["rule"], &wait["not_before"]), (&json!(rule), &json!(null)), "{wait}");
        }
    }
}

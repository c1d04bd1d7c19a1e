//! Who does not begin, by the settings of a campaign.

use clento::utils::clock::Clock as _;
use serde_json::{Value, json};

use super::{
    CAMPAIGNS, MONDAY, account, act, assert_nothing_twice, at, campaign, count, list_of, nobody,
    promises::{promised, simulated},
    run_until, schedule, sent,
};
use crate::support::TestApp;

fn one_mail() -> Value {
    json!({"nodes": [{"id": "mail", "type": "send_email", "config": {"variants": [{"subject": "Hi", "text": "Hi"}]}}]})
}

async fn skipped(app: &TestApp, campaign: &str, reason: &str) -> i64 {
    let skipped = "select count(*) from campaign_executions where status = 'skipped'";
    count(app, &format!("{skipped} and campaign_id = '{campaign}' and status_reason = '{reason}'")).await
}

#[tokio::test]
async fn who_was_written_to_lately_is_left_out_and_may_begin_once_that_is_long_ago() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let (list, mailbox) =
        (list_of(&app.member(), 6).await, account(&app.member(), "email", nobody(json!({})), json!({})).await);
    let first = campaign(&app.member(), &[&list], &[&mailbox], one_mail(), schedule()).await;
    act(&app.member(), &first, "start").await;
    run_until(&app, at("2026-11-24T07:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 6);

    let second = campaign(&app.member(), &[&list], &[&mailbox], one_mail(), schedule()).await;
    let path = format!("{CAMPAIGNS}/{second}");
    let set = app.member().patch(&path, json!({"settings": {"skip_contacted_within_days": 10}})).await.expect(200);
    assert_eq!(
        set["settings"],
        json!({"skip_contacted_within_days": 10, "skip_in_another_campaign": true, "messages_per_day": null, "late_acceptance": "note", "track_opens": false, "track_clicks": false})
    );
    let foreseen = simulated(&app, &second).await;
    assert_eq!((&foreseen["left_out"], &foreseen["actions_total"]), (&json!({"contacted_lately": 6}), &json!(0)));
    act(&app.member(), &second, "start").await;
    run_until(&app, at("2026-11-25T07:00:00Z")).await;
    assert_eq!(skipped(&app, &second, "contacted_lately").await, 6);

    // Two begin each day; of the first it is not long enough ago, of the last it is.
    let mut slow = schedule();
    slow["new_leads_per_day"] = json!(2);
    let third = campaign(&app.member(), &[&list], &[&mailbox], one_mail(), slow).await;
    let path = format!("{CAMPAIGNS}/{third}");
    app.member().patch(&path, json!({"settings": {"skip_contacted_within_days": 1}})).await.expect(200);
    let promised = promised(&app, &simulated(&app, &third).await).await;
    act(&app.member(), &third, "start").await;
    run_until(&app, at("2026-12-20T07:00:00Z")).await;
    assert_eq!(sent(&app).await[6..], promised[..]);
    assert_eq!(promised.len(), 6, "by the third campaign a day has passed");
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn who_is_on_its_way_elsewhere_is_left_out_unless_the_campaign_says_otherwise() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let (list, mailbox) =
        (list_of(&app.member(), 3).await, account(&app.member(), "email", nobody(json!({})), json!({})).await);
    let first = campaign(&app.member(), &[&list], &[&mailbox], super::two_mails(), schedule()).await;
    act(&app.member(), &first, "start").await;
    run_until(&app, at("2026-11-24T07:00:00Z")).await;
    for (allowed, expected) in [(false, 3), (true, 0)] {
        let second = campaign(&app.member(), &[&list], &[&mailbox], one_mail(), schedule()).await;
        let path = format!("{CAMPAIGNS}/{second}");
        app.member().patch(&path, json!({"settings": {"skip_in_another_campaign": !allowed}})).await.expect(200);
        let foreseen = simulated(&app, &second).await;
        assert_eq!(foreseen["actions_total"], 3 - expected, "{foreseen}");
        act(&app.member(), &second, "start").await;
        run_until(&app, app.clock.now() + chrono::TimeDelta::days(1)).await;
        assert_eq!(skipped(&app, &second, "in_another_campaign").await, expected);
        let done = app.member().get(&path).await.expect(200);
        assert_eq!(done["progress"]["sent"], 3 - expected, "{done}");
    }
    app.member()
        .patch(&format!("{CAMPAIGNS}/{first}"), json!({"settings": {"skip_contacted_within_days": 0}}))
        .await
        .expect_problem(422, "validation_failed");
}

//! Whatever ends a lead's way, it is told of.

use std::pin::pin;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    CAMPAIGNS, MONDAY, account, act, assert_none_got_anything_twice, at, campaign, count,
    faults::{all_due, polls, until_claimed},
    list_of, nobody, run_until, schedule, sent, tick, two_mails,
};
use crate::support::TestApp;

/// How many ways have come to this end, of each of which it is told once, and why.
async fn told(app: &TestApp, status: &str, why: &str) -> i64 {
    let ways = "select count(*) from campaign_executions e where (select count(*) from activities a
                where a.execution_id = e.id and a.type = 'execution_' || e.status) = 1";
    let mut ways = format!("{ways} and status = '{status}' and status_reason = '{why}'");
    ways += " and (select count(*) from activities a where a.execution_id = e.id and a.type <> 'execution_begun' and a.type like 'execution\\_%') = 1";
    count(app, &ways).await
}

/// A campaign that begins two leads a day, of so many.
async fn two_a_day(app: &TestApp, leads: usize, more: serde_json::Value) -> String {
    app.clock.set(at(MONDAY));
    let list = list_of(&app.member(), leads).await;
    let mailbox = account(&app.member(), "email", nobody(json!({})), json!({})).await;
    let mut slow = schedule();
    slow["new_leads_per_day"] = json!(2);
    slow.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let id = campaign(&app.member(), &[&list], &[&mailbox], two_mails(), slow).await;
    act(&app.member(), &id, "start").await;
    id
}

#[tokio::test]
async fn a_stop_is_told_of_every_way() {
    let app = TestApp::start().await;
    let id = two_a_day(&app, 5, json!({})).await;
    tick(&app).await;
    act(&app.member(), &id, "stop").await;
    assert_eq!(told(&app, "stopped", "campaign_stopped").await, 5, "whether begun or not");
    let by = "select count(*) from activities where type = 'execution_stopped' and user_id is not null";
    assert_eq!(count(&app, by).await, 5);
}

#[tokio::test]
async fn a_stop_is_told_of_ways_whose_step_was_on_its_way_out() {
    let app = TestApp::start().await;
    all_due(&app, 3).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    let closed = until_claimed(&app, work.as_mut()).await;
    // As `/stop` does, which then waits until nothing is on its way.
    sqlx::raw_sql("update campaigns set status = 'stopped', ended_at = '2026-11-23T08:00:00Z'")
        .execute(&app.pool)
        .await
        .unwrap();
    closed.rollback().await.unwrap();
    work.await.unwrap();
    assert_eq!(told(&app, "stopped", "campaign_stopped").await, 3);
}

#[tokio::test]
async fn the_end_of_a_campaign_is_told_of_who_never_began_and_of_whose_step_came_too_late() {
    let app = TestApp::start().await;
    two_a_day(&app, 5, json!({"end_at": "2026-11-24T12:00:00Z"})).await;
    tick(&app).await;
    // Nobody works until it is over.
    app.clock.set(at("2026-11-24T12:30:00Z"));
    run_until(&app, at("2026-11-30T00:00:00Z")).await;
    assert_eq!((told(&app, "stopped", "end_at").await, told(&app, "skipped", "end_at").await), (2, 3));
}

#[tokio::test]
async fn an_end_that_is_moved_forward_is_told_of_who_was_promised_more() {
    let app = TestApp::start().await;
    let id = two_a_day(&app, 2, json!({})).await;
    run_until(&app, at("2026-11-24T07:00:00Z")).await;
    let sooner = json!({"schedule": {"end_at": "2026-11-25T00:00:00Z"}});
    app.member().patch(&format!("{CAMPAIGNS}/{id}"), sooner).await.expect(200);
    assert_eq!(told(&app, "stopped", "end_at").await, 2);
}

#[tokio::test]
async fn who_is_deleted_while_a_step_is_on_its_way_out_holds_up_nobody() {
    let app = TestApp::start().await;
    all_due(&app, 3).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    while count(&app, "select count(*) from execution_steps where state = 'sending'").await == 0 {
        assert!(polls(work.as_mut(), 1).await.is_none(), "it claims before it sends");
    }
    let leads = app.member().get("/api/v1/leads").await.expect(200);
    let (gone, erased) = (leads["data"][0]["id"].as_str().unwrap(), leads["data"][1]["id"].as_str().unwrap());
    app.member().delete(&format!("/api/v1/leads/{gone}")).await.expect(204);
    app.member().delete(&format!("/api/v1/leads/{erased}?erase=true")).await.expect(204);
    work.await.unwrap();
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 2, "the third gets both mails");
    assert_none_got_anything_twice(&app).await;
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'completed'").await, 1);
    assert_eq!(count(&app, "select count(*) from campaigns where status = 'completed'").await, 1);
}

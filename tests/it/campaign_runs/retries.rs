//! Steps that their provider refuses for the time being, and what a person can do about those that have failed.

use std::{pin::pin, time::Duration};

use chrono::TimeDelta;
use clento::utils::clock::Clock as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    CAMPAIGNS, EXECUTIONS, MONDAY, account, act, assert_nothing_twice, at, campaign, count,
    faults::{all_due, until_claimed},
    list_of, nobody, run_until, schedule, sent, two_mails,
};
use crate::support::TestApp;

/// A campaign of one mail to so many leads, from a mailbox whose provider refuses this share of what it is given, that has come to its end.
async fn refused(app: &TestApp, leads: usize, share: f64) {
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, leads).await;
    let mailbox = account(&member, "email", nobody(json!({"rate_error": share})), json!({})).await;
    let workflow = json!({"nodes": [two_mails()["nodes"][0]]});
    let id = campaign(&member, &[&list], &[&mailbox], workflow, schedule()).await;
    act(&member, &id, "start").await;
    run_until(app, at("2027-03-01T07:00:00Z")).await;
    assert_eq!(count(app, "select count(*) from campaigns where status = 'completed'").await, 1);
}

/// Has the steps tried again that have failed, which is answered with how many those are.
async fn retry(app: &TestApp) -> usize {
    let failed: Vec<Uuid> = sqlx::query_scalar("select id from campaign_executions where status = 'failed'")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    for id in &failed {
        app.member().post(&format!("{EXECUTIONS}/{id}/retry"), json!({})).await.expect(200);
    }
    failed.len()
}

/// How often the steps were tried that were refused each time.
async fn attempts(app: &TestApp) -> i64 {
    count(app, "select count(*) from execution_steps where state <> 'sent'").await
}

#[tokio::test]
async fn a_step_that_is_refused_six_times_has_failed_and_is_sent_once_somebody_has_it_tried_again() {
    let app = TestApp::start().await;
    refused(&app, 12, 0.9).await;
    let six = "select count(*) from (select 1 from execution_steps group by execution_id having count(*) = 6 and bool_and(state = 'not_sent')) t";
    let failed = count(&app, "select count(*) from campaign_executions where status = 'failed'").await;
    assert!(failed > 0, "each has failed with a probability of 53 %");
    assert_eq!(count(&app, six).await, failed);
    while retry(&app).await > 0 {
        let until = app.clock.now() + TimeDelta::days(30);
        run_until(&app, until).await;
    }
    assert_eq!(sent(&app).await.len(), 12);
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'completed'").await, 12);
    assert_eq!(count(&app, "select sum(used)::int8 from account_usage").await, 12);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn what_a_person_has_tried_again_may_be_refused_as_often_as_at_first() {
    let app = TestApp::start().await;
    refused(&app, 1, 1.0).await;
    assert_eq!((attempts(&app).await, retry(&app).await), (6, 1));
    let until = app.clock.now() + TimeDelta::days(30);
    run_until(&app, until).await;
    assert_eq!((attempts(&app).await, retry(&app).await), (12, 1));
}

#[tokio::test]
async fn what_failed_at_an_account_that_was_exchanged_is_tried_again_from_another() {
    let app = TestApp::start().await;
    refused(&app, 1, 1.0).await;
    // As it is if the campaign has not come to its end yet, since others are on their way.
    sqlx::raw_sql("update campaigns set status = 'running', ended_at = null").execute(&app.pool).await.unwrap();
    let other = account(&app.member(), "email", nobody(json!({})), json!({"seed": 8})).await;
    let id: Uuid = sqlx::query_scalar("select id from campaigns").fetch_one(&app.pool).await.unwrap();
    app.member().patch(&format!("{CAMPAIGNS}/{id}"), json!({"account_ids": [other]})).await.expect(200);
    assert_eq!(retry(&app).await, 1);
    let until = app.clock.now() + TimeDelta::days(7);
    run_until(&app, until).await;
    assert_eq!(sent(&app).await.len(), 1);
    let by = format!("select count(*) from execution_steps where state = 'sent' and account_id = '{other}'");
    assert_eq!(count(&app, &by).await, 1);
}

#[tokio::test]
async fn what_was_on_its_way_from_an_account_that_is_exchanged_and_did_not_leave_goes_out_from_another() {
    let app = TestApp::start().await;
    all_due(&app, 1).await;
    let other = account(&app.member(), "email", nobody(json!({})), json!({"seed": 8})).await;
    let id: Uuid = sqlx::query_scalar("select id from campaigns").fetch_one(&app.pool).await.unwrap();
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    let closed = until_claimed(&app, work.as_mut()).await;
    app.member().patch(&format!("{CAMPAIGNS}/{id}"), json!({"account_ids": [other]})).await.expect(200);
    // Too little of the lease is left to begin.
    app.clock.advance(Duration::from_secs(31));
    closed.rollback().await.unwrap();
    work.await.unwrap();
    assert_eq!(sent(&app).await.len(), 0);
    run_until(&app, at("2026-11-24T08:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 1);
    let by = format!("select count(*) from execution_steps where state = 'sent' and account_id = '{other}'");
    assert_eq!(count(&app, &by).await, 1);
}

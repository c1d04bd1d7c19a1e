//! What holds when a step is claimed, though it held when the step was promised, and who may say how it ended.

use std::{pin::pin, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use clento::{
    models::{OrganizationId, StepEnd, StepId, StepState},
    utils::clock::Clock as _,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    MONDAY, WAITING, account, act, assert_nothing_twice, at, campaign, count,
    faults::{all_due, polls, until_claimed, until_sent},
    list_of, nobody, run_until, schedule, sent, tick, two_mails,
};
use crate::support::TestApp;

/// A campaign whose mails, on a Monday from nine o'clock in Berlin, are promised to so many leads, `seconds` apart.
async fn promised(leads: usize, seconds: i64) -> TestApp {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, leads).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": seconds})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    app
}

/// When the first mails went out.
async fn first_mails(app: &TestApp) -> Vec<DateTime<Utc>> {
    sent(app).await.into_iter().filter(|(node, ..)| node == "mail").map(|(.., at)| at).collect()
}

#[tokio::test]
async fn who_comes_late_keeps_the_accounts_spacing() {
    let app = promised(5, 60).await;
    // All five were promised by now; none is so late as to be planned anew.
    app.clock.set(at("2026-11-23T08:30:00Z"));
    tick(&app).await;
    assert_eq!(sent(&app).await.len(), 1, "one at a time");
    run_until(&app, at("2026-11-23T12:00:00Z")).await;
    let mails = first_mails(&app).await;
    assert_eq!(mails.len(), 5);
    assert!(mails.windows(2).all(|two| two[1] - two[0] >= TimeDelta::seconds(15)), "{mails:?}");
}

#[tokio::test]
async fn a_step_that_a_lead_has_had_keeps_nobody_waiting_whatever_has_led_there_again() {
    let app = promised(3, 0).await;
    run_until(&app, at("2026-11-23T16:30:00Z")).await;
    assert_eq!(sent(&app).await.len(), 3);
    // One stands at a step again that it has had, though the workflow was never changed: it accepted late, and was moved while the campaign
    // wanted that.
    let back = "update campaign_executions set node_id = 'mail' where lead_id = (select lead_id from sandbox_acts order by id limit 1)";
    assert_eq!(sqlx::query(back).execute(&app.pool).await.unwrap().rows_affected(), 1);
    run_until(&app, at("2026-12-31T12:00:00Z")).await;
    let bumps = sent(&app).await.iter().filter(|(node, ..)| node == "bump").count();
    assert_eq!(
        (bumps, count(&app, "select count(*) from campaign_executions where status = 'completed'").await),
        (3, 3)
    );
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn who_comes_after_the_hours_sends_on_the_next_day() {
    let app = promised(3, 0).await;
    sqlx::raw_sql("update campaign_executions set next_run_at = '2026-11-23T16:29:00Z'")
        .execute(&app.pool)
        .await
        .unwrap();
    app.clock.set(at("2026-11-23T16:31:00Z"));
    tick(&app).await;
    let claimed = count(&app, "select count(*) from execution_steps").await;
    assert_eq!((claimed, sent(&app).await.len()), (0, 0), "the hours are over since half past four");
    run_until(&app, at("2026-11-24T12:00:00Z")).await;
    let mails = first_mails(&app).await;
    assert_eq!(mails.len(), 3);
    assert!(mails.iter().all(|mail| *mail >= at("2026-11-24T08:00:00Z")), "{mails:?}");
}

#[tokio::test]
async fn what_is_overdue_by_more_than_an_hour_is_planned_anew() {
    let app = promised(10, 60).await;
    app.clock.set(at("2026-11-23T10:30:00Z"));
    app.state.runs().do_due(&CancellationToken::new()).await.unwrap();
    let late = "select count(*) from campaign_executions where moves @> '[{\"rule\": \"late\"}]'";
    assert_eq!((sent(&app).await.len(), count(&app, late).await), (0, 10));
    run_until(&app, at("2026-11-23T16:00:00Z")).await;
    let mails = first_mails(&app).await;
    assert_eq!(mails.len(), 10);
    assert!(mails.windows(2).all(|two| two[1] - two[0] >= TimeDelta::seconds(30)), "in slots of a minute: {mails:?}");
}

#[tokio::test]
async fn what_is_planned_anew_takes_no_instant_that_is_promised() {
    let app = promised(12, 600).await;
    app.clock.set(at("2026-11-23T08:00:00Z"));
    let first = "update campaign_executions set next_run_at = next_run_at - interval '2 hours'
                 where id = (select id from campaign_executions order by next_run_at limit 1)";
    sqlx::raw_sql(first).execute(&app.pool).await.unwrap();
    app.state.runs().do_due(&CancellationToken::new()).await.unwrap();
    let promises: Vec<DateTime<Utc>> = sqlx::query_scalar("select next_run_at from campaign_executions order by 1")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    assert_eq!((promises.len(), sent(&app).await.len()), (12, 0));
    assert!(promises.windows(2).all(|two| two[1] - two[0] >= TimeDelta::minutes(5)), "{promises:?}");
}

#[tokio::test]
async fn what_is_paused_right_before_the_claim_is_not_claimed() {
    let app = TestApp::start().await;
    all_due(&app, 3).await;
    let mut pausing = app.pool.begin().await.unwrap();
    sqlx::raw_sql("update campaigns set status = 'paused'").execute(&mut *pausing).await.unwrap();
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    // It has seen that something is due, and wants to begin.
    while count(&app, WAITING).await == 0 {
        assert!(polls(work.as_mut(), 1).await.is_none(), "it waits for who changes the campaign");
    }
    pausing.commit().await.unwrap();
    work.await.unwrap();
    assert_eq!(count(&app, "select count(*) from execution_steps").await, 0);
}

#[tokio::test]
async fn whose_step_was_taken_over_does_not_say_how_it_ended() {
    let app = TestApp::start().await;
    all_due(&app, 1).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    let closed = until_claimed(&app, work.as_mut()).await;
    // Its lease is over, and the sandbox may still come to show it: whoever has taken over waits for that.
    app.clock.advance(Duration::from_secs(61));
    app.state.runs().reconcile().await.unwrap();
    closed.rollback().await.unwrap();
    work.await.unwrap();
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sending'").await, 1);
    assert_eq!(count(&app, "select count(*) from activities where type = 'step_result_came_late'").await, 1);
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 2);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn nobody_is_taken_over_within_the_lease() {
    let app = TestApp::start().await;
    all_due(&app, 2).await;
    let second = "update campaign_executions set next_run_at = next_run_at + interval '40 s'
                  where id = (select id from campaign_executions limit 1)";
    sqlx::raw_sql(second).execute(&app.pool).await.unwrap();
    let stop = CancellationToken::new();
    {
        let mut dies = pin!(app.state.runs().do_due(&stop));
        until_claimed(&app, dies.as_mut()).await.rollback().await.unwrap();
    }
    app.clock.advance(Duration::from_secs(40));
    let mut work = pin!(app.state.runs().do_due(&stop));
    let mut closed = app.pool.begin().await.unwrap();
    sqlx::raw_sql("lock table sandbox_acts in share mode").execute(&mut *closed).await.unwrap();
    while count(&app, "select count(*) from execution_steps where state = 'sending'").await < 2 {
        assert!(polls(work.as_mut(), 1).await.is_none(), "it claims before it sends");
    }
    // The first one's lease is over, the second one's is not.
    app.clock.advance(Duration::from_secs(21));
    app.state.runs().reconcile().await.unwrap();
    closed.rollback().await.unwrap();
    work.await.unwrap();
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sent'").await, 1);
    assert_eq!(count(&app, "select count(*) from activities where type = 'step_result_came_late'").await, 0);
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 4);
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn how_a_step_ended_is_said_once() {
    let app = TestApp::start().await;
    all_due(&app, 1).await;
    tick(&app).await;
    let (organization, id, token): (Uuid, Uuid, Uuid) =
        sqlx::query_as("select organization_id, id, token from execution_steps where state = 'sent'")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    let again =
        StepEnd { id: StepId(id), state: StepState::NotSent, provider_id: None, reason: Some("again".to_owned()) };
    let mut tx = app.state.db().begin_engine(OrganizationId(organization), app.clock.now()).await.unwrap();
    assert_eq!(tx.steps().settle(token, &[again], app.clock.now()).await.unwrap(), []);
    tx.commit().await.unwrap();
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sent' and reason is null").await, 1);
}

#[tokio::test]
async fn who_was_on_the_way_when_the_campaign_was_stopped_goes_no_further() {
    let app = TestApp::start().await;
    all_due(&app, 1).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    until_sent(&app, work.as_mut()).await;
    // As `/stop` does, which then waits until nothing is on its way, and ends those who are not.
    sqlx::raw_sql("update campaigns set status = 'stopped', ended_at = '2026-11-23T08:00:00Z'")
        .execute(&app.pool)
        .await
        .unwrap();
    work.await.unwrap();
    let over = "select count(*) from campaign_executions
                where status = 'stopped' and status_reason = 'campaign_stopped' and next_run_at is null";
    assert_eq!((count(&app, over).await, sent(&app).await.len()), (1, 1));
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sent'").await, 1);
}

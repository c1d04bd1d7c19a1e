//! Proofs that come late, and the ledger: whatever became of an attempt meanwhile, it is charged once.

use std::pin::pin;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    ACCOUNTS, EXECUTIONS, MONDAY, account, act, assert_nothing_twice, at, campaign, count,
    faults::{all_due, charged, looked_up_in_vain, until_sent},
    list_of, nobody, run_until, schedule, sent,
};
use crate::support::TestApp;

/// A campaign of one step on LinkedIn that is due now.
async fn due_on_linkedin(app: &TestApp, kind: &str) {
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 1).await;
    let sender = account(&member, "linkedin", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    let step = json!({"nodes": [{"id": "step", "type": kind}]});
    let id = campaign(&member, &[&list], &[&sender], step, schedule()).await;
    act(&member, &id, "start").await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    app.clock.set(at("2026-11-23T08:00:00Z"));
}

/// Where the ledger is charged: day, hour and how often.
async fn ledger(app: &TestApp) -> Vec<String> {
    let lines = "select concat_ws(' ', day, hour, used) from account_usage where used > 0 order by day, hour";
    sqlx::query_scalar(lines).fetch_all(&app.pool).await.unwrap()
}

/// What became of the one step and of its lead's way.
async fn standing(app: &TestApp) -> String {
    let both =
        "select s.state || ' ' || e.status from execution_steps s join campaign_executions e on e.id = s.execution_id";
    sqlx::query_scalar(both).fetch_one(&app.pool).await.unwrap()
}

async fn by_hand(app: &TestApp, what: &str) -> Value {
    let id: String = sqlx::query_scalar("select id::text from campaign_executions").fetch_one(&app.pool).await.unwrap();
    app.member().post(&format!("{EXECUTIONS}/{id}/{what}"), json!({})).await.expect(200)
}

#[tokio::test]
async fn what_was_not_given_back_since_too_much_was_looked_up_in_vain_is_not_charged_again() {
    let app = TestApp::start().await;
    due_on_linkedin(&app, "send_connection_request").await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    until_sent(&app, work.as_mut()).await;
    // As many have been looked up in vain on this day as are free.
    sqlx::raw_sql(
        "insert into execution_steps (id, organization_id, campaign_id, execution_id, lead_id, account_id, node_id, action, attempt, state, token,
                                      deadline, charged_day, charged_hour, reason, sending_at, settled_at)
         select gen_random_uuid(), organization_id, campaign_id, execution_id, lead_id, account_id, 'other', action, n, 'skipped', token,
                deadline, charged_day, charged_hour, 'invalid_recipient', sending_at, sending_at
         from execution_steps, generate_series(1, 100) n",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    looked_up_in_vain(&app).await;
    assert_eq!(charged(&app).await, 1, "the hundred and first is charged as if it had been done");
    work.await.unwrap();
    let is_sent = "select count(*) from execution_steps where state = 'sent' and node_id = 'step'";
    assert_eq!((count(&app, is_sent).await, charged(&app).await), (1, 1), "and so it had");
}

#[tokio::test]
async fn what_is_proved_after_the_accounts_clock_was_changed_is_charged_once_and_where_it_counts() {
    let app = TestApp::start().await;
    all_due(&app, 1).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    until_sent(&app, work.as_mut()).await;
    assert_eq!(ledger(&app).await, ["2026-11-23 8 1"]);
    let mailbox: String =
        sqlx::query_scalar("select id::text from connected_accounts").fetch_one(&app.pool).await.unwrap();
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let window = json!({"timezone": "Asia/Tokyo", "days": days, "start_time": "00:00", "end_time": "24:00"});
    app.member().patch(&format!("{ACCOUNTS}/{mailbox}"), json!({"sending_window": window})).await.expect(200);
    assert_eq!(ledger(&app).await, ["2026-11-23 17 1"]);
    looked_up_in_vain(&app).await;
    assert_eq!(charged(&app).await, 0, "it is given back where it was carried to");
    work.await.unwrap();
    assert_eq!(ledger(&app).await, ["2026-11-23 17 1"]);
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!((sent(&app).await.len(), charged(&app).await), (2, 2));
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn what_is_proved_after_its_leads_way_has_ended_is_charged_all_the_same() {
    let app = TestApp::start().await;
    all_due(&app, 1).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    until_sent(&app, work.as_mut()).await;
    looked_up_in_vain(&app).await;
    by_hand(&app, "stop").await;
    assert_eq!(charged(&app).await, 0);
    work.await.unwrap();
    assert_eq!((standing(&app).await, charged(&app).await), ("not_sent stopped".to_owned(), 1));
    assert_eq!(count(&app, "select count(*) from activities where type = 'step_result_came_late'").await, 1);
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!((sent(&app).await.len(), charged(&app).await), (1, 1));
}

#[tokio::test]
async fn a_visit_that_a_person_took_for_unsent_is_charged_once_it_is_proved() {
    let app = TestApp::start().await;
    due_on_linkedin(&app, "profile_visit").await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    until_sent(&app, work.as_mut()).await;
    // Somebody else has looked it up in vain so often that a person was asked.
    sqlx::raw_sql(
        "update execution_steps set token = gen_random_uuid(), state = 'needs_review', reason = 'not_found_at_provider', settled_at = sending_at;
         update campaign_executions set status = 'waiting', hold = 'needs_review', next_run_at = null",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    by_hand(&app, "retry").await;
    assert_eq!(charged(&app).await, 0, "the person said that it was not sent");
    work.await.unwrap();
    assert_eq!(charged(&app).await, 1);
    run_until(&app, at("2026-11-30T00:00:00Z")).await;
    assert_eq!((standing(&app).await, charged(&app).await), ("sent completed".to_owned(), 1));
    assert_nothing_twice(&app).await;
}

//! What people do while workers are at work: it holds for what was claimed before, and neither waits for the other for ever.

use std::{future::Future, pin::pin, time::Duration};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Postgres, Transaction};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    ACCOUNTS, MONDAY, WAITING, account, act, assert_nothing_twice, at, campaign, count,
    faults::{all_due, until_claimed},
    list_of, nobody, run_until, schedule, sent, two_mails,
};
use crate::{
    mailboxes::until,
    support::{Answer, TestApp, clerk_events::deleted},
};

/// The first lead of two to whom a mail was claimed is changed like this before it leaves.
async fn changed_after_the_claim(app: &TestApp, change: Value) {
    all_due(app, 2).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    let closed = until_claimed(app, work.as_mut()).await;
    let lead: uuid::Uuid =
        sqlx::query_scalar("select id from leads where email like 'person0@%'").fetch_one(&app.pool).await.unwrap();
    app.member().patch(&format!("/api/v1/leads/{lead}"), change).await.expect(200);
    closed.rollback().await.unwrap();
    work.await.unwrap();
    assert_eq!(sent(app).await.len(), 1, "the other's mail");
    run_until(app, at("2026-11-24T00:00:00Z")).await;
}

#[tokio::test]
async fn whose_address_changes_after_the_claim_gets_the_mail_there() {
    let app = TestApp::start().await;
    changed_after_the_claim(&app, json!({"email": "moved@company0.example"})).await;
    let mut to: Vec<_> = sent(&app).await.into_iter().map(|(_, email, _)| email).collect();
    to.sort_unstable();
    assert_eq!(to, ["moved@company0.example", "person1@company1.example"]);
    let recalled = "select count(*) from execution_steps where state = 'not_sent'";
    assert_eq!(count(&app, recalled).await, 1, "what was claimed for the old address did not leave");
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn who_is_not_to_be_contacted_from_after_the_claim_on_is_not_written_to() {
    for status in ["do_not_contact", "unsubscribed", "replied"] {
        let app = TestApp::start().await;
        changed_after_the_claim(&app, json!({"status": status})).await;
        assert_eq!(sent(&app).await.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn while_a_step_to_somebody_is_out_no_other_campaign_writes_to_them() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let list = list_of(&app.member(), 1).await;
    let mailbox = account(&app.member(), "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let id = campaign(&app.member(), &[&list], &[&mailbox], two_mails(), schedule()).await;
        let settings = json!({"settings": {"skip_in_another_campaign": false}});
        app.member().patch(&format!("/api/v1/campaigns/{id}"), settings).await.expect(200);
        act(&app.member(), &id, "start").await;
        ids.push(id);
    }
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    // Nobody knows yet what became of one campaign's mail; an answer to it could not be taken in.
    let out = format!("update campaign_executions set status = 'running' where campaign_id = '{}'", ids[0]);
    sqlx::raw_sql(AssertSqlSafe(out)).execute(&app.pool).await.unwrap();
    run_until(&app, at("2026-11-23T08:30:00Z")).await;
    let waits = "select count(*) from campaign_executions where status = 'waiting' and moves @> '[{\"rule\": \"mailbox_unread\"}]'";
    assert_eq!((sent(&app).await.len(), count(&app, waits).await), (0, 1));
    sqlx::raw_sql("update campaign_executions set status = 'waiting' where status = 'running'")
        .execute(&app.pool)
        .await
        .unwrap();
    run_until(&app, at("2026-11-23T12:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 2);
}

#[tokio::test]
async fn nothing_leaves_for_an_organization_that_has_ended_and_nothing_is_looked_up_for_it() {
    let app = TestApp::start().await;
    all_due(&app, 3).await;
    let stop = CancellationToken::new();
    let mut work = pin!(app.state.runs().do_due(&stop));
    let closed = until_claimed(&app, work.as_mut()).await;
    let ended = deleted("organization.deleted", "org_ours", app.now_millis());
    app.deliver("msg_end", &ended).await.expect(200);
    closed.rollback().await.unwrap();
    work.await.unwrap();
    assert_eq!(sent(&app).await.len(), 0);
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sending'").await, 0);
    // Who claimed at that very moment.
    let late = "update execution_steps set state = 'sending', settled_at = null";
    sqlx::raw_sql(late).execute(&app.pool).await.unwrap();
    app.clock.advance(Duration::from_mins(10));
    assert_eq!(app.state.runs().reconcile().await.unwrap().done, 0);
}

/// Has a request wait for what the engine has locked first, has the engine lock what it locks next, and answers with what the request was answered.
async fn in_the_engines_order(
    app: &TestApp,
    (ways, next): (&'static str, &'static str),
    request: impl Future<Output = Answer>,
) -> Answer {
    let mut engine: Transaction<'static, Postgres> = app.pool.begin().await.unwrap();
    sqlx::raw_sql(ways).execute(&mut *engine).await.unwrap();
    let goes_on = async {
        until(app, &format!("select ({WAITING}) > 0")).await;
        sqlx::raw_sql(next).execute(&mut *engine).await.expect("the request has not locked that");
        engine.commit().await.unwrap();
    };
    let both = async { tokio::join!(request, goes_on).0 };
    timeout(Duration::from_secs(30), both).await.expect("neither waits for the other")
}

const WAYS: &str = "select from campaign_executions order by id for update";

#[tokio::test]
async fn whoever_changes_or_deletes_leads_locks_what_the_engine_does_in_its_order() {
    let app = TestApp::start().await;
    all_due(&app, 2).await;
    let lead: uuid::Uuid =
        sqlx::query_scalar("select id from leads order by id limit 1").fetch_one(&app.pool).await.unwrap();
    let member = app.member();
    let then = (WAYS, "update leads set updated_at = updated_at");
    let patch = async { member.patch(&format!("/api/v1/leads/{lead}"), json!({"status": "do_not_contact"})).await };
    in_the_engines_order(&app, then, patch).await.expect(200);
    let all = json!({"filter": {"search": "company"}, "dry_run": false});
    let delete = async { member.post("/api/v1/leads/batch-delete", all).await };
    let gone = in_the_engines_order(&app, then, delete).await.expect(200);
    assert_eq!(gone["deleted"], 2, "{gone}");
}

#[tokio::test]
async fn whoever_takes_an_account_up_locks_what_the_engine_does_in_its_order() {
    let app = TestApp::start().await;
    all_due(&app, 2).await;
    let id: uuid::Uuid = sqlx::query_scalar("select id from connected_accounts").fetch_one(&app.pool).await.unwrap();
    let (member, path) = (app.member(), format!("{ACCOUNTS}/{id}"));
    member.patch(&path, json!({"status": "paused"})).await.expect(200);
    run_until(&app, at("2026-11-23T08:10:00Z")).await;
    let held = "select count(*) from campaign_executions where hold = 'account_unavailable'";
    assert_eq!(count(&app, held).await, 2);
    let then = (WAYS, "select from connected_accounts order by id for no key update");
    let resume = async { member.patch(&path, json!({"status": "connected"})).await };
    in_the_engines_order(&app, then, resume).await.expect(200);
    assert_eq!(count(&app, held).await, 0);
}

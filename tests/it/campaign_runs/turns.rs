//! Whose turn it is: organizations share the places of a process.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    CAMPAIGNS, MONDAY, account, act, at, campaign, count, list_of, nobody, run_until, schedule, sent, two_mails,
};
use crate::support::{
    Caller, TestApp,
    fake_hook::{FakeHook, Hook},
};

/// How long something is waited for that surely comes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running campaign over everybody on `list`, whoever else writes to them.
async fn running(caller: &Caller, list: &str, mailbox: &str, workflow: Value) -> String {
    let id = campaign(caller, &[list], &[mailbox], workflow, schedule()).await;
    let settings = json!({"settings": {"skip_in_another_campaign": false}});
    caller.patch(&format!("{CAMPAIGNS}/{id}"), settings).await.expect(200);
    act(caller, &id, "start").await;
    id
}

#[tokio::test]
async fn one_organization_with_slow_campaigns_keeps_no_other_waiting() {
    let (app, hook) = (TestApp::start().await, FakeHook::start().await);
    app.clock.set(at(MONDAY));
    hook.answer(Hook::Stall);
    let (ours, theirs) = (app.member(), app.outsider());
    let list = list_of(&ours, 1).await;
    let mailbox = account(&ours, "email", nobody(json!({})), json!({})).await;
    let slow = json!({"nodes": [{"id": "tell", "type": "webhook", "config": {"url": hook.url()}}]});
    for _ in 0..9 {
        running(&ours, &list, &mailbox, slow.clone()).await;
    }
    let list = list_of(&theirs, 1).await;
    let mailbox = account(&theirs, "email", nobody(json!({})), json!({})).await;
    running(&theirs, &list, &mailbox, two_mails()).await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();

    let (state, stop) = (app.state.clone(), CancellationToken::new());
    let stopped = stop.clone();
    let work = tokio::spawn(async move { state.runs().do_due(&stopped).await });
    // All that the slow ones may have, they have; then something becomes due elsewhere.
    timeout(PATIENCE, async {
        while hook.calls().len() < 4 {
            hook.called().await;
        }
    })
    .await
    .expect("four calls");
    assert!(sent(&app).await.is_empty());
    app.clock.set(at("2026-11-23T08:01:00Z"));
    timeout(PATIENCE, async {
        while sent(&app).await.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the other organization's mail");
    stop.cancel();
    work.abort();
}

#[tokio::test]
async fn each_organization_comes_first_once_before_any_comes_twice() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let (ours, theirs) = (app.member(), app.outsider());
    for (caller, campaigns) in [(&ours, 5), (&theirs, 2)] {
        let list = list_of(caller, 1).await;
        let mailbox = account(caller, "email", nobody(json!({})), json!({"spacing_seconds": 0})).await;
        for _ in 0..campaigns {
            running(caller, &list, &mailbox, two_mails()).await;
        }
    }
    let turns = async |due: Vec<clento::repositories::RunningCampaignRef>| {
        let ours = app.organization_id("org_ours").await;
        due.iter().map(|of| of.organization.to_string() == ours.to_string()).collect::<Vec<_>>()
    };
    let db = app.state.db();
    let begin = turns(db.campaigns_to_begin(at(MONDAY), 4).await.unwrap()).await;
    assert_eq!(begin.iter().filter(|ours| **ours).count(), 2, "{begin:?}");
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    // Ours have been due longest, all of them.
    let older = "update campaign_executions e set next_run_at = next_run_at - interval '1 minute'
                 from organizations o where o.id = e.organization_id and o.clerk_organization_id = 'org_ours'";
    sqlx::raw_sql(older).execute(&app.pool).await.unwrap();
    let due = db.campaigns_with_due_steps(at("2026-11-23T12:00:00Z"), &[], 100).await.unwrap();
    let due = turns(due).await;
    assert_eq!(due[..4].iter().filter(|ours| **ours).count(), 2, "{due:?}");
    assert_eq!(due[4..], [true; 3]);
    // No two of them write to the one person at once.
    app.clock.set(at("2026-11-23T12:00:00Z"));
    run_until(&app, at("2026-11-23T12:30:00Z")).await;
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sent'").await, 7);
}

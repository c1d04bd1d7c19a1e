//! Starting, pausing, resuming and stopping.

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    CAMPAIGNS, EXECUTIONS, MONDAY, WAITING, account, act, assert_nothing_twice, at, campaign, count, list_of, nobody,
    run_until, schedule, sent, tick, two_mails, two_mails_to,
};
use crate::{mailboxes::until, support::TestApp};

#[tokio::test]
async fn what_keeps_a_campaign_from_starting_is_told_at_once_and_nothing_starts() {
    let app = TestApp::start().await;
    let member = app.member();
    let body = json!({"name": "Empty"});
    let id = member.post(CAMPAIGNS, body).await.expect(201)["id"].as_str().unwrap().to_owned();
    let problem =
        member.post(&format!("{CAMPAIGNS}/{id}/start"), json!({})).await.expect_problem(422, "validation_failed");
    assert!(problem["errors"].as_array().unwrap().len() >= 4, "{problem}");
    assert_eq!(member.get(&format!("{CAMPAIGNS}/{id}")).await.expect(200)["status"], "draft");
    for verb in ["pause", "resume", "stop"] {
        let problem = member.post(&format!("{CAMPAIGNS}/{id}/{verb}"), json!({})).await.expect(409);
        assert_eq!(problem["state"], "draft", "{problem}");
    }
}

#[tokio::test]
async fn a_pause_holds_all_and_a_resumption_goes_on_without_a_rush() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 40).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 600})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    assert_eq!(act(&member, &id, "start").await["status"], "running");
    assert_eq!(act(&member, &id, "start").await["status"], "running", "asked for again it changes nothing");
    run_until(&app, at("2026-11-23T10:00:00Z")).await;
    let before = sent(&app).await.len();
    assert!((8..=14).contains(&before), "{before}");
    assert_eq!(act(&app.member(), &id, "pause").await["status"], "paused");
    assert_eq!(act(&app.member(), &id, "pause").await["status"], "paused");
    run_until(&app, at("2026-11-25T10:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), before, "nothing is sent in a pause");
    assert_eq!(act(&app.member(), &id, "resume").await["status"], "running");
    run_until(&app, at("2026-11-25T11:00:00Z")).await;
    let after = sent(&app).await.len() - before;
    assert!((1..=7).contains(&after), "{after} in the first hour");
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 80);
    assert_nothing_twice(&app).await;
    let audited =
        "select string_agg(action, ',' order by occurred_at, id) from audit_logs where entity_type = 'campaign'";
    let audited: String = sqlx::query_scalar(audited).fetch_one(&app.pool).await.unwrap();
    assert_eq!(audited, "campaign.created,campaign.started,campaign.paused,campaign.resumed,campaign.completed");
}

#[tokio::test]
async fn when_a_pause_is_answered_nothing_more_is_sent_whoever_is_at_work() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 3_000).await;
    let terms = json!({"spacing_seconds": 0, "limits": {"send_email": {"per_day": 10_000}}});
    let mailbox = account(&member, "email", nobody(json!({})), terms).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    app.clock.set(at("2026-11-23T08:30:00Z"));
    let (replica, other) = (app.replica().await, app.replica().await);
    let (stop, acts) = (CancellationToken::new(), "select count(*) from sandbox_acts");
    let work = |app: &TestApp| {
        let (runs, stop) = (app.state.runs().clone(), stop.clone());
        async move {
            while !stop.is_cancelled() {
                runs.do_due(&stop).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    };
    let pause = async {
        let (mut before, mut paused) = (0, 0);
        while before < 3_000 {
            // In the middle of their work, as soon as anything was sent.
            while count(&app, acts).await == before {
                tokio::task::yield_now().await;
            }
            act(&app.member(), &id, "pause").await;
            let at_once = count(&app, acts).await;
            assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sending'").await, 0);
            for _ in 0..5 {
                app.state.runs().do_due(&stop).await.unwrap();
            }
            assert_eq!(count(&app, acts).await, at_once, "something was sent in the pause");
            paused += usize::from(at_once < 3_000);
            before = at_once;
            act(&app.member(), &id, "resume").await;
            // What a pause kept back is tried again after a breath.
            app.clock.advance(std::time::Duration::from_secs(6));
        }
        stop.cancel();
        paused
    };
    let (paused, (), ()) = tokio::join!(pause, work(&replica), work(&other));
    assert!(paused > 0, "no pause came in the middle");
    assert_nothing_twice(&app).await;
}

#[tokio::test]
async fn a_stop_ends_every_way() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 30).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({"spacing_seconds": 600})).await;
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), schedule()).await;
    act(&member, &id, "start").await;
    run_until(&app, at("2026-11-23T10:00:00Z")).await;
    let before = sent(&app).await.len();
    assert_eq!(act(&app.member(), &id, "stop").await["status"], "stopped");
    run_until(&app, at("2027-01-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), before);
    assert_eq!(count(&app, "select count(*) from campaign_executions where status = 'stopped'").await, 30);
    app.member().post(&format!("{CAMPAIGNS}/{id}/resume"), json!({})).await.expect_problem(409, "campaign_not_paused");
}

#[tokio::test]
async fn a_campaign_starts_when_its_schedule_says_so_and_takes_in_who_comes_later() {
    let app = TestApp::start().await;
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, 3).await;
    let mailbox = account(&member, "email", nobody(json!({})), json!({})).await;
    let mut later = schedule();
    later["start_at"] = json!("2026-11-25T10:00:00Z");
    let id = campaign(&member, &[&list], &[&mailbox], two_mails(), later).await;
    assert_eq!(act(&member, &id, "start").await["status"], "scheduled");
    run_until(&app, at("2026-11-25T09:59:00Z")).await;
    assert_eq!(sent(&app).await.len(), 0);
    run_until(&app, at("2026-11-25T11:00:00Z")).await;
    assert_eq!(app.member().get(&format!("{CAMPAIGNS}/{id}")).await.expect(200)["status"], "running");
    assert_eq!(sent(&app).await.len(), 3);
    let late = json!({"lead_list_id": list, "email": "late@company.example", "first_name": "Late", "company": "Late"});
    app.member().post("/api/v1/leads", late).await.expect(201);
    app.clock.advance(std::time::Duration::from_mins(1));
    tick(&app).await;
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!(sent(&app).await.len(), 8);
    assert_eq!(app.member().get(&format!("{CAMPAIGNS}/{id}")).await.expect(200)["status"], "completed");
}

#[tokio::test]
async fn a_person_can_skip_a_step_and_end_a_way() {
    let (app, id) = two_mails_to(2).await;
    act(&app.member(), &id, "start").await;
    run_until(&app, at("2026-11-23T07:30:00Z")).await;
    let rows = app.member().get(&format!("{CAMPAIGNS}/{id}/executions")).await.expect(200);
    let ids: Vec<_> =
        rows["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    let path = |id: &str, verb: &str| format!("{EXECUTIONS}/{id}/{verb}");
    app.member().post(&path(&ids[0], "retry"), json!({})).await.expect_problem(409, "nothing_to_retry");
    let skipped = app.member().post(&path(&ids[0], "skip"), json!({})).await.expect(200);
    assert_eq!((&skipped["node_id"], &skipped["status"]), (&json!("bump"), &json!("waiting")));
    let stopped = app.member().post(&path(&ids[1], "stop"), json!({})).await.expect(200);
    assert_eq!(stopped["status"], "stopped");
    app.member().post(&path(&ids[1], "skip"), json!({})).await.expect_problem(409, "nothing_to_skip");
    app.outsider().post(&path(&ids[0], "skip"), json!({})).await.expect_problem(404, "campaign_execution_not_found");
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    let sent = sent(&app).await;
    assert_eq!(sent.iter().map(|(node, ..)| node.as_str()).collect::<Vec<_>>(), ["bump"]);
    app.member().post(&path(&ids[1], "retry"), json!({})).await.expect_problem(409, "campaign_over");
}

#[tokio::test]
async fn who_leaves_out_a_step_by_hand_holds_nothing_while_a_pause_is_under_way() {
    let (app, id) = two_mails_to(1).await;
    act(&app.member(), &id, "start").await;
    tick(&app).await;
    // A pause first waits for the engine's transactions, and then for the campaign.
    let mut pausing = app.pool.begin().await.unwrap();
    let turn = "select pg_advisory_xact_lock(hashtextextended('suppressions.' || organization_id, 0)) from campaigns";
    sqlx::raw_sql(turn).execute(&mut *pausing).await.unwrap();
    let execution: uuid::Uuid =
        sqlx::query_scalar("select id from campaign_executions").fetch_one(&app.pool).await.unwrap();
    let pause = async {
        until(&app, &format!("select ({WAITING}) > 0")).await;
        sqlx::raw_sql("select from campaigns for update nowait").execute(&mut *pausing).await.unwrap();
        pausing.rollback().await.unwrap();
    };
    let path = format!("{EXECUTIONS}/{execution}/skip");
    let member = app.member();
    let (skipped, ()) = tokio::join!(member.post(&path, json!({})), pause);
    assert_eq!(skipped.expect(200)["node_id"], "bump");
}

#[tokio::test]
async fn a_failed_step_is_tried_again_though_the_campaign_has_come_to_its_end() {
    let (app, id) = two_mails_to(2).await;
    act(&app.member(), &id, "start").await;
    tick(&app).await;
    // A provider refuses everything, as long as it is asked.
    let unwilling = "update campaign_executions set status = 'failed', status_reason = 'temporary', next_run_at = null, action = null";
    sqlx::raw_sql(unwilling).execute(&app.pool).await.unwrap();
    run_until(&app, at("2026-11-24T07:00:00Z")).await;
    let status = async || app.member().get(&format!("{CAMPAIGNS}/{id}")).await.expect(200)["status"].clone();
    assert_eq!(status().await, "completed");
    let rows = app.member().get(&format!("{CAMPAIGNS}/{id}/executions")).await.expect(200);
    let path = |verb: &str| format!("{EXECUTIONS}/{}/{verb}", rows["data"][0]["id"].as_str().unwrap());
    app.member().post(&path("skip"), json!({})).await.expect_problem(409, "campaign_over");
    let retried = app.member().post(&path("retry"), json!({})).await.expect(200);
    assert_eq!((&retried["status"], status().await), (&json!("waiting"), json!("running")));
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!((sent(&app).await.len(), status().await), (2, json!("completed")));
    let log = "select count(*) from audit_logs where action = 'campaign.reopened'";
    assert_eq!(count(&app, log).await, 1);
}

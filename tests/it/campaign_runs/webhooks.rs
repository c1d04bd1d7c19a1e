//! Webhook steps: called at least once, told apart by an id, signed, and never led elsewhere.

use std::{collections::HashSet, time::Duration};

use chrono::TimeDelta;
use clento::utils::clock::Clock as _;
use serde_json::{Value, json};
use svix::webhooks::Webhook;
use tokio_util::sync::CancellationToken;

use super::{CAMPAIGNS, EXECUTIONS, MONDAY, act, at, campaign, count, list_of, nobody, run_until, schedule, tick};
use crate::support::{
    Caller, TestApp,
    fake_hook::{FakeHook, Hook},
};

/// A webhook, and a step after it that nobody needs.
fn workflow(url: &str) -> Value {
    json!({
        "nodes": [{"id": "tell", "type": "webhook", "config": {"url": url}}, {"id": "rest", "type": "wait"}],
        "edges": [{"source": "tell", "target": "rest", "delay": {"value": 1, "unit": "hours"}}]
    })
}

/// A running campaign that calls `url` for so many leads, all of whom are due now.
async fn telling(app: &TestApp, url: &str, leads: usize) -> String {
    app.clock.set(at(MONDAY));
    let member = app.member();
    let list = list_of(&member, leads).await;
    let mailbox = super::account(&member, "email", nobody(json!({})), json!({})).await;
    let id = campaign(&member, &[&list], &[&mailbox], workflow(url), schedule()).await;
    act(&member, &id, "start").await;
    id
}

async fn only_execution(caller: &Caller, campaign: &str) -> Value {
    let listed = caller.get(&format!("{CAMPAIGNS}/{campaign}/executions")).await.expect(200);
    let id = listed["data"][0]["id"].as_str().unwrap();
    caller.get(&format!("{EXECUTIONS}/{id}")).await.expect(200)
}

const SECRET: &str = "/api/v1/webhook-secret";

/// Minutes until the only lead goes on.
async fn minutes(app: &TestApp, campaign: &str) -> i64 {
    let execution = only_execution(&app.member(), campaign).await;
    (at(execution["next_run_at"].as_str().unwrap()) - app.clock.now()).num_minutes()
}

async fn pass(app: &TestApp, time: TimeDelta) {
    app.clock.advance(time.to_std().unwrap());
    tick(app).await;
}

#[tokio::test]
async fn a_receiver_is_told_of_the_lead_and_can_tell_who_calls() {
    let (app, hook) = (TestApp::start().await, FakeHook::start().await);
    app.clock.set(at(MONDAY));
    let admin = app.admin();
    assert_eq!(admin.get(SECRET).await.expect(200)["version"], 0);
    let first = admin.post(&format!("{SECRET}/rotate"), json!(null)).await.expect(200);
    let second = admin.post(&format!("{SECRET}/rotate"), json!(null)).await.expect(200);
    let id = telling(&app, &hook.url(), 1).await;
    tick(&app).await;

    let [call] = &hook.calls()[..] else { panic!("called once") };
    let execution = only_execution(&admin, &id).await;
    assert_eq!(call.path, "/hook");
    assert_eq!(call.id(), format!("{}_tell", execution["id"].as_str().unwrap()));
    assert_eq!(call.headers["idempotency-key"], call.id());
    assert_eq!(call.headers["content-type"], "application/json");
    let timestamp = app.clock.now().timestamp();
    assert_eq!(call.headers["webhook-timestamp"], timestamp.to_string());
    let signatures: HashSet<_> = call.headers["webhook-signature"].split(' ').map(str::to_owned).collect();
    let signed = |made: &Value| {
        Webhook::new(made["secret"].as_str().unwrap()).unwrap().sign(call.id(), timestamp, &call.raw).unwrap()
    };
    assert_eq!(signatures, HashSet::from([signed(&first), signed(&second)]), "both secrets are in force");
    let body = call.body();
    assert_eq!((&body["type"], &body["data"]["node_id"]), (&json!("campaign.step"), &json!("tell")));
    assert_eq!(body["data"]["campaign"], json!({"id": id, "name": "Campaign"}));
    assert_eq!((&body["data"]["execution_id"], &body["data"]["attempt"]), (&execution["id"], &json!(1)));
    assert_eq!(
        (&body["data"]["lead"]["email"], &body["data"]["lead"]["company"]),
        (&json!("person0@company0.example"), &json!("Company 0"))
    );

    let step = &execution["steps"][0];
    assert_eq!(
        (&step["action"], &step["state"], &step["account_id"], &step["provider_id"]),
        (&json!("webhook"), &json!("sent"), &json!(null), &json!("204"))
    );
    assert_eq!(execution["node_id"], "rest");
    let statistics = admin.get(&format!("{CAMPAIGNS}/{id}/statistics")).await.expect(200);
    assert_eq!(statistics["nodes"][0]["sent"], 1, "{statistics}");
    assert_eq!(count(&app, "select count(*) from activities where type = 'webhook_called'").await, 1);
    assert_eq!(count(&app, "select count(*) from account_usage").await, 0, "nobody's account did it");

    // The secrets are in no other answer and in no log.
    let told = admin.get(SECRET).await.expect(200).to_string();
    let audited = admin.get("/api/v1/audit-logs?limit=200").await.expect(200).to_string();
    assert!(audited.contains("webhook_secret.rotated"));
    for secret in [&first["secret"], &second["secret"]] {
        let secret = secret.as_str().unwrap().trim_start_matches("whsec_");
        assert!(!told.contains(secret) && !audited.contains(secret));
        let stored = format!("select count(*) from webhook_secrets s where s::text like '%{secret}%'");
        assert_eq!(count(&app, &stored).await, 0, "it is sealed");
    }

    // A day after the rotation only the new one is.
    pass(&app, TimeDelta::hours(25)).await;
    telling_again(&app, &hook).await;
    let call = hook.calls().pop().unwrap();
    let timestamp = call.headers["webhook-timestamp"].parse().unwrap();
    let expected = Webhook::new(second["secret"].as_str().unwrap()).unwrap().sign(call.id(), timestamp, &call.raw);
    assert_eq!(call.headers["webhook-signature"], expected.unwrap());
}

async fn telling_again(app: &TestApp, hook: &FakeHook) {
    let member = app.member();
    let list = super::made(&member, "/api/v1/lead-lists", json!({"name": "More"})).await;
    let lead = json!({"lead_list_id": list, "leads": [super::person(77)]});
    member.post("/api/v1/leads/batch", lead).await.expect(200);
    let mailbox = super::account(&member, "email", nobody(json!({})), json!({})).await;
    let id = campaign(&member, &[&list], &[&mailbox], workflow(&hook.url()), schedule()).await;
    act(&member, &id, "start").await;
    tick(app).await;
}

#[tokio::test]
async fn what_may_pass_is_tried_again_under_the_same_id_until_a_person_is_asked() {
    let (app, hook) = (TestApp::start().await, FakeHook::start().await);
    hook.answer(Hook::Status(503));
    let id = telling(&app, &hook.url(), 1).await;
    tick(&app).await;
    assert!(!hook.calls()[0].headers.contains_key("webhook-signature"), "there is no secret to sign with");
    let answers = [Hook::Reset, Hook::Status(500), Hook::Wait(429, 4 * 3_600), Hook::Status(408), Hook::Status(502)];
    for (expected, answer) in [1, 5, 30, 4 * 60, 5 * 60].into_iter().zip(answers) {
        assert_eq!(minutes(&app, &id).await, expected);
        hook.answer_once(answer);
        pass(&app, TimeDelta::minutes(expected)).await;
    }
    assert_eq!(minutes(&app, &id).await, 10 * 60);
    pass(&app, TimeDelta::hours(10)).await;
    let held = only_execution(&app.member(), &id).await;
    assert_eq!((&held["status"], &held["hold"]), (&json!("waiting"), &json!("webhook_failed")));
    assert_eq!(held["status_reason"], "The webhook took nothing in 7 attempts: webhook_failed.");
    let reasons: Vec<_> =
        held["steps"].as_array().unwrap().iter().map(|step| step["reason"].as_str().unwrap()).collect();
    let expected = [
        "webhook_failed",
        "webhook_no_answer",
        "webhook_failed",
        "webhook_busy",
        "webhook_busy",
        "webhook_failed",
        "webhook_failed",
    ];
    assert_eq!(reasons, expected);

    let calls = hook.calls();
    let ids: HashSet<_> = calls.iter().map(|call| call.id().to_owned()).collect();
    assert_eq!((calls.len(), ids.len()), (7, 1));
    let attempts: Vec<_> = calls.iter().map(|call| call.body()["data"]["attempt"].as_i64().unwrap()).collect();
    assert_eq!(attempts, [1, 2, 3, 4, 5, 6, 7]);

    hook.answer(None);
    act_on(&app, &held, "retry").await;
    tick(&app).await;
    assert_eq!(hook.calls().pop().unwrap().id(), calls[0].id());
    run_until(&app, at("2026-12-31T00:00:00Z")).await;
    assert_eq!(only_execution(&app.member(), &id).await["status"], "completed");
}

async fn act_on(app: &TestApp, execution: &Value, act: &str) {
    let path = format!("{EXECUTIONS}/{}/{act}", execution["id"].as_str().unwrap());
    app.member().post(&path, json!(null)).await.expect(200);
}

#[tokio::test]
async fn what_no_repetition_can_mend_holds_the_lead_until_the_workflow_is_mended() {
    let (app, hook, other) = (TestApp::start().await, FakeHook::start().await, FakeHook::start().await);
    let answers = [Hook::Status(400), Hook::Status(410), Hook::Redirect(other.url()), Hook::Status(404)];
    hook.answer_once(answers[0].clone());
    let id = telling(&app, &hook.url(), 1).await;
    tick(&app).await;
    let expected = [
        ("webhook_rejected", "400"),
        ("webhook_gone", "410"),
        ("webhook_redirected", "307"),
        ("webhook_rejected", "404"),
    ];
    for (i, (reason, status)) in expected.into_iter().enumerate() {
        let held = only_execution(&app.member(), &id).await;
        let last = held["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (&held["hold"], &last["state"], &last["reason"]),
            (&json!("webhook_failed"), &json!("failed"), &json!(reason))
        );
        assert!(held["status_reason"].as_str().unwrap().contains(status), "{held}");
        if let Some(answer) = answers.get(i + 1) {
            hook.answer_once(answer.clone());
            act_on(&app, &held, "retry").await;
            tick(&app).await;
        }
    }
    assert_eq!(hook.calls().len(), 4);
    assert_eq!(other.calls().len(), 0, "nobody is led elsewhere");
    // Mending the address is enough.
    let path = format!("{CAMPAIGNS}/{id}");
    app.member().patch(&path, json!({"workflow": workflow(&other.url())})).await.expect(200);
    tick(&app).await;
    assert_eq!(other.calls().len(), 1);
    assert_eq!(only_execution(&app.member(), &id).await["node_id"], "rest");
}

#[tokio::test]
async fn a_receiver_that_takes_nothing_now_is_not_asked_for_everybody() {
    let (app, hook) = (TestApp::start().await, FakeHook::start().await);
    hook.answer(Hook::Status(503));
    telling(&app, &hook.url(), 100).await;
    tick(&app).await;
    let asked = hook.calls().len();
    assert!((1..=16).contains(&asked), "{asked}");
    let rest = "select count(*) from execution_steps where reason = 'webhook_rests'";
    assert_eq!(count(&app, rest).await, 100 - i64::try_from(asked).unwrap());
    hook.answer(None);
    run_until(&app, at("2026-11-24T00:00:00Z")).await;
    assert_eq!(count(&app, "select count(*) from execution_steps where state = 'sent'").await, 100);
}

#[tokio::test]
async fn whoever_dies_over_a_call_is_followed_by_one_under_the_same_id() {
    let (app, hook) = (TestApp::start().await, FakeHook::start().await);
    hook.answer_once(Hook::Stall);
    let id = telling(&app, &hook.url(), 1).await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    let stop = CancellationToken::new();
    tokio::select! {
        _ = app.state.runs().do_due(&stop) => panic!("the receiver does not answer"),
        () = hook.called() => {}
    }
    assert_eq!(only_execution(&app.member(), &id).await["status"], "running");
    pass(&app, TimeDelta::seconds(59)).await;
    assert_eq!(hook.calls().len(), 1, "its lease is not over");
    pass(&app, TimeDelta::seconds(2)).await;
    pass(&app, TimeDelta::seconds(5)).await;
    let calls = hook.calls();
    assert_eq!((calls.len(), calls[0].id()), (2, calls[1].id()));
    let steps = only_execution(&app.member(), &id).await["steps"].clone();
    assert_eq!((&steps[0]["reason"], &steps[1]["state"]), (&json!("webhook_outcome_lost"), &json!("sent")));
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_given_up_in_time() {
    let app = TestApp::start_with(|server| server.campaign_lease = Duration::from_millis(1_500)).await;
    let hook = FakeHook::start().await;
    hook.answer_once(Hook::Stall);
    let id = telling(&app, &hook.url(), 1).await;
    tick(&app).await;
    let steps = only_execution(&app.member(), &id).await["steps"].clone();
    assert_eq!((&steps[0]["state"], &steps[0]["reason"]), (&json!("not_sent"), &json!("webhook_no_answer")));
    assert_eq!(minutes(&app, &id).await, 1);
}

#[tokio::test]
async fn two_workers_call_for_each_lead_once() {
    let (app, hook) = (TestApp::start().await, FakeHook::start().await);
    telling(&app, &hook.url(), 300).await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    let other = app.replica().await;
    let stop = CancellationToken::new();
    let (one, two) = tokio::join!(app.state.runs().do_due(&stop), other.state.runs().do_due(&stop));
    one.unwrap();
    two.unwrap();
    tick(&app).await;
    let ids: HashSet<_> = hook.calls().iter().map(|call| call.id().to_owned()).collect();
    assert_eq!((hook.calls().len(), ids.len()), (300, 300));
}

#[tokio::test]
async fn a_paused_campaign_calls_nobody() {
    let (app, hook) = (TestApp::start().await, FakeHook::start().await);
    let id = telling(&app, &hook.url(), 3).await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    act(&app.member(), &id, "pause").await;
    tick(&app).await;
    assert_eq!(hook.calls().len(), 0);
    act(&app.member(), &id, "resume").await;
    tick(&app).await;
    assert_eq!(hook.calls().len(), 3);
}

#[tokio::test]
async fn no_webhook_leads_into_our_own_network() {
    let app = TestApp::start().await;
    let hook = FakeHook::start().await;
    let id = telling(&app, &hook.url(), 1).await;
    app.state.runs().enrol_all().await.unwrap();
    app.state.runs().begin_due().await.unwrap();
    // A server that reaches public addresses only takes over: the address is checked again at each call.
    let database = app.database.share();
    let db = database.open();
    let strict = TestApp::start_on(database, db, app.clock.clone(), |server| server.outbound_anywhere = false).await;
    strict.state.runs().do_due(&CancellationToken::new()).await.unwrap();
    let held = only_execution(&strict.member(), &id).await;
    assert_eq!(
        (&held["hold"], &held["steps"][0]["reason"]),
        (&json!("webhook_failed"), &json!("webhook_address_refused"))
    );
    assert_eq!(hook.calls().len(), 0);
    for (url, code) in [
        (format!("{}/other", hook.url()), "url_not_https"),
        ("https://127.0.0.1:8443/".into(), "url_not_public"),
        ("https://169.254.169.254/".into(), "url_not_public"),
        ("https://localhost/".into(), "url_not_public"),
    ] {
        let path = format!("{CAMPAIGNS}/{id}");
        let problem = strict.member().patch(&path, json!({"workflow": workflow(&url)})).await;
        let problem = problem.expect_problem(422, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!("/workflow/nodes/0/config/url"), &json!(code)),
            "{url}"
        );
    }
}

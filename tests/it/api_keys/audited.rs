//! Every use of a key is in the audit log, with the key as the actor.

use std::time::Duration;

use clento::utils::clock::Clock as _;
use serde_json::{Value, json};

use super::{LEADS, LISTS, holder, make, path_of, rotate, secret_of};
use crate::support::TestApp;

/// The lines about uses of `key`, the oldest first, and that the chain holds with them.
async fn uses(app: &TestApp, key: &Value) -> Vec<Value> {
    clento::workers::seal_once(&app.state).await.unwrap();
    assert_eq!(app.admin().get("/api/v1/audit-logs/verify").await.expect(200)["valid"], true);
    let query =
        format!("/api/v1/audit-logs?action=api_key.used&sort=created_at&actor_id={}", key["id"].as_str().unwrap());
    app.admin().get(&query).await.expect(200)["data"].as_array().unwrap().clone()
}

/// What a line tells: the operation, how many requests, and how they were answered.
fn told(line: &Value) -> (&str, u64, &Value) {
    let after = &line["after"];
    (after["operation"].as_str().unwrap(), after["requests"].as_u64().unwrap(), &after["statuses"])
}

#[tokio::test]
async fn what_a_key_reads_is_told_within_seconds_and_then_by_the_hour() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    let program = holder(&app, secret_of(&key));
    let lead = program.post(LEADS, json!({"email": "ada@acme.com"})).await.expect(201);
    let one = format!("{LEADS}/{}", lead["id"].as_str().unwrap());
    let first = app.clock.now();
    program.get(&one).await.expect(200);
    app.clock.advance(Duration::from_secs(1));
    program.get(&one).await.expect(200);
    program.get(&format!("{LEADS}/01933b6e-8f2a-7c31-9d55-0a4b7c1e2f90")).await.expect(404);
    assert_eq!(uses(&app, &key).await, Vec::<Value>::new(), "reading writes nothing by itself");
    app.state.api_keys().tell_uses().await.unwrap();
    let lines = uses(&app, &key).await;
    let mut about: Vec<_> = lines.iter().map(told).collect();
    about.sort_by_key(|line| line.0);
    let expected =
        [("GET /api/v1/leads/{id}", 3, &json!({"200": 2, "404": 1})), ("POST /api/v1/leads", 1, &json!({"201": 1}))];
    assert_eq!(about, expected);
    for line in &lines {
        assert_eq!((&line["actor"]["type"], &line["actor"]["id"]), (&json!("api_key"), &key["id"]));
        assert_eq!((&line["entity"]["id"], &line["before"]), (&key["id"], &json!(null)));
        assert_eq!((&line["ip_address"], &line["request_id"]), (&json!("127.0.0.1"), &json!(null)));
        assert_eq!(line["after"]["first_at"], json!(first), "{line}");
    }

    program.get(&one).await.expect(200);
    program.get(LISTS).await.expect(200);
    assert_eq!(app.state.api_keys().tell_uses().await.unwrap(), 1, "what is new, and not what was told this hour");
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(app.state.api_keys().tell_uses().await.unwrap(), 1);
    let lines = uses(&app, &key).await;
    assert_eq!(told(&lines[2]), ("GET /api/v1/lead-lists", 1, &json!({"200": 1})));
    assert_eq!(told(&lines[3]), ("GET /api/v1/leads/{id}", 1, &json!({"200": 1})));
    assert_eq!(app.admin().get(&path_of(&key)).await.expect(200)["version"], 1);
}

#[tokio::test]
async fn what_a_key_is_refused_is_told_too() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    let program = holder(&app, secret_of(&key));
    program.get("/api/v1/campaigns").await.expect(403);
    program.get("/api/v1/audit-logs").await.expect(403);
    rotate(&app, &key, 0).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    program.get(LISTS).await.expect(401);
    app.state.api_keys().tell_uses().await.unwrap();
    let lines = uses(&app, &key).await;
    let mut about: Vec<_> = lines.iter().map(told).collect();
    about.sort_by_key(|line| line.0);
    let (forbidden, ended) = (json!({"403": 1}), json!({"401": 1}));
    let expected = [
        ("GET /api/v1/audit-logs", 1, &forbidden),
        ("GET /api/v1/campaigns", 1, &forbidden),
        ("GET /api/v1/lead-lists", 1, &ended),
    ];
    assert_eq!(about, expected);
    let theirs = app.outsider().get("/api/v1/audit-logs?action=api_key.used").await.expect(200);
    assert_eq!(theirs["data"], json!([]));
}

#[tokio::test]
async fn what_could_not_be_told_is_told_later_and_once() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    holder(&app, secret_of(&key)).get(LISTS).await.expect(200);
    sqlx::query("alter table audit_logs rename to away").execute(&app.pool).await.unwrap();
    app.state.api_keys().tell_uses().await.unwrap_err();
    app.state.api_keys().tell_all_uses().await.unwrap_err();
    sqlx::query("alter table away rename to audit_logs").execute(&app.pool).await.unwrap();
    assert_eq!(app.state.api_keys().tell_all_uses().await.unwrap(), 1);
    assert_eq!(app.state.api_keys().tell_all_uses().await.unwrap(), 0);
    assert_eq!(uses(&app, &key).await.len(), 1);
}

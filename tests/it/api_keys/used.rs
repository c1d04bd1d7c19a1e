//! What a key's use leaves behind: when it was used, and that it was the key that did it.

use std::time::Duration;

use chrono::TimeDelta;
use clento::utils::clock::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{LEADS, LISTS, holder, make, path_of, rotate, secret_of};
use crate::support::TestApp;

/// When the key was last used, as the list shows it, once every note is written.
async fn last_use(app: &TestApp, key: &Value) -> Value {
    app.state.api_keys().settle().await;
    app.admin().get(&path_of(key)).await.expect(200)["last_used_at"].clone()
}

#[tokio::test]
async fn a_use_is_noted_at_most_once_a_minute() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let key = make(&app).await;
    let program = holder(&app, secret_of(&key));
    assert_eq!(last_use(&app, &key).await, json!(null));
    let first = app.clock.now();
    program.get(LISTS).await.expect(200);
    assert_eq!(last_use(&app, &key).await, json!(first));
    app.clock.advance(Duration::from_secs(59));
    for server in [&app, &replica] {
        holder(server, secret_of(&key)).get(LISTS).await.expect(200);
        assert_eq!(last_use(server, &key).await, json!(first));
    }
    app.clock.advance(Duration::from_secs(2));
    program.get(LISTS).await.expect(200);
    assert_eq!(last_use(&app, &key).await, json!(first + TimeDelta::seconds(61)));
    assert_eq!(app.admin().get(&path_of(&key)).await.expect(200)["version"], 1, "to use a key is not to change it");
}

#[tokio::test]
async fn each_secret_tells_whether_it_is_still_used() {
    let app = TestApp::start().await;
    let old = make(&app).await;
    let new = rotate(&app, &old, 3_600).await.expect(200);
    holder(&app, secret_of(&new)).get(LISTS).await.expect(200);
    app.state.api_keys().settle().await;
    let shown = app.admin().get(&path_of(&old)).await.expect(200);
    assert_eq!(shown["earlier_secrets"][0]["last_used_at"], json!(null));
    app.clock.advance(Duration::from_mins(2));
    let now = app.clock.now();
    holder(&app, secret_of(&old)).get(LISTS).await.expect(200);
    app.state.api_keys().settle().await;
    let shown = app.admin().get(&path_of(&old)).await.expect(200);
    assert_eq!((&shown["earlier_secrets"][0]["last_used_at"], &shown["last_used_at"]), (&json!(now), &json!(now)));
}

#[tokio::test]
async fn a_note_that_cannot_be_written_fails_nobody() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    let mut lock = app.pool.begin().await.unwrap();
    sqlx::query("select from api_keys for update").execute(&mut *lock).await.unwrap();
    holder(&app, secret_of(&key)).get(LISTS).await.expect(200);
    lock.rollback().await.unwrap();
    assert_eq!(last_use(&app, &key).await, json!(app.clock.now()), "it only came later");
}

#[tokio::test]
async fn what_a_key_did_names_the_key() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    let program = holder(&app, secret_of(&key));
    // The log is in the order of time.
    let next = || app.clock.advance(Duration::from_millis(1));
    let list = program.post(LISTS, json!({"name": "From Clay"})).await.expect(201);
    next();
    assert_eq!((&list["created_by"], &list["source"]), (&json!(null), &json!("api")));
    let said = program.post(LISTS, json!({"name": "Said", "source": "clay"})).await.expect(201);
    assert_eq!(said["source"], "clay");
    next();
    let lead = program.post(LEADS, json!({"email": "ada@acme.com"})).await.expect(201);
    assert_eq!(lead["source"], "api");
    next();
    let by_hand = app.member().post(LEADS, json!({"email": "eve@acme.com"})).await.expect(201);
    assert_eq!(by_hand["source"], "manual");
    let path = format!("{LEADS}/{}", lead["id"].as_str().unwrap());
    program.patch(&path, json!({"status": "contacted"})).await.expect(200);

    let query = format!("/api/v1/audit-logs?actor_id={}&sort=created_at", key["id"].as_str().unwrap());
    let lines = app.admin().get(&query).await.expect(200);
    let lines = lines["data"].as_array().unwrap();
    let actions: Vec<_> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["lead_list.created", "lead_list.created", "lead.created", "lead.updated"]);
    for line in lines {
        let actor = json!({"type": "api_key", "id": key["id"], "email": null, "name": "Clay", "impersonator": null});
        assert_eq!(line["actor"], actor);
        assert_eq!(line["ip_address"], "127.0.0.1");
        assert!(line["request_id"].is_string(), "{line}");
    }
    let timeline = program.get(&format!("{path}/timeline")).await.expect(200);
    assert!(timeline["data"].as_array().unwrap().iter().all(|entry| entry["user_id"].is_null()), "{timeline}");

    let exported = app.admin().get("/api/v1/audit-logs/export.csv").await;
    let by_key: Vec<_> = exported.text.lines().filter(|line| line.contains("Z,api_key,")).collect();
    assert!(by_key.len() == 4 && by_key.iter().all(|line| line.contains(",Clay,")), "{}", exported.text);

    app.admin().delete(&path_of(&key)).await.expect(204);
    let lines = app.admin().get(&query).await.expect(200);
    assert_eq!((&lines["data"][0]["actor"]["id"], &lines["data"][0]["actor"]["name"]), (&key["id"], &json!(null)));
}

#[tokio::test]
async fn an_idempotency_key_works_by_key_as_by_session() {
    let app = TestApp::start().await;
    let program = app.program(&["lead_lists:write"]).await;
    let body = json!({"name": "Once"});
    let call = || program.request(Method::POST, LISTS).header("idempotency-key", "once").json(body.clone());
    let first = call().send().await.expect(201);
    let again = call().send().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(201), first);
}

#[tokio::test]
async fn what_a_key_suppresses_has_its_source_and_its_name() {
    let app = TestApp::start().await;
    let program = app.program(&["suppressions:read", "suppressions:write"]).await;
    let made = program.post("/api/v1/suppressions", json!({"value": "ada@acme.com"})).await.expect(201);
    assert_eq!(made["source"], "api");
    let said = json!({"value": "acme.org", "source": "unsubscribe"});
    assert_eq!(program.post("/api/v1/suppressions", said).await.expect(201)["source"], "unsubscribe");
    let by_hand = app.member().post("/api/v1/suppressions", json!({"value": "acme.net"})).await.expect(201);
    assert_eq!(by_hand["source"], "manual");
    let lines = app.admin().get("/api/v1/audit-logs?action=suppression.created").await.expect(200);
    let mut actors: Vec<_> =
        lines["data"].as_array().unwrap().iter().map(|line| line["actor"]["type"].as_str().unwrap()).collect();
    actors.sort_unstable();
    assert_eq!(actors, ["api_key", "api_key", "user"]);
}

//! How keys end: by expiry, by revocation, with their organization; and by what they do not.

use std::time::Duration;

use chrono::TimeDelta;
use clento::utils::clock::Clock as _;
use futures::{SinkExt as _, channel::mpsc};
use reqwest::{Body, Method};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{KEYS, LISTS, holder, make, path_of, secret_of};
use crate::support::{
    Answer, Caller, TestApp,
    clerk_events::{Membership, deleted},
};

#[tokio::test]
async fn an_expired_key_is_refused_until_its_end_is_moved() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let end = app.clock.now() + TimeDelta::seconds(10);
    let body = json!({"name": "Trial", "scopes": ["lead_lists:read"], "expires_at": end});
    let key = admin.post(KEYS, body).await.expect(201);
    let program = holder(&app, secret_of(&key));
    app.clock.advance(Duration::from_millis(9_999));
    program.get(LISTS).await.expect(200);
    // To the millisecond, though the key was looked up a moment ago.
    app.clock.advance(Duration::from_millis(1));
    program.get(LISTS).await.expect_problem(401, "api_key_expired");
    assert_eq!(admin.get(KEYS).await.expect(200)["data"][0]["id"], key["id"], "an expired key is still listed");
    app.admin().post(&format!("{}/rotate", path_of(&key)), json!({})).await.expect_problem(409, "api_key_expired");
    app.admin().patch(&path_of(&key), json!({"expires_at": null})).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    program.get(LISTS).await.expect(200);
}

#[tokio::test]
async fn a_revocation_and_a_lost_scope_bite_within_two_seconds_on_every_replica() {
    let app = TestApp::start().await;
    let replica = app.replica().await;
    let key = make(&app).await;
    let here = holder(&app, secret_of(&key));
    let there = Caller { base: replica.base.clone(), ..here.clone() };
    for program in [&here, &there] {
        program.get(LISTS).await.expect(200);
    }
    app.admin().patch(&path_of(&key), json!({"scopes": ["leads:read"]})).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    for program in [&here, &there] {
        program.get(LISTS).await.expect_problem(403, "scope_missing");
        program.get("/api/v1/leads").await.expect(200);
    }
    app.admin().delete(&path_of(&key)).await.expect(204);
    // What was known a moment ago is believed for a moment more, and no longer.
    there.get("/api/v1/leads").await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    for program in [&here, &there] {
        program.get("/api/v1/leads").await.expect_problem(401, "api_key_invalid");
    }
}

#[tokio::test]
async fn a_key_ends_with_its_organization_and_not_with_its_maker() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    let program = holder(&app, secret_of(&key));
    let maker = Membership { id: "orgmem_user_admin", user: "user_admin", organization: "org_ours", created_at: 0 };
    app.deliver("msg_1", &maker.event("deleted", "org:admin", app.now_millis())).await.expect(200);
    app.deliver("msg_2", &deleted("user.deleted", "user_admin", app.now_millis())).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    app.admin().get(KEYS).await.expect_problem(401, "user_deleted");
    program.get(LISTS).await.expect(200);
    app.deliver("msg_3", &deleted("organization.deleted", "org_ours", app.now_millis())).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    program.get(LISTS).await.expect_problem(401, "api_key_invalid");
}

/// A list that a key's holder begins to send, for the rest to follow.
fn begins_to_send(app: &TestApp, key: &Value) -> (mpsc::Sender<std::io::Result<Vec<u8>>>, JoinHandle<Answer>) {
    let call = holder(app, secret_of(key)).request(Method::POST, LISTS);
    let (rest, body) = mpsc::channel(1);
    let call = call.header("content-type", "application/json").body(Body::wrap_stream(body));
    (rest, tokio::spawn(call.send()))
}

#[tokio::test]
async fn a_key_that_is_revoked_while_its_body_is_coming_has_sent_it_in_vain() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    let (mut rest, sending) = begins_to_send(&app, &key);
    rest.send(Ok(b"{\"name\":".to_vec())).await.unwrap();
    // It was let in.
    while app.admin().get(&path_of(&key)).await.expect(200)["last_used_at"].is_null() {}
    app.admin().delete(&path_of(&key)).await.expect(204);
    app.clock.advance(Duration::from_secs(2));
    // Its end is yet to come.
    rest.send(Ok(b" \"Late\",".to_vec())).await.unwrap();
    sending.await.unwrap().expect_problem(403, "admission_ended");
    assert_eq!(app.admin().get(LISTS).await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn a_body_that_takes_its_time_is_taken_of_who_may_still_send_it() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    let (mut rest, sending) = begins_to_send(&app, &key);
    for part in ["{", "\"name\":", " \"Slow\"", "}"] {
        rest.send(Ok(part.as_bytes().to_vec())).await.unwrap();
        app.clock.advance(Duration::from_secs(2));
    }
    drop(rest);
    assert_eq!(sending.await.unwrap().expect(201)["name"], "Slow");
}

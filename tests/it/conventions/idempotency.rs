//! `Idempotency-Key`: the same request twice acts once.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::LISTS;
use crate::support::{
    TestApp,
    caller::{Answer, Caller},
};

async fn create(caller: &Caller, key: &str, body: Value) -> Answer {
    caller.request(Method::POST, LISTS).header("idempotency-key", key).json(body).send().await
}

async fn count(caller: &Caller) -> Value {
    caller.get(&format!("{LISTS}?include_total=true")).await.expect(200)["total"].clone()
}

async fn set(app: &TestApp, assignments: &str) {
    let statement = format!("update idempotency_keys set status = null, headers = null, body = null, {assignments}");
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&app.pool).await.unwrap();
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let app = TestApp::start().await;
    let member = app.member();
    let first = create(&member, "key", json!({"name": "A", "tags": []})).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    // The same content in another spelling is the same request.
    let call = member.request(Method::POST, LISTS).header("idempotency-key", "key");
    let again =
        call.header("content-type", "application/json").body("{ \"tags\": [],  \"n\\u0061me\": \"A\" }").send().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    for header in ["location", "etag", "content-type"] {
        assert_eq!(again.header(header), first.header(header));
    }
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    assert_eq!(again.expect(201), first.expect(201));
    assert_eq!(count(&member).await, 1);
}

#[tokio::test]
async fn a_key_is_for_one_body_one_path_and_one_organization() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = create(&member, "key", json!({"name": "A"})).await.expect(201);
    create(&member, "key", json!({"name": "B"})).await.expect_problem(422, "idempotency_key_reused");
    let theirs = create(&app.outsider(), "key", json!({"name": "B"})).await;
    assert_eq!(theirs.header("idempotent-replayed"), "");
    theirs.expect(201);
    let copy = format!("{LISTS}/{}/duplicate", list["id"].as_str().unwrap());
    let copy = member.request(Method::POST, &copy).header("idempotency-key", "key").json(json!({})).send().await;
    assert_eq!(copy.header("idempotent-replayed"), "");
    copy.expect(201);
    for wrong in ["", " ", &"x".repeat(256)] {
        create(&member, wrong, json!({"name": "A"})).await.expect_problem(400, "invalid_header");
    }
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let app = TestApp::start().await;
    let member = app.member();
    create(&member, "key", json!({"name": ""})).await.expect_problem(422, "validation_failed");
    create(&member, "key", json!({"name": "A"})).await.expect(201);
}

#[tokio::test]
async fn of_a_hundred_requests_with_one_key_one_acts() {
    let app = TestApp::start().await;
    let member = app.member();
    let answers = join_all((0..100).map(|_| create(&member, "key", json!({"name": "A"})))).await;
    let mut acted = 0;
    let mut bodies = Vec::new();
    for answer in answers {
        match answer.status.as_u16() {
            201 => {
                acted += usize::from(answer.header("idempotent-replayed").is_empty());
                bodies.push(answer.expect(201));
            }
            _ => {
                answer.expect_problem(409, "idempotency_key_in_flight");
            }
        }
    }
    bodies.dedup();
    assert_eq!((acted, bodies.len()), (1, 1));
    assert_eq!(count(&member).await, 1);
    assert_eq!(create(&member, "key", json!({"name": "A"})).await.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn an_answer_lost_in_a_crash_is_not_made_twice() {
    let app = TestApp::start().await;
    let member = app.member();
    create(&member, "key", json!({"name": "A"})).await.expect(201);
    // The effect was committed, and the process died before it could remember the answer.
    set(&app, "state = 'committed'").await;
    for _ in 0..2 {
        create(&member, "key", json!({"name": "A"})).await.expect_problem(409, "idempotency_key_in_flight");
    }
    app.clock.advance(Duration::from_mins(2));
    let later = app.member();
    create(&later, "key", json!({"name": "A"})).await.expect_problem(409, "idempotency_answer_lost");
    assert_eq!(count(&later).await, 1);
}

#[tokio::test]
async fn a_key_whose_request_died_before_its_effect_can_be_used_again() {
    let app = TestApp::start().await;
    let member = app.member();
    create(&member, "key", json!({"name": "A"})).await.expect(201);
    // As if that request had died before it did anything: its claim is left behind.
    sqlx::query("delete from lead_lists").execute(&app.pool).await.unwrap();
    set(&app, "state = 'in_flight'").await;
    create(&member, "key", json!({"name": "A"})).await.expect_problem(409, "idempotency_key_in_flight");
    app.clock.advance(Duration::from_secs(61));
    let later = app.member();
    create(&later, "key", json!({"name": "B"})).await.expect_problem(422, "idempotency_key_reused");
    create(&later, "key", json!({"name": "A"})).await.expect(201);
    assert_eq!(count(&later).await, 1);
}

#[tokio::test]
async fn a_key_is_remembered_for_a_day() {
    let app = TestApp::start().await;
    create(&app.member(), "key", json!({"name": "A"})).await.expect(201);
    app.clock.advance(Duration::from_hours(23));
    assert_eq!(create(&app.member(), "key", json!({"name": "A"})).await.header("idempotent-replayed"), "true");
    app.clock.advance(Duration::from_hours(2));
    let later = app.member();
    assert_eq!(create(&later, "key", json!({"name": "B"})).await.header("idempotent-replayed"), "");
    assert_eq!(count(&later).await, 2);
}

#[tokio::test]
async fn a_key_does_not_widen_what_an_endpoint_reads() {
    let app = TestApp::start().await;
    let member = app.member();
    let text = "x".repeat(1_100_000);
    create(&member, "key", json!({"name": text})).await.expect_problem(413, "body_too_large");
    let batch = |rows: usize| {
        let call = member.request(Method::POST, "/api/v1/leads/batch").header("idempotency-key", "key");
        call.json(json!({"leads": vec![json!({"title": text}); rows]})).send()
    };
    batch(8).await.expect_problem(413, "body_too_large");
    let answer = batch(2).await.expect(200);
    assert_eq!(answer["results"][0]["outcome"], "rejected");
}

#[tokio::test]
async fn a_key_for_a_path_of_any_length_is_answered() {
    let app = TestApp::start().await;
    let path = format!("{LISTS}/{}/duplicate", "x".repeat(600));
    let call = app.member().request(Method::POST, &path).header("idempotency-key", "key");
    call.json(json!({})).send().await.expect_problem(400, "path_too_long");
}

//! The door that Clerk's webhooks come through.

use clento::utils::clock::Clock as _;
use reqwest::{Method, header::HeaderMap};
use serde_json::Value;

use crate::support::{
    Answer, TestApp,
    clerk_events::organization,
    svix_sign::{OTHER_SECRET, SECRET, headers, signature, with_signature},
};

const UNKNOWN_SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn send(app: &TestApp, headers: &HeaderMap, body: impl Into<Vec<u8>>) -> Answer {
    let mut call = app.anonymous().request(Method::POST, "/api/v1/webhooks/clerk");
    for (name, value) in headers {
        call = call.header(name.as_str(), value.to_str().unwrap());
    }
    call.body(body.into()).send().await
}

fn event() -> String {
    organization("organization.created", "org_new", "New", 5).to_string()
}

#[tokio::test]
async fn only_what_clerk_signed_lately_is_believed() {
    let app = TestApp::start().await;
    let now = app.clock.now().timestamp();
    let body = event();
    let bytes = body.as_bytes();
    let signed = |secret, at| headers(secret, "msg_1", at, bytes);
    let without = |name: &str| {
        let mut headers = signed(SECRET, now);
        headers.remove(name);
        headers
    };
    let refused = [
        ("no headers", HeaderMap::new(), "webhook_header_missing"),
        ("no id", without("svix-id"), "webhook_header_missing"),
        ("no timestamp", without("svix-timestamp"), "webhook_header_missing"),
        ("no signature", without("svix-signature"), "webhook_header_missing"),
        ("somebody's secret", signed(UNKNOWN_SECRET, now), "webhook_signature_invalid"),
        ("another id", headers(SECRET, "msg_2", now, b"{}"), "webhook_signature_invalid"),
        ("too old", signed(SECRET, now - 301), "webhook_too_old"),
        ("too new", signed(SECRET, now + 301), "webhook_too_new"),
        ("no number", with_signature("svix", "msg_1", "soon", "v1,AAAA"), "webhook_header_invalid"),
        ("no base64", with_signature("svix", "msg_1", &now.to_string(), "v1,?"), "webhook_signature_invalid"),
        ("other version", with_signature("svix", "msg_1", &now.to_string(), "v1a,AAAA"), "webhook_signature_invalid"),
    ];
    for (what, headers, code) in refused {
        let answer = send(&app, &headers, bytes).await;
        assert_eq!((answer.status.as_u16(), answer.body["code"].as_str()), (401, Some(code)), "{what}");
    }
    send(&app, &signed(SECRET, now), format!("{body}\n")).await.expect_problem(401, "webhook_signature_invalid");
    let events: i64 = sqlx::query_scalar("select count(*) from inbound_events").fetch_one(&app.pool).await.unwrap();
    assert_eq!(events, 0);

    let several = format!("v1,AAAA {}", signature(OTHER_SECRET, "msg_1", now - 300, bytes));
    let rotated = with_signature("webhook", "msg_1", &(now - 300).to_string(), &several);
    assert_eq!(send(&app, &rotated, bytes).await.expect(200)["outcome"], "applied");
    assert_eq!(send(&app, &signed(SECRET, now), bytes).await.expect(200)["outcome"], "duplicate");
}

#[tokio::test]
async fn a_body_above_one_mebibyte_is_not_read() {
    let app = TestApp::start().await;
    let body = vec![b' '; 1024 * 1024 + 1];
    let headers = headers(SECRET, "msg_1", app.clock.now().timestamp(), &body);
    send(&app, &headers, body).await.expect_problem(413, "body_too_large");
}

#[tokio::test]
async fn without_a_secret_nobody_is_believed() {
    let app = TestApp::start_with_webhook_secrets(&[]).await;
    let body = event();
    let headers = headers(SECRET, "msg_1", app.clock.now().timestamp(), body.as_bytes());
    let answer = send(&app, &headers, body).await;
    assert!(!answer.header("retry-after").is_empty());
    answer.expect_problem(503, "webhooks_not_configured");
}

#[tokio::test]
async fn the_document_says_what_a_webhook_must_carry() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    let operation = &document["paths"]["/api/v1/webhooks/clerk"]["post"];
    assert!(operation.get("security").is_none());
    let names: Vec<&Value> = operation["parameters"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["svix-id", "svix-timestamp", "svix-signature"]);
    let ids: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
}

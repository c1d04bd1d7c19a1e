//! The OpenAPI document says what is so, and says it well.

use clento::{
    routers::{body_schemas, document},
    utils::json_schema::Schemas,
};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::LISTS;
use crate::support::TestApp;

/// A server compiles each when it first needs it.
#[test]
fn every_schema_of_a_body_compiles_and_refuses_what_is_no_body() {
    let document = document();
    let names = body_schemas(&document);
    let schemas = Schemas::of(&document, names.iter().copied());
    for name in names {
        assert!(!schemas.check(name, &json!("text")).unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn no_schema_has_the_name_of_a_plain_type() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    for name in ["String", "Value", "Vec", "Map", "bool", "i64", "Uuid"] {
        assert!(document["components"]["schemas"][name].is_null(), "{name}");
    }
}

/// The example that the document gives of an operation's answer, less what differs in every answer.
fn example(document: &Value, method: &str, path: &str, status: &str) -> Value {
    let answer = &document["paths"][path][method]["responses"][status];
    words(&answer["content"]["application/problem+json"]["example"])
}

/// What a problem tells.
fn words(problem: &Value) -> Value {
    json!({"code": problem["code"], "detail": problem["detail"], "type": problem["type"], "title": problem["title"]})
}

#[tokio::test]
async fn the_examples_of_problems_are_what_is_answered_word_for_word() {
    let app = TestApp::start_with(|server| server.rate_limit_per_second = 20).await;
    let member = app.member();
    let document = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    let list = member.post(LISTS, json!({"name": "A"})).await.header("location").to_owned();
    let organization = format!("/api/v1/organizations/{}", app.organization_id("org_ours").await);
    let post = || member.request(Method::POST, LISTS);
    let unsigned = app.anonymous().request(Method::POST, "/api/v1/webhooks/clerk");
    let unsigned = ["svix-id", "svix-timestamp"].iter().fold(unsigned, |call, name| call.header(name, &now(&app)));
    let left = app.somebody("user_outsider", Some(("org_ours", "org:member")));
    app.admin().patch(&organization, json!({"settings": {"just_in_time_members": false}})).await.expect(200);
    let lacking = app.program(&["leads:read"]).await;
    let execution = format!("/api/v1/campaign-executions/{}", uuid::Uuid::new_v4());
    let (one, many) = (format!("{LISTS}/{{id}}"), LISTS.to_owned());
    let answers = [
        ("get", many.as_str(), member.get(&format!("{LISTS}?colour=red")).await),
        ("get", many.as_str(), app.anonymous().get(LISTS).await),
        ("get", many.as_str(), lacking.get(LISTS).await),
        ("get", "/api/v1/campaign-executions/{id}", left.get(&execution).await),
        ("get", "/api/v1/audit-logs", member.get("/api/v1/audit-logs").await),
        ("get", one.as_str(), member.get(&format!("{LISTS}/{}", uuid::Uuid::new_v4())).await),
        (
            "patch",
            one.as_str(),
            member.request(Method::PATCH, &list).header("if-match", "\"7\"").json(json!({})).send().await,
        ),
        (
            "post",
            many.as_str(),
            post().header("content-type", "application/json").body("x".repeat(2 << 20)).send().await,
        ),
        ("post", many.as_str(), post().header("content-type", "text/plain").body("{}").send().await),
        ("post", "/api/v1/webhooks/clerk", unsigned.header("svix-signature", "v1,AAAA").body("{}").send().await),
    ];
    let asking = join_all((0..100).map(|_| member.get(LISTS))).await;
    let limited = asking.into_iter().find(|answer| answer.status == 429).expect("a hundred at once are too many");
    for (method, path, answer) in answers.into_iter().chain([("get", many.as_str(), limited)]) {
        let status = answer.status.as_str().to_owned();
        assert_eq!(words(&answer.body), example(&document, method, path, &status), "{method} {path} {status}");
    }
}

fn now(app: &TestApp) -> String {
    (app.now_millis() / 1000).to_string()
}

#[tokio::test]
async fn what_clerk_is_asked_for_tells_that_clerk_may_fail() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    let mut asking = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !operation["responses"]["502"].is_null() {
                asking.push(format!("{method} {}", path.trim_start_matches("/api/v1/organizations/{id}")));
            }
            let named = operation["parameters"].as_array().unwrap().iter().find(|parameter| parameter["name"] == "id");
            if path.starts_with("/api/v1/organizations/{id}") {
                assert!(named.unwrap()["schema"]["format"].is_null(), "{method} {path}: Clerk's ids are no UUIDs");
            }
        }
    }
    asking.sort_unstable();
    assert_eq!(
        asking,
        [
            "delete /invitations/{invitation_id}",
            "delete /members/{member_id}",
            "get /invitations",
            "patch ",
            "patch /members/{member_id}",
            "post /invitations"
        ]
    );
}

/// That they are what is sent, the callers of all tests look at each answer for: `support::documented`.
#[test]
fn the_document_tells_what_answers_carry_in_their_headers() {
    let document = document();
    let headers = |method: &str, path: &str, status: &str| {
        let headers = document["paths"][path][method]["responses"][status]["headers"].as_object();
        headers.map(|headers| headers.keys().cloned().collect::<Vec<_>>().join(" ")).unwrap_or_default()
    };
    let counted = "RateLimit RateLimit-Policy X-Request-Id";
    for (method, path, status, told) in [
        ("get", "/api/v1/lead-lists/{id}", "200", format!("ETag {counted}")),
        ("get", LISTS, "200", counted.to_owned()),
        ("get", LISTS, "429", "RateLimit RateLimit-Policy Retry-After X-Request-Id".to_owned()),
        ("get", LISTS, "401", "RateLimit RateLimit-Policy WWW-Authenticate X-Request-Id".to_owned()),
        ("post", LISTS, "201", format!("ETag Idempotent-Replayed Location {counted}")),
        ("post", "/api/v1/campaigns/{id}/validate", "200", counted.to_owned()),
        ("get", "/api/v1/leads/export.csv", "200", format!("Content-Disposition {counted}")),
        ("get", "/health", "200", "X-Request-Id".to_owned()),
        ("get", "/l/{token}", "302", "Location X-Request-Id".to_owned()),
    ] {
        let mut words: Vec<_> = told.split(' ').collect();
        words.sort_unstable();
        let found = headers(method, path, status);
        let mut found: Vec<_> = found.split(' ').collect();
        found.sort_unstable();
        assert_eq!(found, words, "{method} {path} {status}");
    }
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    for answer in operations.flat_map(|operation| operation["responses"].as_object().unwrap().values()) {
        for reference in answer["headers"].as_object().unwrap().values() {
            let name = reference["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            assert!(document["components"]["headers"][name].is_object(), "{name}");
        }
    }
}

#[test]
fn the_document_names_the_headers_that_are_read_and_no_others() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let reads = |name: &str| parameters.clone().any(|it| it["in"] == "header" && it["name"] == name);
            let (is_api, is_post) = (path.starts_with("/api/v1/") && !path.contains("/webhooks/"), method == "post");
            let only_reads = ["/preview", "/simulate", "/validate"].iter().any(|end| path.ends_with(end));
            assert_eq!(reads("Idempotency-Key"), is_api && is_post && !only_reads, "{method} {path}");
            let is_versioned = matches!(method.as_str(), "patch" | "delete");
            assert_eq!(
                reads("If-Match"),
                is_versioned || path.ends_with("/conversations/{id}/read"),
                "{method} {path}"
            );
            assert_eq!(operation["responses"]["412"].is_object(), reads("If-Match"), "{method} {path}");
        }
    }
}

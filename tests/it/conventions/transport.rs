//! Headers: request ids, CORS, security, compression, rates.

use std::collections::BTreeSet;

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use super::LISTS;
use crate::support::{
    TestApp,
    app::ORIGIN,
    caller::{Answer, Caller},
};

#[tokio::test]
async fn a_well_formed_request_id_is_kept_and_any_other_replaced() {
    let app = TestApp::start().await;
    let with = |id: &str| app.anonymous().request(Method::GET, "/health").header("x-request-id", id).send();
    let longest = "x".repeat(128);
    for kept in ["7", "req-7_A.b", &longest] {
        assert_eq!(with(kept).await.header("x-request-id"), kept);
    }
    for replaced in ["", "a b", "a\"b", "<script>", &"x".repeat(129), "a,b"] {
        let given = with(replaced).await.header("x-request-id").to_owned();
        assert_eq!(given.parse::<uuid::Uuid>().unwrap().get_version_num(), 7, "{replaced} became {given}");
    }
    let (one, other) = (app.anonymous().get("/health").await, app.anonymous().get("/health").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let call = app.anonymous().request(Method::OPTIONS, LISTS).header("origin", origin);
    let call = call.header("access-control-request-method", "PATCH");
    call.header(
        "access-control-request-headers",
        "authorization,content-type,if-match,idempotency-key,last-event-id,x-organization-id",
    )
    .send()
    .await
}

#[tokio::test]
async fn pages_of_listed_origins_may_call_and_no_others() {
    let app = TestApp::start().await;
    let allowed = preflight(&app, ORIGIN).await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), ORIGIN);
    assert!(allowed.header("access-control-allow-methods").contains("PATCH"), "{:?}", allowed.headers);
    // Whatever header an operation documents, a page may send.
    let document: Value = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let parameters = operations.flat_map(|operation| operation["parameters"].as_array().into_iter().flatten());
    let documented: BTreeSet<_> = parameters
        .filter(|parameter| parameter["in"] == "header")
        .map(|parameter| parameter["name"].as_str().unwrap().to_lowercase())
        .filter(|name| !name.starts_with("svix-") && name != "unipile-auth")
        .collect();
    assert!(documented.contains("last-event-id"), "{documented:?}");
    for header in documented.iter().map(String::as_str).chain(["authorization", "content-type"]) {
        assert!(allowed.header("access-control-allow-headers").contains(header), "{header}: {:?}", allowed.headers);
    }
    assert_eq!(allowed.header("access-control-allow-credentials"), "", "cookies are not read");
    for stranger in ["https://evil.test", "http://app.clento.test", "https://app.clento.test.evil.test", "null"] {
        let denied = preflight(&app, stranger).await;
        assert_eq!(denied.header("access-control-allow-origin"), "", "{stranger}");
    }
    let answer = app.member().request(Method::GET, LISTS).header("origin", ORIGIN).send().await;
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    for header in ["etag", "location", "x-request-id", "retry-after", "ratelimit"] {
        assert!(answer.header("access-control-expose-headers").contains(header), "{header}: {:?}", answer.headers);
    }
    let refusal = app.anonymous().request(Method::GET, LISTS).header("origin", ORIGIN).send().await;
    assert_eq!(refusal.header("access-control-allow-origin"), ORIGIN, "a page must be able to read why");
}

fn check_security(headers: &HeaderMap) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("strict-transport-security", "max-age=63072000; includeSubDomains"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(headers.get(name).unwrap(), value);
    }
}

#[tokio::test]
async fn every_answer_is_guarded_against_framing_sniffing_and_caching() {
    let app = TestApp::start().await;
    for (path, status) in [(LISTS, 200), ("/health", 200), ("/api/v1/nothing", 404)] {
        let answer = app.member().get(path).await;
        assert_eq!(answer.status, status);
        check_security(&answer.headers);
    }
    check_security(&app.anonymous().get(LISTS).await.headers);
}

#[tokio::test]
async fn an_answer_is_compressed_for_who_can_read_it() {
    let app = TestApp::start().await;
    app.member().post(LISTS, json!({"name": "A", "description": "x".repeat(1500)})).await.expect(201);
    let plain = app.member().get(LISTS).await;
    assert_eq!(plain.header("content-encoding"), "");
    let zipped = app.member().request(Method::GET, LISTS).header("accept-encoding", "gzip").send().await;
    assert_eq!((zipped.status.as_u16(), zipped.header("content-encoding")), (200, "gzip"));
    assert!(zipped.header("vary").contains("accept-encoding"), "{:?}", zipped.headers);
}

#[tokio::test]
async fn the_documentation_is_served_like_everything_else_under_a_policy_of_its_own() {
    let app = TestApp::start().await;
    for path in ["/api-docs/", "/api-docs/swagger-initializer.js", "/api-docs/openapi.json"] {
        let call = app.anonymous().request(Method::GET, path).header("accept-encoding", "gzip");
        let answer = call.header("x-request-id", "docs-1").header("origin", ORIGIN).send().await;
        assert_eq!((answer.status.as_u16(), answer.header("content-encoding")), (200, "gzip"), "{path}");
        assert_eq!(answer.header("x-request-id"), "docs-1", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN, "{path}");
        assert_eq!(answer.header("strict-transport-security"), "max-age=63072000; includeSubDomains", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    }
    app.anonymous().get("/api-docs/nothing.js").await.expect(404);
}

#[tokio::test]
async fn who_asks_too_often_is_told_how_long_to_wait() {
    let app = TestApp::start_with(|server| server.rate_limit_per_second = 1).await;
    let (member, admin) = (app.member(), app.admin());
    let ask = |caller: &Caller| caller.request(Method::GET, LISTS).send();
    let first = ask(&member).await;
    assert_eq!(first.header("ratelimit-policy"), "\"default\";q=2;w=2");
    assert!(first.header("ratelimit").starts_with("\"default\";r=1;t="), "{:?}", first.headers);
    first.expect(200);
    let answers = futures::future::join_all((0..6).map(|_| ask(&member))).await;
    let refused = answers.into_iter().find(|answer| answer.status == 429).expect("one of seven at once is too many");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert!(refused.header("ratelimit").starts_with("\"default\";r=0;"), "{:?}", refused.headers);
    refused.expect_problem(429, "rate_limited");
    ask(&admin).await.expect(200);
}

#[tokio::test]
async fn who_fails_to_sign_in_too_often_is_told_how_long_to_wait() {
    let app = TestApp::start_with(|server| server.rate_limit_per_second = 1).await;
    let forger = Caller { token: Some("nonsense".to_owned()), ..app.anonymous() };
    let answers = futures::future::join_all((0..10).map(|_| forger.get(LISTS))).await;
    let refused = answers.into_iter().find(|answer| answer.status == 429).expect("ten failures at once are too many");
    assert!((1..=2).contains(&refused.header("retry-after").parse::<u64>().unwrap()), "{:?}", refused.headers);
    assert!(refused.header("ratelimit").starts_with("\"default\";r=0;"), "{:?}", refused.headers);
    assert_eq!(refused.header("ratelimit-policy"), "\"default\";q=2;w=2");
    refused.expect_problem(429, "too_many_failures");
}

#[tokio::test]
async fn failed_sign_ins_do_not_shut_out_who_shares_the_address() {
    let app = TestApp::start_with(|server| server.rate_limit_per_second = 1).await;
    let stranger = Caller { token: Some("no.session.token".into()), ..app.anonymous() };
    let answers = futures::future::join_all((0..6).map(|_| stranger.get(LISTS))).await;
    let refused = answers.into_iter().find(|answer| answer.status == 429).expect("one of six at once is too many");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    refused.expect_problem(429, "too_many_failures");
    app.member().get(LISTS).await.expect(200);
}

#[tokio::test]
async fn failed_sign_ins_from_one_network_of_ipv6_are_one_callers() {
    let app = TestApp::start_with(|server| {
        server.rate_limit_per_second = 1;
        server.trusted_proxy_hops = 1;
    })
    .await;
    let fail = |address: String| {
        let forger = Caller { token: Some("nonsense".to_owned()), ..app.anonymous() };
        async move { forger.request(Method::GET, LISTS).header("x-forwarded-for", &address).send().await }
    };
    let answers = futures::future::join_all((0..10).map(|number| fail(format!("2001:db8:1:2::{number}")))).await;
    let refused = answers.into_iter().find(|answer| answer.status == 429).expect("ten of one network are too many");
    refused.expect_problem(429, "too_many_failures");
    assert_eq!(fail("2001:db8:1:3::1".to_owned()).await.status, 401, "of another network");
}

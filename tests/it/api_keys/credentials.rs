//! How a key is presented.

use std::time::Duration;

use clento::models::ApiKeySecret;
use reqwest::Method;
use serde_json::json;

use super::{LISTS, holder, make, secret_of};
use crate::support::{Answer, TestApp};

/// Asks for lists with these headers and no others.
async fn ask(app: &TestApp, headers: &[(&str, &str)]) -> Answer {
    let call = app.anonymous().request(Method::GET, LISTS);
    headers.iter().fold(call, |call, (name, value)| call.header(name, value)).send().await
}

#[tokio::test]
async fn a_key_stands_in_either_header() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    let secret = secret_of(&key);
    ask(&app, &[("authorization", &format!("Bearer {secret}"))]).await.expect(200);
    ask(&app, &[("authorization", &format!("bearer  {secret}"))]).await.expect(200);
    ask(&app, &[("x-api-key", secret)]).await.expect(200);
    // HEAD reads as GET does.
    let head = app.anonymous().request(Method::HEAD, LISTS).header("x-api-key", secret).send().await;
    assert_eq!(head.status, 200);
}

#[tokio::test]
async fn two_credentials_are_one_too_many() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    let (secret, token) = (secret_of(&key), app.member().token.unwrap());
    let (bearer, session) = (format!("Bearer {secret}"), format!("Bearer {token}"));
    for headers in [
        [("authorization", bearer.as_str()), ("x-api-key", secret)],
        [("authorization", session.as_str()), ("x-api-key", secret)],
        [("x-api-key", secret), ("x-api-key", secret)],
        [("authorization", bearer.as_str()), ("authorization", bearer.as_str())],
        [("authorization", bearer.as_str()), ("authorization", session.as_str())],
    ] {
        ask(&app, &headers).await.expect_problem(400, "invalid_authorization");
    }
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_unasked_and_what_is_none_after_a_look() {
    let app = TestApp::start().await;
    let key = make(&app).await;
    let secret = secret_of(&key);
    let slipped = format!("{}{}", &secret[..47], if secret.ends_with('0') { '1' } else { '0' });
    let token = app.member().token.unwrap();
    for text in ["clento_sk_", "", "7", &secret[..47], &slipped, &token] {
        ask(&app, &[("x-api-key", text)]).await.expect_problem(401, "api_key_malformed");
    }
    let bearer = ask(&app, &[("authorization", &format!("Bearer {slipped}"))]).await;
    assert_eq!(bearer.header("www-authenticate"), "Bearer");
    bearer.expect_problem(401, "api_key_malformed");
    let unknown = ApiKeySecret::draw();
    ask(&app, &[("x-api-key", unknown.expose())]).await.expect_problem(401, "api_key_invalid");
    // Keys of others' are none of ours.
    ask(&app, &[("authorization", "Bearer ak_live_1")]).await.expect_problem(401, "token_type_mismatch");
}

#[tokio::test]
async fn the_organization_is_the_keys_own() {
    let app = TestApp::start().await;
    let program = app.program(&["lead_lists:read"]).await;
    let ours = app.organization_id("org_ours").await.to_string();
    let theirs = app.organization_id("org_theirs").await.to_string();
    let as_of = |id: &str| program.request(Method::GET, LISTS).header("x-organization-id", id).send();
    for own in [ours.as_str(), "org_ours"] {
        as_of(own).await.expect(200);
    }
    let unknown = as_of("org_unknown").await.expect_problem(404, "organization_not_found");
    for foreign in [theirs.as_str(), "org_theirs"] {
        let problem = as_of(foreign).await.expect_problem(404, "organization_not_found");
        assert_eq!(problem["detail"], unknown["detail"]);
    }
    as_of("7").await.expect_problem(400, "invalid_header");
    // What needs a person says so, whatever else is wrong.
    program.get(&format!("/api/v1/organizations/{ours}")).await.expect_problem(403, "api_key_not_allowed");
    program.get("/api/v1/audit-logs").await.expect_problem(403, "api_key_not_allowed");
    let account = json!({"provider": "sandbox", "channel": "email", "display_name": "A"});
    program.post("/api/v1/connected-accounts", account).await.expect_problem(403, "api_key_not_allowed");
}

#[tokio::test]
async fn each_key_has_an_allowance_of_its_own() {
    let app = TestApp::start_with(|server| server.rate_limit_per_second = 1).await;
    let admin = app.admin();
    let mut secrets = Vec::new();
    for name in ["A", "B"] {
        let made = admin.post(super::KEYS, json!({"name": name, "scopes": ["lead_lists:read"]})).await.expect(201);
        secrets.push(secret_of(&made).to_owned());
    }
    let (one, other) = (holder(&app, &secrets[0]), holder(&app, &secrets[1]));
    let answers = futures::future::join_all((0..7).map(|_| one.get(LISTS))).await;
    let refused = answers.into_iter().find(|answer| answer.status == 429).expect("one of seven at once is too many");
    refused.expect_problem(429, "rate_limited");
    other.get(LISTS).await.expect(200);
}

#[tokio::test]
async fn an_address_that_guesses_keys_is_told_to_wait_and_a_key_that_works_is_served_there() {
    let app = TestApp::start_with(|server| server.rate_limit_per_second = 2).await;
    let key = make(&app).await;
    holder(&app, secret_of(&key)).get(LISTS).await.expect(200);
    app.clock.advance(Duration::from_secs(2));
    let guesses = (0..12).map(|_| async {
        let guess = ApiKeySecret::draw();
        holder(&app, guess.expose()).get(LISTS).await
    });
    let answers = futures::future::join_all(guesses).await;
    assert!(answers.iter().any(|answer| answer.body["code"] == "too_many_failures"), "{answers:?}");
    assert!(answers.iter().any(|answer| answer.body["code"] == "api_key_invalid"), "{answers:?}");
    holder(&app, secret_of(&key)).get(LISTS).await.expect(200);
}

/// A guess with a right checksum is a question to the database, and an address has only so many of them.
#[tokio::test]
async fn guesses_beyond_what_an_address_is_allowed_ask_nothing_of_the_database() {
    let app = TestApp::start_with(|server| server.rate_limit_per_second = 1).await;
    let key = make(&app).await;
    let guess = async || {
        let guess = ApiKeySecret::draw();
        holder(&app, guess.expose()).get(LISTS).await
    };
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(guess().await);
    }
    let asked = answers.iter().filter(|answer| answer.status == 401).count();
    assert!(asked < 6 && answers.iter().any(|answer| answer.body["code"] == "too_many_failures"), "{answers:?}");
    // With the table out of reach, who would be asked for fails otherwise than who is not.
    sqlx::query("alter table api_key_secrets rename to away").execute(&app.pool).await.unwrap();
    let answers = futures::future::join_all((0..20).map(|_| guess())).await;
    let asked = answers.iter().filter(|answer| answer.status.is_server_error()).count();
    assert!(asked < 10, "{asked} of twenty guesses at once asked");
    assert!(answers.iter().filter(|answer| answer.status == 429).count() > 10);
    sqlx::query("alter table away rename to api_key_secrets").execute(&app.pool).await.unwrap();
    let waited = holder(&app, secret_of(&key)).get(LISTS).await;
    assert!([200, 429].contains(&waited.status.as_u16()), "a key that is new here waits with them, {}", waited.text);
}

#[tokio::test]
async fn a_key_that_is_brought_for_the_first_time_by_many_at_once_is_one_guess_at_most() {
    let app = TestApp::start_with(|server| server.rate_limit_per_second = 5).await;
    let key = make(&app).await;
    for _ in 0..9 {
        holder(&app, ApiKeySecret::draw().expose()).get(LISTS).await.expect_problem(401, "api_key_invalid");
    }
    let program = holder(&app, secret_of(&key));
    for answer in futures::future::join_all((0..10).map(|_| program.get(LISTS))).await {
        answer.expect(200);
    }
}

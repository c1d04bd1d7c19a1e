//! Problem documents, and what is refused with them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{LISTS, pointers};
use crate::support::{TestApp, caller::Answer};

/// Checks the shape that RFC 9457 and our contract ask of every problem.
#[track_caller]
fn check_problem(answer: Answer, status: u16, code: &str) -> Value {
    let request_id = answer.header("x-request-id").to_owned();
    assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{:?}", answer.headers);
    let problem = answer.expect_problem(status, code);
    assert_eq!(problem["status"], status);
    assert_eq!(problem["request_id"], request_id);
    assert!(problem["type"].as_str().unwrap().ends_with(&format!("/{code}")), "{problem}");
    for text in ["title", "detail"] {
        assert!(!problem[text].as_str().unwrap().is_empty(), "{problem}");
    }
    problem
}

#[tokio::test]
async fn every_refusal_is_a_problem_document() {
    let app = TestApp::start().await;
    let member = app.member();
    let post = || member.request(Method::POST, LISTS).header("content-type", "application/json");
    check_problem(post().body("{\"name\":").send().await, 400, "invalid_json");
    check_problem(post().body("").send().await, 400, "invalid_json");
    check_problem(post().body("{\"name\": \"\u{fffd}\"}".as_bytes()[..12].to_vec()).send().await, 400, "invalid_json");
    check_problem(app.anonymous().get(LISTS).await, 401, "token_missing");
    check_problem(
        app.anonymous().request(Method::GET, LISTS).header("authorization", "Basic eDp5").send().await,
        401,
        "token_missing",
    );
    check_problem(member.get("/api/v1/audit-logs").await, 403, "admin_required");
    check_problem(member.get("/api/v1/nothing").await, 404, "no_such_path");
    check_problem(
        member.get(&format!("{LISTS}/01933b6e-8f2a-7c31-9d55-0a4b7c1e2f90")).await,
        404,
        "lead_list_not_found",
    );
    check_problem(member.get(&format!("{LISTS}/7")).await, 400, "invalid_id");
    let plain = member.request(Method::POST, LISTS).header("content-type", "text/plain").body("{\"name\": \"A\"}");
    check_problem(plain.send().await, 415, "unsupported_media_type");
    let latin = member.request(Method::POST, LISTS).header("content-type", "application/json; charset=latin1");
    check_problem(latin.body("{\"name\": \"A\"}").send().await, 415, "unsupported_media_type");
    check_problem(member.post(LISTS, json!({"name": ""})).await, 422, "validation_failed");
    check_problem(member.post(LISTS, json!([])).await, 422, "validation_failed");
    check_problem(member.post(LISTS, json!(null)).await, 422, "validation_failed");
}

#[tokio::test]
async fn a_method_that_a_path_lacks_is_refused_with_those_it_has() {
    let app = TestApp::start().await;
    let answer = app.member().request(Method::PUT, LISTS).send().await;
    let mut allowed: Vec<String> = answer.header("allow").split(',').map(|method| method.trim().to_owned()).collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    check_problem(answer, 405, "method_not_allowed");
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused() {
    let app = TestApp::start().await;
    let body = json!({"name": "A", "description": "x".repeat(1024 * 1024)}).to_string();
    for key in [None, Some("large")] {
        let mut call = app.member().request(Method::POST, LISTS).header("content-type", "application/json");
        if let Some(key) = key {
            call = call.header("idempotency-key", key);
        }
        check_problem(call.body(body.clone()).send().await, 413, "body_too_large");
    }
    assert_eq!(app.member().get(LISTS).await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn all_faults_of_a_body_are_told_at_once_and_none_repeats_the_value() {
    let app = TestApp::start().await;
    let body = json!({"name": 7, "tags": ["a", 1, null], "source": "<b>", "description": "x".repeat(2001), "a/b": 1});
    let answer = app.member().post(LISTS, body).await;
    assert!(!answer.text.contains("<b>"), "{}", answer.text);
    let problem = check_problem(answer, 422, "validation_failed");
    let expected = [
        ("/a~1b", "unknown_field"),
        ("/description", "too_long"),
        ("/name", "wrong_type"),
        ("/source", "not_allowed"),
        ("/tags/1", "wrong_type"),
        ("/tags/2", "wrong_type"),
    ];
    assert_eq!(pointers(&problem), expected);
    let problem = check_problem(app.member().post(LISTS, json!({})).await, 422, "validation_failed");
    assert_eq!(pointers(&problem), [("/name", "required")]);
}

#[tokio::test]
async fn what_the_schema_finds_hides_nothing_that_only_the_rules_beyond_it_find() {
    let app = TestApp::start().await;
    let told = async |path: &str, body: Value| {
        let problem = check_problem(app.member().post(path, body).await, 422, "validation_failed");
        pointers(&problem).into_iter().map(|(at, code)| format!("{at} {code}")).collect::<Vec<_>>()
    };
    let window = json!({"timezone": "Mars/Base", "days": ["mon"], "start_time": "18:00", "end_time": "09:00"});
    let account =
        json!({"provider": "sandbox", "channel": "fax", "email": "nobody", "seed": -1, "sending_window": window});
    assert_eq!(
        told("/api/v1/connected-accounts", account).await,
        [
            "/channel not_allowed",
            "/display_name required",
            "/email email_without_at",
            "/seed too_small",
            "/sending_window/end_time empty_window",
            "/sending_window/timezone unknown_timezone",
        ]
    );
    let account = json!({"provider": "sandbox", "channel": "email", "display_name": "",
        "limits": {"send_inmail": {"per_day": 1}, "send_email": {"per_day": -1}}});
    assert_eq!(
        told("/api/v1/connected-accounts", account).await,
        [
            "/display_name empty",
            "/display_name wrong_form",
            "/limits/send_email/per_day too_small",
            "/limits/send_inmail not_for_channel"
        ]
    );
    let lead =
        json!({"email": "nobody", "linkedin_url": 7, "status": "hot", "tags": ["a", 1], "timezone": "Mars/Base"});
    assert_eq!(
        told("/api/v1/leads", lead).await,
        [
            "/email email_without_at",
            "/linkedin_url wrong_type",
            "/status not_allowed",
            "/tags/1 wrong_type",
            "/timezone timezone_unknown"
        ]
    );
    // What identifies the lead is there, if in a wrong form: that it lacks is not said.
    assert_eq!(told("/api/v1/leads", json!({"email": 7})).await, ["/email wrong_type"]);
    assert_eq!(told("/api/v1/leads", json!({"colour": 7})).await, [" identity_required", "/colour unknown_field"]);
}

#[tokio::test]
async fn a_patch_knows_its_fields_too() {
    let app = TestApp::start().await;
    let list = app.member().post(LISTS, json!({"name": "A"})).await;
    let path = list.header("location").to_owned();
    let problem = app.member().patch(&path, json!({"name": null, "status": "archived", "tags": null})).await;
    let problem = check_problem(problem, 422, "validation_failed");
    assert_eq!(pointers(&problem), [("/name", "wrong_type"), ("/status", "unknown_field"), ("/tags", "wrong_type")]);
    let merge = app.member().request(Method::PATCH, &path).header("content-type", "application/merge-patch+json");
    assert_eq!(merge.body("{\"name\": \"B\"}").send().await.expect(200)["name"], "B");
}

#[tokio::test]
async fn a_parameter_that_is_unknown_repeated_empty_or_malformed_is_refused() {
    let app = TestApp::start().await;
    let table = [
        ("colour=red", "colour", "unknown_parameter"),
        ("limit=1&limit=2", "limit", "repeated"),
        ("limit=", "limit", "empty"),
        ("limit=many", "limit", "wrong_form"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("limit=99999999999999999999", "limit", "wrong_form"),
        ("sort=name", "sort", "wrong_form"),
        ("include_total=yes", "include_total", "wrong_form"),
        ("cursor=abc", "cursor", "invalid_cursor"),
        ("cursor=%00", "cursor", "wrong_form"),
        ("cursor=%FF", "cursor", "wrong_form"),
    ];
    for (query, name, code) in table {
        let problem = check_problem(app.member().get(&format!("{LISTS}?{query}")).await, 400, "invalid_parameter");
        assert_eq!(pointers(&problem), [(name, code)], "{query}");
    }
}

#[tokio::test]
async fn what_the_database_cannot_store_is_a_fault_of_its_field() {
    let app = TestApp::start().await;
    let body = r#"{"name": "A\u0000B", "tags": ["fine", "\u0000"]}"#;
    let call = app.member().request(Method::POST, LISTS).header("content-type", "application/json").body(body);
    let problem = check_problem(call.send().await, 422, "validation_failed");
    assert_eq!(pointers(&problem), [("/name", "nul_character"), ("/tags/1", "nul_character")]);
    let odd = r#"{"name": "\\u0000 \ud83d\ude00 \u202e"}"#;
    let call = app.member().request(Method::POST, LISTS).header("content-type", "application/json").body(odd);
    assert_eq!(call.send().await.expect(201)["name"], "\\u0000 😀 \u{202e}");
}

#[tokio::test]
async fn an_organization_is_named_by_header_or_token() {
    let app = TestApp::start().await;
    let member = app.member();
    let ours = app.organization_id("org_ours").await.to_string();
    let theirs = app.organization_id("org_theirs").await.to_string();
    let as_of = |id: &str| member.request(Method::GET, LISTS).header("x-organization-id", id).send();
    as_of(&ours).await.expect(200);
    as_of("org_ours").await.expect(200);
    let unknown = check_problem(as_of("org_unknown").await, 404, "organization_not_found");
    for foreign in [theirs.as_str(), "org_theirs"] {
        let problem = check_problem(as_of(foreign).await, 404, "organization_not_found");
        assert_eq!(problem["detail"], unknown["detail"], "{foreign}");
    }
    check_problem(as_of("7").await, 400, "invalid_header");
    let without = crate::support::caller::Caller { token: Some(app.token("user_member", None)), ..app.anonymous() };
    check_problem(without.get(LISTS).await, 400, "organization_required");
}

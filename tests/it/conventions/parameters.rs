//! Parameters: each is known to its operation, or the request is refused.

use reqwest::Method;
use serde_json::json;

use super::pointers;
use crate::support::TestApp;

#[tokio::test]
async fn no_operation_ignores_a_parameter() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let organization = app.organization_id("org_ours").await.to_string();
    let document = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    for (path, item) in document["paths"].as_object().unwrap() {
        // Somebody else's pages and mails lead there, and may add to the address what they like.
        if ["/connected", "/not-connected", "/l/{token}", "/o/{token}", "/u/{token}", "/.well-known/clento/{challenge}"]
            .contains(&path.as_str())
        {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            let here = path.replace("/organizations/{id}", &format!("/organizations/{organization}"));
            let here = here.replace("{id}", &uuid::Uuid::new_v4().to_string());
            let here = here.replace("{member_id}", "7").replace("{invitation_id}", "orginv_1");
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = admin.request(method.clone(), &format!("{here}?colour=red")).send().await;
            let problem = answer.expect_problem(400, "invalid_parameter");
            assert_eq!(problem["errors"][0]["pointer"], "colour", "{method} {path}: {problem}");
            assert_eq!(problem["errors"][0]["code"], "unknown_parameter", "{method} {path}: {problem}");
            assert!(!operation["responses"]["400"].is_null(), "{method} {path} does not tell of 400");
        }
    }
}

#[tokio::test]
async fn what_a_mistaken_parameter_asks_for_is_not_done_otherwise() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = member.post("/api/v1/leads", json!({"email": "jane@acme.com"})).await;
    let path = made.header("location").to_owned();
    let refused = member.delete(&format!("{path}?erase=true&erase=false&really=")).await;
    let problem = refused.expect_problem(400, "invalid_parameter");
    let names: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    assert_eq!(names, ["erase", "really"]);
    member.get(&path).await.expect(200);
    // Nothing behind the mark is no parameter, and who asks for the head asks what GET would answer.
    member.get(&format!("{path}?")).await.expect(200);
    let head = member.request(Method::HEAD, "/api/v1/leads?limit=1").send().await;
    assert_eq!(head.status, 200);
}

#[tokio::test]
async fn all_faults_of_the_parameters_are_told_at_once() {
    let app = TestApp::start().await;
    let query = format!(
        "colour=red&limit=0&cursor=abc&sort=name&search={}&status=hot&lead_list_id=7&tag=&size=1&company=a&company=b&company=c",
        "x".repeat(201)
    );
    let problem = app.member().get(&format!("/api/v1/leads?{query}")).await.expect_problem(400, "invalid_parameter");
    let expected = [
        ("colour", "unknown_parameter"),
        ("company", "repeated"),
        ("cursor", "invalid_cursor"),
        ("lead_list_id", "wrong_form"),
        ("limit", "out_of_range"),
        ("search", "too_long"),
        ("size", "unknown_parameter"),
        ("sort", "wrong_form"),
        ("status", "wrong_form"),
        ("tag", "empty"),
    ];
    assert_eq!(pointers(&problem), expected);
    let path = format!("/api/v1/organizations/{}/invitations", app.organization_id("org_ours").await);
    let problem = app.admin().get(&format!("{path}?limit=201&cursor=abc&sort=created_at")).await;
    let problem = problem.expect_problem(400, "invalid_parameter");
    let expected = [("cursor", "invalid_cursor"), ("limit", "out_of_range"), ("sort", "unknown_parameter")];
    assert_eq!(pointers(&problem), expected);
}

#[tokio::test]
async fn no_operation_ignores_a_body() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let organization = app.organization_id("org_ours").await.to_string();
    let document = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !path.starts_with("/api/v1/") || path.contains("/webhooks/") || operation.get("requestBody").is_some() {
                continue;
            }
            let here = path.replace("/organizations/{id}", &format!("/organizations/{organization}"));
            let here = here.replace("{id}", &uuid::Uuid::new_v4().to_string());
            let here = here.replace("{member_id}", "7").replace("{invitation_id}", "orginv_1");
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = admin.request(method.clone(), &here).json(json!({"dry_run": true})).send().await;
            let problem = answer.expect_problem(422, "validation_failed");
            assert_eq!(pointers(&problem), [("/dry_run", "unknown_field")], "{method} {path}: {problem}");
            if method != Method::GET {
                assert!(!operation["responses"]["422"].is_null(), "{method} {path} does not tell of 422");
            }
            asked += 1;
        }
    }
    assert!(asked > 50, "{asked}");
}

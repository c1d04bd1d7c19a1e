//! Lists of leads.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_list_is_made_read_changed_and_deleted() {
    let app = TestApp::start().await;
    let member = app.member();
    let made =
        member.post("/api/v1/lead-lists", json!({"name": "Founders", "description": "Berlin", "tags": ["b"]})).await;
    let path = made.header("location").to_owned();
    assert_eq!(made.header("etag"), "\"1\"");
    let made = made.expect(201);
    assert_eq!(
        (&made["name"], &made["source"], &made["lead_count"]),
        (&json!("Founders"), &json!("manual"), &json!(0))
    );
    assert_eq!(member.get(&path).await.expect(200), made);

    let changed = member.patch(&path, json!({"description": null})).await.expect(200);
    assert_eq!(
        (&changed["description"], &changed["name"], &changed["version"]),
        (&json!(null), &json!("Founders"), &json!(2))
    );
    let same = member.patch(&path, json!({"name": "Founders"})).await.expect(200);
    assert_eq!(same["version"], 2, "a patch that changes nothing makes no version");

    member.delete(&path).await.expect(204);
    member.get(&path).await.expect_problem(404, "lead_list_not_found");
}

#[tokio::test]
async fn every_fault_of_a_body_is_named_at_once() {
    let app = TestApp::start().await;
    let answer = app
        .member()
        .post("/api/v1/lead-lists", json!({"name": "", "description": 5, "source": "fax", "colour": "red"}))
        .await;
    let problem = answer.expect_problem(422, "validation_failed");
    let mut pointers: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    pointers.dedup();
    assert_eq!(pointers, ["/colour", "/description", "/name", "/source"]);
}

#[tokio::test]
async fn labels_are_read_as_those_of_leads_are() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = member.post("/api/v1/lead-lists", json!({"name": "A", "tags": [" berlin", "q4", "berlin", " "]})).await;
    let path = made.header("location").to_owned();
    assert_eq!(made.expect(201)["tags"], json!(["berlin", "q4"]));
    let changed = member.patch(&path, json!({"tags": ["q4 ", "q4"]})).await.expect(200);
    assert_eq!(changed["tags"], json!(["q4"]));
    let refused = member.patch(&path, json!({"tags": ["", "x".repeat(101), "x".repeat(100)]})).await;
    let problem = refused.expect_problem(422, "validation_failed");
    let faults: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|fault| (&fault["pointer"], &fault["code"])).collect();
    assert_eq!(faults, [(&json!("/tags/0"), &json!("empty")), (&json!("/tags/1"), &json!("too_long"))]);
}

#[tokio::test]
async fn another_organization_sees_nothing_of_a_list() {
    let app = TestApp::start().await;
    let made = app.member().post("/api/v1/lead-lists", json!({"name": "Ours"})).await;
    let path = made.header("location").to_owned();
    made.expect(201);
    let outsider = app.outsider();
    outsider.get(&path).await.expect_problem(404, "lead_list_not_found");
    outsider.patch(&path, json!({"name": "Theirs"})).await.expect_problem(404, "lead_list_not_found");
    outsider.delete(&path).await.expect_problem(404, "lead_list_not_found");
    assert_eq!(outsider.get("/api/v1/lead-lists").await.expect(200)["data"], json!([]));
    assert_eq!(app.member().get(&path).await.expect(200)["name"], "Ours");
}

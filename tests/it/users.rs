//! The signed-in user.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    clerk_events::{Membership, user},
};

const ME: &str = "/api/v1/me";

#[tokio::test]
async fn users_read_themselves_and_their_memberships() {
    let app = TestApp::start().await;
    let answer = app.member().get(ME).await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let me = answer.expect(200);
    assert_eq!((&me["clerk_user_id"], &me["email"]), (&json!("user_member"), &json!("user_member@clento.test")));
    assert_eq!(me["preferences"], json!({"timezone": null}));
    let [membership] = me["memberships"].as_array().unwrap().as_slice() else { panic!("{me}") };
    assert_eq!(membership["role"], "member");
    assert_eq!(membership["organization"]["id"], app.organization_id("org_ours").await.to_string());
    app.anonymous().get(ME).await.expect_problem(401, "token_missing");
}

#[tokio::test]
async fn a_time_zone_is_set_by_its_name_kept_and_cleared() {
    let app = TestApp::start().await;
    let member = app.member();
    let set = member.patch(ME, json!({"preferences": {"timezone": "europe/berlin"}})).await.expect(200);
    assert_eq!((&set["preferences"]["timezone"], &set["version"]), (&json!("Europe/Berlin"), &json!(2)));
    for nothing in [json!({}), json!({"preferences": {}}), json!({"preferences": {"timezone": "Europe/Berlin"}})] {
        assert_eq!(member.patch(ME, nothing).await.expect(200)["version"], 2);
    }
    let cleared = member.patch(ME, json!({"preferences": {"timezone": null}})).await.expect(200);
    assert_eq!((&cleared["preferences"]["timezone"], &cleared["version"]), (&json!(null), &json!(3)));
}

#[tokio::test]
async fn every_fault_is_named_and_nothing_of_clerks_can_be_set() {
    let app = TestApp::start().await;
    let body = json!({"email": "a@b.example", "preferences": {"timezone": "Europe/Atlantis", "colour": 1}});
    let problem = app.member().patch(ME, body).await.expect_problem(422, "validation_failed");
    let mut faults: Vec<(&str, &str)> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
        .collect();
    faults.sort_unstable();
    assert_eq!(
        faults,
        [
            ("/email", "unknown_field"),
            ("/preferences/colour", "unknown_field"),
            ("/preferences/timezone", "unknown_timezone")
        ]
    );
    let problem = app.member().patch(ME, json!({"preferences": null})).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/preferences");
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let app = TestApp::start().await;
    let member = app.member();
    let patch = |zone: &str| {
        let call = member.request(Method::PATCH, ME).header("if-match", "\"1\"");
        call.json(json!({"preferences": {"timezone": zone}}))
    };
    let (a, b) = tokio::join!(patch("Europe/Berlin").send(), patch("Asia/Tokyo").send());
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    // What Clerk changes counts too.
    app.deliver("msg_1", &user("user.updated", "user_member", "Max", 5)).await.expect(200);
    let stale = member.request(Method::PATCH, ME).header("if-match", "\"2\"").json(json!({})).send().await;
    stale.expect_problem(412, "version_mismatch");
    assert_eq!(member.get(ME).await.expect(200)["first_name"], "Max");
}

#[tokio::test]
async fn organizations_are_paged_and_only_ones_own() {
    let app = TestApp::start().await;
    for n in 0..5 {
        let (id, organization) = (format!("orgmem_{n}"), format!("org_{n}"));
        let role = if n == 0 { "org:admin" } else { "org:member" };
        let event = Membership { id: &id, user: "user_member", organization: &organization, created_at: 1 }
            .event("created", role, 5);
        app.deliver(&format!("msg_{n}"), &event).await.expect(200);
    }
    let member = app.member();
    for sort in ["-created_at", "created_at"] {
        let mut seen: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        for page in 0..3 {
            let path = format!("/api/v1/organizations?limit=2&include_total=true&sort={sort}{cursor}");
            let body = member.get(&path).await.expect(200);
            assert_eq!(body["total"], 6);
            seen.extend(body["data"].as_array().unwrap().iter().map(|one| one["clerk_organization_id"].clone()));
            match body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => assert_eq!(page, 2),
            }
        }
        seen.sort_by_key(Value::to_string);
        assert_eq!(seen, ["org_0", "org_1", "org_2", "org_3", "org_4", "org_ours"]);
    }
    let roles = member.get("/api/v1/organizations").await.expect(200);
    assert_eq!(roles["data"].as_array().unwrap().iter().filter(|one| one["role"] == "admin").count(), 1);
    assert_eq!(app.outsider().get("/api/v1/organizations").await.expect(200)["data"].as_array().unwrap().len(), 1);
}

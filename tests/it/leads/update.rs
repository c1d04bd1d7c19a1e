//! Changing and deleting one lead.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{LEADS, audited, count, enroll, id_of, make, make_list, path_of, pointers};
use crate::support::TestApp;

#[tokio::test]
async fn null_clears_absent_stays_and_nothing_new_is_no_version() {
    let app = TestApp::start().await;
    let member = app.member();
    let all = json!({
        "first_name": "Jane", "last_name": "Doe", "full_name": "Jane A. Doe", "phone": "1", "title": "CEO", "company": "Acme",
        "company_domain": "acme.com", "industry": "Steel", "location": "Bonn", "country": "DE", "timezone": "UTC",
        "linkedin_url": "https://www.linkedin.com/in/jane", "external_id": "1", "tags": ["a"], "custom_fields": {"a": 1}
    });
    let made = make(&member, "jane@example.com", all.clone()).await;
    let path = path_of(&made);
    let same =
        member.patch(&path, json!({"title": "CEO", "tags": [" a"], "email": "JANE@example.com"})).await.expect(200);
    assert_eq!(same, made);
    for (name, _) in
        all.as_object().unwrap().iter().filter(|(name, _)| !["tags", "custom_fields"].contains(&name.as_str()))
    {
        app.clock.advance(Duration::from_millis(1));
        let before = member.get(&path).await.expect(200);
        let after = member.patch(&path, json!({name: null})).await.expect(200);
        let derived = if name == "full_name" { json!("Doe") } else { json!(null) };
        assert_eq!(after[name], derived, "{name}");
        for (other, value) in before.as_object().unwrap() {
            // The full name falls back on what is left of first and last name.
            if ![name.as_str(), "version", "updated_at", "full_name"].contains(&other.as_str()) {
                assert_eq!(&after[other], value, "{name} touches {other}");
            }
        }
        assert_eq!(after, member.get(&path).await.expect(200));
    }
    app.clock.advance(Duration::from_millis(1));
    let answer = member.patch(&path, json!({"first_name": "Joan", "tags": [], "custom_fields": null})).await;
    assert_eq!(answer.header("etag"), "\"15\"");
    let last = answer.expect(200);
    assert_eq!((&last["full_name"], &last["tags"], &last["custom_fields"]), (&json!("Joan"), &json!([]), &json!({})));
    let audit = audited(&app, &made).await;
    assert_eq!(audit.len(), 15);
    assert_eq!(audit[14].1, json!({"first_name": null, "tags": ["a"], "custom_fields": {"a": 1}}));
    assert_eq!(audit[14].2, json!({"first_name": "Joan", "tags": null, "custom_fields": null}));
}

#[tokio::test]
async fn custom_fields_are_merged_within_their_bounds() {
    let app = TestApp::start().await;
    let member = app.member();
    let made =
        make(&member, "jane@example.com", json!({"custom_fields": {"a": 1, "b": {"c": 1, "d": 2}, "e": 5}})).await;
    let path = path_of(&made);
    let patched =
        member.patch(&path, json!({"custom_fields": {"a": null, "b": {"c": null, "x": 3}, "f": [null]}})).await;
    assert_eq!(patched.expect(200)["custom_fields"], json!({"b": {"d": 2, "x": 3}, "e": 5, "f": [null]}));
    let many: serde_json::Map<_, _> = (0..98).map(|i| (format!("f{i}"), json!(i))).collect();
    let problem = member.patch(&path, json!({"custom_fields": many})).await.expect_problem(422, "validation_failed");
    assert_eq!((pointers(&problem), &problem["errors"][0]["code"]), (vec!["/custom_fields"], &json!("too_many")));
    assert_eq!(member.get(&path).await.expect(200)["version"], 2);
}

#[tokio::test]
async fn lists_are_replaced() {
    let app = TestApp::start().await;
    let (member, outsider) = (app.member(), app.outsider());
    let mut lists = [make_list(&member, "A").await, make_list(&member, "B").await, make_list(&member, "C").await];
    lists.sort();
    let theirs = make_list(&outsider, "Theirs").await;
    let made = make(&member, "jane@example.com", json!({"lead_list_ids": [lists[0], lists[1]]})).await;
    let path = path_of(&made);
    let patched = member.patch(&path, json!({"lead_list_ids": [lists[2], lists[1], lists[2]]})).await.expect(200);
    assert_eq!((&patched["lead_list_ids"], &patched["version"]), (&json!([lists[1], lists[2]]), &json!(2)));
    assert_eq!(member.get(&path).await.expect(200), patched);
    for (list, leads) in lists.iter().zip([0, 1, 1]) {
        let list = member.get(&format!("/api/v1/lead-lists/{list}")).await.expect(200);
        assert_eq!(list["lead_count"], leads);
    }
    let problem = member
        .patch(&path, json!({"lead_list_ids": [lists[0], theirs]}))
        .await
        .expect_problem(422, "validation_failed");
    assert_eq!(pointers(&problem), ["/lead_list_ids/1"]);
    assert_eq!(member.get(&path).await.expect(200), patched);
    assert_eq!(member.patch(&path, json!({"lead_list_ids": []})).await.expect(200)["lead_list_id"], json!(null));
}

#[tokio::test]
async fn a_lead_keeps_an_identity_of_its_own() {
    let app = TestApp::start().await;
    let member = app.member();
    let jane = make(&member, "jane@example.com", json!({"external_id": "1"})).await;
    let joe = make(&member, "joe@example.com", json!({})).await;
    let path = path_of(&jane);
    member.patch(&path, json!({"external_id": null})).await.expect(200);
    let problem = member.patch(&path, json!({"email": " "})).await.expect_problem(422, "validation_failed");
    assert_eq!((pointers(&problem), &problem["errors"][0]["code"]), (vec!["/email"], &json!("identity_required")));
    let problem = member.patch(&path, json!({"email": "JOE@example.com"})).await.expect_problem(409, "lead_exists");
    assert_eq!((&problem["lead_id"], pointers(&problem)), (&joe["id"], vec!["/email"]));
    let moved = member.patch(&path, json!({"email": null, "linkedin_url": "linkedin.com/in/Jane"})).await.expect(200);
    assert_eq!((&moved["email"], &moved["linkedin_url"]), (&json!(null), &json!("https://www.linkedin.com/in/jane")));
    let problem = member
        .patch(&path, json!({"email": "x", "title": "x".repeat(301), "timezone": "x", "tags": null, "status": null, "source": "api"}))
        .await
        .expect_problem(422, "validation_failed");
    assert_eq!(pointers(&problem), ["/email", "/source", "/status", "/tags", "/timezone", "/title"]);
}

#[tokio::test]
async fn of_two_who_saw_the_same_version_one_wins() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = make(&member, "jane@example.com", json!({})).await;
    let path = path_of(&made);
    let retitle = |title: usize| {
        let call = member.request(Method::PATCH, &path).header("if-match", "\"1\"");
        call.json(json!({"title": format!("t{title}")})).send()
    };
    let answers = join_all((0..10).map(retitle)).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 9, "{statuses:?}");
    assert_eq!(member.get(&path).await.expect(200)["version"], 2);
    let unseen = join_all((0..10).map(|i| member.patch(&path, json!({"custom_fields": {format!("f{i}"): i}})))).await;
    assert!(unseen.iter().all(|answer| answer.status == 200));
    let last = member.get(&path).await.expect(200);
    assert_eq!((&last["version"], last["custom_fields"].as_object().unwrap().len()), (&json!(12), 10), "none is lost");
    let stale = member.request(Method::DELETE, &path).header("if-match", "\"11\"").send().await;
    stale.expect_problem(412, "version_mismatch");
    member.request(Method::DELETE, &path).header("if-match", "\"12\"").send().await.expect(204);
}

#[tokio::test]
async fn a_deleted_lead_leaves_its_campaigns_and_a_trace() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = make_list(&member, "List").await;
    let made = make(&member, "jane@example.com", json!({"lead_list_id": list})).await;
    let campaign = enroll(&app, &made).await;
    let path = path_of(&made);
    let read = member.get(&path).await.expect(200);
    assert_eq!(read["running_campaigns"][0]["campaign_id"], campaign.as_str());
    assert_eq!(read["running_campaigns"][0]["status"], "pending");
    assert_eq!(read["running_campaigns"][0]["name"], "Spring");
    let listed = member.get(&format!("{LEADS}?lead_list_id={list}")).await.expect(200);
    assert_eq!(listed["data"][0]["running_campaigns"], read["running_campaigns"]);
    member.patch(&path, json!({"status": "replied"})).await.expect(200);

    app.clock.advance(Duration::from_secs(1));
    member.delete(&path).await.expect(204);
    member.get(&path).await.expect_problem(404, "lead_not_found");
    member.delete(&path).await.expect_problem(404, "lead_not_found");
    assert_eq!(count(&app, "select count(*) from campaign_executions").await, 0);
    assert_eq!(count(&app, "select count(*) from lead_list_members").await, 0);
    let audit = audited(&app, &made).await;
    let (action, before, after) = audit.last().unwrap();
    assert_eq!((action.as_str(), after), ("lead.deleted", &Value::Null));
    assert_eq!((&before["email"], &before["running_campaign_ids"]), (&json!("jane@example.com"), &json!([campaign])));
    let activities = member.get("/api/v1/activities").await.expect(200);
    assert_eq!(activities["data"][0]["lead_id"], json!(null), "what happened stays, without the person");
    make(&member, "jane@example.com", json!({"external_id": id_of(&made)})).await;
}

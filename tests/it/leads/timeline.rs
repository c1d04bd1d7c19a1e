//! What happened to leads.

use std::time::Duration;

use serde_json::{Value, json};

use super::{enroll, id_of, make, path_of};
use crate::support::{Caller, TestApp};

async fn walk(caller: &Caller, path: &str) -> Vec<Value> {
    let (mut entries, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("{path}limit=2{cursor}")).await.expect(200);
        entries.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return entries,
        }
    }
}

#[tokio::test]
async fn a_timeline_tells_what_happened_and_who_changed_what() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = make(&member, "jane@example.com", json!({"title": "CEO"})).await;
    let other = make(&member, "joe@example.com", json!({})).await;
    let path = path_of(&made);
    app.clock.advance(Duration::from_secs(1));
    member.patch(&path, json!({"status": "contacted", "title": "CTO"})).await.expect(200);
    app.clock.advance(Duration::from_secs(1));
    member.patch(&path, json!({"status": "replied"})).await.expect(200);
    member.patch(&path, json!({"title": null})).await.expect(200);
    member.patch(&path_of(&other), json!({"status": "replied"})).await.expect(200);

    let entries = walk(&member, &format!("{path}/timeline?")).await;
    let mut told: Vec<(&str, &str)> =
        entries.iter().map(|entry| (entry["occurred_at"].as_str().unwrap(), entry["type"].as_str().unwrap())).collect();
    assert!(told.is_sorted_by(|a, b| a.0 >= b.0), "{told:?}");
    told.sort_unstable();
    let (first, second, third) = ("2026-11-22T12:00:00Z", "2026-11-22T12:00:01Z", "2026-11-22T12:00:02Z");
    let expected = [
        (first, "lead.created"),
        (second, "lead.updated"),
        (second, "lead_status_changed"),
        (third, "lead.updated"),
        (third, "lead.updated"),
        (third, "lead_status_changed"),
    ];
    assert_eq!(told, expected);
    let mut backwards = walk(&member, &format!("{path}/timeline?sort=created_at&")).await;
    backwards.reverse();
    assert_eq!(backwards, entries);
    let total = member.get(&format!("{path}/timeline?include_total=true&limit=1")).await.expect(200);
    assert_eq!(total["total"], 6);

    let change = entries.iter().find(|e| e["kind"] == "change" && e["occurred_at"] == second).unwrap();
    let data = json!({"before": {"status": "new", "title": "CEO"}, "after": {"status": "contacted", "title": "CTO"}});
    assert_eq!(change["data"], data);
    let activity = entries.iter().find(|e| e["kind"] == "activity" && e["occurred_at"] == second).unwrap();
    assert_eq!(activity["data"], json!({"from": "new", "to": "contacted"}));
    assert!(activity["user_id"].is_string() && activity["user_id"] == change["user_id"]);
    assert!(!entries.iter().any(|entry| entry.to_string().contains("127.0.0.1")), "addresses are the administrators'");
    app.outsider().get(&format!("{path}/timeline")).await.expect_problem(404, "lead_not_found");
}

#[tokio::test]
async fn activities_are_found_by_what_they_are_about() {
    let app = TestApp::start().await;
    let member = app.member();
    let (jane, joe) =
        (make(&member, "jane@example.com", json!({})).await, make(&member, "joe@example.com", json!({})).await);
    let campaign = enroll(&app, &joe).await;
    for (lead, status) in [(&jane, "contacted"), (&joe, "contacted"), (&jane, "replied")] {
        member.patch(&path_of(lead), json!({"status": status})).await.expect(200);
        app.clock.advance(Duration::from_mins(1));
    }
    sqlx::query(
        "insert into activities (id, organization_id, type, campaign_id, occurred_at)
         select gen_random_uuid(), organization_id, 'note', id, '2026-11-22T12:02:00Z' from campaigns",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let all = "/api/v1/activities?";
    for (query, found) in [
        (String::new(), 4),
        (format!("lead_id={}&", id_of(&jane)), 2),
        (format!("lead_id={}&", uuid::Uuid::now_v7()), 0),
        (format!("campaign_id={campaign}&"), 1),
        (format!("account_id={campaign}&"), 0),
        ("type=lead_status_changed&".to_owned(), 3),
        ("type=note&".to_owned(), 1),
        ("occurred_after=2026-11-22T12:01:00Z&".to_owned(), 3),
        ("occurred_before=2026-11-22T12:01:00Z&".to_owned(), 1),
        (format!("lead_id={}&occurred_after=2026-11-22T12:01:00Z&", id_of(&jane)), 1),
    ] {
        let entries = walk(&member, &format!("{all}{query}")).await;
        assert_eq!(entries.len(), found, "{query}");
        let mut backwards = walk(&member, &format!("{all}{query}sort=created_at&")).await;
        backwards.reverse();
        assert_eq!(backwards, entries, "{query}");
        let total = member.get(&format!("{all}{query}include_total=true")).await.expect(200);
        assert_eq!(total["total"], found, "{query}");
        assert_eq!(app.outsider().get(&format!("{all}{query}")).await.expect(200)["data"], json!([]));
    }
    member.get("/api/v1/activities?kind=x").await.expect_problem(400, "invalid_parameter");
}

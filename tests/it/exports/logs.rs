//! Exports of activities and of the audit log.

use std::time::Duration;

use serde_json::{Value, json};

use super::{export, whole};
use crate::support::{TestApp, app::ADMIN};

/// A lead whose status was changed twice.
async fn changed(app: &TestApp) -> Value {
    let member = app.member();
    let lead = member.post("/api/v1/leads", json!({"email": "jane@example.com", "title": "=1"})).await.expect(201);
    for status in ["contacted", "replied"] {
        app.clock.advance(Duration::from_secs(1));
        let path = format!("/api/v1/leads/{}", lead["id"].as_str().unwrap());
        member.patch(&path, json!({ "status": status })).await.expect(200);
    }
    lead
}

#[tokio::test]
async fn activities_are_exported_as_they_are_listed() {
    let app = TestApp::start().await;
    let lead = changed(&app).await;
    let table = export(&app.member(), "/api/v1/activities/export.csv").await;
    let listed = app.member().get("/api/v1/activities?sort=created_at").await.expect(200);
    assert_eq!(table.lines.len(), 2);
    for (line, activity) in table.lines.iter().zip(listed["data"].as_array().unwrap()) {
        for (name, cell) in table.header.iter().zip(line) {
            match &activity[name] {
                Value::Null => assert_eq!(cell, "", "{name}"),
                Value::String(text) => assert_eq!(cell, text, "{name}"),
                data => assert_eq!(&serde_json::from_str::<Value>(cell).unwrap(), data, "{name}"),
            }
        }
    }
    let query = format!("?lead_id={}&occurred_before=2026-11-22T12:00:02Z", lead["id"].as_str().unwrap());
    let table = export(&app.member(), &format!("/api/v1/activities/export.csv{query}")).await;
    assert_eq!(table.column("occurred_at"), ["2026-11-22T12:00:01Z"]);
    let theirs = export(&app.outsider(), "/api/v1/activities/export.csv").await;
    assert_eq!((theirs.lines.len(), theirs.header.len()), (0, 9));
}

#[tokio::test]
async fn the_audit_log_is_exported_with_who_did_it() {
    let app = TestApp::start().await;
    let lead = changed(&app).await;
    clento::workers::seal_once(&app.state).await.unwrap();
    let table = export(&app.admin(), "/api/v1/audit-logs/export.csv").await;
    let listed = app.admin().get("/api/v1/audit-logs?sort=created_at").await.expect(200);
    assert_eq!(table.lines.len(), 3);
    for (line, entry) in table.lines.iter().zip(listed["data"].as_array().unwrap()) {
        for (name, cell) in table.header.iter().zip(line) {
            let shown = match name.split_once('_') {
                Some((part @ ("actor" | "entity"), name)) => &entry[part][name],
                _ => &entry[name],
            };
            match shown {
                Value::Null => assert_eq!(cell, "", "{name}"),
                Value::String(text) => assert_eq!(cell, text, "{name}"),
                Value::Number(seq) => assert_eq!(cell, &seq.to_string(), "{name}"),
                change => assert_eq!(&serde_json::from_str::<Value>(cell).unwrap(), change, "{name}"),
            }
        }
    }
    assert_eq!(table.column("actor_email"), ["user_member@clento.test"; 3]);
    let query = format!("?entity_id={}&action=lead.created", lead["id"].as_str().unwrap());
    let table = export(&app.admin(), &format!("/api/v1/audit-logs/export.csv{query}")).await;
    assert_eq!(table.column("action"), ["lead.created"]);
    let late = "/api/v1/audit-logs/export.csv?entity_type=lead&occurred_after=2026-11-22T12:00:02Z";
    let table = export(&app.admin(), late).await;
    assert_eq!(table.column("occurred_at"), ["2026-11-22T12:00:02Z"]);
    let theirs = export(&app.outsider(), "/api/v1/audit-logs/export.csv").await;
    assert_eq!(theirs.lines, Vec::<Vec<String>>::new());
    app.clock.advance(Duration::from_secs(1));
    let support = app.impersonated(ADMIN, "user_support");
    support.post("/api/v1/leads", json!({"email": "support@example.com"})).await.expect(201);
    let table = export(&app.admin(), "/api/v1/audit-logs/export.csv?entity_type=lead").await;
    assert_eq!(table.column("actor_impersonator"), ["", "", "", "user_support"]);
}

/// The lines about exports, the oldest first, and that the chain holds with them.
async fn told(app: &TestApp) -> Vec<Value> {
    clento::workers::seal_once(&app.state).await.unwrap();
    assert_eq!(app.admin().get("/api/v1/audit-logs/verify").await.expect(200)["valid"], true);
    let listed = app.admin().get("/api/v1/audit-logs?sort=created_at&limit=200").await.expect(200);
    let lines = listed["data"].as_array().unwrap();
    lines.iter().filter(|line| line["action"].as_str().unwrap().ends_with("exported")).cloned().collect()
}

#[tokio::test]
async fn each_export_has_its_line_whoever_makes_it() {
    let app = TestApp::start().await;
    changed(&app).await;
    let program = app.program(&["leads:read", "activities:read"]).await;
    for path in
        ["/api/v1/leads/export.csv?tag=vip", "/api/v1/leads/export.csv?tag=vip", "/api/v1/activities/export.csv"]
    {
        whole(program.get(path).await);
    }
    app.clock.advance(Duration::from_secs(1));
    whole(app.admin().get("/api/v1/audit-logs/export.csv?action=lead.created").await);
    app.anonymous().get("/api/v1/leads/export.csv").await.expect(401);
    let lines = told(&app).await;
    let about: Vec<_> = lines.iter().map(|line| (&line["action"], &line["actor"]["type"])).collect();
    let key = json!("api_key");
    let expected = [
        (&json!("lead.exported"), &key),
        (&json!("lead.exported"), &key),
        (&json!("activity.exported"), &key),
        (&json!("audit_log.exported"), &json!("user")),
    ];
    assert_eq!(about, expected);
    let filters: Vec<_> = lines.iter().map(|line| &line["after"]["filter"]).collect();
    assert_eq!((&filters[0]["tag"], &filters[3]["action"]), (&json!("vip"), &json!("lead.created")));
    assert!(lines.iter().all(|line| line["request_id"].is_string() && line["ip_address"] == "127.0.0.1"), "{lines:?}");
}

#[tokio::test]
async fn an_export_that_cannot_be_told_is_not_made() {
    let app = TestApp::start().await;
    changed(&app).await;
    let refuse = "create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$";
    sqlx::query(refuse).execute(&app.pool).await.unwrap();
    let trigger = "create trigger refuse before insert on audit_logs for each row execute function refuse()";
    sqlx::query(trigger).execute(&app.pool).await.unwrap();
    let answer = app.member().get("/api/v1/leads/export.csv").await;
    assert!(answer.status.is_server_error() && !answer.text.contains("jane"), "{}", answer.text);
}

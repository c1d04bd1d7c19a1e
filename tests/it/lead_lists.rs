//! Lists of leads.

use std::{sync::Arc, time::Duration};

use clento::repositories::{Database, DatabaseSettings};
use reqwest::Method;
use serde_json::json;

use crate::support::{TestApp, postgres::TestDatabase};

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

/// Of each lead something is written before: no statement takes long for that, and the copy is there as a whole or not at all.
#[tokio::test]
async fn a_list_of_any_size_is_copied() {
    let app = TestApp::start().await;
    let impatient = DatabaseSettings {
        statement_timeout: Duration::from_secs(1),
        ..TestDatabase::settings(app.database.url.clone())
    };
    let db = Database::new(&impatient).unwrap();
    let hurried = TestApp::start_on(app.database.share(), db, Arc::clone(&app.clock), |_| {}).await;
    let member = hurried.member();
    let list = member.post("/api/v1/lead-lists", json!({"name": "Large"})).await.expect(201);
    let other = member.post("/api/v1/lead-lists", json!({"name": "Other"})).await.expect(201);
    let leads = "insert into leads (id, organization_id, lead_list_id, email, status, source, tags, custom_fields, version, created_at, updated_at)
                 select gen_random_uuid(), organization_id, id, name || n || '@example.com', 'new', 'api', '{}', '{}', 1, now() - n * interval '1 s', now()
                 from lead_lists, generate_series(1, case name when 'Large' then 20000 else 3 end) n";
    sqlx::query(leads).execute(&app.pool).await.unwrap();
    // Some are on it besides.
    sqlx::query(
        "insert into lead_list_members (organization_id, lead_list_id, lead_id, lead_created_at, added_at)
         select l.organization_id, $1::uuid, l.id, l.created_at, now() from leads l where l.lead_list_id = $2::uuid",
    )
    .bind(list["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap())
    .bind(other["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap())
    .execute(&app.pool)
    .await
    .unwrap();
    let duplicate = || {
        let path = format!("/api/v1/lead-lists/{}/duplicate", list["id"].as_str().unwrap());
        member.request(Method::POST, &path).header("idempotency-key", "k").json(json!({"name": "Copy"})).send()
    };
    let copy = duplicate().await.expect(201);
    assert_eq!(copy["lead_count"], 20_003);
    assert_eq!(duplicate().await.expect(201), copy, "with its key");
    let same = "select count(*) from lead_list_entries e join lead_lists l on l.id = e.lead_list_id and l.name = 'Copy'
                where exists (select from lead_list_entries o join lead_lists p on p.id = o.lead_list_id and p.name = 'Large'
                              where o.lead_id = e.lead_id)";
    assert_eq!(sqlx::query_scalar::<_, i64>(same).fetch_one(&app.pool).await.unwrap(), 20_003);
    let marked = "select count(*) from leads where on_more_lists";
    assert_eq!(sqlx::query_scalar::<_, i64>(marked).fetch_one(&app.pool).await.unwrap(), 20_003);
    member
        .post("/api/v1/lead-lists/01890000-0000-7000-8000-000000000000/duplicate", json!({}))
        .await
        .expect_problem(404, "lead_list_not_found");
}

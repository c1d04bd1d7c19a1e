//! Erasing a person.

use std::{sync::Arc, time::Duration};

use clento::repositories::{Database, DatabaseSettings};
use reqwest::Method;
use serde_json::{Value, json};

use super::{LEADS, audited, count, enroll, id_of, make, path_of};
use crate::support::{TestApp, postgres::TestDatabase};

/// Every table in which a text stands, and how often; as the database's owner sees it.
async fn places(app: &TestApp, text: &str) -> Vec<(String, i64)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'public' order by 1",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let bytes = if table == "idempotency_keys" { "|| coalesce(encode(t.body, 'escape'), '')" } else { "" };
        let sql = format!("select count(*) from {table} t where t::text {bytes} ilike '%' || $1 || '%'");
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(text).fetch_one(&app.pool).await.unwrap();
        if rows > 0 {
            found.push((table, rows));
        }
    }
    found
}

#[tokio::test]
async fn nothing_names_the_person_any_more_but_older_lines_of_the_audit_log() {
    let app = TestApp::start().await;
    let member = app.member();
    let keyed = member.request(Method::POST, LEADS).header("idempotency-key", "k1");
    let body = json!({"email": "jane.secret@example.com", "linkedin_url": "linkedin.com/in/jane-secret", "last_name": "Secret"});
    let made = keyed.json(body.clone()).send().await.expect(201);
    let campaign = enroll(&app, &made).await;
    let path = path_of(&made);
    member.patch(&path, json!({"status": "replied"})).await.expect(200);
    sqlx::query(
        "insert into activities (id, organization_id, type, lead_id, data, occurred_at)
         select gen_random_uuid(), organization_id, 'message_received', id, '{\"text\": \"Secret words\"}', now() from leads",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let import = sqlx::query(
        "with import as (
           insert into imports (id, organization_id, status, columns, mapping, on_duplicate, file_bytes, rows_total, pieces, actor_type, actor_id,
                                created_at, updated_at)
           select gen_random_uuid(), organization_id, 'queued', '{email,profile}', '[]', 'skip', 1, 3, 1, 'user', gen_random_uuid(), now(), now()
           from leads returning organization_id, id)
         insert into import_rejections (organization_id, import_id, row_number, line, cells, faults)
         select organization_id, id, n, n, cells, '[]' from import, (values
           (1, array[' Jane.Secret@Example.com', '']), (2, array['', 'https://de.linkedin.com/in/Jane-Secret/?x=1']),
           (3, array['mary-jane@example.com', 'linkedin.com/in/jane'])) as row (n, cells)",
    );
    import.execute(&app.pool).await.unwrap();
    let earlier = audited(&app, &made).await;
    app.clock.advance(Duration::from_secs(1));

    let stale = member.request(Method::DELETE, &format!("{path}?erase=true")).header("if-match", "\"1\"").send().await;
    stale.expect_problem(412, "version_mismatch");
    app.outsider().delete(&format!("{path}?erase=true")).await.expect_problem(404, "lead_not_found");
    member.delete(&format!("{path}?erase=perhaps")).await.expect_problem(400, "invalid_parameter");
    member.delete(&format!("{path}?erase=true")).await.expect(204);
    member.get(&path).await.expect_problem(404, "lead_not_found");
    member.delete(&format!("{path}?erase=true")).await.expect_problem(404, "lead_not_found");

    assert_eq!(places(&app, "secret").await, [("audit_logs".to_owned(), 1)], "what was written when the lead was made");
    let others: i64 =
        sqlx::query_scalar("select sum(line)::int8 from import_rejections").fetch_one(&app.pool).await.unwrap();
    assert_eq!(others, 3, "what an import could not use is gone of this person, and of nobody else");
    let activities = member.get("/api/v1/activities").await.expect(200);
    let told: Vec<_> =
        activities["data"].as_array().unwrap().iter().map(|row| (&row["lead_id"], &row["data"])).collect();
    assert_eq!(told, vec![(&Value::Null, &json!({})); 2], "that something happened stays, without the person");

    let lines = audited(&app, &made).await;
    let (last, before) = lines.split_last().unwrap();
    assert_eq!(before, earlier, "the chain is not rewritten");
    let kept: Vec<String> =
        sqlx::query_scalar("select id::text from suppressions order by kind").fetch_all(&app.pool).await.unwrap();
    let left = json!({"suppression_ids": kept, "running_campaign_ids": [campaign]});
    assert_eq!((last.0.as_str(), &last.1, &last.2), ("lead.erased", &Value::Null, &left));

    let repeated = member.request(Method::POST, LEADS).header("idempotency-key", "k1").json(body).send().await;
    repeated.expect_problem(409, "idempotency_answer_lost");
}

#[tokio::test]
async fn the_objection_stays_and_whoever_is_erased_does_not_come_in_again() {
    let app = TestApp::start().await;
    let member = app.member();
    let jane = make(&member, "jane@example.com", json!({"linkedin_url": "linkedin.com/in/jane"})).await;
    member.delete(&format!("{}?erase=true", path_of(&jane))).await.expect(204);
    let listed = member.get("/api/v1/suppressions?source=erasure").await.expect(200);
    let kept = listed["data"].as_array().unwrap();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|row| row["value"].is_null() && row["reason"].is_null() && !row["erased_at"].is_null()));
    for row in [json!({"email": "JANE@example.com"}), json!({"linkedin_url": "https://de.linkedin.com/in/Jane"})] {
        member.post(LEADS, row.clone()).await.expect_problem(409, "suppressed");
        assert_eq!(member.post("/api/v1/leads/upsert", row.clone()).await.expect(200)["outcome"], "suppressed");
        let answer = member.post("/api/v1/leads/batch", json!({"leads": [row]})).await.expect(200);
        assert_eq!(answer["counts"]["suppressed"], 1);
    }
    let found = member.get("/api/v1/suppressions?value=jane@example.com").await.expect(200);
    assert_eq!((&found["data"][0]["kind"], &found["data"][0]["value"]), (&json!("email"), &json!(null)));
    let again = member.post("/api/v1/suppressions", json!({"value": "jane@example.com"})).await;
    assert_eq!(again.expect_problem(409, "suppression_exists")["suppression_id"], found["data"][0]["id"]);
    let imported =
        member.post("/api/v1/suppressions/import", json!({"entries": ["jane@example.com"]})).await.expect(200);
    assert_eq!(imported["counts"]["unchanged"], 1);
    assert_eq!(count(&app, "select count(*) from suppressions where value is not null").await, 0);
}

#[tokio::test]
async fn what_was_suppressed_before_is_forgotten_too_and_stays_in_force() {
    let app = TestApp::start().await;
    let member = app.member();
    let jane = make(&member, "jane@example.com", json!({})).await;
    let body = json!({"value": "jane@example.com", "reason": "Jane said so by phone", "source": "complaint"});
    let keyed = member.request(Method::POST, "/api/v1/suppressions").header("idempotency-key", "k1");
    let before = keyed.json(body).send().await.expect(201);
    member.delete(&format!("{}?erase=true", path_of(&jane))).await.expect(204);
    let after = member.get(&format!("/api/v1/suppressions/{}", id_of(&before))).await.expect(200);
    assert_eq!(
        (&after["value"], &after["reason"], &after["source"]),
        (&json!(null), &json!(null), &json!("complaint"))
    );
    member.post(LEADS, json!({"email": "jane@example.com"})).await.expect_problem(409, "suppressed");
    assert_eq!(count(&app, "select count(*) from suppressions").await, 1);
    assert_eq!(count(&app, "select count(*) from audit_logs where action = 'suppression.erased'").await, 1);
    assert_eq!(count(&app, "select count(*) from idempotency_keys where body is not null").await, 0);
}

#[tokio::test]
async fn without_erasing_a_deleted_lead_may_come_back() {
    let app = TestApp::start().await;
    let member = app.member();
    for query in ["", "?erase=false"] {
        let made = make(&member, "jane@example.com", json!({})).await;
        member.delete(&format!("{}{query}", path_of(&made))).await.expect(204);
    }
    make(&member, "jane@example.com", json!({})).await;
    let only_known_here = make(&member, "joe@example.com", json!({"external_id": "joe"})).await;
    member.patch(&path_of(&only_known_here), json!({"email": null})).await.expect(200);
    member.delete(&format!("{}?erase=true", path_of(&only_known_here))).await.expect(204);
    assert_eq!(count(&app, "select count(*) from suppressions").await, 0, "there is no address to keep from");
}

#[tokio::test]
async fn what_was_answered_of_the_persons_way_through_a_campaign_is_forgotten_too() {
    let app = TestApp::start().await;
    let member = app.member();
    let made = make(&member, "jane.secret@example.com", json!({"last_name": "Secret"})).await;
    enroll(&app, &made).await;
    let execution: uuid::Uuid =
        sqlx::query_scalar("select id from campaign_executions").fetch_one(&app.pool).await.unwrap();
    let stop = || {
        let path = format!("/api/v1/campaign-executions/{execution}/stop");
        member.request(Method::POST, &path).header("idempotency-key", "k").send()
    };
    let stopped = stop().await.expect(200);
    assert!(stopped["lead"]["name"].as_str().unwrap().contains("Secret"), "{stopped}");
    assert_eq!(stop().await.header("idempotent-replayed"), "true");
    member.delete(&format!("{}?erase=true", path_of(&made))).await.expect(204);
    assert_eq!(places(&app, "secret").await, [("audit_logs".to_owned(), 1)], "what was written when the lead was made");
    stop().await.expect_problem(409, "idempotency_answer_lost");
}

/// They are found by an index: no cell is looked into but those of rows that name the person.
#[tokio::test]
async fn whoever_is_erased_is_found_among_any_number_of_rows_that_could_not_be_used() {
    let app = TestApp::start().await;
    let impatient = DatabaseSettings {
        statement_timeout: Duration::from_secs(1),
        ..TestDatabase::settings(app.database.url.clone())
    };
    let db = Database::new(&impatient).unwrap();
    let hurried = TestApp::start_on(app.database.share(), db, Arc::clone(&app.clock), |_| {}).await;
    let member = hurried.member();
    let made = make(&member, "jane.secret@example.com", json!({"linkedin_url": "linkedin.com/in/jane-secret"})).await;
    // Three million cells.
    sqlx::raw_sql(
        "insert into imports (id, organization_id, status, columns, mapping, on_duplicate, file_bytes, rows_total, pieces, actor_type, actor_id,
                              created_at, updated_at)
         select gen_random_uuid(), organization_id, 'queued', '{email}', '[]', 'skip', 1, 6000, 6, 'user', gen_random_uuid(), now(), now()
         from leads;
         insert into import_rejections (organization_id, import_id, row_number, line, cells, faults)
         select organization_id, id, n, n, array_fill('nothing'::text, array[500]) || array['mary' || n || '@example.com'], '[]'
         from imports, generate_series(1, 6000) n;
         update import_rejections set cells = array[' Jane.Secret@Example.com'] where row_number = 1;
         update import_rejections set cells = array['https://de.linkedin.com/in/Jane-Secret/?x=1'] where row_number = 2;",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    member.delete(&format!("{}?erase=true", path_of(&made))).await.expect(204);
    assert_eq!(count(&app, "select count(*) from import_rejections").await, 5_998);
}

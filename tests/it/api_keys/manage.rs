//! Making, reading, changing and revoking keys; what is stored and shown of them.

use std::time::Duration;

use chrono::TimeDelta;
use clento::utils::clock::Clock as _;
use reqwest::Method;
use serde_json::{Value, json};

use super::{KEYS, holder, make, path_of, rotate, secret_of};
use crate::support::TestApp;

#[tokio::test]
async fn a_key_is_made_read_changed_and_revoked() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let made = admin.post(KEYS, json!({"name": "Clay", "scopes": ["leads:write", "leads:read", "leads:write"]})).await;
    let path = made.header("location").to_owned();
    assert_eq!(made.header("etag"), "\"1\"");
    let made = made.expect(201);
    assert_eq!(path, path_of(&made));
    let secret = secret_of(&made);
    assert!(secret.starts_with(made["prefix"].as_str().unwrap()) && secret.len() == 48, "{secret}");
    assert!(secret.ends_with(made["last_four"].as_str().unwrap()), "{made}");
    assert_eq!(made["scopes"], json!(["leads:read", "leads:write"]));
    assert_eq!(
        (&made["expires_at"], &made["last_used_at"], &made["earlier_secrets"]),
        (&json!(null), &json!(null), &json!([]))
    );

    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("key");
    assert_eq!(admin.get(&path).await.expect(200), shown);
    assert_eq!(admin.get(KEYS).await.expect(200)["data"], json!([shown]));
    assert_eq!(app.outsider().get(KEYS).await.expect(200)["data"], json!([]));

    let end = app.clock.now() + TimeDelta::days(30);
    let changed = admin.patch(&path, json!({"scopes": ["activities:read"], "expires_at": end})).await.expect(200);
    assert_eq!((&changed["scopes"], &changed["version"]), (&json!(["activities:read"]), &json!(2)));
    assert_eq!((&changed["name"], &changed["last_four"]), (&json!("Clay"), &made["last_four"]));
    let forever = admin.patch(&path, json!({"name": "Make", "expires_at": null})).await.expect(200);
    assert_eq!((&forever["expires_at"], &forever["version"]), (&json!(null), &json!(3)));
    assert_eq!(admin.patch(&path, json!({"name": "Make"})).await.expect(200)["version"], 3);
    let stale = admin.request(Method::DELETE, &path).header("if-match", "\"2\"").send().await;
    stale.expect_problem(412, "version_mismatch");
    admin.delete(&path).await.expect(204);
    admin.get(&path).await.expect_problem(404, "api_key_not_found");
}

#[tokio::test]
async fn every_fault_is_named_at_once() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let told = |problem: &Value| {
        let fault = |fault: &Value| (fault["pointer"].as_str().unwrap().to_owned(), fault["code"].clone());
        problem["errors"].as_array().unwrap().iter().map(fault).collect::<Vec<_>>()
    };
    let body = json!({"name": " ", "scopes": ["leads:read", "leads:burn"], "expires_at": "soon", "secret": "mine"});
    let problem = admin.post(KEYS, body).await.expect_problem(422, "validation_failed");
    let mut places: Vec<_> = told(&problem).into_iter().map(|(pointer, _)| pointer).collect();
    places.sort();
    assert_eq!(places, ["/expires_at", "/name", "/scopes/1", "/secret"]);
    let problem = admin.post(KEYS, json!({"name": "A", "scopes": []})).await.expect_problem(422, "validation_failed");
    assert_eq!(told(&problem)[0].0, "/scopes");
    let past = json!({"name": "A", "scopes": ["leads:read"], "expires_at": app.clock.now()});
    let problem = admin.post(KEYS, past).await.expect_problem(422, "validation_failed");
    assert_eq!(told(&problem), [("/expires_at".to_owned(), json!("in_the_past"))]);

    let key = make(&app).await;
    let problem = admin.patch(&path_of(&key), json!({"expires_at": "2020-01-01T00:00:00Z"})).await;
    assert_eq!(
        told(&problem.expect_problem(422, "validation_failed")),
        [("/expires_at".to_owned(), json!("in_the_past"))]
    );
    for overlap in [-1, 604_801] {
        rotate(&app, &key, overlap).await.expect_problem(422, "validation_failed");
    }
    assert_eq!(admin.get(&path_of(&key)).await.expect(200)["version"], 1);
}

#[tokio::test]
async fn a_secret_is_shown_once_and_stored_nowhere() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let body = json!({"name": "Clay", "scopes": ["leads:read"]});
    let call = || admin.request(Method::POST, KEYS).header("idempotency-key", "make-clay").json(body.clone());
    let made = call().send().await.expect(201);
    // A repetition makes no second key, and cannot show the first one's secret again.
    call().send().await.expect_problem(409, "idempotency_answer_lost");
    assert_eq!(admin.get(KEYS).await.expect(200)["data"].as_array().unwrap().len(), 1);
    let path = format!("{}/rotate", path_of(&made));
    let call = || admin.request(Method::POST, &path).header("idempotency-key", "rotate").json(json!({}));
    let rotated = call().send().await.expect(200);
    call().send().await.expect_problem(409, "idempotency_answer_lost");
    assert_eq!(rotated["version"], 2);

    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    for table in tables {
        let sql = format!("select count(*) from {table} t where t::text like $1 or t::text like $2");
        let random = |key: &Value| format!("%{}%", &secret_of(key)[10..40]);
        let bytes = |key: &Value| format!("%{}%", hex::encode(&secret_of(key)[10..40]));
        for key in [&made, &rotated] {
            let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.clone()))
                .bind(random(key))
                .bind(bytes(key))
                .fetch_one(&app.pool)
                .await
                .unwrap();
            assert_eq!(found, 0, "{table}");
        }
    }
    holder(&app, secret_of(&rotated)).get(super::LEADS).await.expect(200);
}

#[tokio::test]
async fn who_did_what_to_a_key_is_audited_with_the_secret_masked() {
    let app = TestApp::start().await;
    let admin = app.admin();
    // The log is in the order of time.
    let next = || app.clock.advance(Duration::from_millis(1));
    let key = make(&app).await;
    next();
    admin.patch(&path_of(&key), json!({"scopes": ["leads:read"]})).await.expect(200);
    next();
    let rotated = rotate(&app, &key, 60).await.expect(200);
    next();
    admin.delete(&path_of(&key)).await.expect(204);
    let query = format!("/api/v1/audit-logs?entity_id={}&sort=created_at", key["id"].as_str().unwrap());
    let lines = admin.get(&query).await.expect(200);
    let lines = lines["data"].as_array().unwrap();
    let actions: Vec<_> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["api_key.created", "api_key.updated", "api_key.rotated", "api_key.revoked"]);
    let masked = |key: &Value| json!(format!("***{}", key["last_four"].as_str().unwrap()));
    assert_eq!(lines[0]["after"]["secret"], masked(&key));
    assert_eq!(lines[1]["before"]["scopes"].as_array().unwrap().len(), 4);
    assert_eq!(lines[1]["after"]["scopes"], json!(["leads:read"]));
    assert_eq!((&lines[2]["before"]["secret"], &lines[2]["after"]["secret"]), (&masked(&key), &masked(&rotated)));
    assert_eq!(lines[2]["after"]["overlap_seconds"], 60);
    assert_eq!((&lines[3]["before"]["name"], &lines[3]["after"]), (&json!("Clay"), &json!(null)));
    assert!(lines.iter().all(|line| line["actor"]["type"] == "user"), "{lines:?}");
}

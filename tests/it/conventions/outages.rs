//! The database goes away and comes back; the server is told to stop.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};

use super::LISTS;
use crate::support::{ManualClock, TestApp, proxy::Proxy};

/// The service, reaching its database through a proxy that can be cut.
async fn behind_a_proxy() -> (TestApp, Proxy) {
    let direct = TestApp::start().await;
    let proxy = Proxy::to(&direct.database.url).await;
    let db =
        clento::repositories::Database::new(&crate::support::postgres::TestDatabase::settings(proxy.url())).unwrap();
    let TestApp { database, .. } = direct;
    (TestApp::start_on(database, db, ManualClock::new(), |_| {}).await, proxy)
}

#[tokio::test]
async fn while_the_database_is_away_requests_may_be_tried_again_later() {
    let (app, proxy) = behind_a_proxy().await;
    let member = app.member();
    let list = member.post(LISTS, json!({"name": "A"})).await.expect(201);
    app.anonymous().get("/ready").await.expect(200);
    let document = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    let example =
        &document["paths"][LISTS]["get"]["responses"]["503"]["content"]["application/problem+json"]["example"];
    proxy.cut();
    app.clock.advance(Duration::from_secs(1));
    for _ in 0..2 {
        for call in [
            member.request(Method::GET, LISTS),
            member.request(Method::POST, LISTS).json(json!({"name": "B"})),
            member.request(Method::POST, LISTS).header("idempotency-key", "key").json(json!({"name": "B"})),
            app.outsider().request(Method::GET, LISTS),
            app.anonymous().request(Method::GET, "/ready"),
        ] {
            let answer = timeout(Duration::from_secs(20), call.send()).await.expect("an answer rather than silence");
            assert_eq!(answer.status, 503, "{}", answer.text);
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
            assert!(!answer.text.contains("127.0.0.1"), "{}", answer.text);
            let problem = answer.expect_problem(503, "database_unavailable");
            assert_eq!(problem["detail"], example["detail"], "the document tells another story");
        }
        app.anonymous().get("/health").await.expect(200);
    }
    proxy.mend();
    let lists = member.get(LISTS).await.expect(200);
    assert_eq!(lists["data"], json!([list]), "what was refused was not done");
    member.post(LISTS, json!({"name": "B"})).await.expect(201);
    app.clock.advance(Duration::from_secs(1));
    app.anonymous().get("/ready").await.expect(200);
}

#[tokio::test]
async fn readiness_is_asked_of_the_database_once_a_second() {
    let (app, proxy) = behind_a_proxy().await;
    app.anonymous().get("/ready").await.expect(200);
    proxy.cut();
    app.clock.advance(Duration::from_millis(999));
    app.anonymous().get("/ready").await.expect(200);
    app.clock.advance(Duration::from_millis(1));
    let anybody = app.anonymous();
    let answers = futures::future::join_all((0..10).map(|_| anybody.get("/ready"))).await;
    for answer in answers {
        answer.expect_problem(503, "database_unavailable");
    }
    proxy.mend();
    app.anonymous().get("/ready").await.expect_problem(503, "database_unavailable");
    app.clock.advance(Duration::from_secs(1));
    app.anonymous().get("/ready").await.expect(200);
}

#[tokio::test]
async fn a_busy_organization_leaves_connections_to_the_others() {
    let app = TestApp::start().await;
    let path = app.member().post(LISTS, json!({"name": "A"})).await.header("location").to_owned();
    let mut blocker = app.pool.begin().await.unwrap();
    sqlx::query("select from lead_lists for update").execute(&mut *blocker).await.unwrap();
    let changes: Vec<_> = (0..20)
        .map(|i| tokio::spawn(app.member().request(Method::PATCH, &path).json(json!({"name": format!("{i}")})).send()))
        .collect();
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let waiting = || async { sqlx::query_scalar::<_, i64>(waiting).fetch_one(&app.pool).await.unwrap() };
    let all_at_once = async {
        while waiting().await < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), all_at_once).await.expect("three that wait");
    for _ in 0..5 {
        app.outsider().post(LISTS, json!({"name": "Theirs"})).await.expect(201);
    }
    assert_eq!(waiting().await, 3, "a quarter of the connections");
    blocker.commit().await.unwrap();
    let answers = futures::future::join_all(changes).await.into_iter().map(Result::unwrap);
    let refused: Vec<_> = answers.filter(|answer| answer.status != 200).collect();
    assert!(refused.len() <= 17);
    for answer in refused {
        answer.expect_problem(503, "organization_busy");
    }
}

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_server_stops() {
    let app = TestApp::start().await;
    let made = app.member().post(LISTS, json!({"name": "A"})).await;
    let path = made.header("location").to_owned();
    let mut blocker = app.pool.begin().await.unwrap();
    sqlx::query("select from lead_lists for update").execute(&mut *blocker).await.unwrap();
    let change = tokio::spawn(app.member().request(Method::PATCH, &path).json(json!({"name": "B"})).send());
    let waiting =
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";
    while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(&app.pool).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    app.stop.cancel();
    let address = app.base.trim_start_matches("http://");
    while TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!change.is_finished());
    blocker.commit().await.unwrap();
    assert_eq!(change.await.unwrap().expect(200)["name"], "B");
}

//! Exports as they flow: one snapshot, no faster than it is read, and never in the way of others.

use std::{sync::Arc, time::Duration};

use clento::repositories::{Database, DatabaseSettings};
use reqwest::{Method, Response};

use super::{EXPORT, Table, export, fill};
use crate::support::{Answer, Caller, TestApp, postgres::TestDatabase};

/// More than all buffers between the database and a reader hold together.
const MANY: i32 = 60_000;

async fn open(caller: &Caller) -> Response {
    let response = caller.request(Method::GET, EXPORT).open().await;
    assert_eq!(response.status(), 200);
    response
}

/// Waits until an export is let in again.
async fn until_free(caller: &Caller) -> Answer {
    for _ in 0..400 {
        let answer = caller.get(&format!("{EXPORT}?status=bounced")).await;
        if answer.status == 200 {
            return answer;
        }
        answer.expect_problem(503, "too_many_exports");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("an export that nobody reads is not given up");
}

#[tokio::test]
async fn an_export_is_one_snapshot_whatever_is_written_meanwhile() {
    let app = TestApp::start().await;
    fill(&app, MANY).await;
    let mut response = open(&app.member()).await;
    let mut bytes = response.chunk().await.unwrap().unwrap().to_vec();
    let changes = "update leads set status = 'replied' where email like 'p5%';
                   delete from leads where email like 'p59%';
                   insert into leads (id, organization_id, email, status, source, created_at, updated_at)
                   select gen_random_uuid(), organization_id, 'new' || email, 'new', 'api', now() + interval '1 day', now() from leads
                   where email like 'p1%'";
    sqlx::raw_sql(changes).execute(&app.pool).await.unwrap();
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    let table = Table::read(std::str::from_utf8(&bytes).unwrap());
    let expected: Vec<String> = (1..=MANY).map(|i| format!("p{i}@example.com")).collect();
    assert!(table.column("email") == expected, "exactly who was there when it began, in their order");
    assert!(table.column("status").iter().all(|status| *status == "new"));
    assert_eq!(export(&app.member(), &format!("{EXPORT}?status=replied")).await.lines.len(), 11_111 - 1_111);
}

#[tokio::test]
async fn who_stops_reading_is_given_up_and_can_tell_and_the_others_go_on() {
    let app = TestApp::start_with(|server| server.export_patience = Duration::from_secs(1)).await;
    let (member, admin) = (app.member(), app.admin());
    fill(&app, MANY).await;
    let mut stalled = open(&member).await;
    let refused = admin.get(EXPORT).await;
    assert_eq!(refused.header("retry-after"), "10");
    refused.expect_problem(503, "too_many_exports");
    for _ in 0..5 {
        admin.get("/api/v1/leads?search=p1").await.expect(200);
    }
    until_free(&admin).await;
    let mut read = 0;
    let broken = loop {
        match stalled.chunk().await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken, "{read} bytes looked like the whole");
    let whole = export(&admin, EXPORT).await;
    assert_eq!(whole.lines.len(), usize::try_from(MANY).unwrap());
}

#[tokio::test]
async fn one_organization_leaves_an_export_to_the_others() {
    let app = TestApp::start().await;
    fill(&app, MANY).await;
    let settings = DatabaseSettings { max_connections: 16, ..TestDatabase::settings(app.database.url.clone()) };
    let db = Database::new(&settings).unwrap();
    let larger = TestApp::start_on(app.database.share(), db, Arc::clone(&app.clock), |_| {}).await;
    let _ours = open(&larger.member()).await;
    larger.admin().get(EXPORT).await.expect_problem(503, "too_many_exports");
    larger.admin().get("/api/v1/leads?search=p1").await.expect(200);
    assert_eq!(export(&larger.outsider(), EXPORT).await.lines, Vec::<Vec<String>>::new());
}

#[tokio::test]
async fn who_is_no_member_any_more_gets_no_further() {
    let app = TestApp::start().await;
    fill(&app, MANY).await;
    let mut response = open(&app.member()).await;
    response.chunk().await.unwrap().unwrap();
    app.remove("user_member").await;
    app.clock.advance(Duration::from_secs(2));
    let broken = loop {
        match response.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken, "the whole was given to somebody who has left");
}

#[tokio::test]
async fn who_goes_away_ends_the_export() {
    let app = TestApp::start().await;
    fill(&app, MANY).await;
    for _ in 0..3 {
        drop(open(&app.member()).await);
        until_free(&app.admin()).await;
    }
}

#[tokio::test]
async fn a_slow_reader_may_take_longer_than_a_request() {
    let app = TestApp::start_with(|server| server.request_timeout = Duration::from_millis(400)).await;
    fill(&app, MANY).await;
    let mut response = open(&app.member()).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    assert_eq!(Table::read(std::str::from_utf8(&bytes).unwrap()).lines.len(), usize::try_from(MANY).unwrap());
}

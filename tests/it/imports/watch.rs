//! How far an import is, asked and told.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{PATIENCE, done, list, path_of, people, upload, work_until};
use crate::support::{Caller, TestApp};

async fn open(caller: &Caller, import: &Value) -> Response {
    let response = caller.request(Method::GET, &format!("{}/events", path_of(import))).open().await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

/// What was told until the stream ended, or until there were so many events.
async fn events(response: &mut Response, most: usize) -> Vec<Value> {
    let mut text = String::new();
    let told = |text: &str| text.matches("\n\n").count() - text.matches(":\n\n").count();
    while told(&text) < most {
        let Some(chunk) = timeout(PATIENCE, response.chunk()).await.expect("an event").unwrap() else { break };
        text += std::str::from_utf8(&chunk).unwrap();
    }
    let events = text.split("\n\n").filter(|event| !event.is_empty() && *event != ":");
    events.map(|event| serde_json::from_str(event.strip_prefix("event: progress\ndata: ").unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn the_rate_and_the_time_left_are_told() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 4_000)).await;
    work_until(&app, &import, 1).await;
    app.clock.advance(Duration::from_secs(2));
    let now = member.get(&path_of(&import)).await.expect(200);
    assert_eq!((&now["status"], &now["rows_read"]), (&json!("running"), &json!(1_000)));
    assert_eq!((&now["rows_per_second"], &now["seconds_left"]), (&json!(500.0), &json!(6)));
    let ended = done(&app, &member, &import).await;
    assert_eq!((&ended["rows_per_second"], &ended["seconds_left"]), (&json!(2_000.0), &Value::Null));
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(app.member().get(&path_of(&import)).await.expect(200), ended, "what has ended stands still");
}

#[tokio::test]
async fn a_watcher_is_told_at_once_of_each_change_and_of_the_end() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 2_500)).await;
    let mut watched = open(&member, &import).await;
    let first = events(&mut watched, 1).await;
    assert_eq!(first, [member.get(&path_of(&import)).await.expect(200)]);
    app.clock.advance(Duration::from_secs(1));
    work_until(&app, &import, 1).await;
    let second = events(&mut watched, 1).await;
    assert_eq!((second.len(), &second[0]["rows_read"]), (1, &json!(1_000)));
    app.clock.advance(Duration::from_secs(1));
    let ended = done(&app, &member, &import).await;
    assert_eq!(events(&mut watched, usize::MAX).await, std::slice::from_ref(&ended), "and then the stream ends");
    let mut late = open(&member, &import).await;
    assert_eq!(events(&mut late, usize::MAX).await, [ended]);
    let path = format!("{}/events", path_of(&import));
    app.outsider().get(&path).await.expect_problem(404, "import_not_found");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_those_who_watch() {
    let app = TestApp::start().await;
    let member = app.member();
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 10)).await;
    let mut watched = open(&member, &import).await;
    assert_eq!(events(&mut watched, 1).await.len(), 1);
    app.state.imports().end_watching();
    assert_eq!(events(&mut watched, usize::MAX).await.len(), 0, "the stream ends though the import does not");
    let mut late = open(&member, &import).await;
    assert_eq!(events(&mut late, usize::MAX).await.len(), 0);
}

#[tokio::test]
async fn who_is_no_member_any_more_is_told_nothing_more() {
    let app = TestApp::start().await;
    let (member, admin) = (app.member(), app.admin());
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 10)).await;
    let (mut theirs, mut ours) = (open(&member, &import).await, open(&admin, &import).await);
    assert_eq!((events(&mut theirs, 1).await.len(), events(&mut ours, 1).await.len()), (1, 1));
    app.remove("user_member").await;
    assert_eq!(events(&mut theirs, usize::MAX).await, Vec::<Value>::new(), "the stream ends");
    app.clock.advance(Duration::from_secs(1));
    let ended = done(&app, &admin, &import).await;
    assert_eq!(events(&mut ours, usize::MAX).await, [ended]);
}

#[tokio::test]
async fn a_key_whose_secret_is_replaced_or_that_may_no_longer_read_is_told_nothing_more() {
    let app = TestApp::start().await;
    let (member, admin) = (app.member(), app.admin());
    let list = list(&member).await;
    let import = upload(&member, &list, "", people(0, 10)).await;
    let keys = "/api/v1/api-keys";
    for end in ["rotate", "narrow"] {
        let scopes = ["leads:read", "leads:write"];
        let key = admin.post(keys, json!({"name": "Watcher", "scopes": scopes})).await.expect(201);
        let holder = Caller { token: key["key"].as_str().map(str::to_owned), ..app.anonymous() };
        let mut watched = open(&holder, &import).await;
        assert_eq!(events(&mut watched, 1).await.len(), 1);
        let path = format!("{keys}/{}", key["id"].as_str().unwrap());
        match end {
            "rotate" => admin.post(&format!("{path}/rotate"), json!({"overlap_seconds": 0})).await.expect(200),
            _ => admin.patch(&path, json!({"scopes": ["activities:read"]})).await.expect(200),
        };
        assert_eq!(events(&mut watched, usize::MAX).await, Vec::<Value>::new(), "{end}: the stream ends");
    }
}

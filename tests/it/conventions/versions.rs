//! `ETag` and `If-Match`: nobody overwrites what they have not seen.

use futures::future::join;
use reqwest::Method;
use serde_json::json;

use super::LISTS;
use crate::support::TestApp;

async fn with_list() -> (TestApp, String) {
    let app = TestApp::start().await;
    let made = app.member().post(LISTS, json!({"name": "A"})).await;
    let path = made.header("location").to_owned();
    assert_eq!(made.header("etag"), "\"1\"");
    made.expect(201);
    (app, path)
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let (app, path) = with_list().await;
    let change = |tag: &'static str, name: &'static str| {
        app.member().request(Method::PATCH, &path).header("if-match", tag).json(json!({"name": name})).send()
    };
    let changed = change("\"1\"", "B").await;
    assert_eq!(changed.header("etag"), "\"2\"");
    changed.expect(200);
    for stale in ["\"1\"", "\"3\"", "W/\"2\"", "2", "\"x\"", "\"1\", \"3\""] {
        let refused = change(stale, "C").await;
        assert_eq!(refused.status, 412, "{stale}: {}", refused.text);
        let delete = app.member().request(Method::DELETE, &path).header("if-match", stale).send().await;
        assert_eq!(delete.status, 412, "{stale}: {}", delete.text);
    }
    let now = app.member().get(&path).await;
    assert_eq!(now.header("etag"), "\"2\"");
    assert_eq!(now.expect(200)["name"], "B");
    change("\"1\", \"2\"", "C").await.expect(200);
    change("*", "D").await.expect(200);
    app.member().request(Method::DELETE, &path).header("if-match", "\"4\"").send().await.expect(204);
}

#[tokio::test]
async fn of_two_changes_to_the_same_version_exactly_one_wins() {
    let (app, path) = with_list().await;
    for version in 1..=10 {
        let change = |name: String| {
            let call = app.member().request(Method::PATCH, &path).header("if-match", &format!("\"{version}\""));
            call.json(json!({"name": name})).send()
        };
        let (left, right) = join(change(format!("left {version}")), change(format!("right {version}"))).await;
        let mut statuses = [left.status.as_u16(), right.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{} {}", left.text, right.text);
        let winner = if left.status == 200 { left } else { right };
        assert_eq!(app.member().get(&path).await.expect(200)["name"], winner.expect(200)["name"]);
    }
}

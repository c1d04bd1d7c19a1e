//! The page of docs/imports.md, as it is written, in a real browser.

use axum::{Router, response::Html, routing::get};
use serde_json::json;
use tokio::net::TcpListener;

use super::{comes_to, count, done, list, people};
use crate::support::{Browser, TestApp};

/// The page, which asks the API at `base`.
fn page(base: &str) -> String {
    let text = include_str!("../../../docs/imports.md");
    let (_, page) = text.split_once("```html\n").unwrap();
    let (page, _) = page.split_once("```").unwrap();
    assert!(page.contains("http://127.0.0.1:3001/api/v1"));
    page.replace("http://127.0.0.1:3001", base)
}

#[tokio::test]
async fn the_documented_page_imports_a_file_and_shows_how_far_it_is() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let allowed = vec![origin.clone()];
    let app = TestApp::start_with(|server| server.cors_allowed_origins = allowed).await;
    let html = page(&app.base);
    // Browsers ask for an icon by themselves.
    let site = Router::new().route("/", get(|| async { Html(html) })).route("/favicon.ico", get(|| async {}));
    tokio::spawn(async move { axum::serve(listener, site).await });

    let member = app.member();
    let list = list(&member).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.csv");
    std::fs::write(&file, people(0, 2_500) + "nobody,Wrong,\n").unwrap();

    let browser = Browser::start().await;
    browser.open(&origin).await;
    browser.paste("#token", member.token.as_deref().unwrap()).await;
    browser.paste("#list", &list).await;
    browser.element("#file").await.send_keys(file.to_str().unwrap()).await.unwrap();
    browser.click("#go").await;
    comes_to(&app, "select count(*) from imports", 1).await;
    let id: uuid::Uuid = sqlx::query_scalar("select id from imports").fetch_one(&app.pool).await.unwrap();
    let import = done(&app, &member, &json!({"id": id.to_string()})).await;
    assert_eq!((&import["created"], &import["rejected"]), (&json!(2_500), &json!(1)));

    // The button comes with the event that tells of the rejected row, and that is the last one.
    browser.element("#rejected:not([hidden])").await;
    browser.show("import").await;
    assert_eq!(browser.text("#told").await, "completed: 2501 of 2501. 2500 created, 1 rejected");
    assert_eq!(browser.evaluate("document.getElementById('bar').position").await, json!(1));
    browser.click("#rejected").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    assert_eq!(count(&app, "select count(*) from leads").await, 2_500);
}

//! Swagger UI at `/api-docs` in a real browser, used as a reader of it would.

use serde_json::{Value, json};

use crate::support::{Browser, TestApp};

const LISTS: &str = "/api/v1/lead-lists";

#[tokio::test]
async fn a_member_tries_operations_out() {
    let app = TestApp::start().await;
    let member = app.member();
    member.post(LISTS, json!({"name": "Made elsewhere"})).await.expect(201);
    let browser = Browser::start().await;
    open(&app, &browser).await;
    browser.show("operations").await;
    let drawn = drawn(&browser).await;
    let one_list: Vec<_> = drawn.iter().filter(|name| name.ends_with("/lead-lists/{id}")).collect();
    assert_eq!(one_list, ["GET", "PATCH", "DELETE"].map(|method| format!("{method} {LISTS}/{{id}}")).each_ref());
    assert_eq!(sorted(drawn), sorted(documented(&app).await));

    browser.click(".auth-wrapper .authorize").await;
    browser.paste(".auth-container input", member.token.as_deref().unwrap()).await;
    browser.show("authorize").await;
    browser.click(".auth-btn-wrapper .authorize").await;
    browser.click(".auth-btn-wrapper .btn-done").await;

    let (code, body) = execute(&browser, "get", LISTS).await;
    browser.show("get").await;
    assert_eq!((code.as_str(), &body["data"][0]["name"]), ("200", &json!("Made elsewhere")));

    let (code, made) = execute(&browser, "post", LISTS).await;
    browser.show("post").await;
    assert_eq!(code, "201", "the example body is not accepted: {made}");
    let path = format!("{LISTS}/{}", made["id"].as_str().unwrap());
    assert_eq!(member.get(&path).await.expect(200), made);

    browser.click(".opblock-body .model-example [data-name='model']").await;
    browser.click(".models .models-control").await;
    browser.element(".models .json-schema-2020-12").await;
    browser.show("schemas").await;

    assert_eq!(browser.complaints().await, [""; 0]);
    assert_eq!(foreign(&app, &browser).await, [""; 0]);
}

#[tokio::test]
async fn a_key_is_authorized_beside_the_token() {
    let app = TestApp::start().await;
    let program = app.program(&["lead_lists:read"]).await;
    let browser = Browser::start().await;
    open(&app, &browser).await;
    browser.click(".auth-wrapper .authorize").await;
    browser.paste(".auth-container:nth-child(2) input", program.token.as_deref().unwrap()).await;
    browser.show("authorize_key").await;
    browser.click(".auth-container:nth-child(2) .auth-btn-wrapper .authorize").await;
    browser.click(".auth-container:nth-child(2) .auth-btn-wrapper .btn-done").await;

    let (code, body) = execute(&browser, "get", LISTS).await;
    assert_eq!((code.as_str(), &body["data"]), ("200", &json!([])));
    let (code, body) = execute(&browser, "post", LISTS).await;
    assert_eq!((code.as_str(), &body["scope"]), ("403", &json!("lead_lists:write")));
    assert_eq!(foreign(&app, &browser).await, [""; 0]);
}

#[tokio::test]
async fn without_a_token_an_operation_is_refused() {
    let app = TestApp::start().await;
    let browser = Browser::start().await;
    open(&app, &browser).await;
    assert_eq!(browser.complaints().await, [""; 0]);
    let (code, body) = execute(&browser, "get", LISTS).await;
    browser.show("refused").await;
    assert_eq!((code.as_str(), &body["status"]), ("401", &json!(401)));
}

/// Opens the documentation and waits until it is drawn.
async fn open(app: &TestApp, browser: &Browser) {
    browser.open(&format!("{}/api-docs", app.base)).await;
    assert_eq!(browser.url().await, format!("{}/api-docs/", app.base));
    browser.element(".opblock").await;
}

/// Executes an operation as it is filled in, and reads the live answer's status and body.
async fn execute(browser: &Browser, method: &str, path: &str) -> (String, Value) {
    let operation = format!(".opblock-{method}:has([data-path='{path}'])");
    browser.click(&format!("{operation} .opblock-summary-control")).await;
    browser.click(&format!("{operation} .execute")).await;
    let answer = format!("{operation} .live-responses-table .response");
    let code = browser.text(&format!("{answer} .response-col_status")).await;
    let body = browser.text(&format!("{answer} .highlight-code code")).await;
    (code.lines().next().unwrap_or_default().to_owned(), serde_json::from_str(&body).expect(&body))
}

/// The operations on the page from top to bottom, each as method and path.
async fn drawn(browser: &Browser) -> Vec<String> {
    let drawn = "[...document.querySelectorAll('.opblock')].map(operation =>
        operation.querySelector('.opblock-summary-method').textContent + ' '
        + operation.querySelector('[data-path]').dataset.path)";
    texts(&browser.evaluate(drawn).await)
}

/// The operations in the document.
async fn documented(app: &TestApp) -> Vec<String> {
    let document = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    operations.collect()
}

/// What the page loaded from other hosts.
async fn foreign(app: &TestApp, browser: &Browser) -> Vec<String> {
    let loaded = texts(&browser.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)").await);
    assert!(loaded.contains(&format!("{}/api-docs/openapi.json", app.base)), "{loaded:?}");
    loaded.into_iter().filter(|url| !url.starts_with(&format!("{}/", app.base))).collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts
}

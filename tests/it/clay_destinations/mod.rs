//! Pushing a list's new leads to Clay.

mod limits;
mod manage;
mod push;
mod trouble;

use clento::workers::{Done, push_to_clay};
use serde_json::{Value, json};

use crate::support::{TestApp, fake_clay::FakeClay};

const LEADS: &str = "/api/v1/leads";
const LISTS: &str = "/api/v1/lead-lists";

/// A new list, by its id.
async fn make_list(app: &TestApp) -> String {
    let list = app.member().post(LISTS, json!({"name": "Founders"})).await.expect(201);
    list["id"].as_str().unwrap().to_owned()
}

fn destinations_of(list: &str) -> String {
    format!("{LISTS}/{list}/clay-destinations")
}

/// A destination of the list at one of the fake's webhooks.
async fn make(app: &TestApp, list: &str, url: &str) -> Value {
    app.member().post(&destinations_of(list), json!({"url": url})).await.expect(201)
}

fn path_of(destination: &Value) -> String {
    format!("/api/v1/clay-destinations/{}", destination["id"].as_str().unwrap())
}

async fn shown(app: &TestApp, destination: &Value) -> Value {
    app.member().get(&path_of(destination)).await.expect(200)
}

/// Puts new leads on the list, with the numbers in their addresses; their ids.
async fn add(app: &TestApp, list: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    let leads: Vec<_> = numbers.map(|n| json!({"email": format!("lead{n}@acme.com")})).collect();
    let added = app.member().post(&format!("{LEADS}/batch"), json!({"lead_list_id": list, "leads": leads})).await;
    let results = added.expect(200)["results"].as_array().unwrap().clone();
    results.iter().map(|result| result["lead_id"].as_str().unwrap().to_owned()).collect()
}

/// One round of the worker; how many leads it settled.
async fn push(app: &TestApp) -> u64 {
    let Done { rows, more } = push_to_clay(&app.state).await.unwrap();
    assert!(!more);
    rows
}

/// An app, a list with a destination, and the webhook behind it.
async fn pushed_list() -> (TestApp, FakeClay, String, Value) {
    let (app, clay) = (TestApp::start().await, FakeClay::start().await);
    let list = make_list(&app).await;
    let destination = make(&app, &list, &clay.hook("a")).await;
    (app, clay, list, destination)
}

/// Pretends that the webhook has been sent so many records before.
async fn pretend_sent(app: &TestApp, records: i32) {
    sqlx::query("update clay_webhooks set sent_count = $1").bind(records).execute(&app.pool).await.unwrap();
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts
}

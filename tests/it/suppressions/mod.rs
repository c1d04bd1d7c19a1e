//! Whom nobody may write to.

mod import;
mod leads;
mod manage;
mod races;
mod rotation;

use serde_json::{Value, json};

use crate::support::{Caller, TestApp};

const SUPPRESSIONS: &str = "/api/v1/suppressions";
const LEADS: &str = "/api/v1/leads";

async fn suppress(caller: &Caller, value: &str) -> Value {
    caller.post(SUPPRESSIONS, json!({ "value": value })).await.expect(201)
}

async fn count(app: &TestApp, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&app.pool).await.unwrap()
}

fn path_of(resource: &Value, root: &str) -> String {
    format!("{root}/{}", resource["id"].as_str().unwrap())
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect()
}

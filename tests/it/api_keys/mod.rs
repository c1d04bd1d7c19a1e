//! API keys: what they are, who may call with them, and how they end.

mod audited;
mod credentials;
mod lifetime;
mod manage;
mod rotate;
mod used;

use serde_json::{Value, json};

use crate::support::{Answer, Caller, TestApp};

const KEYS: &str = "/api/v1/api-keys";
const LEADS: &str = "/api/v1/leads";
const LISTS: &str = "/api/v1/lead-lists";

/// A new key that may read and write leads and lists.
async fn make(app: &TestApp) -> Value {
    let scopes = ["lead_lists:read", "lead_lists:write", "leads:read", "leads:write"];
    app.admin().post(KEYS, json!({"name": "Clay", "scopes": scopes})).await.expect(201)
}

fn path_of(key: &Value) -> String {
    format!("{KEYS}/{}", key["id"].as_str().unwrap())
}

fn secret_of(key: &Value) -> &str {
    key["key"].as_str().unwrap()
}

/// Whoever holds this secret.
fn holder(app: &TestApp, secret: &str) -> Caller {
    Caller { token: Some(secret.to_owned()), ..app.anonymous() }
}

async fn rotate(app: &TestApp, key: &Value, overlap_seconds: i64) -> Answer {
    app.admin().post(&format!("{}/rotate", path_of(key)), json!({"overlap_seconds": overlap_seconds})).await
}

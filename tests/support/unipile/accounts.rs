//! Accounts, links to sign in by, and webhooks.

use std::collections::BTreeMap;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{delete, get, post},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    Shared, World,
    errors::Refused,
    world::{Message, instant},
};

/// Links, webhooks, and how accounts are.
#[derive(Default)]
pub(crate) struct Upkeep {
    /// The bodies that links were made of, in order.
    pub(crate) links: Vec<Value>,
    /// Webhooks by their ids, each with the body that it was made of.
    pub(crate) webhooks: BTreeMap<String, Value>,
    /// What an account's source is, if not `OK`.
    pub(crate) sources: BTreeMap<String, &'static str>,
    /// When an account was connected, if not just now.
    pub(crate) created: BTreeMap<String, DateTime<Utc>>,
    /// What an account is of, if not LinkedIn.
    pub(crate) kinds: BTreeMap<String, &'static str>,
    /// What an account is called, if not by its id.
    pub(crate) names: BTreeMap<String, String>,
    /// Accounts that were deleted, in order.
    pub(crate) deleted: Vec<String>,
}

impl World {
    /// Somebody signs in by the last link: the account is there, and this is where and what Unipile reports.
    pub(crate) fn sign_in(&mut self, account: &str) -> (String, Value) {
        self.account(account);
        let link = self.upkeep.links.last().expect("a link").clone();
        let text = |name: &str| link[name].as_str().unwrap().to_owned();
        let status = if text("type") == "create" { "CREATION_SUCCESS" } else { "RECONNECTED" };
        let path = text("notify_url").parse::<url::Url>().unwrap().path().to_owned();
        (path, json!({"status": status, "account_id": account, "name": text("name")}))
    }

    /// What only the last link has in the address of its report.
    pub(crate) fn last_secret(&self) -> String {
        let address = self.upkeep.links.last().expect("a link")["notify_url"].as_str().unwrap();
        address.rsplit('/').next().unwrap().to_owned()
    }

    /// Somebody writes to an account; the message's id.
    pub(crate) fn write(&mut self, account: &str, public_identifier: &str, text: &str) -> String {
        let person = self.person(public_identifier).provider_id.clone();
        let (id, at) = (format!("msg-{}", self.fresh()), self.now());
        let message = Message { id: id.clone(), sender: person.clone(), text: text.to_owned(), own: false, at };
        self.chat(account, &person).messages.push(message);
        id
    }

    /// How an account's source is from now on, and what the webhook of that says.
    pub(crate) fn set_source(&mut self, account: &str, status: &'static str) -> Value {
        self.upkeep.sources.insert(account.to_owned(), status);
        json!({"AccountStatus": {"account_id": account, "account_type": "LINKEDIN", "message": status}})
    }
}

pub(super) fn router() -> Router<std::sync::Arc<std::sync::Mutex<World>>> {
    Router::new()
        .route("/accounts/{id}", get(show).delete(remove))
        .route("/hosted/accounts/link", post(link))
        .route("/webhooks", get(webhooks).post(make))
        .route("/webhooks/{id}", delete(unmake))
}

async fn show(State(world): Shared, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    let world = world.lock().unwrap();
    if !world.accounts.contains_key(&id) {
        return Err(Refused::new(404, "resource_not_found"));
    }
    let created = world.upkeep.created.get(&id).copied().unwrap_or_else(|| world.now());
    let kind = world.upkeep.kinds.get(&id).copied().unwrap_or("LINKEDIN");
    let status = world.upkeep.sources.get(&id).copied().unwrap_or("OK");
    let name = if kind == "LINKEDIN" { format!("{id} at LinkedIn") } else { format!("{id}@sender.example") };
    let name = world.upkeep.names.get(&id).cloned().unwrap_or(name);
    Ok(Json(json!({
        "object": "Account", "id": id, "type": kind, "name": name, "created_at": instant(created),
        "connection_params": {}, "sources": [{"id": format!("{id}_MESSAGING"), "status": status}]
    })))
}

async fn remove(State(world): Shared, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    let mut world = world.lock().unwrap();
    world.accounts.remove(&id).ok_or(Refused::new(404, "resource_not_found"))?;
    world.upkeep.deleted.push(id);
    Ok(Json(json!({"object": "AccountDeleted"})))
}

async fn link(State(world): Shared, Json(asked): Json<Value>) -> Result<Json<Value>, Refused> {
    let text = |name: &str| asked[name].as_str().is_some_and(|text| !text.is_empty());
    let expires = asked["expiresOn"].as_str().unwrap_or_default();
    let exact = chrono::NaiveDateTime::parse_from_str(expires, "%Y-%m-%dT%H:%M:%S%.3fZ").is_ok() && expires.len() == 24;
    let whole = match asked["type"].as_str() {
        Some("create") => asked["providers"].is_array() || asked["providers"].is_string(),
        Some("reconnect") => text("reconnect_account"),
        _ => false,
    };
    if !(whole && exact && text("api_url")) {
        return Err(Refused::new(400, "invalid_parameters"));
    }
    let mut world = world.lock().unwrap();
    world.upkeep.links.push(asked);
    let url = format!("https://account.unipile.test/{}", world.upkeep.links.len());
    // Their documentation and their own client disagree about the case of this name.
    let object = if world.upkeep.links.len().is_multiple_of(2) { "HostedAuthUrl" } else { "HostedAuthURL" };
    Ok(Json(json!({"object": object, "url": url})))
}

async fn webhooks(State(world): Shared) -> Json<Value> {
    let world = world.lock().unwrap();
    let items: Vec<_> = world.upkeep.webhooks.keys().map(|id| json!({"object": "Webhook", "id": id})).collect();
    Json(json!({"object": "WebhookList", "items": items, "cursor": null}))
}

async fn make(State(world): Shared, Json(asked): Json<Value>) -> Result<Json<Value>, Refused> {
    let sources = ["messaging", "users", "account_status", "email", "email_tracking", "calendar_event"];
    if !asked["source"].as_str().is_some_and(|source| sources.contains(&source)) || !asked["request_url"].is_string() {
        return Err(Refused::new(400, "invalid_parameters"));
    }
    let mut world = world.lock().unwrap();
    let id = format!("we_{}", world.fresh());
    world.upkeep.webhooks.insert(id.clone(), asked);
    Ok(Json(json!({"object": "WebhookCreated", "webhook_id": id})))
}

async fn unmake(State(world): Shared, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    let mut world = world.lock().unwrap();
    world.upkeep.webhooks.remove(&id).ok_or(Refused::new(404, "resource_not_found"))?;
    Ok(Json(json!({"object": "WebhookDeleted"})))
}

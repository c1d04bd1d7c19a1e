//! A token server: gives access tokens for refresh tokens, and tells mail servers whose they are.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use uuid::Uuid;

#[derive(Debug, Default)]
struct World {
    /// Refresh token → address.
    refresh: HashMap<String, String>,
    /// Access token → address.
    access: HashMap<String, String>,
    /// What was asked, in order.
    asked: Vec<HashMap<String, String>>,
    /// Whether each refresh token is good for one time only.
    rotates: bool,
    /// Whether it answers at all.
    away: bool,
}

/// A running token server.
pub(crate) struct TokenServer {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    task: JoinHandle<()>,
}

impl TokenServer {
    pub(super) async fn start() -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let router = Router::new()
            .route("/token", post(grant))
            .route("/introspect", get(introspect))
            .with_state(Arc::clone(&world));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, world, task }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where access tokens are given.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/token", self.address)
    }

    /// A refresh token for a mailbox.
    pub(crate) fn refresh_token(&self, email: &str) -> String {
        let token = format!("refresh-{}", Uuid::new_v4());
        self.world.lock().unwrap().refresh.insert(token.clone(), email.to_owned());
        token
    }

    /// Takes back every refresh token, and every access token too.
    pub(crate) fn revoke_all(&self) {
        let mut world = self.world.lock().unwrap();
        world.refresh.clear();
        world.access.clear();
    }

    /// From now on every access token was valid until now.
    pub(crate) fn expire_access(&self) {
        self.world.lock().unwrap().access.clear();
    }

    /// From now on each refresh token is good for one time, and replaced.
    pub(crate) fn rotate(&self) {
        self.world.lock().unwrap().rotates = true;
    }

    /// Whether it answers from now on.
    pub(crate) fn set_away(&self, away: bool) {
        self.world.lock().unwrap().away = away;
    }

    /// What it was asked, in order.
    pub(crate) fn asked(&self) -> Vec<HashMap<String, String>> {
        self.world.lock().unwrap().asked.clone()
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn grant(State(world): State<Arc<Mutex<World>>>, Form(form): Form<HashMap<String, String>>) -> Response {
    let mut world = world.lock().unwrap();
    if world.away {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let used = form.get("refresh_token").cloned().unwrap_or_default();
    let whose = world.refresh.get(&used).cloned();
    world.asked.push(form);
    let Some(email) = whose else {
        let denied = json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."});
        return (StatusCode::BAD_REQUEST, Json(denied)).into_response();
    };
    let access = format!("access-{}", Uuid::new_v4());
    world.access.insert(access.clone(), email.clone());
    let mut granted = json!({"access_token": access, "token_type": "Bearer", "expires_in": 3599});
    if world.rotates {
        world.refresh.remove(&used);
        let next = format!("refresh-{}", Uuid::new_v4());
        granted["refresh_token"] = next.clone().into();
        world.refresh.insert(next, email);
    }
    Json(granted).into_response()
}

async fn introspect(
    State(world): State<Arc<Mutex<World>>>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Value> {
    let world = world.lock().unwrap();
    let token = query.get("token").map(String::as_str).unwrap_or_default();
    Json(match world.access.get(token) {
        Some(email) => json!({"active": true, "email": email}),
        None => json!({"active": false}),
    })
}

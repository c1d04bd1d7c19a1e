//! An issuer's key set behind a real HTTP server that counts, fails and stalls as it is told.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

/// How the issuer behaves.
#[derive(Debug, Clone, Default)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Answers with this status.
    Failing(u16),
    /// Answers well, after this time.
    Slow(Duration),
    /// Sends the caller elsewhere on the same server, where a good key set is.
    Redirecting,
    /// Answers with this body.
    Saying(String),
}

#[derive(Debug, Default)]
struct Shared {
    keys: Mutex<Vec<Value>>,
    mood: Mutex<Mood>,
    hits: AtomicUsize,
}

/// A running issuer; it stops when dropped.
pub(crate) struct FakeIssuer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl FakeIssuer {
    /// An issuer that publishes `keys`.
    pub(crate) async fn start(keys: Vec<Value>) -> Self {
        let shared = Arc::new(Shared { keys: Mutex::new(keys), ..Shared::default() });
        let router = Router::new()
            .route("/.well-known/jwks.json", get(jwks))
            .route("/elsewhere", get(key_set))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, task }
    }

    pub(crate) fn url(&self) -> Url {
        format!("http://{}/.well-known/jwks.json", self.address).parse().unwrap()
    }

    /// How often the key set was asked for.
    pub(crate) fn hits(&self) -> usize {
        self.shared.hits.load(Ordering::SeqCst)
    }

    pub(crate) fn publish(&self, keys: Vec<Value>) {
        *self.shared.keys.lock().unwrap() = keys;
    }

    pub(crate) fn become_(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }
}

impl Drop for FakeIssuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn jwks(State(shared): State<Arc<Shared>>) -> Response {
    shared.hits.fetch_add(1, Ordering::SeqCst);
    let mood = shared.mood.lock().unwrap().clone();
    match mood {
        Mood::Well => {}
        Mood::Failing(status) => return StatusCode::from_u16(status).unwrap().into_response(),
        Mood::Slow(time) => tokio::time::sleep(time).await,
        Mood::Redirecting => return Redirect::temporary("/elsewhere").into_response(),
        Mood::Saying(body) => return body.into_response(),
    }
    key_set(State(shared)).await
}

async fn key_set(State(shared): State<Arc<Shared>>) -> Response {
    axum::Json(json!({ "keys": *shared.keys.lock().unwrap() })).into_response()
}

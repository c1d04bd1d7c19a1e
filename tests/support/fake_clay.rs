//! A table's webhook in Clay behind a real HTTP server that takes, refuses and stalls as it is told, and keeps what it was sent.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore},
    task::JoinHandle,
};

/// How the next record is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// With this status, and the record is not kept.
    Status(u16),
    /// The same, with this `Retry-After`.
    Wait(u16, &'static str),
    /// By a redirect to a place on this very server that keeps everything.
    Elsewhere,
    /// Not at all before [`FakeClay::go_on`]; the record is kept all the same.
    Stall,
}

#[derive(Debug, Default)]
struct Shared {
    records: Mutex<Vec<Value>>,
    tokens: Mutex<Vec<Option<String>>>,
    answers: Mutex<VecDeque<Answer>>,
    always: Mutex<Option<Answer>>,
    arrived: Notify,
    gate: Gate,
}

#[derive(Debug)]
struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

/// A running webhook; it stops when dropped.
pub(crate) struct FakeClay {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl FakeClay {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .route("/hook/{name}", post(take))
            .route("/elsewhere", get(keep_elsewhere).post(keep_elsewhere))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, task }
    }

    /// One of its webhooks.
    pub(crate) fn hook(&self, name: &str) -> String {
        format!("http://{}/hook/{name}", self.address)
    }

    /// What was taken, in order.
    pub(crate) fn records(&self) -> Vec<Value> {
        self.shared.records.lock().unwrap().clone()
    }

    /// One field of what was taken, in order.
    pub(crate) fn taken(&self, field: &str) -> Vec<String> {
        self.records().iter().map(|record| record[field].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The token of each request.
    pub(crate) fn tokens(&self) -> Vec<Option<String>> {
        self.shared.tokens.lock().unwrap().clone()
    }

    /// How often it was asked at all.
    pub(crate) fn requests(&self) -> usize {
        self.shared.tokens.lock().unwrap().len()
    }

    /// The next record is answered so, and the one after it as before.
    pub(crate) fn answer_once(&self, answer: Answer) {
        self.shared.answers.lock().unwrap().push_back(answer);
    }

    /// Every record is answered so from now on; well, if nothing is said.
    pub(crate) fn answer(&self, answer: impl Into<Option<Answer>>) {
        *self.shared.always.lock().unwrap() = answer.into();
    }

    /// Waits until a record has arrived that stalls.
    pub(crate) async fn stalled(&self) {
        self.shared.arrived.notified().await;
    }

    /// Lets one stalled record go on.
    pub(crate) fn go_on(&self) {
        self.shared.gate.0.add_permits(1);
    }
}

impl Drop for FakeClay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let token = headers.get("x-clay-webhook-auth").map(|value| value.to_str().unwrap().to_owned());
    shared.tokens.lock().unwrap().push(token);
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    let next = shared.answers.lock().unwrap().pop_front();
    let answer = next.or_else(|| shared.always.lock().unwrap().clone());
    match answer {
        None => {}
        Some(Answer::Status(status)) => return StatusCode::from_u16(status).unwrap().into_response(),
        Some(Answer::Wait(status, seconds)) => {
            return (StatusCode::from_u16(status).unwrap(), [(header::RETRY_AFTER, seconds)]).into_response();
        }
        Some(Answer::Elsewhere) => {
            return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response();
        }
        Some(Answer::Stall) => {
            keep(&shared, &body);
            shared.arrived.notify_one();
            shared.gate.0.acquire().await.unwrap().forget();
            return StatusCode::OK.into_response();
        }
    }
    keep(&shared, &body);
    StatusCode::OK.into_response()
}

fn keep(shared: &Shared, body: &[u8]) {
    shared.records.lock().unwrap().push(serde_json::from_slice(body).unwrap());
}

async fn keep_elsewhere(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    shared.records.lock().unwrap().push(serde_json::from_slice(&body).unwrap_or_default());
    StatusCode::OK
}

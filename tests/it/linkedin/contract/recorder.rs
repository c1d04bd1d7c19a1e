//! A server that notes what it is asked, and answers what it is told to.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRequest as _, Multipart, State},
    http::{HeaderMap, Request, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use clento::integrations::unipile::{Unipile, UnipileSettings};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// What the client bears.
pub(super) const KEY: &str = "a-key-of-unipiles";

/// A request.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) line: String,
    pub(super) key: String,
    pub(super) accept: String,
    /// Without its parameters.
    pub(super) content_type: String,
    pub(super) body: Value,
}

#[derive(Default)]
struct Told {
    answer: (u16, String, Option<u64>),
    asked: Asked,
}

pub(super) struct Recorder {
    dsn: String,
    told: Arc<Mutex<Told>>,
    task: JoinHandle<()>,
}

impl Recorder {
    pub(super) async fn start() -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dsn = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(note).with_state(Arc::clone(&told));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { dsn, told, task }
    }

    pub(super) fn client(&self) -> Unipile {
        Unipile::new(UnipileSettings { dsn: self.dsn.parse().unwrap(), api_key: KEY.into() }).unwrap()
    }

    /// What it answers from now on, with this `Retry-After`.
    pub(super) fn answers(&self, status: u16, body: &Value, retry_after: Option<u64>) {
        self.told.lock().unwrap().answer = (status, body.to_string(), retry_after);
    }

    /// What it was asked last.
    pub(super) fn asked(&self) -> Asked {
        self.told.lock().unwrap().asked.clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn note(State(told): State<Arc<Mutex<Told>>>, request: Request<Body>) -> Response {
    let text = |headers: &HeaderMap, name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let headers = request.headers().clone();
    let content_type = text(&headers, header::CONTENT_TYPE.as_str());
    let line = format!("{} {}", request.method(), request.uri());
    let body = if content_type.starts_with("multipart/") {
        let mut form = Multipart::from_request(request, &()).await.unwrap();
        let mut parts = Vec::new();
        while let Some(field) = form.next_field().await.unwrap() {
            let name = field.name().unwrap_or_default().to_owned();
            parts.push(json!([name, field.text().await.unwrap()]));
        }
        json!({ "form": parts })
    } else {
        let bytes = Bytes::from_request(request, &()).await.unwrap();
        if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() }
    };
    let content_type = content_type.split(';').next().unwrap_or_default().to_owned();
    let (key, accept) = (text(&headers, "x-api-key"), text(&headers, header::ACCEPT.as_str()));
    let mut told = told.lock().unwrap();
    told.asked = Asked { line, key, accept, content_type, body };
    let (status, body, retry_after) = told.answer.clone();
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    if let Some(after) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, after.into());
    }
    response
}

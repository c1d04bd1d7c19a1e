//! The shapes that answers come in.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::errors::AppError;

/// A resource with its version as a strong `ETag`.
#[derive(Debug)]
pub struct Versioned<T>(pub T, pub i64);

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.0).into_response();
        set(&mut response, header::ETAG, &etag(self.1));
        response
    }
}

/// A resource that was just made: 201, where it is, and its version.
#[derive(Debug)]
pub struct Created<T> {
    /// Its path.
    pub location: String,
    /// Its version, if it has one.
    pub version: Option<i64>,
    /// The resource.
    pub body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.body)).into_response();
        set(&mut response, header::LOCATION, &self.location);
        if let Some(version) = self.version {
            set(&mut response, header::ETAG, &etag(version));
        }
        response
    }
}

/// Begun: 202, and where to look how far it is.
#[derive(Debug)]
pub struct Accepted<T> {
    /// Its path.
    pub location: String,
    /// What has begun.
    pub body: T,
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::ACCEPTED, Json(self.body)).into_response();
        set(&mut response, header::LOCATION, &self.location);
        response
    }
}

/// An answer that shows a secret. It is sent, and kept nowhere: not even under an `Idempotency-Key`.
#[derive(Debug)]
pub struct ShownOnce<R>(pub R);

/// What such an answer is marked with.
#[derive(Debug, Clone, Copy)]
pub struct NeverKept;

impl<R: IntoResponse> IntoResponse for ShownOnce<R> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(NeverKept);
        response
    }
}

/// Done, and nothing to say.
#[derive(Debug)]
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// As axum's `Json`, but with room for a body of about so many bytes from the beginning.
pub(super) fn json(body: &impl Serialize, about: usize) -> Response {
    let mut bytes = Vec::with_capacity(about);
    match serde_json::to_writer(&mut bytes, body) {
        Ok(()) => ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response(),
        Err(error) => AppError::internal(error).into_response(),
    }
}

fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

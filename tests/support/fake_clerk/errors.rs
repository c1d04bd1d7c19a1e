//! Errors in the shape of Clerk's.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// A refusal as Clerk writes it.
pub(super) struct Refused {
    status: StatusCode,
    code: &'static str,
    long_message: String,
    meta: Value,
}

impl Refused {
    pub(super) fn new(status: u16, code: &'static str, long_message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        Self { status, code, long_message: long_message.into(), meta: json!({}) }
    }

    pub(super) fn parameter(code: &'static str, name: &str, long_message: impl Into<String>) -> Self {
        let meta = json!({ "param_name": name });
        Self { meta, ..Self::new(422, code, long_message) }
    }

    pub(super) fn not_found(what: &str, id: &str) -> Self {
        Self::new(404, "resource_not_found", format!("No {what} was found with id {id}"))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self { status, code, long_message, meta } = self;
        let error = json!({ "message": "refused", "long_message": long_message, "code": code, "meta": meta });
        (status, Json(json!({ "errors": [error], "clerk_trace_id": "0123456789abcdef" }))).into_response()
    }
}

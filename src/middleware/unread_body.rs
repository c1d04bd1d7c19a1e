//! Bodies where none is read.

use std::{collections::HashSet, sync::Arc};

use axum::{
    body::{Body, HttpBody as _},
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use serde_json::Value;

use super::whole_body::whole;
use crate::{
    errors::{AppError, Fault, Result},
    utils::json_schema::UNKNOWN_FIELD,
};

/// Unknown fields that are named in one answer.
const MOST_NAMED: usize = 32;
const DETAIL: &str = "This operation reads no body.";

/// The operations that read a body, by method and path.
#[derive(Debug, Clone)]
pub struct BodyReaders(Arc<HashSet<(String, String)>>);

impl BodyReaders {
    /// Those that the OpenAPI document gives a body.
    #[must_use]
    pub fn of(document: &Value) -> Self {
        let mut readers = HashSet::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation.get("requestBody").is_some() {
                    readers.insert((method.to_uppercase(), path.clone()));
                }
            }
        }
        Self(Arc::new(readers))
    }

    fn include(&self, request: &Request) -> bool {
        let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        self.0.contains(&(request.method().to_string(), path.to_owned()))
    }
}

/// Refuses what is sent to an operation that reads no body, unless it says nothing: what is not understood is not ignored, least of all a wish such
/// as `dry_run`.
///
/// # Errors
/// 422 `validation_failed`, naming each field.
pub async fn refuse_unread_body(State(readers): State<BodyReaders>, request: Request, next: Next) -> Result<Response> {
    if request.body().is_end_stream() || readers.include(&request) {
        return Ok(next.run(request).await);
    }
    let (parts, body) = whole(request).await?;
    let faults = faults(&body);
    if faults.is_empty() {
        return Ok(next.run(Request::from_parts(parts, Body::empty())).await);
    }
    Err(AppError::invalid(faults))
}

fn faults(body: &[u8]) -> Vec<Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Vec::new();
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => {
            let pointer = |name: &String| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            fields.keys().take(MOST_NAMED).map(|name| Fault::new(pointer(name), UNKNOWN_FIELD, DETAIL)).collect()
        }
        Ok(Value::Null) => Vec::new(),
        _ => vec![Fault::new("", "wrong_type", DETAIL)],
    }
}

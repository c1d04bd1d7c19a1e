//! Query strings where none is read.

use std::{collections::HashSet, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use serde_json::Value;

use crate::errors::{AppError, Fault, Result};

/// Unknown parameters that are named in one answer.
const MOST_NAMED: usize = 32;

/// The operations that read a query, by method and path. Their extractors judge the parameters, known and unknown together.
#[derive(Debug, Clone)]
pub struct QueryReaders(Arc<HashSet<(String, String)>>);

impl QueryReaders {
    /// Those that the OpenAPI document gives a parameter in the query.
    #[must_use]
    pub fn of(document: &Value) -> Self {
        let mut readers = HashSet::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let mut parameters = operation["parameters"].as_array().into_iter().flatten();
                if parameters.any(|parameter| parameter["in"] == "query") {
                    readers.insert((method.to_uppercase(), path.clone()));
                }
            }
        }
        Self(Arc::new(readers))
    }

    fn include(&self, request: &Request) -> bool {
        // HEAD is answered by what answers GET.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        self.0.contains(&(method.to_string(), path.to_owned()))
    }
}

/// Refuses every parameter of an operation that reads none: what is not understood is not ignored.
///
/// # Errors
/// 400 `invalid_parameter`, naming each.
pub async fn refuse_unread_query(
    State(readers): State<QueryReaders>,
    request: Request,
    next: Next,
) -> Result<Response> {
    let query = request.uri().query().unwrap_or_default();
    if query.is_empty() || readers.include(&request) {
        return Ok(next.run(request).await);
    }
    let mut faults: Vec<Fault> = Vec::new();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()).take(MOST_NAMED) {
        if faults.iter().all(|fault| fault.pointer != name) {
            faults.push(Fault::unknown_parameter(name));
        }
    }
    Err(AppError::parameters(faults))
}

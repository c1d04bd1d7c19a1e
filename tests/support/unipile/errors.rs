//! Errors and lists in the shapes of Unipile's.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// A refusal as Unipile writes it.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(super) status: u16,
    pub(super) kind: String,
}

impl Refused {
    pub(super) fn new(status: u16, kind: &str) -> Self {
        Self { status, kind: kind.to_owned() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self { status, kind } = self;
        let body = json!({
            "title": "It did not work", "detail": "What was asked for, with its text", "instance": "/somewhere",
            "type": format!("errors/{kind}"), "status": status,
        });
        (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
    }
}

/// What a route answers.
pub(super) type Answer = Result<Response, Refused>;

/// A success with this body.
#[expect(clippy::unnecessary_wraps, reason = "it ends routes that refuse too")]
pub(super) fn done(status: u16, body: Value) -> Answer {
    Ok((StatusCode::from_u16(status).unwrap(), Json(body)).into_response())
}

/// The paging that every list has.
#[derive(Debug, Clone, serde::Deserialize)]
pub(super) struct Paging {
    #[serde(default)]
    limit: Option<String>,
    #[serde(default)]
    cursor: Option<String>,
}

impl Paging {
    /// The page of `all`, of which Unipile gives `most` at a time.
    pub(super) fn of(&self, object: &str, all: Vec<Value>, most: usize) -> Answer {
        let limit: usize = match &self.limit {
            Some(limit) => limit.parse().map_err(|_| Refused::new(400, "invalid_parameters"))?,
            None => most.min(10),
        };
        if limit == 0 || limit > most {
            return Err(Refused::new(400, "limit_too_high"));
        }
        let from = match &self.cursor {
            Some(cursor) => cursor
                .strip_prefix("after=")
                .and_then(|n| n.parse().ok())
                .ok_or(Refused::new(400, "invalid_parameters"))?,
            None => 0,
        };
        let more = all.len() > from + limit;
        let items: Vec<Value> = all.into_iter().skip(from).take(limit).collect();
        // A cursor with a sign that must be escaped.
        let cursor = more.then(|| format!("after={}", from + limit));
        done(200, json!({ "object": object, "items": items, "cursor": cursor }))
    }
}

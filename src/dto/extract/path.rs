//! Ids in paths.

use std::str::FromStr;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};

use crate::errors::{AppError, Fault, Kind, Result};

/// The last id in the path.
#[derive(Debug)]
pub struct PathId<T>(pub T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for PathId<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| malformed("id"))?;
        let (name, value) = params.iter().last().ok_or_else(|| AppError::internal("the route has no id"))?;
        value.parse().map(Self).map_err(|_| malformed(name))
    }
}

fn malformed(name: &str) -> AppError {
    let detail = "The id in the path is not a UUID.";
    AppError::new(Kind::BadRequest, "invalid_id", detail).with_faults(vec![Fault::new(name, "invalid_id", detail)])
}

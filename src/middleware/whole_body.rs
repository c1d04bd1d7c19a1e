//! Reading a body to its end before anything is done with it.

use axum::{RequestExt as _, body::Bytes, extract::Request, http::request::Parts};
use http_body_util::BodyExt as _;

use crate::{dto::extract::broken, errors::Result};

/// A request with all of its body, within the limit of its route.
pub(super) async fn whole(request: Request) -> Result<(Parts, Bytes)> {
    let (parts, body) = request.with_limited_body().into_parts();
    let collected = body.collect().await.map_err(|error| broken(&error))?;
    Ok((parts, collected.to_bytes()))
}

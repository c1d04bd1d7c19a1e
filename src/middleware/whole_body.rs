//! Reading a body to its end before anything is done with it.

use axum::{RequestExt as _, body::Bytes, extract::Request, http::request::Parts};
use http_body_util::{BodyExt as _, LengthLimitError};

use crate::{
    dto::extract::{body_broken_off, body_too_large},
    errors::Result,
};

/// A request with all of its body, within the limit of its route.
pub(super) async fn whole(request: Request) -> Result<(Parts, Bytes)> {
    let (parts, body) = request.with_limited_body().into_parts();
    let collected = body
        .collect()
        .await
        .map_err(|error| if is_too_large(&error) { body_too_large() } else { body_broken_off() })?;
    Ok((parts, collected.to_bytes()))
}

fn is_too_large(error: &axum::Error) -> bool {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source()).any(<dyn std::error::Error>::is::<LengthLimitError>)
}

//! `If-Match`.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use crate::models::version::VersionGuard;

/// The version that the caller has seen (RFC 9110, 13.1.1). A weak or foreign tag matches nothing, as the strong comparison asks.
#[derive(Debug)]
pub struct IfMatch(pub VersionGuard);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter().peekable();
        if values.peek().is_none() {
            return Ok(Self(VersionGuard::Any));
        }
        let tags: Vec<&str> =
            values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).map(str::trim).collect();
        if tags.contains(&"*") {
            return Ok(Self(VersionGuard::Any));
        }
        let versions = tags.iter().filter_map(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()).collect();
        Ok(Self(VersionGuard::OneOf(versions)))
    }
}

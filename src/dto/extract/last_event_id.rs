//! `Last-Event-ID`.

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    errors::{AppError, Kind},
    models::ActivityPlace,
};

/// The last event that a caller has had (WHATWG's server-sent events), if it goes on with a stream.
#[derive(Debug)]
pub struct LastEventId(pub Option<ActivityPlace>);

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, AppError> {
        let Some(value) = parts.headers.get("last-event-id").filter(|value| !value.is_empty()) else {
            return Ok(Self(None));
        };
        let place = value.to_str().ok().and_then(|text| text.trim().parse().ok());
        place.map(|place| Self(Some(place))).ok_or_else(|| {
            let detail =
                "Last-Event-ID is not the id of an event of this stream: leave it out to begin with what comes now.";
            AppError::new(Kind::BadRequest, "invalid_last_event_id", detail)
        })
    }
}

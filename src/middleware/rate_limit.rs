//! `RateLimit` headers, and 429 for a caller who asks too often (draft-ietf-httpapi-ratelimit-headers).

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    observe::client_address,
    witness::{PresentedKey, Session},
};
use crate::{
    errors::{AppError, Kind},
    state::AppState,
};

/// Lets a request through if its caller has not asked too often: a session's user, an API key, or else an address.
pub async fn rate_limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let user = request.extensions().get::<Session>().map(|session| session.token().user_id.clone());
    let key = || request.extensions().get::<PresentedKey>().map(|presented| presented.key.id().to_string());
    let caller = user.or_else(key).unwrap_or_else(|| client_address(&state, &request).unwrap_or_default());
    let (mut response, left, reset) = match state.rate_limiter().count(&caller) {
        Ok(left) => (next.run(request).await, left, Duration::from_secs(1)),
        Err(wait) => {
            let detail = "Too many requests. Wait as long as Retry-After says.";
            let error = AppError::new(Kind::RateLimited, "rate_limited", detail).with_retry_after(ceil(wait));
            (error.into_response(), 0, wait)
        }
    };
    let (quota, window) = state.rate_limiter().policy();
    set(&mut response, "ratelimit", &format!("\"default\";r={left};t={}", ceil(reset).as_secs()));
    set(&mut response, "ratelimit-policy", &format!("\"default\";q={quota};w={window}"));
    response
}

fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

fn ceil(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
}

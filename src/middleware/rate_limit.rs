//! `RateLimit` headers, and 429 for a caller who asks too often (draft-ietf-httpapi-ratelimit-headers).

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::witness::{PresentedKey, Session};
use crate::{
    errors::{AppError, Kind},
    state::AppState,
    utils::rate_limiter::RateLimiter,
};

/// Lets a request through if its caller, a session's user or an API key, has not asked too often.
pub async fn rate_limit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(caller) = caller(&request) else { return AppError::internal("no guard: require_auth").into_response() };
    let limiter = state.rate_limiter();
    match limiter.count(&caller) {
        Ok(left) => with_headers(next.run(request).await, limiter, left, Duration::from_secs(1)),
        Err(wait) => refused(limiter, wait, "rate_limited", "Too many requests. Wait as long as Retry-After says."),
    }
}

fn caller(request: &Request) -> Option<String> {
    let extensions = request.extensions();
    let user = extensions.get::<Session>().map(|session| session.token().user_id.clone());
    user.or_else(|| extensions.get::<PresentedKey>().map(|presented| presented.key.id().to_string()))
}

/// 429: nothing of `limiter`'s quota is left for `wait`.
pub(super) fn refused(limiter: &RateLimiter, wait: Duration, code: &'static str, detail: &'static str) -> Response {
    let error = AppError::new(Kind::RateLimited, code, detail).with_retry_after(ceil(wait));
    with_headers(error.into_response(), limiter, 0, wait)
}

fn with_headers(mut response: Response, limiter: &RateLimiter, left: u32, reset: Duration) -> Response {
    let (quota, window) = limiter.policy();
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

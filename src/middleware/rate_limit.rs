//! How often one caller may ask. Counted by the governor crate's cell-rate algorithm, in memory: each replica counts for itself.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    Quota, RateLimiter as Governor,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

use super::{observe::client_address, witness::Session};
use crate::{
    errors::{AppError, Kind},
    state::AppState,
};

type Counters = Governor<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// Seconds of the average rate that may be spent at once.
const BURST_SECONDS: u32 = 2;

/// Counts requests by caller.
#[derive(Clone)]
pub struct RateLimiter {
    counters: Arc<Counters>,
    clock: DefaultClock,
    policy: HeaderValue,
}

impl RateLimiter {
    /// `per_second` on average, and twice that at once.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        let per_second = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
        let burst = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
        let quota = Quota::per_second(per_second).allow_burst(burst);
        // draft-ietf-httpapi-ratelimit-headers: so many requests in so many seconds.
        let policy = format!("\"default\";q={burst};w={BURST_SECONDS}");
        Self {
            counters: Arc::new(Governor::keyed(quota).with_middleware()),
            clock: DefaultClock::default(),
            policy: HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("")),
        }
    }

    /// Forgets callers who have not asked for long enough to have their full allowance again.
    pub fn forget_idle(&self) {
        self.counters.retain_recent();
        self.counters.shrink_to_fit();
    }
}

/// Lets a request through if its caller has not asked too often: a session's user, or else an address.
pub async fn rate_limit(
    State((state, limiter)): State<(AppState, RateLimiter)>,
    request: Request,
    next: Next,
) -> Response {
    let caller = match request.extensions().get::<Session>() {
        Some(session) => session.token().user_id.clone(),
        None => client_address(&state, &request).unwrap_or_default(),
    };
    let (mut response, left, reset) = match limiter.counters.check_key(&caller) {
        Ok(snapshot) => (next.run(request).await, snapshot.remaining_burst_capacity(), Duration::from_secs(1)),
        Err(denied) => {
            let wait = denied.wait_time_from(limiter.clock.now());
            let detail = "Too many requests. Wait as long as Retry-After says.";
            let error = AppError::new(Kind::RateLimited, "rate_limited", detail).with_retry_after(ceil(wait));
            (error.into_response(), 0, wait)
        }
    };
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&format!("\"default\";r={left};t={}", ceil(reset).as_secs())) {
        headers.insert(HeaderName::from_static("ratelimit"), value);
    }
    headers.insert(HeaderName::from_static("ratelimit-policy"), limiter.policy.clone());
    response
}

fn ceil(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
}

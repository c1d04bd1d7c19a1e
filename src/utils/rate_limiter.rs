//! How often one caller may ask. Counted by the governor crate's cell-rate algorithm, in memory: each replica counts for itself.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter as Governor,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

type Counters = Governor<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// Seconds of the average rate that may be spent at once.
const BURST_SECONDS: u32 = 2;

/// Counts requests by caller.
#[derive(Clone)]
pub struct RateLimiter {
    counters: Arc<Counters>,
    clock: DefaultClock,
    burst: NonZeroU32,
}

impl RateLimiter {
    /// `per_second` on average, and twice that at once.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        let per_second = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
        let burst = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self { counters: Arc::new(Governor::keyed(quota).with_middleware()), clock: DefaultClock::default(), burst }
    }

    /// Counts a request of `caller`: how many are left at once, or how long to wait for the next.
    ///
    /// # Errors
    /// The time to wait, if the caller has asked too often.
    pub fn count(&self, caller: &String) -> Result<u32, Duration> {
        match self.counters.check_key(caller) {
            Ok(snapshot) => Ok(snapshot.remaining_burst_capacity()),
            Err(denied) => Err(denied.wait_time_from(self.clock.now())),
        }
    }

    /// So many requests are allowed in so many seconds.
    #[must_use]
    pub fn policy(&self) -> (u32, u32) {
        (self.burst.get(), BURST_SECONDS)
    }

    /// Forgets callers who have not asked for long enough to have their full allowance again.
    pub fn forget_idle(&self) {
        self.counters.retain_recent();
        self.counters.shrink_to_fit();
    }
}

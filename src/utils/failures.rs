//! How often something may fail before it is not tried again for a while. In memory: each process counts for itself.

use std::{
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use moka::sync::Cache;

use super::clock::SharedClock;

/// Keys of which failures are remembered, at the most.
const KEYS: u64 = 10_000;

/// So many failures of each key within so long.
#[derive(Clone)]
pub struct Failures<K> {
    most: usize,
    within: Duration,
    of: Cache<K, Arc<Mutex<Vec<Duration>>>>,
    clock: SharedClock,
}

impl<K: Hash + Eq + Send + Sync + 'static> Failures<K> {
    /// None yet; of each key `most` are allowed `within` this time.
    #[must_use]
    pub fn new(most: usize, within: Duration, clock: SharedClock) -> Self {
        Self { most, within, of: Cache::builder().max_capacity(KEYS).time_to_idle(within).build(), clock }
    }

    /// How long it is to be waited until it is tried again; nothing if it may be now.
    #[must_use]
    pub fn wait(&self, key: &K) -> Option<Duration> {
        let now = self.clock.monotonic();
        let failures = self.of.get(key)?;
        let failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        // The one that must be too long ago.
        let at = failures.len().checked_sub(self.most).and_then(|first| failures.get(first))?;
        (*at + self.within).checked_sub(now).filter(|wait| !wait.is_zero())
    }

    /// It has failed now.
    pub fn failed(&self, key: K) {
        let now = self.clock.monotonic();
        let failures = self.of.get_with(key, Arc::default);
        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|at| now.saturating_sub(*at) < self.within);
        failures.push(now);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::utils::clock::Clock;

    struct Hands(AtomicU64);

    impl Clock for Hands {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn after_so_many_failures_it_is_waited_until_the_first_is_long_ago() {
        let hands = Arc::new(Hands(AtomicU64::new(0)));
        let failures = Failures::new(2, Duration::from_mins(1), hands.clone());
        failures.failed("a");
        assert_eq!(failures.wait(&"a"), None);
        hands.0.store(10, Ordering::Relaxed);
        failures.failed("a");
        assert_eq!((failures.wait(&"a"), failures.wait(&"b")), (Some(Duration::from_secs(50)), None));
        hands.0.store(60, Ordering::Relaxed);
        assert_eq!(failures.wait(&"a"), None);
        failures.failed("a");
        assert_eq!(failures.wait(&"a"), Some(Duration::from_secs(10)));
    }
}

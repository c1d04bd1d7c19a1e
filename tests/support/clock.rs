//! A clock that stands still until it is told to move.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use clento::utils::clock::Clock;

/// Where every test's time begins: 2026-11-22 12:00:00 UTC, in milliseconds.
const START: i64 = 1_795_348_800_000;

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub(crate) struct ManualClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl ManualClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { wall: AtomicI64::new(START), monotonic: AtomicI64::new(0) })
    }

    /// Lets `duration` pass.
    pub(crate) fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap();
        self.wall.fetch_add(millis, Ordering::SeqCst);
        self.monotonic.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the wall clock without letting time pass.
    pub(crate) fn set(&self, now: DateTime<Utc>) {
        self.wall.store(now.timestamp_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.wall.load(Ordering::SeqCst)).unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.monotonic.load(Ordering::SeqCst)).unwrap())
    }
}

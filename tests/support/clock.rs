//! A clock that stands still until a test moves it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use clento::utils::clock::Clock;

/// A clock that stands still until a test moves it.
#[derive(Debug, Clone)]
pub(crate) struct ManualClock(Arc<Mutex<(DateTime<Utc>, Duration)>>);

impl ManualClock {
    /// A Monday morning in Europe.
    pub(crate) fn new() -> Self {
        let start = "2026-03-02T09:00:00Z".parse().expect("an instant");
        Self(Arc::new(Mutex::new((start, Duration::from_secs(1000)))))
    }

    /// Moves both clocks on.
    pub(crate) fn advance(&self, by: Duration) {
        let mut times = self.0.lock().expect("no panic while held");
        times.0 += TimeDelta::from_std(by).expect("a span that fits");
        times.1 += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.lock().expect("no panic while held").0
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().expect("no panic while held").1
    }
}

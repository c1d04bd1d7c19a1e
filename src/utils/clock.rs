//! The one place that reads the time, so that a test can hold it still.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, SubsecRound as _, Utc};

/// Where every other module gets the time from; `clippy.toml` bans the direct way.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock, for facts that are stored or shown. To the microsecond, as the database keeps it, so that what an answer says is
    /// what is read later.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some fixed point that never runs backwards, for leases and cache lifetimes.
    fn monotonic(&self) -> Duration;
}

/// A clock as it is handed from room to room.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose monotonic reading starts at zero now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

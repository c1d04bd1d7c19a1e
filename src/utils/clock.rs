//! The one place that reads the time, so that a test can hold it still.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

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

/// A clock that is set by another one: the database's, so that all workers go by one time, however wrong their machines' clocks are.
#[derive(Clone)]
pub struct AlignedClock {
    clock: SharedClock,
    /// How much is added, in microseconds.
    ahead: Arc<AtomicI64>,
    is_set: Arc<AtomicBool>,
}

impl AlignedClock {
    /// `clock`, until it is set.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, ahead: Arc::default(), is_set: Arc::default() }
    }

    /// It was `true_time` at some instant after `asked` and before now, both by the inner clock.
    pub fn set(&self, asked: DateTime<Utc>, true_time: DateTime<Utc>) {
        let answered = self.clock.now();
        let middle = asked + (answered - asked) / 2;
        self.ahead.store((true_time - middle).num_microseconds().unwrap_or(0), Ordering::Relaxed);
        self.is_set.store(true, Ordering::Release);
    }

    /// Whether it has ever been set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    /// The time before it is set right.
    #[must_use]
    pub fn inner(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

impl Clock for AlignedClock {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now() + TimeDelta::microseconds(self.ahead.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
}

/// Another clock from its present instant on, but so many times as fast: weeks of a campaign in minutes, for trying things out.
#[derive(Clone)]
pub struct FastClock {
    clock: SharedClock,
    times: u32,
    began: (DateTime<Utc>, Duration),
}

impl FastClock {
    /// `clock`, `times` as fast from now on.
    #[must_use]
    pub fn new(clock: SharedClock, times: u32) -> Self {
        let began = (clock.now(), clock.monotonic());
        Self { clock, times, began }
    }
}

impl Clock for FastClock {
    fn now(&self) -> DateTime<Utc> {
        let (began, _) = self.began;
        let passed = (self.clock.now() - began) * i32::try_from(self.times).unwrap_or(i32::MAX);
        began.checked_add_signed(passed).unwrap_or(began)
    }

    fn monotonic(&self) -> Duration {
        let (_, began) = self.began;
        began + self.clock.monotonic().saturating_sub(began).saturating_mul(self.times)
    }
}

/// The database's time, and the time by which campaigns run: the same, or `speed` times as fast.
#[must_use]
pub fn campaign_clocks(clock: &SharedClock, speed: u32) -> (AlignedClock, SharedClock) {
    let aligned = AlignedClock::new(Arc::clone(clock));
    let clock = Arc::new(aligned.clone());
    let campaigns: SharedClock = if speed == 1 { clock } else { Arc::new(FastClock::new(clock, speed)) };
    (aligned, campaigns)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock whose hands are moved.
    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH + TimeDelta::seconds(self.0.load(Ordering::Relaxed))
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed).unsigned_abs())
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_fast_clock_begins_at_the_present_and_runs_ahead() {
        let hands = Arc::new(Hands(AtomicI64::new(1_000)));
        let fast = FastClock::new(hands.clone(), 100);
        assert_eq!((fast.now(), fast.monotonic()), (at(1_000), Duration::from_secs(1_000)));
        hands.0.store(1_003, Ordering::Relaxed);
        assert_eq!((fast.now(), fast.monotonic()), (at(1_300), Duration::from_secs(1_300)));
    }

    #[test]
    fn a_clock_that_is_wrong_is_set_by_the_true_one() {
        let hands = Arc::new(Hands(AtomicI64::new(600)));
        let aligned = AlignedClock::new(hands.clone());
        assert_eq!((aligned.now(), aligned.is_set()), (at(600), false));
        let asked = aligned.inner();
        hands.0.store(604, Ordering::Relaxed);
        aligned.set(asked, at(2));
        assert_eq!(aligned.now(), at(4), "it was 2 in the middle of the question");
        hands.0.store(700, Ordering::Relaxed);
        assert_eq!((aligned.now(), aligned.is_set()), (at(100), true));
    }
}

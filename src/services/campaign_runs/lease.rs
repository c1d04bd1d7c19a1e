//! For how long what a worker has claimed is its own, and how much of that a send may take.

use std::time::Duration;

use chrono::TimeDelta;

/// How long the results of what is claimed are awaited. After that the reconciler looks them up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease(pub(super) Duration);

impl Lease {
    /// All of it.
    pub(super) fn whole(self) -> TimeDelta {
        TimeDelta::from_std(self.0).unwrap_or(TimeDelta::MAX)
    }

    /// How long a provider is given to answer.
    pub(super) fn timeout(self) -> Duration {
        self.0 / 3
    }

    /// Whether what is begun when `passed` of it is over ends, one way or another, before somebody else may take it over. A sixth of it is left
    /// for clocks, and for writing down the result.
    pub(super) fn outlasts_a_send(self, passed: Duration) -> bool {
        passed + self.timeout() + self.0 / 6 <= self.0
    }

    /// How long a provider is given to show what it has.
    pub(super) fn longest_look(self) -> Duration {
        self.timeout() * 2
    }

    /// Whether a look at the provider that begins when `passed` of it is over ends before somebody else may take the look over.
    pub(super) fn outlasts_a_look(self, passed: Duration) -> bool {
        passed + self.longest_look() <= self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_begins_in_the_first_half_only() {
        let lease = Lease(Duration::from_mins(1));
        assert_eq!((lease.whole(), lease.timeout()), (TimeDelta::minutes(1), Duration::from_secs(20)));
        assert!(lease.outlasts_a_send(Duration::from_secs(30)));
        assert!(!lease.outlasts_a_send(Duration::from_millis(30_001)));
    }
}

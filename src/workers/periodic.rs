//! A task that is done over and over until the process stops, whatever happens to it.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;
use metrics::counter;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::errors::{AppError, Result};

/// The longest pause after a failure: the database may be back, and nobody should wait much longer for that to be noticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A piece of work and its rhythm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    /// Its name in logs and measurements.
    pub(super) name: &'static str,
    /// How often it is done.
    pub(super) every: Duration,
}

impl Task {
    /// The same, so many times as often, but not without a pause.
    pub(super) fn hurried(self, times: u32) -> Self {
        const SHORTEST: Duration = Duration::from_millis(20);
        Self { every: (self.every / times.max(1)).max(SHORTEST.min(self.every)), ..self }
    }
}

/// What one run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Rows written or deleted.
    pub rows: u64,
    /// Whether there is more to do at once.
    pub more: bool,
}

/// When to run next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    AtOnce,
    WithTheTick,
    After(Duration),
}

/// Does `work` until `stop` is cancelled; a run that has begun is finished.
pub(super) async fn run<F>(task: Task, stop: CancellationToken, work: impl Fn() -> F)
where
    F: Future<Output = Result<Done>>,
{
    let mut ticks = interval(task.every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pulse = Pulse { task, failures: 0 };
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let outcome = AssertUnwindSafe(work()).catch_unwind().await;
        match pulse.beat(outcome.unwrap_or_else(|_| Err(AppError::internal("a panic, told above")))) {
            Next::AtOnce => ticks.reset_immediately(),
            Next::WithTheTick => {}
            Next::After(pause) => ticks.reset_after(pause),
        }
    }
}

/// How a task fares. An outage is told twice, at its beginning and at its end, however many runs it spoils.
struct Pulse {
    task: Task,
    failures: u32,
}

impl Pulse {
    fn beat(&mut self, outcome: Result<Done>) -> Next {
        let task = self.task.name;
        counter!("worker_runs_total", "task" => task).increment(1);
        match outcome {
            Ok(done) => {
                if self.failures > 0 {
                    tracing::info!(task, failures = self.failures, "a worker's task succeeds again");
                }
                self.failures = 0;
                counter!("worker_rows_total", "task" => task).increment(done.rows);
                if done.more { Next::AtOnce } else { Next::WithTheTick }
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                counter!("worker_failures_total", "task" => task).increment(1);
                if self.failures == 1 {
                    let (code, at, cause) = (error.code(), error.location(), error.causes());
                    tracing::error!(task, code, %at, cause, "a worker's task failed and is tried again");
                }
                Next::After(self.pause())
            }
        }
    }

    /// Twice as long after each failure.
    fn pause(&self) -> Duration {
        let factor = 1u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.task.every.saturating_mul(factor).min(LONGEST_PAUSE.max(self.task.every))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse(every: u64) -> Pulse {
        Pulse { task: Task { name: "test", every: Duration::from_secs(every) }, failures: 0 }
    }

    fn failure() -> Result<Done> {
        Err(AppError::unavailable("database_unavailable", "away"))
    }

    #[test]
    fn pauses_grow_to_a_limit_and_end_with_success() {
        let mut pulse = pulse(1);
        let pauses: Vec<_> = (0..40).map(|_| pulse.beat(failure())).collect();
        let expected = [2, 4, 8, 16, 30, 30].map(|seconds| Next::After(Duration::from_secs(seconds)));
        assert_eq!(pauses[..6], expected);
        assert_eq!(pauses[39], Next::After(LONGEST_PAUSE));
        assert_eq!(pulse.beat(Ok(Done::default())), Next::WithTheTick);
        assert_eq!(pulse.beat(failure()), Next::After(Duration::from_secs(2)));
    }

    #[test]
    fn a_slow_task_is_not_hurried_by_failing() {
        assert_eq!(pulse(3600).beat(failure()), Next::After(Duration::from_hours(1)));
    }

    #[test]
    fn what_is_left_is_done_at_once() {
        assert_eq!(pulse(1).beat(Ok(Done { rows: 1000, more: true })), Next::AtOnce);
    }

    #[tokio::test]
    async fn a_panic_ends_a_run_and_not_the_task() {
        let stop = CancellationToken::new();
        let runs = std::cell::Cell::new(0);
        let task = Task { name: "test", every: Duration::from_millis(1) };
        let work = || {
            runs.set(runs.get() + 1);
            if runs.get() == 3 {
                stop.cancel();
            }
            let run = runs.get();
            async move {
                assert!(run != 1, "the first run panics");
                Ok(Done { rows: 0, more: true })
            }
        };
        run(task, stop.clone(), work).await;
        assert_eq!(runs.get(), 3, "stopping lets the run that has begun finish and starts no other");
    }
}

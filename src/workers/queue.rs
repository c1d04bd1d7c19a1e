//! The queue's jobs: each is handed down to a service, which reads for itself what there is to do.

use std::time::Duration;

use graphile_worker::{
    IntoTaskHandlerResult, LocalQueueConfig, RefetchDelayConfig, TaskHandler, WorkerContext, WorkerRecoveryConfig,
};
use tokio_util::sync::CancellationToken;

use crate::{
    errors::{AppError, Result},
    jobs::{Job, WorkOnImport},
    services::imports::Worked,
    state::AppState,
};

/// Jobs that a process works on at a time.
const AT_ONCE: usize = 4;
/// How long an empty queue is left alone, at the most.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a job may go on once the process is told to stop. Jobs stop between two transactions, so this is more than they need.
const GRACE: Duration = Duration::from_secs(20);
/// How long after a process is gone its jobs are taken up by another.
const GONE_AFTER: Duration = Duration::from_secs(30);

/// What a job's handler can reach.
#[derive(Clone)]
struct Reach {
    state: AppState,
    stop: CancellationToken,
}

impl std::fmt::Debug for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reach").finish_non_exhaustive()
    }
}

impl TaskHandler for WorkOnImport {
    const IDENTIFIER: &'static str = <Self as Job>::NAME;

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let reach =
            context.get_ext::<Reach>().cloned().ok_or_else(|| "the worker was started without its state".to_owned())?;
        match reach.state.imports().work(&self, &reach.stop).await {
            Ok(Worked::ToTheEnd) => Ok(()),
            // For this process' successor, or another.
            Ok(Worked::Stopped) => reach.state.imports().leave(&self).await.map_err(|error| error.code().to_owned()),
            Err(error) => Err(error.code().to_owned()),
        }
    }
}

/// Works on the queue's jobs until `stop` is cancelled.
///
/// # Errors
/// The database is away.
pub(super) async fn work(state: AppState, stop: CancellationToken) -> Result<()> {
    let recovery = WorkerRecoveryConfig::default()
        .heartbeat_interval(GONE_AFTER / 6)
        .sweep_interval(GONE_AFTER / 3)
        .sweep_threshold(GONE_AFTER)
        .recovery_delay(Duration::from_secs(1))
        .enabled(true);
    // Without a pause an empty queue would be asked again and again without end. A job that is new ends it.
    let pause = RefetchDelayConfig::default().with_duration(PAUSE).with_threshold(0).with_max_abort_threshold(1);
    let worker = state
        .db()
        .queue_worker()
        .concurrency(AT_ONCE)
        .local_queue(LocalQueueConfig::default().with_size(AT_ONCE).with_refetch_delay(pause))
        .worker_recovery(recovery)
        .listen_os_shutdown_signals(false)
        .shutdown_signal(stop.clone().cancelled_owned())
        .shutdown_grace_period(GRACE)
        .shutdown_interrupted_job_retry_delay(Duration::from_secs(1))
        .add_extension(Reach { state, stop })
        .define_job::<WorkOnImport>()
        .init()
        .await
        .map_err(AppError::internal)?;
    worker.run().await.map_err(AppError::internal)
}

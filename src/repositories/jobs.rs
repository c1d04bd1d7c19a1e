//! The queue: the tables of `graphile_worker`, in a schema of their own that it migrates itself. Its functions are therefore the one thing here that is
//! not checked at compile time.

use graphile_worker::{WorkerOptions, WorkerUtils};
use sqlx::postgres::PgPoolOptions;

use super::{Database, OrgTx};
use crate::{
    errors::{AppError, Result},
    jobs::Job,
};

/// The queue's schema.
const SCHEMA: &str = "graphile_worker";
/// Connections of a process that works: one listens, the others fetch jobs and tell what became of them.
const CONNECTIONS: u32 = 3;

impl OrgTx {
    /// Enqueues a job with the commit, to be worked on when it is its turn.
    ///
    /// # Errors
    /// The database's.
    pub async fn enqueue<J: Job>(&mut self, job: &J) -> Result<()> {
        let turn = job.turn();
        self.add_job(job, Some(&turn)).await
    }

    /// The same, out of turn: for what is done in a moment. It may then be worked on beside another about the same.
    ///
    /// # Errors
    /// The database's.
    pub async fn enqueue_out_of_turn<J: Job>(&mut self, job: &J) -> Result<()> {
        self.add_job(job, None).await
    }

    async fn add_job<J: Job>(&mut self, job: &J, turn: Option<&str>) -> Result<()> {
        let payload = serde_json::to_value(job).map_err(AppError::internal)?;
        // The key lets a later job take the place of one that waits; the queue's name keeps those apart that are worked on.
        sqlx::query(
            "select graphile_worker.add_job(identifier => $1, payload => $2::json, queue_name => $3, job_key => $4)",
        )
        .bind(J::NAME)
        .bind(payload)
        .bind(turn)
        .bind(job.key())
        .execute(self.conn())
        .await?;
        Ok(())
    }
}

impl Database {
    /// Brings the queue's schema up to date.
    ///
    /// # Errors
    /// The database is away.
    pub(in crate::repositories) async fn migrate_queue(&self) -> Result<()> {
        let pool = PgPoolOptions::new().max_connections(1).connect_with(self.connect_options()).await?;
        let migrated = WorkerUtils::new(pool.clone(), SCHEMA).migrate().await;
        pool.close().await;
        migrated.map_err(AppError::internal)
    }

    /// A worker of the queue on connections of its own.
    #[must_use]
    pub fn queue_worker(&self) -> WorkerOptions {
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_lazy_with(self.connect_options());
        WorkerOptions::default().pg_pool(pool).schema(SCHEMA)
    }
}

//! Imports that nobody works on.

use chrono::{DateTime, Utc};

use crate::{
    errors::Result,
    jobs::{Job as _, WorkOnImport},
    models::{ImportId, OrganizationId},
    repositories::Database,
};

impl Database {
    /// Enqueues the work on an import anew, in the place of what the queue has of it and is not being done.
    ///
    /// # Errors
    /// The database's.
    pub async fn leave_import(&self, job: &WorkOnImport, now: DateTime<Utc>) -> Result<()> {
        let mut tx = self.begin_job(job.organization_id, now).await?;
        tx.enqueue(job).await?;
        tx.commit().await
    }

    /// Up to `limit` imports that there is work on, of which nothing was heard since `before` and which no job of the queue is about that is being
    /// done, or is to be done within a minute.
    ///
    /// # Errors
    /// The database's.
    pub async fn imports_left_lying(&self, before: DateTime<Utc>, limit: i64) -> Result<Vec<WorkOnImport>> {
        let mut conn = self.system().await?;
        let quiet = sqlx::query!(
            r#"select organization_id as "organization_id: OrganizationId", id as "id: ImportId" from imports
               where (status in ('queued', 'running') or (undo_requested_at is not null and status <> 'undone')) and updated_at < $1
               order by updated_at limit $2"#,
            before,
            limit,
        )
        .fetch_all(&mut *conn)
        .await?;
        let quiet =
            quiet.into_iter().map(|row| WorkOnImport { organization_id: row.organization_id, import_id: row.id });
        let mut quiet: Vec<_> = quiet.map(|job| (job.key(), job)).collect();
        let keys: Vec<_> = quiet.iter().map(|(key, _)| key.clone()).collect();
        // The queue's clock is the database's.
        let awaited: Vec<String> = sqlx::query_scalar(
            "select key from graphile_worker.jobs where key = any($1) and attempts <= max_attempts
             and (locked_at is not null or (attempts < max_attempts and run_at < clock_timestamp() + interval '1 minute'))",
        )
        .bind(&keys)
        .fetch_all(&mut *conn)
        .await?;
        quiet.retain(|(key, _)| !awaited.contains(key));
        Ok(quiet.into_iter().map(|(_, job)| job).collect())
    }
}

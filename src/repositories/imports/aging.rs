//! What becomes of imports by themselves: they are forgotten when they have served their time, as are files that never came to their end, and taken up
//! again if nobody works on them.

use chrono::{DateTime, Utc};

use crate::{
    errors::Result,
    jobs::{Job as _, WorkOnImport},
    models::{ImportId, OrganizationId},
    repositories::Database,
};

impl Database {
    /// Forgets up to `limit` imports made before `before`, with what was kept of their rows; answers how many. One that is under way or is
    /// being undone stays.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_imports(&self, before: DateTime<Utc>, limit: i64) -> Result<u64> {
        let forgotten = sqlx::query_scalar!(
            r#"with gone as (
                 delete from imports where (organization_id, id) in (
                   select organization_id, id from imports
                   where created_at < $1 and status not in ('queued', 'running') and (undo_requested_at is null or status = 'undone')
                   order by created_at limit $2 for update skip locked)
                 returning organization_id, id),
               emptied as (
                 delete from import_pieces p using gone where p.organization_id = gone.organization_id and p.import_id = gone.id)
               select count(*) as "count!" from gone"#,
            before,
            limit,
        )
        .fetch_one(&mut *self.system().await?)
        .await?;
        Ok(u64::try_from(forgotten).unwrap_or_default())
    }

    /// Forgets up to `limit` rows that could not be used, of imports made before `before`; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_rejections(&self, before: DateTime<Utc>, limit: i64) -> Result<u64> {
        let done = sqlx::query!(
            r#"delete from import_rejections r using (
                 select r.organization_id, r.import_id, r.row_number
                 from (select organization_id, id from imports
                       where created_at < $1 and status not in ('queued', 'running') and (undo_requested_at is null or status = 'undone')
                       order by created_at limit 100) i
                 join import_rejections r on r.organization_id = i.organization_id and r.import_id = i.id
                 limit $2) old
               where r.organization_id = old.organization_id and r.import_id = old.import_id and r.row_number = old.row_number"#,
            before,
            limit,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected())
    }

    /// Forgets up to `limit` pieces that came before `before` and whose file never came to its end; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_orphaned_pieces(&self, before: DateTime<Utc>, limit: i64) -> Result<u64> {
        let done = sqlx::query!(
            r#"delete from import_pieces where ctid in (
                 select p.ctid from import_pieces p
                 where p.records is not null and p.created_at < $1
                   and not exists (select from imports i where i.organization_id = p.organization_id and i.id = p.import_id)
                 limit $2 for update skip locked)"#,
            before,
            limit,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected())
    }

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

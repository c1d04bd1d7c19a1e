//! Forgetting imports that have served their time, and files that never came to their end.

use chrono::{DateTime, Utc};

use crate::{errors::Result, repositories::Database};

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
}

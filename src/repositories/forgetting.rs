//! What is forgotten once it has served its time, some at a time.

use chrono::{DateTime, Utc};

use super::base::Database;
use crate::errors::Result;

impl Database {
    /// Forgets up to `limit` deliveries received before `before`; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_inbound_events(&self, before: DateTime<Utc>, limit: i64) -> Result<u64> {
        let done = sqlx::query!(
            r#"delete from inbound_events where ctid in
                 (select ctid from inbound_events where received_at < $1 order by received_at limit $2 for update skip locked)"#,
            before,
            limit,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected())
    }

    /// Forgets up to `limit` things that were taken in before `before`; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_taken_in(&self, before: DateTime<Utc>, limit: i64) -> Result<u64> {
        let done = sqlx::query!(
            r#"delete from taken_in where ctid in
                 (select ctid from taken_in where taken_at < $1 order by taken_at limit $2 for update skip locked)"#,
            before,
            limit,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected())
    }

    /// Forgets up to `limit` of what is kept of leads that are gone and counted before `before`; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_counts(&self, before: DateTime<Utc>, limit: i64) -> Result<u64> {
        let done = sqlx::query!(
            r#"delete from counts_of_the_gone where ctid in
                 (select ctid from counts_of_the_gone where at < $1 order by at limit $2 for update skip locked)"#,
            before,
            limit,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected())
    }
}

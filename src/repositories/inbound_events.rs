//! Webhook deliveries that we have acted on.

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
}

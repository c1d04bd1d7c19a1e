//! Accounts with which there is room again: leads that had none are looked at once more on the same day.

use chrono::{DateTime, Utc};

use super::{Database, campaigns::CampaignRepository};
use crate::{errors::Result, models::OrganizationId};

impl Database {
    /// Organizations of which an account has room again.
    ///
    /// # Errors
    /// The database's.
    pub async fn with_returned_room(&self, limit: i64) -> Result<Vec<OrganizationId>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct organization_id as "id!: OrganizationId" from returned_room limit $1"#,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }
}

impl CampaignRepository<'_> {
    /// Has campaigns look at all who have not begun in them once more, now, if they send from an account that has room again. Whoever changed the
    /// account has noted that.
    ///
    /// # Errors
    /// The database's.
    pub async fn use_returned_room(&mut self, now: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query!(
            r#"with accounts as (delete from returned_room where organization_id = $1 returning account_id)
               update campaigns c set next_begin_at = least(c.next_begin_at, $2), begin_after = null
               where c.organization_id = $1 and c.status = 'running' and c.next_begin_at is not null
                 and exists (select from campaign_accounts a where a.organization_id = $1 and a.campaign_id = c.id
                               and a.account_id in (select account_id from accounts))"#,
            self.scope.id(),
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected())
    }
}

//! Ways that an account has begun, and its traces, for when it goes.

use super::{ExecutionRepository, walk::walks};
use crate::{
    errors::Result,
    models::{AccountId, CampaignId, Walk},
};

impl ExecutionRepository<'_> {
    /// Every way that an account has begun and that is not over, with its campaign, locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_open_by(&mut self, account: AccountId) -> Result<Vec<(CampaignId, Walk)>> {
        let walks = walks!(
            self,
            "and status in ('pending', 'waiting', 'running') and (account_id = $2 or linkedin_account_id = $2 or email_account_id = $2)
             order by id for update",
            account.0
        );
        self.with_campaigns(walks).await
    }

    /// Forgets who did what of that which an account did: what was done, and what became of it, stays. The campaigns that are over let go of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_account(&mut self, account: AccountId) -> Result<()> {
        sqlx::query!(
            r#"update campaign_executions
               set account_id = nullif(account_id, $2), linkedin_account_id = nullif(linkedin_account_id, $2),
                   email_account_id = nullif(email_account_id, $2)
               where organization_id = $1 and (account_id = $2 or linkedin_account_id = $2 or email_account_id = $2)"#,
            self.scope.id(),
            account.0,
        )
        .execute(&mut *self.conn)
        .await?;
        sqlx::query!(
            "update execution_steps set account_id = null where organization_id = $1 and account_id = $2",
            self.scope.id(),
            account.0,
        )
        .execute(&mut *self.conn)
        .await?;
        sqlx::query!(
            "delete from campaign_accounts where organization_id = $1 and account_id = $2",
            self.scope.id(),
            account.0,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Some of the campaigns that send from an account and are not over.
    ///
    /// # Errors
    /// The database's.
    pub async fn campaigns_from(&mut self, account: AccountId) -> Result<Vec<CampaignId>> {
        Ok(sqlx::query_scalar!(
            r#"select c.id as "id: CampaignId" from campaign_accounts a
               join campaigns c on c.organization_id = a.organization_id and c.id = a.campaign_id
               where a.organization_id = $1 and a.account_id = $2 and c.status not in ('completed', 'stopped') order by c.id limit 20"#,
            self.scope.id(),
            account.0,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }
}

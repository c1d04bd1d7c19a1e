//! Leads on their way through a campaign that was changed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{ExecutionRepository, walk::walks};
use crate::{
    errors::Result,
    models::{AccountId, CampaignId, ExecutionId, LeadId, Move, Walk},
};

/// Why a step is promised when it is.
#[derive(Debug, Clone)]
pub struct Promise {
    /// The earliest instant that the workflow allows.
    pub ready_at: Option<DateTime<Utc>>,
    /// What moved it from there.
    pub moves: Vec<Move>,
}

impl ExecutionRepository<'_> {
    /// Those that wait, in the order of their leads, after `after`, locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_waiting(&mut self, campaign: CampaignId, after: LeadId, limit: i64) -> Result<Vec<Walk>> {
        Ok(walks!(
            self,
            "and campaign_id = $2 and status = 'waiting' and lead_id > $3 order by lead_id limit $4 for update",
            campaign.0,
            after.0,
            limit
        ))
    }

    /// Lets these ways forget the accounts that are not among `accounts` any more, as far as the lead was not sent anything from them.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_accounts(&mut self, ids: &[ExecutionId], accounts: &[AccountId]) -> Result<u64> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let accounts: Vec<_> = accounts.iter().map(|id| id.0).collect();
        let done = sqlx::query!(
            r#"update campaign_executions e
               set account_id = case when e.account_id = any(gone.ids) then null else e.account_id end,
                   linkedin_account_id = case when e.linkedin_account_id = any(gone.ids) then null else e.linkedin_account_id end,
                   email_account_id = case when e.email_account_id = any(gone.ids) then null else e.email_account_id end
               from (select x.id, array_agg(a.id) as ids from campaign_executions x
                     cross join lateral (values (x.account_id), (x.linkedin_account_id), (x.email_account_id)) as a (id)
                     where x.organization_id = $1 and x.id = any($2) and a.id is not null and a.id <> all($3)
                       and not exists (select from execution_steps s where s.organization_id = $1 and s.execution_id = x.id
                                         and s.account_id = a.id and s.state in ('sending', 'sent', 'needs_review'))
                     group by x.id) gone
               where e.organization_id = $1 and e.id = gone.id"#,
            self.scope.id(),
            &ids,
            &accounts,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected())
    }

    /// Why these are promised when they are.
    ///
    /// # Errors
    /// The database's.
    pub async fn promises(&mut self, ids: &[ExecutionId]) -> Result<HashMap<ExecutionId, Promise>> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            "select id, ready_at, moves from campaign_executions where organization_id = $1 and id = any($2)",
            self.scope.id(),
            &ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, Promise { ready_at: row.ready_at, moves: row.moves.0 })).collect())
    }

    /// Takes back that these leads, none of whom has begun, are enrolled.
    ///
    /// # Errors
    /// The database's.
    pub async fn withdraw(&mut self, ids: &[ExecutionId]) -> Result<()> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        sqlx::query!(
            "delete from campaign_executions where organization_id = $1 and id = any($2) and status = 'pending'",
            self.scope.id(),
            &ids,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

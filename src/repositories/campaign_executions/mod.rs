//! Leads' ways through campaigns.

use sqlx::types::Json;

use super::base::{base_repository, page};
use crate::{
    errors::Result,
    models::{
        AccountRef, CampaignExecution, CampaignId, ExecutionStatus,
        page::{Page, PageRequest},
    },
};

mod of_account;
mod out;
mod replan;
mod walk;

pub use replan::Promise;

base_repository!(
    /// The campaign executions of one organization.
    ExecutionRepository,
    CampaignExecution,
    ExecutionId,
    "campaign execution",
    "campaign_executions",
    r#"id, organization_id, campaign_id, lead_id, account_id, status, status_reason, node_id, action, next_run_at, awaiting, hold, moves,
       begun_at, sent_count, version, created_at, updated_at,
       (select coalesce(l.full_name, nullif(concat_ws(' ', l.first_name, l.last_name), ''), l.email, l.linkedin_url, l.external_id)
        from leads l where l.organization_id = campaign_executions.organization_id and l.id = campaign_executions.lead_id)
         as "lead_name!",
       (select jsonb_build_object('id', a.id, 'display_name', a.display_name, 'provider', a.provider, 'avatar_url', a.avatar_url,
                                  'status', a.status)
        from connected_accounts a where a.organization_id = campaign_executions.organization_id and a.id = campaign_executions.account_id)
         as "account: Json<AccountRef>""#
);

/// A page of a campaign's executions, all or those that a condition picks.
macro_rules! executions_page {
    ($repository:expr, $page:expr, $condition:literal, [$($argument:expr),+], $total:expr) => {
        page!(
            $repository,
            $page,
            CampaignExecution,
            "",
            [r#"select id, organization_id, campaign_id, lead_id, account_id, status, status_reason, node_id, action, next_run_at, awaiting, hold, moves,
       begun_at, sent_count, version, created_at, updated_at,
       (select coalesce(l.full_name, nullif(concat_ws(' ', l.first_name, l.last_name), ''), l.email, l.linkedin_url, l.external_id)
        from leads l where l.organization_id = campaign_executions.organization_id and l.id = campaign_executions.lead_id)
         as "lead_name!",
       (select jsonb_build_object('id', a.id, 'display_name', a.display_name, 'provider', a.provider, 'avatar_url', a.avatar_url,
                                  'status', a.status)
        from connected_accounts a where a.organization_id = campaign_executions.organization_id and a.id = campaign_executions.account_id)
         as "account: Json<AccountRef>"
               from campaign_executions where organization_id = $4 and campaign_id = $5"# + $condition],
            [$($argument),+],
            total: $total,
        )
    };
}

impl ExecutionRepository<'_> {
    /// A page of a campaign's executions, of all, of those in one state or of those that are held for one reason; either way read in order from an index.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_of(
        &mut self,
        campaign: CampaignId,
        status: Option<ExecutionStatus>,
        hold: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<CampaignExecution>> {
        let scope = self.scope.id();
        if let Some(hold) = hold {
            let status = status.map(ExecutionStatus::as_str);
            // Nothing else waits without an instant, so the index of what is due leads to what is held.
            executions_page!(
                self,
                page,
                " and status = 'waiting' and next_run_at is null and hold = $6 and ($7::text is null or status = $7)",
                [scope, campaign.0, hold, status],
                self.count_held(campaign, hold, status)
            )
        } else if let Some(state) = status {
            executions_page!(
                self,
                page,
                " and status = $6",
                [scope, campaign.0, state.as_str()],
                self.count_of(campaign, status)
            )
        } else {
            executions_page!(self, page, "", [scope, campaign.0], self.count_of(campaign, None))
        }
    }

    async fn count_held(&mut self, campaign: CampaignId, hold: &str, status: Option<&str>) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from campaign_executions
               where organization_id = $1 and campaign_id = $2 and status = 'waiting' and next_run_at is null and hold = $3
                 and ($4::text is null or status = $4)"#,
            self.scope.id(),
            campaign.0,
            hold,
            status,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    async fn count_of(&mut self, campaign: CampaignId, status: Option<ExecutionStatus>) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from campaign_executions
               where organization_id = $1 and campaign_id = $2 and ($3::text is null or status = $3)"#,
            self.scope.id(),
            campaign.0,
            status.map(ExecutionStatus::as_str),
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}

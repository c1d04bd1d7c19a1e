//! Leads' ways through campaigns.

use sqlx::types::Json;

use super::base::base_repository;
use crate::{
    errors::Result,
    models::{
        AccountRef, CampaignExecution, CampaignId, ExecutionStatus,
        page::{Direction, Page, PageRequest, Position},
    },
};

base_repository!(
    /// The campaign executions of one organization.
    ExecutionRepository,
    CampaignExecution,
    ExecutionId,
    "campaign execution",
    "campaign_executions",
    r#"id, organization_id, campaign_id, lead_id, account_id, status, status_reason, node_id, next_run_at, sent_count, version, created_at,
       updated_at,
       (select coalesce(l.full_name, nullif(concat_ws(' ', l.first_name, l.last_name), ''), l.email, l.linkedin_url, l.external_id)
        from leads l where l.organization_id = campaign_executions.organization_id and l.id = campaign_executions.lead_id)
         as "lead_name!",
       (select jsonb_build_object('id', a.id, 'display_name', a.display_name, 'provider', a.provider, 'avatar_url', a.avatar_url,
                                  'status', a.status)
        from connected_accounts a where a.organization_id = campaign_executions.organization_id and a.id = campaign_executions.account_id)
         as "account: Json<AccountRef>""#
);

/// Every list of executions reads the same columns; only its bounds differ.
macro_rules! executions_from {
    ($tail:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            CampaignExecution,
            r#"select id, organization_id, campaign_id, lead_id, account_id, status, status_reason, node_id, next_run_at, sent_count, version,
       created_at, updated_at,
       (select coalesce(l.full_name, nullif(concat_ws(' ', l.first_name, l.last_name), ''), l.email, l.linkedin_url, l.external_id)
        from leads l where l.organization_id = campaign_executions.organization_id and l.id = campaign_executions.lead_id)
         as "lead_name!",
       (select jsonb_build_object('id', a.id, 'display_name', a.display_name, 'provider', a.provider, 'avatar_url', a.avatar_url,
                                  'status', a.status)
        from connected_accounts a where a.organization_id = campaign_executions.organization_id and a.id = campaign_executions.account_id)
         as "account: Json<AccountRef>"
               from campaign_executions where organization_id = $1 and campaign_id = $2 "# + $tail,
            $($argument),+
        )
    };
}

impl ExecutionRepository<'_> {
    /// A page of a campaign's executions, of all or of those in one state; either way read in order from an index.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_of(
        &mut self,
        campaign: CampaignId,
        status: Option<ExecutionStatus>,
        page: &PageRequest,
    ) -> Result<Page<CampaignExecution>> {
        let rows = match status {
            Some(status) => self.in_state(campaign, status, page).await?,
            None => self.in_any_state(campaign, page).await?,
        };
        let total = if page.include_total { Some(self.count_of(campaign, status).await?) } else { None };
        Ok(Page::cut(rows, page, total, |row| Position { at: row.created_at, id: row.id.0 }))
    }

    async fn in_any_state(&mut self, campaign: CampaignId, page: &PageRequest) -> Result<Vec<CampaignExecution>> {
        let (org, from, limit) = (self.scope.id(), page.start(), page.fetch());
        Ok(match page.direction {
            Direction::Descending => {
                executions_from!(
                    "and (created_at, id) < ($3, $4) order by created_at desc, id desc limit $5",
                    org,
                    campaign.0,
                    from.at,
                    from.id,
                    limit,
                )
                .fetch_all(&mut *self.conn)
                .await?
            }
            Direction::Ascending => {
                executions_from!(
                    "and (created_at, id) > ($3, $4) order by created_at, id limit $5",
                    org,
                    campaign.0,
                    from.at,
                    from.id,
                    limit,
                )
                .fetch_all(&mut *self.conn)
                .await?
            }
        })
    }

    async fn in_state(
        &mut self,
        campaign: CampaignId,
        status: ExecutionStatus,
        page: &PageRequest,
    ) -> Result<Vec<CampaignExecution>> {
        let (org, from, limit) = (self.scope.id(), page.start(), page.fetch());
        Ok(match page.direction {
            Direction::Descending => {
                executions_from!(
                    "and status = $3 and (created_at, id) < ($4, $5) order by created_at desc, id desc limit $6",
                    org,
                    campaign.0,
                    status.as_str(),
                    from.at,
                    from.id,
                    limit,
                )
                .fetch_all(&mut *self.conn)
                .await?
            }
            Direction::Ascending => {
                executions_from!(
                    "and status = $3 and (created_at, id) > ($4, $5) order by created_at, id limit $6",
                    org,
                    campaign.0,
                    status.as_str(),
                    from.at,
                    from.id,
                    limit,
                )
                .fetch_all(&mut *self.conn)
                .await?
            }
        })
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

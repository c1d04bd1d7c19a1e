//! What belongs to campaigns and is stored beside them: four statements, however many campaigns there are.

use std::collections::HashMap;

use uuid::Uuid;

use super::CampaignRepository;
use crate::{
    errors::Result,
    models::{AccountRef, CampaignId, CampaignLeadList, CampaignOverview, ExecutionStatus},
};

/// Overviews as they are put together.
type Overviews = HashMap<CampaignId, CampaignOverview>;

impl CampaignRepository<'_> {
    /// The lists, accounts and progress of each of `campaigns`; a campaign that has nothing of the kind may be absent.
    ///
    /// # Errors
    /// The database's.
    pub async fn overviews(&mut self, campaigns: &[CampaignId]) -> Result<Overviews> {
        let ids: Vec<Uuid> = campaigns.iter().map(|id| id.0).collect();
        let mut overviews = Overviews::new();
        if !ids.is_empty() {
            self.add_lead_lists(&ids, true, &mut overviews).await?;
            self.add_accounts(&ids, &mut overviews).await?;
            self.add_progress(&ids, &mut overviews).await?;
        }
        Ok(overviews)
    }

    /// One campaign's lists, accounts and progress, without counting the leads on its lists, of which there may be millions.
    ///
    /// # Errors
    /// The database's.
    pub async fn outline(&mut self, campaign: CampaignId) -> Result<CampaignOverview> {
        let (ids, mut overviews) = ([campaign.0], Overviews::new());
        self.add_lead_lists(&ids, false, &mut overviews).await?;
        self.add_accounts(&ids, &mut overviews).await?;
        self.add_progress(&ids, &mut overviews).await?;
        Ok(overviews.remove(&campaign).unwrap_or_default())
    }

    /// One campaign's lists, accounts and progress.
    ///
    /// # Errors
    /// The database's.
    pub async fn overview(&mut self, campaign: CampaignId) -> Result<CampaignOverview> {
        Ok(self.overviews(&[campaign]).await?.remove(&campaign).unwrap_or_default())
    }

    async fn add_lead_lists(&mut self, ids: &[Uuid], counts: bool, overviews: &mut Overviews) -> Result<()> {
        // A list's leads are counted once, however many of the campaigns draw on it.
        let rows = sqlx::query!(
            r#"with counted as (
                 select m.lead_list_id, count(*) as leads from lead_list_entries m
                 where m.organization_id = $1 and $3
                   and m.lead_list_id in (select l.lead_list_id from campaign_lead_lists l
                                          where l.organization_id = $1 and l.campaign_id = any($2))
                 group by m.lead_list_id)
               select link.campaign_id, list.id, list.name, list.status, case when $3 then coalesce(counted.leads, 0) end as leads
               from campaign_lead_lists link
               join lead_lists list on list.organization_id = link.organization_id and list.id = link.lead_list_id
               left join counted on counted.lead_list_id = link.lead_list_id
               where link.organization_id = $1 and link.campaign_id = any($2)
               order by link.campaign_id, link.position"#,
            self.scope.id(),
            ids,
            counts,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        for row in rows {
            let list = CampaignLeadList { id: row.id, name: row.name, status: row.status, lead_count: row.leads };
            overviews.entry(row.campaign_id).or_default().lead_lists.push(list);
        }
        Ok(())
    }

    async fn add_accounts(&mut self, ids: &[Uuid], overviews: &mut Overviews) -> Result<()> {
        let rows = sqlx::query!(
            r#"select link.campaign_id, account.id, account.display_name, account.provider, account.avatar_url, account.status
               from campaign_accounts link
               join connected_accounts account on account.organization_id = link.organization_id and account.id = link.account_id
               where link.organization_id = $1 and link.campaign_id = any($2)
               order by link.campaign_id, link.position"#,
            self.scope.id(),
            ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        for row in rows {
            let account = AccountRef {
                id: row.id,
                display_name: row.display_name,
                provider: row.provider,
                avatar_url: row.avatar_url,
                status: row.status,
            };
            overviews.entry(row.campaign_id).or_default().accounts.push(account);
        }
        Ok(())
    }

    /// Told from what is kept of the executions and what has changed since, and not from themselves: there may be millions.
    async fn add_progress(&mut self, ids: &[Uuid], overviews: &mut Overviews) -> Result<()> {
        let rows = sqlx::query!(
            r#"select campaign_id as "campaign_id!: CampaignId", status as "status!: ExecutionStatus",
                      sum(executions)::bigint as "executions!", sum(sent)::bigint as "sent!"
               from (select campaign_id, status, executions, sent from campaign_progress
                     where organization_id = $1 and campaign_id = any($2)
                     union all
                     select campaign_id, status, executions, sent from campaign_progress_changes
                     where organization_id = $1 and campaign_id = any($2)) counted
               group by campaign_id, status having sum(executions) <> 0"#,
            self.scope.id(),
            ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        for row in rows {
            let progress = &mut overviews.entry(row.campaign_id).or_default().progress;
            progress.by_status.insert(row.status, row.executions);
            progress.sent += row.sent;
        }
        self.add_next(ids, overviews).await
    }

    /// When each sends next: only those that wait have an instant.
    async fn add_next(&mut self, ids: &[Uuid], overviews: &mut Overviews) -> Result<()> {
        let rows = sqlx::query!(
            r#"select c.id as "id!: CampaignId", next.next_run_at as "at!"
               from unnest($2::uuid[]) as c (id)
               cross join lateral (select e.next_run_at from campaign_executions e
                                   where e.organization_id = $1 and e.campaign_id = c.id and e.status = 'waiting'
                                     and e.next_run_at is not null
                                   order by e.next_run_at limit 1) next"#,
            self.scope.id(),
            ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        for row in rows {
            overviews.entry(row.id).or_default().progress.next_send_at = Some(row.at);
        }
        Ok(())
    }
}

//! Which lists a campaign draws on and which accounts it sends from.

use uuid::Uuid;

use super::CampaignRepository;
use crate::{
    errors::Result,
    models::{AccountId, CampaignId, LeadListId},
};

/// Makes the rows of a link table those of `ids`, in their order.
macro_rules! set_links {
    ($repository:expr, $campaign:expr, $ids:expr, $table:literal, $column:literal) => {{
        let ids: Vec<Uuid> = $ids.iter().map(|id| id.0).collect();
        sqlx::query!(
            "delete from " + $table + " where organization_id = $1 and campaign_id = $2 and " + $column + " <> all($3)",
            $repository.scope.id(),
            $campaign.0,
            &ids,
        )
        .execute(&mut *$repository.conn)
        .await?;
        sqlx::query!(
            "insert into "
                + $table
                + " (organization_id, campaign_id, "
                + $column
                + ", position)
               select $1, $2, linked.id, linked.place - 1 from unnest($3::uuid[]) with ordinality as linked (id, place)
               on conflict (organization_id, campaign_id, "
                + $column
                + ") do update set position = excluded.position",
            $repository.scope.id(),
            $campaign.0,
            &ids,
        )
        .execute(&mut *$repository.conn)
        .await?;
        Ok(())
    }};
}

impl CampaignRepository<'_> {
    /// Those of `ids` that are lists of the organization, kept from being deleted until the transaction ends.
    ///
    /// # Errors
    /// The database's.
    pub async fn hold_lead_lists(&mut self, ids: &[LeadListId]) -> Result<Vec<LeadListId>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        // In one order for everybody, so that two transactions cannot wait for each other.
        Ok(sqlx::query_scalar!(
            r#"select id as "id: LeadListId" from lead_lists where organization_id = $1 and id = any($2) order by id for key share"#,
            self.scope.id(),
            &ids,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Those of `ids` that are accounts of the organization, kept from being deleted until the transaction ends.
    ///
    /// # Errors
    /// The database's.
    pub async fn hold_accounts(&mut self, ids: &[AccountId]) -> Result<Vec<AccountId>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        Ok(sqlx::query_scalar!(
            r#"select id as "id: AccountId" from connected_accounts
               where organization_id = $1 and id = any($2) order by id for key share"#,
            self.scope.id(),
            &ids,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// The lists that the campaign draws on and the accounts that it sends from, in their order.
    ///
    /// # Errors
    /// The database's.
    pub async fn links(&mut self, campaign: CampaignId) -> Result<(Vec<LeadListId>, Vec<AccountId>)> {
        let row = sqlx::query!(
            r#"select array(select lead_list_id from campaign_lead_lists
                            where organization_id = $1 and campaign_id = $2 order by position) as "lists!: Vec<LeadListId>",
                      array(select account_id from campaign_accounts
                            where organization_id = $1 and campaign_id = $2 order by position) as "accounts!: Vec<AccountId>""#,
            self.scope.id(),
            campaign.0,
        )
        .fetch_one(&mut *self.conn)
        .await?;
        Ok((row.lists, row.accounts))
    }

    /// Makes `lists` the lists that the campaign draws on, in this order.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_lead_lists(&mut self, campaign: CampaignId, lists: &[LeadListId]) -> Result<()> {
        set_links!(self, campaign, lists, "campaign_lead_lists", "lead_list_id")
    }

    /// Makes `accounts` the accounts that the campaign sends from, in this order.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_accounts(&mut self, campaign: CampaignId, accounts: &[AccountId]) -> Result<()> {
        set_links!(self, campaign, accounts, "campaign_accounts", "account_id")
    }
}

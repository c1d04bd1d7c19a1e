//! Campaigns: the rows themselves. What belongs to them is in `overview`, which lists and accounts they use in `links`.

use sqlx::types::Json;

use super::base::base_repository;
use crate::{
    errors::Result,
    models::{
        Campaign, CampaignId, CampaignSummary,
        page::{Direction, Page, PageRequest, Position},
    },
};

mod custom_fields;
mod links;
mod overview;

base_repository!(
    /// The campaigns of one organization.
    CampaignRepository,
    Campaign,
    CampaignId,
    "campaign",
    "campaigns",
    "id, organization_id, name, status, workflow, schedule, stop_on, version, created_by, created_at, updated_at"
);

/// A page of campaigns reads the same columns in both directions.
macro_rules! summaries_from {
    ($tail:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            CampaignSummary,
            "select id, organization_id, name, status, schedule, stop_on, version, created_by, created_at, updated_at \
             from campaigns where organization_id = $1 and " + $tail,
            $($argument),+
        )
    };
}

impl CampaignRepository<'_> {
    /// A page of all campaigns, without their workflows.
    ///
    /// # Errors
    /// The database's.
    pub async fn summaries(&mut self, page: &PageRequest) -> Result<Page<CampaignSummary>> {
        let (org, from, limit) = (self.scope.id(), page.start(), page.fetch());
        let rows = match page.direction {
            Direction::Descending => {
                let tail = summaries_from!(
                    "(created_at, id) < ($2, $3) order by created_at desc, id desc limit $4",
                    org,
                    from.at,
                    from.id,
                    limit,
                );
                tail.fetch_all(&mut *self.conn).await?
            }
            Direction::Ascending => {
                let tail = summaries_from!(
                    "(created_at, id) > ($2, $3) order by created_at, id limit $4",
                    org,
                    from.at,
                    from.id,
                    limit,
                );
                tail.fetch_all(&mut *self.conn).await?
            }
        };
        let total = if page.include_total {
            let count = sqlx::query_scalar!("select count(*) from campaigns where organization_id = $1", org);
            count.fetch_one(&mut *self.conn).await?
        } else {
            None
        };
        Ok(Page::cut(rows, page, total, |row| Position { at: row.created_at, id: row.id.0 }))
    }

    /// Writes a new campaign.
    ///
    /// # Errors
    /// The database's.
    pub async fn insert(&mut self, campaign: &Campaign) -> Result<()> {
        sqlx::query!(
            r#"insert into campaigns
                 (id, organization_id, name, status, workflow, schedule, stop_on, version, created_by, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"#,
            campaign.id.0,
            self.scope.id(),
            campaign.name,
            campaign.status.as_str(),
            campaign.workflow.as_ref().map(|workflow| Json(&workflow.0)) as _,
            campaign.schedule.as_ref().map(|schedule| Json(&schedule.0)) as _,
            &stop_on(campaign),
            campaign.version,
            campaign.created_by.map(|id| id.0),
            campaign.created_at,
            campaign.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes the fields that may change.
    ///
    /// # Errors
    /// The database's.
    pub async fn update(&mut self, campaign: &Campaign) -> Result<()> {
        sqlx::query!(
            r#"update campaigns set name = $3, workflow = $4, schedule = $5, stop_on = $6, version = $7, updated_at = $8
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            campaign.id.0,
            campaign.name,
            campaign.workflow.as_ref().map(|workflow| Json(&workflow.0)) as _,
            campaign.schedule.as_ref().map(|schedule| Json(&schedule.0)) as _,
            &stop_on(campaign),
            campaign.version,
            campaign.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

fn stop_on(campaign: &Campaign) -> Vec<String> {
    campaign.stop_on.iter().map(|rule| rule.as_str().to_owned()).collect()
}

//! Campaigns: the rows themselves. What belongs to them is in `overview`, which lists and accounts they use in `links`.

use sqlx::types::Json;

use super::base::{base_repository, page};
use crate::{
    errors::Result,
    models::{
        Campaign, CampaignSummary,
        page::{Page, PageRequest},
    },
};

mod custom_fields;
mod edit;
mod links;
mod overview;
mod run;
mod statistics;

pub use edit::CampaignEdit;
pub use run::{CampaignRun, FoundLeads, RunningCampaignRef};

base_repository!(
    /// The campaigns of one organization.
    CampaignRepository,
    Campaign,
    CampaignId,
    "campaign",
    "campaigns",
    "id, organization_id, name, status, workflow, schedule, stop_on, settings, revision, paused_because, version, created_by, created_at, updated_at"
);

impl CampaignRepository<'_> {
    /// A page of all campaigns, without their workflows.
    ///
    /// # Errors
    /// The database's.
    pub async fn summaries(&mut self, page: &PageRequest) -> Result<Page<CampaignSummary>> {
        let scope = self.scope.id();
        page!(
            self,
            page,
            CampaignSummary,
            "",
            ["select id, organization_id, name, status, schedule, stop_on, settings, revision, paused_because, version, created_by, created_at, updated_at \
              from campaigns where organization_id = $4"],
            [scope],
            total: sqlx::query_scalar!(
                r#"select count(*) as "count!" from campaigns where organization_id = $1"#,
                scope
            )
            .fetch_one(&mut *self.conn),
        )
    }

    /// Writes a new campaign.
    ///
    /// # Errors
    /// The database's.
    pub async fn insert(&mut self, campaign: &Campaign) -> Result<()> {
        sqlx::query!(
            r#"insert into campaigns
                 (id, organization_id, name, status, workflow, schedule, stop_on, settings, version, created_by, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"#,
            campaign.id.0,
            self.scope.id(),
            campaign.name,
            campaign.status.as_str(),
            campaign.workflow.as_ref().map(|workflow| Json(&workflow.0)) as _,
            campaign.schedule.as_ref().map(|schedule| Json(&schedule.0)) as _,
            &stop_on(campaign),
            Json(&campaign.settings.0) as _,
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
            r#"update campaigns set name = $3, workflow = $4, schedule = $5, stop_on = $6, version = $7, updated_at = $8, settings = $9
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            campaign.id.0,
            campaign.name,
            campaign.workflow.as_ref().map(|workflow| Json(&workflow.0)) as _,
            campaign.schedule.as_ref().map(|schedule| Json(&schedule.0)) as _,
            &stop_on(campaign),
            campaign.version,
            campaign.updated_at,
            Json(&campaign.settings.0) as _,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

fn stop_on(campaign: &Campaign) -> Vec<String> {
    campaign.stop_on.iter().map(|rule| rule.as_str().to_owned()).collect()
}

//! Leads' ways through campaigns.

use super::Context;
use crate::{
    errors::{AppError, Result},
    models::{
        CampaignExecution, CampaignId, ExecutionId, ExecutionStatus, ExecutionStep,
        page::{Page, PageRequest},
    },
    repositories::{BaseRepository, OrgMember},
};

/// Leads' ways through campaigns.
#[derive(Clone)]
pub struct ExecutionService(pub Context);

impl ExecutionService {
    /// A page of a campaign's executions, of all, of those in one state, or of those that are held for one reason.
    pub async fn list(
        &self,
        member: &OrgMember,
        campaign: CampaignId,
        status: Option<ExecutionStatus>,
        hold: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<CampaignExecution>> {
        let mut conn = self.0.db.read(member).await?;
        if !conn.campaigns().exists(campaign).await? {
            return Err(AppError::not_found("campaign"));
        }
        conn.executions().list_of(campaign, status, hold, page).await
    }

    /// One execution, with every attempt of its steps.
    pub async fn get(&self, member: &OrgMember, id: ExecutionId) -> Result<(CampaignExecution, Vec<ExecutionStep>)> {
        let mut conn = self.0.db.read(member).await?;
        let execution = conn.executions().get(id).await?;
        Ok((execution, conn.steps().of_execution(id).await?))
    }
}

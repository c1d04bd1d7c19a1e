//! Leads' ways through campaigns.

use super::{
    Context,
    campaign_runs::{PendingWait, pending_wait},
};
use crate::{
    errors::{AppError, Result},
    models::{
        AcceptanceOutcome, CampaignExecution, CampaignId, ExecutionId, ExecutionStatus, ExecutionStep,
        page::{Page, PageRequest},
    },
    repositories::{BaseRepository, OrgMember},
};

/// Leads' ways through campaigns.
#[derive(Clone)]
pub struct ExecutionService(pub Context);

/// One lead's way through one campaign.
#[derive(Debug)]
pub struct ExecutionView {
    /// Where it stands.
    pub execution: CampaignExecution,
    /// Every attempt of its steps.
    pub steps: Vec<ExecutionStep>,
    /// What keeps it from beginning.
    pub waits: Option<PendingWait>,
    /// Whether the lead has accepted the invitation.
    pub acceptance: Option<AcceptanceOutcome>,
}

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

    /// One execution, with every attempt of its steps, and if it is pending, with what keeps it from beginning.
    pub async fn get(&self, member: &OrgMember, id: ExecutionId) -> Result<ExecutionView> {
        let mut conn = self.0.db.read(member).await?;
        let execution = conn.executions().get(id).await?;
        let steps = conn.steps().of_execution(id).await?;
        let acceptance = conn.activities().acceptance(id).await?;
        conn.give_back();
        let waits = match execution.status {
            ExecutionStatus::Pending => {
                let mut tx = self.0.db.begin(member, self.0.campaign_clock.now()).await?;
                pending_wait(&mut tx, &self.0.suppression_keys, &execution).await?
            }
            _ => None,
        };
        Ok(ExecutionView { execution, steps, waits, acceptance })
    }
}

//! Leads' ways through campaigns on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::connected_accounts::AccountRefDto;
use crate::models::{CampaignExecution, CampaignId, ExecutionId, ExecutionStatus, LeadId};

/// Which of a campaign's executions are wanted.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExecutionFilter {
    /// Those in this state.
    #[param(inline)]
    pub status: Option<ExecutionStatus>,
}

/// One lead's way through one campaign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignExecution)]
pub struct ExecutionDto {
    /// The execution's id.
    pub id: ExecutionId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The lead.
    pub lead: ExecutionLeadDto,
    /// The account that sends; null until one is chosen.
    pub account: Option<AccountRefDto>,
    /// Where the lead stands.
    pub status: ExecutionStatus,
    /// Why it stands there.
    pub status_reason: Option<String>,
    /// The step that the lead stands at.
    #[schema(example = "invite")]
    pub node_id: Option<String>,
    /// When it goes on.
    pub next_run_at: Option<DateTime<Utc>>,
    /// Steps sent so far.
    #[schema(example = 2)]
    pub sent_count: i32,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// When the lead was enrolled.
    pub created_at: DateTime<Utc>,
    /// When it last went on.
    pub updated_at: DateTime<Utc>,
}

/// The lead of an execution.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignExecutionLead)]
pub struct ExecutionLeadDto {
    /// The lead's id.
    pub id: LeadId,
    /// Its name, or else its e-mail address, profile or external id.
    #[schema(example = "Maximilian Oberhauser")]
    pub name: String,
}

impl From<CampaignExecution> for ExecutionDto {
    fn from(execution: CampaignExecution) -> Self {
        let CampaignExecution {
            id,
            organization_id: _,
            campaign_id,
            lead_id,
            account_id: _,
            status,
            status_reason,
            node_id,
            next_run_at,
            sent_count,
            version,
            created_at,
            updated_at,
            lead_name,
            account,
        } = execution;
        Self {
            id,
            campaign_id,
            lead: ExecutionLeadDto { id: lead_id, name: lead_name },
            account: account.map(|account| account.0.into()),
            status,
            status_reason,
            node_id,
            next_run_at,
            sent_count,
            version,
            created_at,
            updated_at,
        }
    }
}

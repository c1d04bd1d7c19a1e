//! Campaigns.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{
    AccountRef, CampaignId, ExecutionStatus, LeadListId, LeadListStatus, OrganizationId, UserId,
    workflow::{Schedule, StopOn, Workflow},
};
use crate::text_enum;

/// A campaign. Only a draft may lack its workflow or its schedule.
#[derive(Debug, Clone)]
pub struct Campaign {
    pub id: CampaignId,
    pub organization_id: OrganizationId,
    pub name: String,
    pub status: CampaignStatus,
    pub workflow: Option<Json<Workflow>>,
    pub schedule: Option<Json<Schedule>>,
    pub stop_on: Vec<StopOn>,
    pub version: i64,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A campaign without its workflow, which is large: what a list reads.
#[derive(Debug, Clone)]
pub struct CampaignSummary {
    pub id: CampaignId,
    pub organization_id: OrganizationId,
    pub name: String,
    pub status: CampaignStatus,
    pub schedule: Option<Json<Schedule>>,
    pub stop_on: Vec<StopOn>,
    pub version: i64,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Campaign> for (CampaignSummary, Option<Workflow>) {
    fn from(campaign: Campaign) -> Self {
        let Campaign {
            id,
            organization_id,
            name,
            status,
            workflow,
            schedule,
            stop_on,
            version,
            created_by,
            created_at,
            updated_at,
        } = campaign;
        let summary = CampaignSummary {
            id,
            organization_id,
            name,
            status,
            schedule,
            stop_on,
            version,
            created_by,
            created_at,
            updated_at,
        };
        (summary, workflow.map(|Json(workflow)| workflow))
    }
}

/// What belongs to a campaign and is stored beside it.
#[derive(Debug, Clone, Default)]
pub struct CampaignOverview {
    /// The lists it draws on, in their order.
    pub lead_lists: Vec<CampaignLeadList>,
    /// The accounts it sends from, in their order.
    pub accounts: Vec<AccountRef>,
    /// How far it has come.
    pub progress: CampaignProgress,
}

impl CampaignOverview {
    /// The ids of the lists.
    #[must_use]
    pub fn lead_list_ids(&self) -> Vec<LeadListId> {
        self.lead_lists.iter().map(|list| list.id).collect()
    }

    /// The ids of the accounts.
    #[must_use]
    pub fn account_ids(&self) -> Vec<super::AccountId> {
        self.accounts.iter().map(|account| account.id).collect()
    }
}

/// A list that a campaign draws on.
#[derive(Debug, Clone)]
pub struct CampaignLeadList {
    pub id: LeadListId,
    pub name: String,
    pub status: LeadListStatus,
    /// The leads on it.
    pub lead_count: i64,
}

/// How far a campaign has come.
#[derive(Debug, Clone, Default)]
pub struct CampaignProgress {
    /// Executions by status; a status that none is in is absent.
    pub by_status: BTreeMap<ExecutionStatus, i64>,
    /// Messages and other steps sent.
    pub sent: i64,
    /// When the next step is due.
    pub next_send_at: Option<DateTime<Utc>>,
}

text_enum! {
    /// Where a campaign stands: `draft → scheduled → running ⇄ paused → completed | stopped`.
    CampaignStatus {
        /// Being written.
        Draft = "draft",
        /// To start at its `start_at`.
        Scheduled = "scheduled",
        /// Under way.
        Running = "running",
        /// Held by a person.
        Paused = "paused",
        /// Every lead has come to an end.
        Completed = "completed",
        /// Ended by a person.
        Stopped = "stopped",
    }
}

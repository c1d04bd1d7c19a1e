//! Campaigns on the wire: what is answered. What is asked is in `requests` and `patches`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{connected_accounts::AccountRefDto, problem::ProblemFault};
use crate::{
    errors::Fault,
    models::{
        AccountId, Campaign, CampaignId, CampaignLeadList, CampaignOverview, CampaignProgress, CampaignSettings,
        CampaignStatus, CampaignSummary, ExecutionStatus, LeadListId, LeadListStatus, UserId,
        workflow::{Schedule, StopOn, Workflow},
    },
    services::campaigns::{CampaignView, Validation},
};

mod patches;
mod requests;

pub use patches::{CampaignSettingsPatch, SchedulePatch, UpdateCampaignRequest, WorkflowPatch};
pub use requests::{CreateCampaignRequest, DuplicateCampaignRequest};

/// A campaign, without its workflow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignSummary)]
pub struct CampaignSummaryDto {
    /// The campaign's id.
    pub id: CampaignId,
    /// Its name.
    #[schema(example = "Founders, Berlin")]
    pub name: String,
    /// Where it stands.
    pub status: CampaignStatus,
    /// Why it is paused, if it paused by itself; null if a person did it. Only a person resumes it.
    pub paused_because: Option<String>,
    /// The lists that it draws on, in their order.
    pub lead_list_ids: Vec<LeadListId>,
    /// The same lists.
    pub lead_lists: Vec<CampaignLeadListDto>,
    /// The accounts that it sends from, in their order.
    pub account_ids: Vec<AccountId>,
    /// The same accounts.
    pub accounts: Vec<AccountRefDto>,
    /// When it acts.
    pub schedule: Option<Schedule>,
    /// What ends it for a lead before its last step.
    pub stop_on: Vec<StopOn>,
    /// Whom it leaves out.
    pub settings: CampaignSettings,
    /// How far it has come.
    pub progress: CampaignProgressDto,
    /// Which of its workflows its leads walk, from 1: each change of the workflow under way makes another; null before the start.
    #[schema(example = 1)]
    pub revision: Option<i32>,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A campaign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Campaign)]
pub struct CampaignDto {
    /// All but its workflow.
    #[serde(flatten)]
    pub summary: CampaignSummaryDto,
    /// What it does.
    pub workflow: Option<Workflow>,
}

/// A list that a campaign draws on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignLeadList)]
pub struct CampaignLeadListDto {
    /// The list's id.
    pub id: LeadListId,
    /// Its name.
    #[schema(example = "Founders, Berlin")]
    pub name: String,
    /// Whether it is in use.
    pub status: LeadListStatus,
    /// The leads on it. Null where `/start`, `/pause`, `/resume` and `/stop` answer: they count none, so that they are as quick on a list of a million.
    #[schema(example = 250)]
    pub lead_count: Option<i64>,
}

/// How far a campaign has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignProgress)]
pub struct CampaignProgressDto {
    /// Leads enrolled.
    #[schema(example = 250)]
    pub total: i64,
    /// Leads by where they stand; a state that nobody is in is absent.
    #[schema(example = json!({"waiting": 180, "replied": 20, "completed": 50}))]
    pub by_status: BTreeMap<ExecutionStatus, i64>,
    /// Steps sent.
    #[schema(example = 610)]
    pub sent: i64,
    /// Leads that answered.
    #[schema(example = 20)]
    pub replied: i64,
    /// When the next step is due.
    pub next_send_at: Option<DateTime<Utc>>,
}

/// Whether a campaign could start now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignValidation, example = json!({
    "valid": false,
    "faults": [{"pointer": "/workflow/nodes/2/config/message", "code": "unknown_variable", "detail": "Line 1: there is no variable `firstname`."}],
    "warnings": []
}))]
pub struct CampaignValidationDto {
    /// Whether it could.
    pub valid: bool,
    /// Everything that is in the way, in the order of the campaign's body.
    pub faults: Vec<ProblemFault>,
    /// What it could start with, and is probably not meant: `reply_to_unread`, answers go to an address that no mailbox here reads.
    pub warnings: Vec<ProblemFault>,
}

impl From<Validation> for CampaignValidationDto {
    fn from(Validation { faults, warnings }: Validation) -> Self {
        let told = |faults: &[Fault]| faults.iter().map(ProblemFault::from).collect();
        Self { valid: faults.is_empty(), faults: told(&faults), warnings: told(&warnings) }
    }
}

impl From<CampaignView> for CampaignDto {
    fn from(view: CampaignView) -> Self {
        let CampaignView { campaign, overview } = view;
        let (campaign, workflow) = Campaign::into(campaign);
        Self { summary: CampaignView { campaign, overview }.into(), workflow }
    }
}

impl From<CampaignView<CampaignSummary>> for CampaignSummaryDto {
    fn from(view: CampaignView<CampaignSummary>) -> Self {
        let CampaignView { campaign, overview } = view;
        let CampaignSummary {
            id,
            organization_id: _,
            name,
            status,
            schedule,
            stop_on,
            settings,
            revision,
            paused_because,
            version,
            created_by,
            created_at,
            updated_at,
        } = campaign;
        let (lead_list_ids, account_ids) = (overview.lead_list_ids(), overview.account_ids());
        let CampaignOverview { lead_lists, accounts, progress } = overview;
        Self {
            id,
            name,
            status,
            paused_because,
            lead_list_ids,
            lead_lists: lead_lists.into_iter().map(Into::into).collect(),
            account_ids,
            accounts: accounts.into_iter().map(Into::into).collect(),
            schedule: schedule.map(|schedule| schedule.0),
            stop_on,
            settings: settings.0,
            progress: progress.into(),
            revision,
            version,
            created_by,
            created_at,
            updated_at,
        }
    }
}

impl From<CampaignLeadList> for CampaignLeadListDto {
    fn from(list: CampaignLeadList) -> Self {
        let CampaignLeadList { id, name, status, lead_count } = list;
        Self { id, name, status, lead_count }
    }
}

impl From<CampaignProgress> for CampaignProgressDto {
    fn from(progress: CampaignProgress) -> Self {
        let CampaignProgress { by_status, sent, next_send_at } = progress;
        let replied = by_status.get(&ExecutionStatus::Replied).copied().unwrap_or(0);
        Self { total: by_status.values().sum(), by_status, sent, replied, next_send_at }
    }
}

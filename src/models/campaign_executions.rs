//! One lead's way through one campaign.

use chrono::{DateTime, Utc};

use super::{AccountId, CampaignId, ExecutionId, LeadId, OrganizationId};
use crate::text_enum;

/// One lead's way through one campaign.
#[derive(Debug, Clone)]
pub struct CampaignExecution {
    pub id: ExecutionId,
    pub organization_id: OrganizationId,
    pub campaign_id: CampaignId,
    pub lead_id: LeadId,
    pub account_id: Option<AccountId>,
    pub status: ExecutionStatus,
    pub status_reason: Option<String>,
    pub node_id: Option<String>,
    pub next_run_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a lead stands in a campaign.
    ExecutionStatus {
        /// Enrolled, not begun.
        Pending = "pending",
        /// Between two steps.
        Waiting = "waiting",
        /// A step is being carried out.
        Running = "running",
        /// Came to the end of the workflow.
        Completed = "completed",
        /// Ended by an answer.
        Replied = "replied",
        /// Ended by an opt-out.
        Unsubscribed = "unsubscribed",
        /// Ended by a bounce.
        Bounced = "bounced",
        /// Ended by a fault.
        Failed = "failed",
        /// Ended by a person.
        Stopped = "stopped",
        /// Never begun; the reason is given.
        Skipped = "skipped",
    }
}

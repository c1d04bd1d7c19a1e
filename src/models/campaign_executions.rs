//! One lead's way through one campaign.

use chrono::{DateTime, Utc};

use sqlx::types::Json;

use super::{
    AccountId, AccountRef, Awaiting, CampaignId, ExecutionId, LeadId, Move, OrganizationId, workflow::NodeType,
};
use crate::text_enum;

/// One lead's way through one campaign, with who it is and who sends.
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
    /// What the step at hand is, if an account does it.
    pub action: Option<NodeType>,
    pub next_run_at: Option<DateTime<Utc>>,
    pub awaiting: Option<Awaiting>,
    pub hold: Option<String>,
    pub moves: Json<Vec<Move>>,
    pub begun_at: Option<DateTime<Utc>>,
    pub sent_count: i32,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The lead's name, or else what tells it from others.
    pub lead_name: String,
    /// The account that sends, once one is chosen.
    pub account: Option<Json<AccountRef>>,
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

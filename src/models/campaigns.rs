//! Campaigns.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;

use super::{CampaignId, OrganizationId, UserId};
use crate::text_enum;

/// A campaign. Its workflow and schedule are documents (`models::workflow`).
#[derive(Debug, Clone)]
pub struct Campaign {
    pub id: CampaignId,
    pub organization_id: OrganizationId,
    pub name: String,
    pub status: CampaignStatus,
    pub workflow: Json<Value>,
    pub schedule: Option<Json<Value>>,
    pub stop_on: Vec<String>,
    pub version: i64,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
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

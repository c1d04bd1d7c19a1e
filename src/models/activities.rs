//! What happened to a lead.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::{AccountId, ActivityId, CampaignId, ExecutionId, LeadId, OrganizationId, UserId};

/// Something that happened; never changed afterwards.
#[derive(Debug, Clone)]
pub struct Activity {
    pub id: ActivityId,
    pub organization_id: OrganizationId,
    pub r#type: String,
    pub lead_id: Option<LeadId>,
    pub campaign_id: Option<CampaignId>,
    pub execution_id: Option<ExecutionId>,
    pub account_id: Option<AccountId>,
    pub user_id: Option<UserId>,
    pub data: Json<Map<String, Value>>,
    pub occurred_at: DateTime<Utc>,
}

//! What happened to leads, on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::table::{CsvLine, CsvRow};
use crate::models::{
    AccountId, Activity, ActivityFilter, ActivityId, CampaignId, ExecutionId, ExportedActivity, LeadId, TimelineEntry,
    TimelineKind, UserId,
};

/// Something that happened; never changed afterwards.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Activity)]
pub struct ActivityDto {
    /// The activity's id.
    pub id: ActivityId,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "lead_status_changed")]
    pub activity_type: String,
    /// To whom; null if the lead was deleted.
    pub lead_id: Option<LeadId>,
    /// In which campaign.
    pub campaign_id: Option<CampaignId>,
    /// On the lead's way through that campaign.
    pub execution_id: Option<ExecutionId>,
    /// From which account.
    pub account_id: Option<AccountId>,
    /// By which person.
    pub user_id: Option<UserId>,
    /// More about it, depending on the type.
    #[schema(example = json!({"from": "new", "to": "replied"}))]
    pub data: Map<String, Value>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

impl From<Activity> for ActivityDto {
    fn from(activity: Activity) -> Self {
        let Activity {
            id,
            organization_id: _,
            r#type,
            lead_id,
            campaign_id,
            execution_id,
            account_id,
            user_id,
            data,
            occurred_at,
        } = activity;
        Self {
            id,
            activity_type: r#type,
            lead_id,
            campaign_id,
            execution_id,
            account_id,
            user_id,
            data: data.0,
            occurred_at,
        }
    }
}

impl CsvRow for ExportedActivity {
    const HEADER: &'static [&'static str] =
        &["id", "type", "lead_id", "campaign_id", "execution_id", "account_id", "user_id", "data", "occurred_at"];

    fn write(&self, line: &mut CsvLine<'_>) {
        let Self { id, r#type, lead_id, campaign_id, execution_id, account_id, user_id, data, occurred_at } = self;
        line.id(id.0);
        line.text(Some(r#type));
        line.id(lead_id.map(|id| id.0));
        line.id(campaign_id.map(|id| id.0));
        line.id(execution_id.map(|id| id.0));
        line.id(account_id.map(|id| id.0));
        line.id(user_id.map(|id| id.0));
        line.text(data.as_deref());
        line.time(*occurred_at);
    }
}

/// Which activities are wanted; all conditions must hold.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ActivityFilterParams {
    /// Activities of this lead.
    pub lead_id: Option<LeadId>,
    /// Activities of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// Activities of this account.
    pub account_id: Option<AccountId>,
    /// Activities of this type.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    pub activity_type: Option<String>,
    /// Activities at this time or later.
    pub occurred_after: Option<DateTime<Utc>>,
    /// Activities before this time.
    pub occurred_before: Option<DateTime<Utc>>,
}

impl From<ActivityFilterParams> for ActivityFilter {
    fn from(params: ActivityFilterParams) -> Self {
        let ActivityFilterParams { lead_id, campaign_id, account_id, activity_type, occurred_after, occurred_before } =
            params;
        Self { lead_id, campaign_id, account_id, r#type: activity_type, occurred_after, occurred_before }
    }
}

/// One entry of a lead's timeline.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
pub struct TimelineEntryDto {
    /// The entry's id.
    pub id: Uuid,
    /// Whether something happened, or somebody changed the lead.
    pub kind: TimelineKind,
    /// What happened, or what was done.
    #[serde(rename = "type")]
    #[schema(example = "lead.updated")]
    pub entry_type: String,
    /// In which campaign.
    pub campaign_id: Option<CampaignId>,
    /// On the lead's way through that campaign.
    pub execution_id: Option<ExecutionId>,
    /// From which account.
    pub account_id: Option<AccountId>,
    /// By which person.
    pub user_id: Option<UserId>,
    /// More about an activity; of a change, the fields `before` and `after`.
    #[schema(example = json!({"before": {"title": null}, "after": {"title": "CEO"}}))]
    pub data: Map<String, Value>,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

impl From<TimelineEntry> for TimelineEntryDto {
    fn from(entry: TimelineEntry) -> Self {
        let TimelineEntry { id, kind, r#type, campaign_id, execution_id, account_id, user_id, data, occurred_at } =
            entry;
        Self { id, kind, entry_type: r#type, campaign_id, execution_id, account_id, user_id, data: data.0, occurred_at }
    }
}

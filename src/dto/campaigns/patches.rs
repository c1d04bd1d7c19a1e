//! Merge patches of a campaign and of the documents in it. In the documents everything below the first level is a plain value or an array,
//! which a merge patch replaces.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_with::rust::double_option;
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    dto::patch::patch,
    models::{
        AccountId, LateAcceptance, LeadListId,
        workflow::{Edge, Node, StopOn, Weekday},
    },
    services::campaigns::{CampaignChanges, ScheduleChanges, SettingsChanges, WorkflowChanges},
};

/// A merge patch of a campaign (RFC 7396): an absent field stays, null clears, an array is replaced.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Founders, Berlin and Hamburg", "schedule": {"end_time": "18:00", "new_leads_per_day": null}}))]
pub struct UpdateCampaignRequest {
    /// A new name.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S", nullable = false)]
    pub name: Option<String>,
    /// Other lists.
    #[schema(max_items = 100, nullable = false)]
    pub lead_list_ids: Option<Vec<LeadListId>>,
    /// Other accounts.
    #[schema(max_items = 100, nullable = false)]
    pub account_ids: Option<Vec<AccountId>>,
    /// Another workflow; null clears it.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<WorkflowPatch>)]
    pub workflow: Option<Option<WorkflowPatch>>,
    /// Another schedule; null clears it.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<SchedulePatch>)]
    pub schedule: Option<Option<SchedulePatch>>,
    /// Other stop rules.
    #[schema(max_items = 3, nullable = false)]
    pub stop_on: Option<Vec<StopOn>>,
    /// Other settings; null restores the defaults.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<CampaignSettingsPatch>)]
    pub settings: Option<Option<CampaignSettingsPatch>>,
}

/// A merge patch of a campaign's settings; null restores a default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"skip_contacted_within_days": 90}))]
pub struct CampaignSettingsPatch {
    /// A lead to whom any campaign has written within so many days is left out when it would begin.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 1, maximum = 3_650, value_type = Option<i32>)]
    pub skip_contacted_within_days: Option<Option<i32>>,
    /// Whether a lead is left out that is on its way through another campaign when it would begin.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<bool>)]
    pub skip_in_another_campaign: Option<Option<bool>>,
    /// How many messages it sends on a day in all.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 1, maximum = 1_000_000, value_type = Option<i32>)]
    pub messages_per_day: Option<Option<i32>>,
    /// What becomes of a lead that accepts an invitation only after it has gone the other way.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<LateAcceptance>)]
    pub late_acceptance: Option<Option<LateAcceptance>>,
    /// Whether it is seen that mails with HTML are opened.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<bool>)]
    pub track_opens: Option<Option<bool>>,
    /// Whether it is seen that links in mails' HTML are followed.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<bool>)]
    pub track_clicks: Option<Option<bool>>,
}

/// A merge patch of a workflow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"nodes": [{"id": "visit", "type": "profile_visit"}], "edges": []}))]
pub struct WorkflowPatch {
    /// All steps.
    #[serde(default, with = "double_option")]
    #[schema(max_items = 100, value_type = Option<Vec<Node>>)]
    pub nodes: Option<Option<Vec<Node>>>,
    /// All ways between the steps.
    #[serde(default, with = "double_option")]
    #[schema(max_items = 200, value_type = Option<Vec<Edge>>)]
    pub edges: Option<Option<Vec<Edge>>>,
}

/// A merge patch of a schedule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"end_time": "18:00", "new_leads_per_day": null}))]
pub struct SchedulePatch {
    /// The IANA name of the campaign's time zone.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 64, value_type = Option<String>)]
    pub timezone: Option<Option<String>>,
    /// Whether the window is the lead's own where the lead's time zone is known.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<bool>)]
    pub use_lead_timezone: Option<Option<bool>>,
    /// The days of the week on which something may be sent.
    #[serde(default, with = "double_option")]
    #[schema(max_items = 7, value_type = Option<Vec<Weekday>>)]
    pub days: Option<Option<Vec<Weekday>>>,
    /// When the window opens, `HH:MM`.
    #[serde(default, with = "double_option")]
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", value_type = Option<String>)]
    pub start_time: Option<Option<String>>,
    /// When the window closes, `HH:MM`, at most `24:00`; later than `start_time`.
    #[serde(default, with = "double_option")]
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", value_type = Option<String>)]
    pub end_time: Option<Option<String>>,
    /// Nothing is sent before this instant.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub start_at: Option<Option<DateTime<Utc>>>,
    /// Nothing is sent from this instant on.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub end_at: Option<Option<DateTime<Utc>>>,
    /// How many leads begin on one day.
    #[serde(default, with = "double_option")]
    #[schema(minimum = 1, maximum = 10_000, value_type = Option<i64>)]
    pub new_leads_per_day: Option<Option<i64>>,
}

impl From<UpdateCampaignRequest> for CampaignChanges {
    fn from(request: UpdateCampaignRequest) -> Self {
        let UpdateCampaignRequest { name, lead_list_ids, account_ids, workflow, schedule, stop_on, settings } = request;
        Self {
            name,
            lead_list_ids,
            account_ids,
            workflow: patch(workflow).map(Into::into),
            schedule: patch(schedule).map(Into::into),
            stop_on,
            settings: patch(settings).map(Into::into),
        }
    }
}

impl From<CampaignSettingsPatch> for SettingsChanges {
    fn from(settings: CampaignSettingsPatch) -> Self {
        let CampaignSettingsPatch {
            skip_contacted_within_days,
            skip_in_another_campaign,
            messages_per_day,
            late_acceptance,
            track_opens,
            track_clicks,
        } = settings;
        Self {
            skip_contacted_within_days: patch(skip_contacted_within_days),
            skip_in_another_campaign: patch(skip_in_another_campaign),
            messages_per_day: patch(messages_per_day),
            late_acceptance: patch(late_acceptance),
            track_opens: patch(track_opens),
            track_clicks: patch(track_clicks),
        }
    }
}

impl From<WorkflowPatch> for WorkflowChanges {
    fn from(workflow: WorkflowPatch) -> Self {
        let WorkflowPatch { nodes, edges } = workflow;
        Self { nodes: patch(nodes), edges: patch(edges) }
    }
}

impl From<SchedulePatch> for ScheduleChanges {
    fn from(schedule: SchedulePatch) -> Self {
        let SchedulePatch {
            timezone,
            use_lead_timezone,
            days,
            start_time,
            end_time,
            start_at,
            end_at,
            new_leads_per_day,
        } = schedule;
        Self {
            timezone: patch(timezone),
            use_lead_timezone: patch(use_lead_timezone),
            days: patch(days),
            start_time: patch(start_time),
            end_time: patch(end_time),
            start_at: patch(start_at),
            end_at: patch(end_at),
            new_leads_per_day: patch(new_leads_per_day),
        }
    }
}

//! Campaigns.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

use super::{
    AccountRef, CampaignId, ExecutionStatus, LeadListId, LeadListStatus, OrganizationId, Tracking, UserId,
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
    pub settings: Json<CampaignSettings>,
    /// Which of its workflows its leads walk, from 1; none before it is started.
    pub revision: Option<i32>,
    /// Why it was paused, if no person did it.
    pub paused_because: Option<String>,
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
    pub settings: Json<CampaignSettings>,
    pub revision: Option<i32>,
    pub paused_because: Option<String>,
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
            settings,
            revision,
            paused_because,
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
            settings,
            revision,
            paused_because,
            version,
            created_by,
            created_at,
            updated_at,
        };
        (summary, workflow.map(|Json(workflow)| workflow))
    }
}

text_enum! {
    /// What becomes of a lead that accepts an invitation when the wait for that is over and it has gone the other way.
    LateAcceptance {
        /// It is noted, and the lead stays on the way that it has taken.
        Note = "note",
        /// The lead goes on as if it had accepted in time. What it has had on its way is not done again.
        Move = "move",
        /// The lead's way ends.
        Stop = "stop",
    }
}

/// Whom a campaign leaves out, and the like: a document, the same on the wire and in `jsonb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"skip_contacted_within_days": 90, "skip_in_another_campaign": true, "messages_per_day": null}))]
pub struct CampaignSettings {
    /// A lead to whom any campaign has written within so many days is left out when it would begin; null leaves nobody out for that.
    #[schema(minimum = 1, maximum = 3_650)]
    pub skip_contacted_within_days: Option<i32>,
    /// Whether a lead is left out that is on its way through another campaign when it would begin.
    #[schema(default = true)]
    pub skip_in_another_campaign: bool,
    /// How many messages it sends on a day in all, of all its accounts; null is no cap but theirs.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub messages_per_day: Option<i32>,
    /// What becomes of a lead that accepts an invitation only after it has gone the other way, and has not come to the end of that.
    pub late_acceptance: LateAcceptance,
    /// Whether mails with HTML have a picture at their end by whose being fetched it is seen that they are opened.
    #[schema(default = false)]
    pub track_opens: bool,
    /// Whether the links in mails' HTML lead through this server, so that it is seen that they are followed.
    #[schema(default = false)]
    pub track_clicks: bool,
}

impl Default for CampaignSettings {
    fn default() -> Self {
        Self {
            skip_contacted_within_days: None,
            skip_in_another_campaign: true,
            messages_per_day: None,
            late_acceptance: LateAcceptance::Note,
            track_opens: false,
            track_clicks: false,
        }
    }
}

impl CampaignSettings {
    /// What is to be seen of its mails' being read.
    #[must_use]
    pub fn tracking(&self) -> Tracking {
        Tracking { opens: self.track_opens, clicks: self.track_clicks }
    }

    /// Since when nobody may have written to a lead that begins at `now`; none if that does not matter.
    #[must_use]
    pub fn untouched_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let days = self.skip_contacted_within_days.filter(|days| *days > 0)?;
        now.checked_sub_signed(TimeDelta::days(days.into()))
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
    /// The leads on it, if they were counted.
    pub lead_count: Option<i64>,
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

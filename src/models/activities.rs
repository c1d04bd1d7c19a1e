//! What happened to a lead.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;
use uuid::Uuid;

use super::{AccountId, ActivityId, CampaignId, ExecutionId, LeadId, LeadStatus, OrganizationId, UserId};
use crate::text_enum;

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

/// Where an activity stands in the order in which a campaign's activities become visible; written as `{xact}-{id}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityPlace {
    /// The number of its transaction.
    pub xact: i64,
    pub id: Uuid,
}

impl ActivityPlace {
    /// Before all activities of transactions from `xact` on.
    #[must_use]
    pub fn before(xact: i64) -> Self {
        Self { xact, id: Uuid::nil() }
    }
}

impl fmt::Display for ActivityPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.xact, self.id)
    }
}

impl FromStr for ActivityPlace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (xact, id) = text.split_once('-').ok_or(())?;
        let xact: i64 = xact.parse().map_err(drop)?;
        let id = id.parse().map_err(drop)?;
        (xact >= 0).then_some(Self { xact, id }).ok_or(())
    }
}

impl Activity {
    /// A lead's status was changed by a caller: a person, or a program by its key.
    #[must_use]
    pub fn lead_status_changed(
        organization_id: OrganizationId,
        lead_id: LeadId,
        (from, to): (LeadStatus, LeadStatus),
        user_id: Option<UserId>,
        now: DateTime<Utc>,
    ) -> Self {
        let data = [("from", from), ("to", to)].map(|(name, status)| (name.to_owned(), status.as_str().into()));
        Self {
            id: ActivityId::new(now),
            organization_id,
            r#type: "lead_status_changed".to_owned(),
            lead_id: Some(lead_id),
            campaign_id: None,
            execution_id: None,
            account_id: None,
            user_id,
            data: Json(data.into_iter().collect()),
            occurred_at: now,
        }
    }
}

/// An activity as an export has it.
#[derive(Debug)]
pub struct ExportedActivity {
    pub id: ActivityId,
    pub r#type: String,
    pub lead_id: Option<LeadId>,
    pub campaign_id: Option<CampaignId>,
    pub execution_id: Option<ExecutionId>,
    pub account_id: Option<AccountId>,
    pub user_id: Option<UserId>,
    /// As JSON; none if it says nothing.
    pub data: Option<String>,
    pub occurred_at: DateTime<Utc>,
}

/// Which activities are meant.
#[derive(Debug, Clone, Default)]
pub struct ActivityFilter {
    pub lead_id: Option<LeadId>,
    pub campaign_id: Option<CampaignId>,
    pub account_id: Option<AccountId>,
    pub r#type: Option<String>,
    pub occurred_after: Option<DateTime<Utc>>,
    pub occurred_before: Option<DateTime<Utc>>,
}

text_enum! {
    /// Where an entry of a timeline comes from.
    TimelineKind {
        /// Something happened.
        Activity = "activity",
        /// Somebody changed the lead.
        Change = "change",
    }
}

/// One entry of a lead's timeline: an activity, or a line of the audit log.
#[derive(Debug, Clone)]
pub struct TimelineEntry {
    pub id: Uuid,
    pub kind: TimelineKind,
    pub r#type: String,
    pub campaign_id: Option<CampaignId>,
    pub execution_id: Option<ExecutionId>,
    pub account_id: Option<AccountId>,
    pub user_id: Option<UserId>,
    pub data: Json<Map<String, Value>>,
    pub occurred_at: DateTime<Utc>,
}

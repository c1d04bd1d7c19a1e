//! The tenant everything else belongs to.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::OrganizationId;
use super::guardrails::Guardrails;
use crate::text_enum;

/// An organization, as Clerk last told us, and its own settings.
#[derive(Debug, Clone)]
pub struct Organization {
    pub id: OrganizationId,
    pub clerk_organization_id: String,
    pub name: String,
    pub slug: Option<String>,
    pub image_url: Option<String>,
    pub plan: Plan,
    pub settings: Json<OrganizationSettings>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What an organization sets here; Clerk knows nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganizationSettings {
    /// The IANA zone that schedules start from.
    pub timezone: Option<String>,
    /// Whether a valid session token may introduce a member whom no webhook has announced yet.
    pub just_in_time_members: bool,
    /// Whether whoever plainly asks in an answer not to be written to any more is suppressed at once, and not only flagged.
    pub suppress_on_request: bool,
    /// When campaigns and mailboxes are paused by themselves, and how much is sent on a day in all.
    pub guardrails: Guardrails,
}

impl Default for OrganizationSettings {
    fn default() -> Self {
        Self {
            timezone: None,
            just_in_time_members: true,
            suppress_on_request: false,
            guardrails: Guardrails::default(),
        }
    }
}

text_enum! {
    /// What an organization pays for.
    Plan {
        /// To try.
        Free = "free",
        /// For a team.
        Pro = "pro",
        /// By agreement.
        Enterprise = "enterprise",
    }
}

/// How much a plan allows; `None` is as much as one likes. A month is a calendar month in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanLimits {
    pub members: Option<i64>,
    pub connected_accounts: Option<i64>,
    pub leads_per_month: Option<i64>,
    pub campaigns_per_month: Option<i64>,
}

impl Plan {
    /// How much the plan allows.
    #[must_use]
    pub fn limits(self) -> PlanLimits {
        let limits = |members, connected_accounts, leads, campaigns| PlanLimits {
            members: Some(members),
            connected_accounts: Some(connected_accounts),
            leads_per_month: Some(leads),
            campaigns_per_month: Some(campaigns),
        };
        match self {
            Self::Free => limits(3, 2, 1_000, 5),
            Self::Pro => limits(25, 20, 100_000, 100),
            Self::Enterprise => {
                PlanLimits { members: None, connected_accounts: None, leads_per_month: None, campaigns_per_month: None }
            }
        }
    }
}

/// What is used of what a plan limits.
#[derive(Debug, Clone, Copy)]
pub struct OrganizationUsage {
    pub members: i64,
    pub connected_accounts: i64,
    /// This month, as what follows.
    pub leads_created: i64,
    pub campaigns_created: i64,
    pub activities: i64,
}

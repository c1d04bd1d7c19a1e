//! The tenant everything else belongs to.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::OrganizationId;
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
}

impl Default for OrganizationSettings {
    fn default() -> Self {
        Self { timezone: None, just_in_time_members: true }
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

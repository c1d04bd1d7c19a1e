//! A person to be written to, and what may be said of one.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::{CampaignId, ExecutionId, LeadId, LeadListId, LeadSource, OrganizationId, patch::Patch};
use crate::text_enum;

/// A lead, with what it belongs to.
#[derive(Debug, Clone)]
pub struct Lead {
    pub id: LeadId,
    pub organization_id: OrganizationId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub full_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub title: Option<String>,
    pub company: Option<String>,
    pub company_domain: Option<String>,
    pub industry: Option<String>,
    pub location: Option<String>,
    pub country: Option<String>,
    pub linkedin_url: Option<String>,
    pub timezone: Option<String>,
    pub external_id: Option<String>,
    pub status: LeadStatus,
    pub source: LeadSource,
    pub tags: Vec<String>,
    pub custom_fields: Json<Map<String, Value>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Every list the lead is on, the one joined first first.
    pub lead_list_ids: Vec<LeadListId>,
    /// The campaigns that are under way with this lead.
    pub running_campaigns: RunningCampaigns,
}

/// Campaigns that are under way with a lead, as a query gathers them.
pub type RunningCampaigns = Json<Vec<RunningCampaign>>;

/// A campaign that is under way with a lead.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct RunningCampaign {
    pub execution_id: ExecutionId,
    pub campaign_id: CampaignId,
    pub name: String,
    pub status: String,
}

text_enum! {
    /// Where we stand with a lead.
    LeadStatus {
        /// Nobody has written yet.
        New = "new",
        /// A first message is out.
        Contacted = "contacted",
        /// A connection request was accepted.
        Connected = "connected",
        /// They have answered.
        Replied = "replied",
        /// Mail to them comes back.
        Bounced = "bounced",
        /// They have asked not to get mail.
        Unsubscribed = "unsubscribed",
        /// Nobody may write to them.
        DoNotContact = "do_not_contact",
        /// A person found them worth pursuing.
        Qualified = "qualified",
        /// A person found them not worth pursuing.
        Unqualified = "unqualified",
    }
}

/// The fields of a lead that a caller may give, normalised.
#[derive(Debug, Clone, Default)]
pub struct NewLead {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub full_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub title: Option<String>,
    pub company: Option<String>,
    pub company_domain: Option<String>,
    pub industry: Option<String>,
    pub location: Option<String>,
    pub country: Option<String>,
    pub linkedin_url: Option<String>,
    pub timezone: Option<String>,
    pub external_id: Option<String>,
    pub status: Option<LeadStatus>,
    pub tags: Vec<String>,
    pub custom_fields: Map<String, Value>,
}

impl NewLead {
    /// Whether anything tells this person from another.
    #[must_use]
    pub fn is_identified(&self) -> bool {
        self.email.is_some() || self.linkedin_url.is_some() || self.external_id.is_some()
    }
}

/// A merge patch of a lead.
#[derive(Debug, Clone, Default)]
pub struct LeadChanges {
    pub first_name: Patch<String>,
    pub last_name: Patch<String>,
    pub full_name: Patch<String>,
    pub email: Patch<String>,
    pub phone: Patch<String>,
    pub title: Patch<String>,
    pub company: Patch<String>,
    pub company_domain: Patch<String>,
    pub industry: Patch<String>,
    pub location: Patch<String>,
    pub country: Patch<String>,
    pub linkedin_url: Patch<String>,
    pub timezone: Patch<String>,
    pub external_id: Patch<String>,
    pub status: Option<LeadStatus>,
    pub tags: Option<Vec<String>>,
    /// A merge patch of its own: null removes a key.
    pub custom_fields: Patch<Map<String, Value>>,
    pub lead_list_ids: Option<Vec<LeadListId>>,
}

/// Which leads are meant.
#[derive(Debug, Clone, Default)]
pub struct LeadFilter {
    pub lead_list_id: Option<LeadListId>,
    pub status: Option<LeadStatus>,
    /// Part of a name, company, e-mail address or title, in any case.
    pub search: Option<String>,
    pub tag: Option<String>,
    /// The company's name, in any case.
    pub company: Option<String>,
    pub created_after: Option<DateTime<Utc>>,
    pub created_before: Option<DateTime<Utc>>,
}

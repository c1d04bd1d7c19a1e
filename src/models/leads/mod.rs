//! A person to be written to, and what may be said of one.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::{CampaignId, ExecutionId, ExecutionStatus, LeadId, LeadListId, LeadSource, OrganizationId};
use crate::text_enum;

mod batch;
mod changes;
mod export;
pub mod input;

pub use batch::*;
pub use changes::*;
pub use export::*;

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
    pub custom_fields: CustomFields,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Whether the lead may be on more lists than the one it came in by.
    pub on_more_lists: bool,
    /// Whether the lead has ever been in a campaign.
    pub enrolled: bool,
    /// Every list the lead is on, in order of the lists' ids: the oldest list first.
    pub lead_list_ids: Vec<LeadListId>,
    /// The campaigns that are under way with this lead.
    pub running_campaigns: RunningCampaigns,
}

/// What a caller keeps of a lead beside the fields we know.
pub type CustomFields = Json<Map<String, Value>>;

/// Campaigns that are under way with a lead, as a query gathers them.
pub type RunningCampaigns = Json<Vec<RunningCampaign>>;

/// A campaign that is under way with a lead.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct RunningCampaign {
    pub execution_id: ExecutionId,
    pub campaign_id: CampaignId,
    pub name: String,
    pub status: ExecutionStatus,
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

impl LeadFilter {
    /// Whether the filter lets every lead through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { lead_list_id, status, search, tag, company, created_after, created_before } = self;
        let texts = [search, tag, company];
        lead_list_id.is_none()
            && status.is_none()
            && texts.iter().all(|text| text.is_none())
            && created_after.is_none()
            && created_before.is_none()
    }

    /// The list, if the filter asks for nothing else.
    #[must_use]
    pub fn only_list(&self) -> Option<LeadListId> {
        let others = Self { lead_list_id: None, ..self.clone() };
        self.lead_list_id.filter(|_| others.is_empty())
    }
}

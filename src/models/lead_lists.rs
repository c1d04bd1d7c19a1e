//! A list of leads.

use chrono::{DateTime, Utc};

use super::{LeadListId, LeadStatus, OrganizationId, UserId};
use crate::text_enum;

/// A list of leads.
#[derive(Debug, Clone)]
pub struct LeadList {
    pub id: LeadListId,
    pub organization_id: OrganizationId,
    pub name: String,
    pub description: Option<String>,
    pub source: LeadSource,
    pub status: LeadListStatus,
    pub tags: Vec<String>,
    pub version: i64,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a list is in use.
    LeadListStatus {
        /// In use.
        Active = "active",
        /// Put away: kept and readable, and no campaign may start with it.
        Archived = "archived",
    }
}

text_enum! {
    /// Where a lead or a list came from.
    LeadSource {
        /// A file.
        CsvImport = "csv_import",
        /// Clay's HTTP column.
        Clay = "clay",
        /// A program.
        Api = "api",
        /// A person, by hand.
        Manual = "manual",
    }
}

/// How many leads of a list are in which state.
#[derive(Debug, Clone)]
pub struct LeadListStatistics {
    /// Leads on the list.
    pub lead_count: i64,
    /// Leads with an e-mail address.
    pub with_email: i64,
    /// Leads with a LinkedIn profile.
    pub with_linkedin_url: i64,
    /// Leads by status; a status nobody has is absent.
    pub by_status: Vec<(LeadStatus, i64)>,
    /// Campaigns that draw on the list.
    pub campaign_count: i64,
}

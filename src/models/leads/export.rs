//! A lead as an export has it.

use chrono::{DateTime, Utc};

use crate::models::{LeadId, LeadSource, LeadStatus};

/// A lead as an export has it: what is stored, nothing derived.
#[derive(Debug)]
pub struct ExportedLead {
    pub id: LeadId,
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
    /// As JSON; none if there are none.
    pub custom_fields: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

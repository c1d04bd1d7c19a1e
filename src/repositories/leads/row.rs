//! A lead as its own row has it.

use chrono::{DateTime, Utc};

use crate::models::{CustomFields, Lead, LeadId, LeadListId, LeadSource, LeadStatus, OrganizationId};

/// What a lead's own row says, but the organization, which whoever asks knows. Composing the rest in the query, if only as an empty list, costs a
/// page of leads a fifth of its time.
#[derive(Debug)]
pub(super) struct LeadRow {
    pub(super) id: LeadId,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) full_name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) title: Option<String>,
    pub(super) company: Option<String>,
    pub(super) company_domain: Option<String>,
    pub(super) industry: Option<String>,
    pub(super) location: Option<String>,
    pub(super) country: Option<String>,
    pub(super) linkedin_url: Option<String>,
    pub(super) timezone: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) status: LeadStatus,
    pub(super) source: LeadSource,
    /// None if there is none, as for most leads: nothing is sent then.
    pub(super) tags: Option<Vec<String>>,
    /// None if there is none.
    pub(super) custom_fields: Option<CustomFields>,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    /// The list it came in by.
    pub(super) lead_list_id: Option<LeadListId>,
    /// Whether it may be on more lists than that.
    pub(super) on_more_lists: bool,
    /// Whether it has ever been in a campaign.
    pub(super) enrolled: bool,
}

impl LeadRow {
    /// The lead of `organization_id`, as if the row said everything.
    pub(super) fn into_lead(self, organization_id: OrganizationId) -> Lead {
        #[rustfmt::skip] // one name a line would make this the longest function of the house
        let Self {
            id, first_name, last_name, full_name, email, phone, title, company, company_domain, industry, location, country, linkedin_url,
            timezone, external_id, status, source, tags, custom_fields, version, created_at, updated_at, lead_list_id, on_more_lists: _, enrolled: _,
        } = self;
        #[rustfmt::skip]
        let lead = Lead {
            id, organization_id, first_name, last_name, full_name, email, phone, title, company, company_domain, industry, location,
            country, linkedin_url, timezone, external_id, status, source, version, created_at, updated_at,
            tags: tags.unwrap_or_default(), custom_fields: custom_fields.unwrap_or_default(),
            lead_list_ids: Vec::from_iter(lead_list_id), running_campaigns: Vec::new(),
        };
        lead
    }
}

//! Leads on the wire.

mod batch;
mod batch_delete;
mod create;
mod delete;
mod export;
mod filter;
mod row;
mod update;
mod upsert;

pub use batch::{BatchLeadsDto, BatchLeadsRequest};
pub use batch_delete::{BatchDeleteLeadsDto, BatchDeleteLeadsRequest};
pub use create::CreateLeadRequest;
pub use delete::DeleteLeadParams;
pub use filter::LeadFilterParams;
pub use row::BatchRow;
pub use update::UpdateLeadRequest;
pub use upsert::{UpsertLeadDto, UpsertLeadRequest, UpsertParams, UpsertedLead};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    errors::Fault,
    models::{
        CampaignId, ExecutionId, ExecutionStatus, Lead, LeadId, LeadListId, LeadSource, LeadStatus, RunningCampaign,
    },
    utils::{names, refusal::Refusal, rfc3339},
};

/// A person to be written to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lead)]
pub struct LeadDto {
    /// The lead's id.
    pub id: LeadId,
    /// The list that the leads were asked by; else the oldest of `lead_list_ids`.
    pub lead_list_id: Option<LeadListId>,
    /// Every list the lead is on, the oldest list first.
    pub lead_list_ids: Vec<LeadListId>,
    /// What friends say.
    #[schema(example = "Jane")]
    pub first_name: Option<String>,
    /// The family's name.
    #[schema(example = "Doe")]
    pub last_name: Option<String>,
    /// The whole name; first and last name together where it was not given.
    #[schema(example = "Jane Doe")]
    pub full_name: Option<String>,
    /// The e-mail address, in small letters.
    #[schema(example = "jane@acme.com")]
    pub email: Option<String>,
    /// A telephone number, as given.
    #[schema(example = "+49 30 123456")]
    pub phone: Option<String>,
    /// The job title.
    #[schema(example = "Head of Growth")]
    pub title: Option<String>,
    /// The company's name.
    #[schema(example = "Acme")]
    pub company: Option<String>,
    /// The domain of the company's web site.
    #[schema(example = "acme.com")]
    pub company_domain: Option<String>,
    /// The company's industry.
    #[schema(example = "Software")]
    pub industry: Option<String>,
    /// Where the person is.
    #[schema(example = "Berlin")]
    pub location: Option<String>,
    /// The country's English name, if it is known; else what was given.
    #[schema(example = "Germany")]
    pub country: Option<String>,
    /// The LinkedIn profile, in its one form.
    #[schema(example = "https://www.linkedin.com/in/jane-doe")]
    pub linkedin_url: Option<String>,
    /// The IANA time zone.
    #[schema(example = "Europe/Berlin")]
    pub timezone: Option<String>,
    /// Your own id of the person.
    #[schema(example = "crm-4711")]
    pub external_id: Option<String>,
    /// Where we stand with the lead.
    pub status: LeadStatus,
    /// Where the lead came from.
    pub source: LeadSource,
    /// Labels.
    #[schema(example = json!(["berlin"]))]
    pub tags: Vec<String>,
    /// Fields of your own.
    #[schema(example = json!({"seats": 40}))]
    pub custom_fields: Map<String, Value>,
    /// The campaigns that are under way with the lead.
    pub running_campaigns: Vec<RunningCampaignDto>,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// When it was made.
    #[serde(serialize_with = "rfc3339::serialize")]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(serialize_with = "rfc3339::serialize")]
    pub updated_at: DateTime<Utc>,
}

/// A campaign that is under way with a lead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunningCampaign)]
pub struct RunningCampaignDto {
    /// The lead's way through the campaign.
    pub execution_id: ExecutionId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The campaign's name.
    #[schema(example = "Founders, Berlin")]
    pub name: String,
    /// Where the lead stands in it.
    pub status: ExecutionStatus,
}

impl LeadDto {
    /// A lead, asked for by `list`.
    #[must_use]
    pub fn of(lead: Lead, list: Option<LeadListId>) -> Self {
        #[rustfmt::skip] // one name a line would make this the longest function of the house
        let Lead {
            id, organization_id: _, first_name, last_name, full_name, email, phone, title, company, company_domain, industry, location,
            country, linkedin_url, timezone, external_id, status, source, tags, custom_fields, version, created_at, updated_at,
            lead_list_ids, running_campaigns,
        } = lead;
        Self {
            id,
            lead_list_id: list.or_else(|| lead_list_ids.first().copied()),
            lead_list_ids,
            full_name: full_name.or_else(|| names::joined(first_name.as_deref(), last_name.as_deref())),
            first_name,
            last_name,
            email,
            phone,
            title,
            company,
            company_domain,
            industry,
            location,
            country,
            linkedin_url,
            timezone,
            external_id,
            status,
            source,
            tags,
            custom_fields: custom_fields.0,
            running_campaigns: running_campaigns.into_iter().map(RunningCampaignDto::from).collect(),
            version,
            created_at,
            updated_at,
        }
    }
}

impl From<Lead> for LeadDto {
    fn from(lead: Lead) -> Self {
        Self::of(lead, None)
    }
}

impl From<RunningCampaign> for RunningCampaignDto {
    fn from(running: RunningCampaign) -> Self {
        let RunningCampaign { execution_id, campaign_id, name, status } = running;
        Self { execution_id, campaign_id, name, status }
    }
}

/// What a field reader refuses, as faults of the body.
fn faults_of(refused: Vec<(&'static str, Refusal)>) -> Vec<Fault> {
    let fault = |(field, refusal): (&str, Refusal)| {
        let at = if field.is_empty() { String::new() } else { format!("/{field}") };
        Fault::new(at, refusal.code, refusal.detail)
    };
    refused.into_iter().map(fault).collect()
}

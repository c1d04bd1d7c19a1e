//! Lists of leads on the wire.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use utoipa::ToSchema;
use validator::Validate;

use super::{patch::patch, tags::Tag};
use crate::{
    models::{LeadList, LeadListId, LeadListStatistics, LeadListStatus, LeadSource, LeadStatus, UserId, input},
    services::lead_lists::{CountedLeadList, LeadListChanges, NewLeadList},
};

/// A list of leads.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadList)]
pub struct LeadListDto {
    /// The list's id.
    pub id: LeadListId,
    /// Its name.
    #[schema(example = "Founders, Berlin")]
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where its leads come from.
    pub source: LeadSource,
    /// Whether it is in use.
    pub status: LeadListStatus,
    /// Labels.
    pub tags: Vec<String>,
    /// The leads on it.
    #[schema(example = 250)]
    pub lead_count: i64,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<CountedLeadList> for LeadListDto {
    fn from(counted: CountedLeadList) -> Self {
        let CountedLeadList { list, lead_count } = counted;
        let LeadList {
            id,
            organization_id: _,
            name,
            description,
            source,
            status,
            tags,
            version,
            created_by,
            created_at,
            updated_at,
        } = list;
        Self { id, name, description, source, status, tags, lead_count, version, created_by, created_at, updated_at }
    }
}

/// A list to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Founders, Berlin", "source": "clay", "tags": ["berlin"]}))]
pub struct CreateLeadListRequest {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub name: String,
    /// What it is for.
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// Where its leads will come from; unless said otherwise `manual`, or `api` by an API key.
    pub source: Option<LeadSource>,
    /// Labels.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub tags: Vec<Tag>,
}

impl From<CreateLeadListRequest> for NewLeadList {
    fn from(request: CreateLeadListRequest) -> Self {
        let CreateLeadListRequest { name, description, source, tags } = request;
        let tags = input::tags(tags.into_iter().map(|tag| tag.0));
        Self { name, description, source, tags }
    }
}

/// A merge patch of a list (RFC 7396): an absent field stays, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"description": null, "tags": ["berlin", "q4"]}))]
pub struct UpdateLeadListRequest {
    /// A new name.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S", nullable = false)]
    pub name: Option<String>,
    /// A new description; null clears it.
    #[serde(default, with = "double_option")]
    #[schema(max_length = 2000, value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// New labels.
    #[schema(max_items = 50, nullable = false)]
    pub tags: Option<Vec<Tag>>,
}

impl From<UpdateLeadListRequest> for LeadListChanges {
    fn from(request: UpdateLeadListRequest) -> Self {
        let UpdateLeadListRequest { name, description, tags } = request;
        let tags = tags.map(|tags| input::tags(tags.into_iter().map(|tag| tag.0)));
        Self { name, description: patch(description), tags }
    }
}

/// How to copy a list.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Founders, Berlin, second try"}))]
pub struct DuplicateLeadListRequest {
    /// The copy's name; the original's with "(copy)" unless said otherwise.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub name: Option<String>,
}

/// How many leads of a list are in which state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadListStatistics)]
pub struct LeadListStatisticsDto {
    /// Leads on the list.
    pub lead_count: i64,
    /// Leads with an e-mail address.
    pub with_email: i64,
    /// Leads with a LinkedIn profile.
    pub with_linkedin_url: i64,
    /// Leads by status; a status nobody has is absent.
    #[schema(example = json!({"new": 240, "contacted": 10}))]
    pub by_status: BTreeMap<LeadStatus, i64>,
    /// Campaigns that draw on the list.
    pub campaign_count: i64,
}

impl From<LeadListStatistics> for LeadListStatisticsDto {
    fn from(statistics: LeadListStatistics) -> Self {
        let LeadListStatistics { lead_count, with_email, with_linkedin_url, by_status, campaign_count } = statistics;
        Self { lead_count, with_email, with_linkedin_url, by_status: by_status.into_iter().collect(), campaign_count }
    }
}

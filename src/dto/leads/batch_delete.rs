//! Deleting many leads at once on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::LeadDto;
use crate::{
    models::{LeadFilter, LeadId, LeadListId, LeadStatus},
    services::leads::{BatchDelete, BatchDeleted, Doomed},
};

/// Leads to be deleted: either these `ids`, or all that the `filter` lets through, of which one call deletes up to 10,000.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[validate(schema(function = "ids_or_filter"))]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"filter": {"status": "unqualified"}, "dry_run": true}))]
pub struct BatchDeleteLeadsRequest {
    /// The leads' ids; those that there are none of are passed over.
    #[schema(min_items = 1, max_items = 1000)]
    pub ids: Option<Vec<LeadId>>,
    /// Which leads; at least one condition, all of which must hold.
    pub filter: Option<LeadFilterBody>,
    /// Whether to only say what would be deleted.
    #[serde(default)]
    pub dry_run: bool,
}

/// Which leads are meant; all conditions must hold.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LeadFilter, min_properties = 1)]
pub struct LeadFilterBody {
    /// Leads on this list.
    pub lead_list_id: Option<LeadListId>,
    /// Leads with this status.
    pub status: Option<LeadStatus>,
    /// Leads whose name, company, e-mail address or title contains this, in any case of letters.
    #[schema(min_length = 1, max_length = 200)]
    pub search: Option<String>,
    /// Leads with this label.
    #[schema(min_length = 1, max_length = 100)]
    pub tag: Option<String>,
    /// Leads of this company, in any case of letters.
    #[schema(min_length = 1, max_length = 300)]
    pub company: Option<String>,
    /// Leads made at this time or later.
    pub created_after: Option<DateTime<Utc>>,
    /// Leads made before this time.
    pub created_before: Option<DateTime<Utc>>,
}

impl From<&LeadFilterBody> for LeadFilter {
    fn from(filter: &LeadFilterBody) -> Self {
        let LeadFilterBody { lead_list_id, status, search, tag, company, created_after, created_before } = filter;
        Self {
            lead_list_id: *lead_list_id,
            status: *status,
            search: search.clone(),
            tag: tag.clone(),
            company: company.clone(),
            created_after: *created_after,
            created_before: *created_before,
        }
    }
}

/// An empty filter would delete every lead there is: nobody means that.
fn ids_or_filter(request: &BatchDeleteLeadsRequest) -> Result<(), ValidationError> {
    let refused = |code, message: &'static str| Err(ValidationError::new(code).with_message(message.into()));
    match (&request.ids, &request.filter) {
        (Some(_), Some(_)) | (None, None) => refused("ids_or_filter", "Either ids or filter is needed, not both."),
        (None, Some(filter)) if LeadFilter::from(filter).is_empty() => {
            refused("filter_empty", "The filter needs at least one condition.")
        }
        _ => Ok(()),
    }
}

impl From<BatchDeleteLeadsRequest> for BatchDelete {
    fn from(request: BatchDeleteLeadsRequest) -> Self {
        let BatchDeleteLeadsRequest { ids, filter, dry_run } = request;
        let doomed = match filter {
            Some(filter) => Doomed::Matching(LeadFilter::from(&filter)),
            None => Doomed::Ids(ids.unwrap_or_default()),
        };
        Self { doomed, dry_run }
    }
}

/// What was deleted, or would be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchDeleteLeads)]
pub struct BatchDeleteLeadsDto {
    /// Leads that were meant.
    #[schema(example = 42)]
    pub matched: i64,
    /// Leads that are gone; none in a dry run.
    #[schema(example = 0)]
    pub deleted: i64,
    /// Whether one call is not enough: repeat it until this is false.
    pub has_more: bool,
    /// In a dry run, up to ten of the leads that were meant.
    pub sample: Vec<LeadDto>,
}

impl From<BatchDeleted> for BatchDeleteLeadsDto {
    fn from(done: BatchDeleted) -> Self {
        let BatchDeleted { matched, deleted, has_more, sample } = done;
        Self { matched, deleted, has_more, sample: sample.into_iter().map(LeadDto::from).collect() }
    }
}

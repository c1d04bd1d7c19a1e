//! Many leads at once on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{BatchRow, CreateLeadRequest};
use crate::{
    dto::{extract::fit, problem::ProblemFault},
    models::{LeadId, LeadListId, LeadSource, OnDuplicate, RowOutcome, RowVerdict},
    services::leads::LeadBatch,
    utils::json_schema::Schemas,
};

/// Up to 1,000 leads to be written. Each row is judged by itself: one that has faults does not keep the others from being written.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "on_duplicate": "update_empty",
    "leads": [
        {"email": "jane@acme.com", "first_name": "Jane", "company": "Acme"},
        {"linkedin_url": "https://www.linkedin.com/in/john-roe", "full_name": "John Roe"}
    ]
}))]
pub struct BatchLeadsRequest {
    /// A list to put all of them on.
    pub lead_list_id: Option<LeadListId>,
    /// What to do with a row whose person is a lead already; `update_empty` unless said otherwise.
    pub on_duplicate: Option<OnDuplicate>,
    /// The leads.
    #[schema(min_items = 1, max_items = 1000)]
    pub leads: Vec<BatchRow>,
}

impl BatchLeadsRequest {
    /// What is to be written, each row held against the schema of a single lead.
    #[must_use]
    pub fn judged(self, schemas: &Schemas) -> LeadBatch {
        let Self { lead_list_id, on_duplicate, leads } = self;
        let read = |row: BatchRow| {
            let lead = fit(schemas, row.said(), CreateLeadRequest::read);
            lead.map_err(|error| error.faults().to_vec())
        };
        let on_duplicate = on_duplicate.unwrap_or(OnDuplicate::UpdateEmpty);
        LeadBatch { lead_list_id, on_duplicate, source: LeadSource::Api, rows: leads.into_iter().map(read).collect() }
    }
}

/// What became of each row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchLeads)]
pub struct BatchLeadsDto {
    /// Rows by outcome.
    pub counts: BatchCounts,
    /// One verdict for each row, in the rows' order.
    pub results: Vec<BatchResult>,
}

/// Rows by outcome.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct BatchCounts {
    /// New leads.
    #[schema(example = 2)]
    pub created: usize,
    /// Leads that changed.
    #[schema(example = 0)]
    pub updated: usize,
    /// Leads that stayed as they were.
    #[schema(example = 0)]
    pub unchanged: usize,
    /// Rows about the same person as an earlier row.
    #[schema(example = 0)]
    pub duplicate_in_request: usize,
    /// Rows about people whom nobody may write to; nothing was written.
    #[schema(example = 0)]
    pub suppressed: usize,
    /// Rows that cannot be used.
    #[schema(example = 0)]
    pub rejected: usize,
}

/// What became of one row.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchResult {
    /// The row, counted from 0.
    pub index: usize,
    /// What became of it.
    pub outcome: RowOutcome,
    /// The person's lead, if it is known.
    pub lead_id: Option<LeadId>,
    /// Why a row was not used: `validation_failed`, `ambiguous` (it matches two different leads), `lead_exists` (with `skip`), or what is
    /// suppressed: `email`, `domain`, `linkedin_url`.
    #[schema(example = json!(null))]
    pub reason: Option<String>,
    /// Everything that is wrong with a rejected row, with pointers into the row.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemFault>,
}

impl From<Vec<RowVerdict>> for BatchLeadsDto {
    fn from(verdicts: Vec<RowVerdict>) -> Self {
        let mut counts = BatchCounts::default();
        for verdict in &verdicts {
            *match verdict.outcome {
                RowOutcome::Created => &mut counts.created,
                RowOutcome::Updated => &mut counts.updated,
                RowOutcome::Unchanged => &mut counts.unchanged,
                RowOutcome::DuplicateInRequest => &mut counts.duplicate_in_request,
                RowOutcome::Suppressed => &mut counts.suppressed,
                RowOutcome::Rejected => &mut counts.rejected,
            } += 1;
        }
        Self { counts, results: verdicts.into_iter().enumerate().map(BatchResult::from).collect() }
    }
}

impl From<(usize, RowVerdict)> for BatchResult {
    fn from((index, verdict): (usize, RowVerdict)) -> Self {
        let RowVerdict { outcome, lead_id, reason, faults } = verdict;
        let errors = faults.iter().map(ProblemFault::from).collect();
        Self { index, outcome, lead_id, reason: reason.map(str::to_owned), errors }
    }
}

//! What became of a flat row: flat as well.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    errors::{AppError, Kind, Result},
    models::{LeadId, RowOutcome, RowVerdict},
};

/// Why most rows that are rejected are.
pub(super) const VALIDATION_FAILED: &str = "validation_failed";

/// The error as a verdict: flat, for a column that looks at fields of the answer only.
pub(super) fn rejected(error: AppError, reason: &str) -> AppError {
    error
        .with_member("lead_id", Value::Null)
        .with_member("outcome", RowOutcome::Rejected.as_str())
        .with_member("reason", reason)
}

/// What became of a row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpsertLead)]
pub struct UpsertLeadDto {
    /// The person's lead; null if nobody may write to the person.
    pub lead_id: Option<LeadId>,
    /// What became of the row: `created`, `updated`, `unchanged` or `suppressed`. A row that is `rejected` is answered as a problem,
    /// which has these fields too.
    pub outcome: RowOutcome,
    /// More about it: what is suppressed (`email`, `domain`, `linkedin_url`), or `lead_exists` (with `skip`).
    #[schema(example = json!(null))]
    pub reason: Option<String>,
    /// The answer's status, for columns that show the body only.
    #[schema(example = 201)]
    pub status: u16,
}

/// A verdict, ready to be sent.
#[derive(Debug)]
pub struct UpsertedLead(UpsertLeadDto);

impl UpsertedLead {
    /// What became of a row, or the problem that a rejected one is.
    ///
    /// # Errors
    /// The row was rejected.
    pub fn of(verdict: Result<RowVerdict>) -> Result<Self> {
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(error) if error.kind() == Kind::Invalid => return Err(rejected(error, VALIDATION_FAILED)),
            Err(error) => return Err(error),
        };
        let RowVerdict { outcome, lead_id, reason, faults } = verdict;
        let status = match outcome {
            RowOutcome::Rejected if faults.is_empty() => {
                let detail = "The row is about two leads at once: its addresses and ids belong to different ones.";
                let error = AppError::fault("", "ambiguous", detail);
                return Err(rejected(error, reason.unwrap_or_default()));
            }
            RowOutcome::Rejected => return Err(rejected(AppError::invalid(faults), reason.unwrap_or_default())),
            RowOutcome::Created => StatusCode::CREATED,
            _ => StatusCode::OK,
        };
        let reason = reason.map(str::to_owned);
        Ok(Self(UpsertLeadDto { lead_id, outcome, reason, status: status.as_u16() }))
    }
}

impl IntoResponse for UpsertedLead {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::OK);
        (status, Json(self.0)).into_response()
    }
}

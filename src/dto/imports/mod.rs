//! Imports on the wire.

mod options;
mod preview;
mod upload;

pub use options::{ImportOptionsRequest, ImportParams};
pub use preview::ImportPreviewDto;
pub use upload::{ImportForm, Upload};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::Accepted;
use crate::models::{Import, ImportId, ImportStatus, LeadListId, OnDuplicate, UndoCounts, imports::Target};

/// An import of leads from a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Import)]
pub struct ImportDto {
    /// The import's id.
    pub id: ImportId,
    /// The list that its leads are put on; null once that is deleted.
    pub lead_list_id: Option<LeadListId>,
    /// How far it is.
    pub status: ImportStatus,
    /// What the file was called.
    #[schema(example = "leads.csv")]
    pub file_name: Option<String>,
    /// How large the file was.
    #[schema(example = 5_242_880)]
    pub file_bytes: i64,
    /// The file's columns.
    pub columns: Vec<ImportColumn>,
    /// What is done with people who are leads already.
    pub on_duplicate: OnDuplicate,
    /// The file's rows, without its header and blank ones.
    #[schema(example = 50_000)]
    pub rows_total: i64,
    /// Rows that have their outcome: the sum of the six counts.
    #[schema(example = 20_000)]
    pub rows_read: i64,
    /// Rows that became new leads.
    #[schema(example = 18_000)]
    pub created: i64,
    /// Rows that changed a lead.
    #[schema(example = 500)]
    pub updated: i64,
    /// Rows whose lead has all that already, or was to be left alone.
    #[schema(example = 700)]
    pub unchanged: i64,
    /// Rows about somebody whom an earlier row is about.
    #[schema(example = 200)]
    pub duplicate_in_file: i64,
    /// Rows about somebody whom nobody may write to.
    #[schema(example = 100)]
    pub suppressed: i64,
    /// Rows that cannot be used; `rejected.csv` has them, with their reasons.
    #[schema(example = 500)]
    pub rejected: i64,
    /// Rows in a second, so far.
    #[schema(example = 5_000.0)]
    pub rows_per_second: Option<f64>,
    /// Seconds that are left at that rate.
    #[schema(example = 6)]
    pub seconds_left: Option<i64>,
    /// A stable code that says why it, or undoing it, failed.
    pub failure: Option<String>,
    /// Whether it will stop before its next rows.
    pub cancel_requested: bool,
    /// How far it is undone.
    pub undo: Option<ImportUndoDto>,
    /// When the file was here.
    pub created_at: DateTime<Utc>,
    /// When the work on its rows began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When anything of this last changed.
    pub updated_at: DateTime<Utc>,
}

/// A column of a file, and what it becomes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportColumn {
    /// The column's name.
    #[schema(example = "Work Email")]
    pub header: String,
    /// The field of the lead, `custom_fields.` and a name, or null if the column is left out.
    #[schema(example = "email")]
    pub field: Option<String>,
}

/// How far an import is undone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportUndo)]
pub struct ImportUndoDto {
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Leads that are gone.
    pub leads_removed: i64,
    /// Leads that stay, since they were changed, put on another list or taken into a campaign.
    pub leads_kept: i64,
}

/// What undoing an import would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportUndoPreview)]
pub struct ImportUndoPreviewDto {
    /// Leads that would go: made by the import, and untouched since.
    #[schema(example = 17_990)]
    pub leads_to_remove: i64,
    /// Leads that would stay, since they were changed, put on another list or taken into a campaign.
    #[schema(example = 10)]
    pub leads_to_keep: i64,
}

/// What the answer to undoing is.
#[derive(Debug)]
pub enum UndoAnswer {
    /// What it would do: 200.
    Would(ImportUndoPreviewDto),
    /// It has begun: 202.
    Begun(Box<Accepted<ImportDto>>),
}

impl IntoResponse for UndoAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Would(preview) => Json(preview).into_response(),
            Self::Begun(import) => (*import).into_response(),
        }
    }
}

/// Whether to undo, or only to tell what that would do.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UndoParams {
    /// Only tell what would go; nothing is changed.
    #[serde(default)]
    pub dry_run: bool,
}

impl ImportDto {
    /// An import as it stands now.
    #[must_use]
    pub fn of(import: Import, now: DateTime<Utc>) -> Self {
        let rows_read = import.rows_read();
        let (rows_per_second, seconds_left) = pace(&import, now);
        let Import { lead_list_id, columns, mapping, undo_requested_at, .. } = import;
        let fields = mapping.columns().iter().map(Target::name);
        Self {
            id: import.id,
            lead_list_id,
            status: import.status,
            file_name: import.file_name,
            file_bytes: import.file_bytes,
            columns: columns.into_iter().zip(fields).map(|(header, field)| ImportColumn { header, field }).collect(),
            on_duplicate: import.on_duplicate,
            rows_total: import.rows_total,
            rows_read,
            created: import.created,
            updated: import.updated,
            unchanged: import.unchanged,
            duplicate_in_file: import.duplicate_in_file,
            suppressed: import.suppressed,
            rejected: import.rejected,
            rows_per_second,
            seconds_left,
            failure: import.failure,
            cancel_requested: import.cancel_requested,
            undo: undo_requested_at.map(|requested_at| ImportUndoDto {
                requested_at,
                leads_removed: import.leads_removed,
                leads_kept: import.leads_kept,
            }),
            created_at: import.created_at,
            started_at: import.started_at,
            finished_at: import.finished_at,
            updated_at: import.updated_at,
        }
    }
}

/// Rows in a second, and the seconds that are left at that rate.
fn pace(import: &Import, now: DateTime<Utc>) -> (Option<f64>, Option<i64>) {
    let Some(started) = import.started_at else { return (None, None) };
    let worked = (import.finished_at.unwrap_or(now) - started).num_milliseconds();
    if worked <= 0 || import.rows_read() == 0 {
        return (None, None);
    }
    let per_second = import.rows_read().saturating_mul(10_000) / worked;
    let left = import.rows_total - import.rows_read();
    let seconds = import.is_under_way().then(|| left.saturating_mul(worked) / import.rows_read() / 1_000);
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown, not counted with")]
    let rate = per_second as f64 / 10.0;
    (Some(rate), seconds)
}

impl From<UndoCounts> for ImportUndoPreviewDto {
    fn from(counts: UndoCounts) -> Self {
        let UndoCounts { leads_removed, leads_kept } = counts;
        Self { leads_to_remove: leads_removed, leads_to_keep: leads_kept }
    }
}

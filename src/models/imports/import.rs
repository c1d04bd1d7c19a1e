//! An import: a file's way into leads.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{CellFault, Mapping};
use crate::{
    models::{ActorType, ImportId, LeadListId, OnDuplicate, OrganizationId, RowOutcome},
    text_enum,
};

text_enum! {
    /// How far an import is.
    ImportStatus {
        /// Nothing is done yet.
        Queued = "queued",
        /// Rows are being worked on.
        Running = "running",
        /// Every row has its outcome.
        Completed = "completed",
        /// It cannot go on; `failure` says why. What was done stays.
        Failed = "failed",
        /// Somebody stopped it. What was done stays.
        Cancelled = "cancelled",
        /// The leads that it made are gone again, but for those that were touched since.
        Undone = "undone",
    }
}

/// An import of leads from a file.
#[derive(Debug, Clone)]
pub struct Import {
    pub id: ImportId,
    pub organization_id: OrganizationId,
    /// The list that its leads are put on; none once that is deleted.
    pub lead_list_id: Option<LeadListId>,
    pub status: ImportStatus,
    pub file_name: Option<String>,
    pub file_bytes: i64,
    /// The file's columns, by their headers.
    pub columns: Vec<String>,
    /// What each column means.
    pub mapping: Json<Mapping>,
    pub on_duplicate: OnDuplicate,
    pub rows_total: i64,
    /// In how many pieces the rows are worked on.
    pub pieces: i32,
    pub pieces_done: i32,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub duplicate_in_file: i64,
    pub suppressed: i64,
    pub rejected: i64,
    /// A stable code that says why it, or undoing it, failed.
    pub failure: Option<String>,
    pub cancel_requested: bool,
    pub undo_requested_at: Option<DateTime<Utc>>,
    pub pieces_undone: i32,
    pub leads_removed: i64,
    pub leads_kept: i64,
    /// Who started it.
    pub actor_type: ActorType,
    pub actor_id: uuid::Uuid,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
}

/// A file that is to be imported.
#[derive(Debug)]
pub struct NewImport {
    pub id: ImportId,
    pub organization_id: OrganizationId,
    pub lead_list_id: LeadListId,
    pub file_name: Option<String>,
    pub file_bytes: i64,
    pub columns: Vec<String>,
    pub mapping: Mapping,
    pub on_duplicate: OnDuplicate,
    pub rows_total: i64,
    pub pieces: i32,
    pub actor: (ActorType, uuid::Uuid),
    pub at: DateTime<Utc>,
}

/// What has become of rows, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCounts {
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub duplicate_in_file: i64,
    pub suppressed: i64,
    pub rejected: i64,
}

/// A row that cannot be used.
#[derive(Debug, Clone)]
pub struct Rejection {
    /// Its number among the file's rows, counted from 1.
    pub row_number: i64,
    /// The line of the file that it begins on.
    pub line: i64,
    /// What it says, in the columns' order.
    pub cells: Vec<String>,
    /// All that is wrong with it.
    pub faults: Json<Vec<CellFault>>,
}

/// What undoing an import would do, or has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UndoCounts {
    /// Leads that nobody has touched since the import made them.
    pub leads_removed: i64,
    /// Leads that the import made and that were changed, put on another list or taken into a campaign since.
    pub leads_kept: i64,
}

impl Import {
    /// An import of which nothing is done yet.
    #[must_use]
    pub fn queued(new: NewImport) -> Self {
        let (actor_type, actor_id) = new.actor;
        Self {
            id: new.id,
            organization_id: new.organization_id,
            lead_list_id: Some(new.lead_list_id),
            status: ImportStatus::Queued,
            file_name: new.file_name,
            file_bytes: new.file_bytes,
            columns: new.columns,
            mapping: Json(new.mapping),
            on_duplicate: new.on_duplicate,
            rows_total: new.rows_total,
            pieces: new.pieces,
            pieces_done: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            duplicate_in_file: 0,
            suppressed: 0,
            rejected: 0,
            failure: None,
            cancel_requested: false,
            undo_requested_at: None,
            pieces_undone: 0,
            leads_removed: 0,
            leads_kept: 0,
            actor_type,
            actor_id,
            created_at: new.at,
            started_at: None,
            finished_at: None,
            updated_at: new.at,
        }
    }

    /// How many rows have an outcome.
    #[must_use]
    pub fn rows_read(&self) -> i64 {
        let Self { created, updated, unchanged, duplicate_in_file, suppressed, rejected, .. } = self;
        created + updated + unchanged + duplicate_in_file + suppressed + rejected
    }

    /// Whether there is work left on its rows.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        matches!(self.status, ImportStatus::Queued | ImportStatus::Running)
    }

    /// Whether it is being undone.
    #[must_use]
    pub fn is_being_undone(&self) -> bool {
        self.undo_requested_at.is_some() && self.status != ImportStatus::Undone
    }
}

impl ImportCounts {
    /// Counts one more row.
    pub fn count(&mut self, outcome: RowOutcome) {
        *match outcome {
            RowOutcome::Created => &mut self.created,
            RowOutcome::Updated => &mut self.updated,
            RowOutcome::Unchanged => &mut self.unchanged,
            RowOutcome::DuplicateInRequest => &mut self.duplicate_in_file,
            RowOutcome::Suppressed => &mut self.suppressed,
            RowOutcome::Rejected => &mut self.rejected,
        } += 1;
    }
}

/// The letter that stands for an outcome where a piece keeps one for each of its rows.
#[must_use]
pub fn outcome_letter(outcome: RowOutcome) -> char {
    match outcome {
        RowOutcome::Created => 'c',
        RowOutcome::Updated => 'u',
        RowOutcome::Unchanged => '=',
        RowOutcome::DuplicateInRequest => 'd',
        RowOutcome::Suppressed => 's',
        RowOutcome::Rejected => 'r',
    }
}

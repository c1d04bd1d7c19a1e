//! A piece of a file: from its rows to leads, and from what became of them to what is kept. No database is asked here, so that one piece can be
//! read while another is written.

use sqlx::types::Json;

use crate::{
    errors::{AppError, Fault, Result},
    models::{
        Import, LeadSource, NewLead, Rejection, RowOutcome, RowVerdict, SuppressionKey,
        imports::{CellFault, RowReader, Target, outcome_letter},
    },
    repositories::SettledPiece,
    services::{leads::LeadBatch, suppressions::SuppressionKeys},
    utils::{
        sheet::{Record, unpack},
        spreadsheet::unguard,
    },
};

/// A piece whose rows are read.
pub(super) struct Piece {
    pub(super) number: i32,
    records: Vec<Record>,
    /// What is wrong with each row.
    faults: Vec<Vec<CellFault>>,
    /// The leads that the rows are about.
    pub(super) batch: LeadBatch,
    /// By what each row's person may be suppressed.
    pub(super) keys: Vec<Vec<SuppressionKey>>,
}

impl Piece {
    /// Reads the rows of a piece as they were kept. It computes, for some ten milliseconds.
    ///
    /// # Errors
    /// They are none of ours.
    pub(super) fn read(import: &Import, number: i32, kept: &[u8], hasher: &SuppressionKeys) -> Result<Self> {
        let records = unpack(kept).ok_or_else(|| AppError::internal("a piece of an import cannot be read"))?;
        let reader = RowReader::new(import.columns.clone(), &import.mapping, unguard);
        let (mut rows, mut faults, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for record in &records {
            let read = reader.read(record);
            keys.push(read.as_ref().map_or_else(|_| Vec::new(), |lead| hasher.of_lead(import.organization_id, lead)));
            let (row, wrong): (Result<NewLead, Vec<Fault>>, _) = match read {
                Ok(lead) => (Ok(lead), Vec::new()),
                Err(wrong) => (Err(Vec::new()), wrong),
            };
            rows.push(row);
            faults.push(wrong);
        }
        let batch = LeadBatch {
            lead_list_id: import.lead_list_id,
            on_duplicate: import.on_duplicate,
            source: LeadSource::CsvImport,
            rows,
        };
        Ok(Self { number, records, faults, batch, keys })
    }

    /// What became of the rows, as it is kept.
    pub(super) fn settled(&self, import: &Import, verdicts: &[RowVerdict]) -> SettledPiece {
        let mut settled = SettledPiece::default();
        let rows = self.records.iter().zip(verdicts).zip(&self.faults);
        for (row_number, ((record, verdict), faults)) in (import.rows_read() + 1..).zip(rows) {
            settled.outcomes.push(outcome_letter(verdict.outcome));
            settled.lead_ids.push(verdict.lead_id);
            if verdict.outcome == RowOutcome::Rejected {
                let found_later = verdict.faults.iter().map(|fault| in_column(import, fault));
                let mut faults: Vec<_> = faults.iter().cloned().chain(found_later).collect();
                if faults.is_empty() {
                    faults.push(unexplained(verdict));
                }
                let line = i64::try_from(record.line()).unwrap_or(i64::MAX);
                let cells = record.cells().map(str::to_owned).collect();
                settled.rejections.push(Rejection { row_number, line, cells, faults: Json(faults) });
            }
        }
        settled
    }
}

/// A fault of a lead's field, told of the column that the field came from.
fn in_column(import: &Import, fault: &Fault) -> CellFault {
    let field = fault.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
    let means = |target: &Target| target.name().is_some_and(|name| name.split('.').next() == Some(field));
    let column = import.mapping.columns().iter().position(means).and_then(|index| import.columns.get(index)).cloned();
    CellFault { column, code: fault.code.clone(), detail: fault.detail.clone() }
}

fn unexplained(verdict: &RowVerdict) -> CellFault {
    let detail = "The row's e-mail address, LinkedIn profile and external id belong to different leads.";
    CellFault { column: None, code: verdict.reason.unwrap_or("rejected").into(), detail: detail.into() }
}

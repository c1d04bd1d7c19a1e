//! The work on an import: one piece after the other, each in one transaction with its progress. Killed anywhere, it goes on with the piece
//! that it was at, of which nothing was written.

use std::collections::HashSet;

use sqlx::types::Json;
use tokio_util::sync::CancellationToken;

use super::ImportService;
use crate::{
    errors::{AppError, Fault, Result},
    jobs::WorkOnImport,
    models::{
        AuditEntry, Import, ImportCounts, ImportStatus, LeadId, LeadSource, NewLead, Rejection, RowOutcome, RowVerdict,
        imports::{CellFault, RowReader, Target, outcome_letter},
    },
    repositories::{OrgTx, SettledPiece},
    services::leads::{
        LeadBatch,
        batch::{Plan, Spoilt, decide, write},
    },
    utils::{
        sheet::{Record, unpack},
        spreadsheet::unguard,
    },
};

/// How far the work on an import came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worked {
    /// There is nothing left to be done.
    ToTheEnd,
    /// There is, but it was told to stop.
    Stopped,
}

/// What one transaction came to.
pub(super) enum Step {
    /// There is another piece.
    More,
    /// That was the last one, or there is nothing to do.
    Last,
}

/// The leads that rows of so many pieces were about; read when they are first needed, and again if somebody else has settled pieces since.
type Earlier = Option<(i32, HashSet<LeadId>)>;

impl ImportService {
    /// Works on an import until it is done, or until `stop` is cancelled: then what is left is for the next who works on it.
    ///
    /// # Errors
    /// The database is away or busy. Anything else fails the import, and is told there.
    pub async fn work(&self, job: &WorkOnImport, stop: &CancellationToken) -> Result<Worked> {
        let mut earlier = None;
        while !stop.is_cancelled() {
            match self.step(job, &mut earlier).await {
                Ok(Step::More) => {}
                Ok(Step::Last) => return Ok(Worked::ToTheEnd),
                Err(error)
                    if matches!(error.code(), "database_unavailable" | "database_busy" | "organization_busy") =>
                {
                    return Err(error);
                }
                Err(error) => {
                    self.fail(job, &error).await?;
                    return Ok(Worked::ToTheEnd);
                }
            }
        }
        Ok(Worked::Stopped)
    }

    /// Does one transaction's work, again if others were in its way.
    async fn step(&self, job: &WorkOnImport, earlier: &mut Earlier) -> Result<Step> {
        let mut spoilt = Spoilt::default();
        loop {
            let Some((tx, import)) = self.context.db.begin_import(job, self.context.clock.now()).await? else {
                return Ok(Step::Last);
            };
            let tried = if import.is_being_undone() {
                Self::undo_piece(tx, import).await
            } else if import.is_under_way() {
                self.work_on_piece(tx, import, earlier).await
            } else {
                return Ok(Step::Last);
            };
            match tried {
                Err(error) => spoilt.once_more(error)?,
                step => return step,
            }
        }
    }

    async fn work_on_piece(&self, mut tx: OrgTx, mut import: Import, earlier: &mut Earlier) -> Result<Step> {
        if import.cancel_requested {
            tx.imports().forget_waiting(import.id).await?;
            finish(&mut tx, &mut import, ImportStatus::Cancelled);
            tx.imports().update(&import).await?;
            tx.commit().await?;
            return Ok(Step::Last);
        }
        if import.lead_list_id.is_none() {
            return Err(AppError::conflict(
                "lead_list_deleted",
                "The list that the leads were to be put on is deleted.",
            ));
        }
        let number = import.pieces_done;
        let (settled_pieces, earlier) = match earlier {
            Some(earlier) if earlier.0 == number => earlier,
            _ => {
                let most = usize::try_from(import.rows_total).unwrap_or_default();
                earlier.insert((number, tx.imports().leads_so_far(import.id, most).await?))
            }
        };
        let records = tx.imports().waiting_piece(import.id, number).await?;
        let records = unpack(&records).ok_or_else(|| AppError::internal("a piece of an import cannot be read"))?;
        let (batch, mut faults) = read(&import, &records);
        let plan = self.plan(&mut tx, &batch, earlier).await?;
        write(&mut tx, &plan).await?;
        let settled = settled(&import, &records, &plan.verdicts, &mut faults);
        tx.imports().settle_piece(import.id, number, &settled).await?;
        advance(&mut tx, &mut import, &plan);
        tx.imports().update(&import).await?;
        tx.commit().await?;
        earlier.extend(settled.lead_ids.iter().flatten());
        *settled_pieces += 1;
        Ok(if import.is_under_way() { Step::More } else { Step::Last })
    }

    async fn plan(&self, tx: &mut OrgTx, batch: &LeadBatch, earlier: &HashSet<LeadId>) -> Result<Plan> {
        let organization = tx.organization_id();
        let keys: Vec<Vec<_>> = batch
            .rows
            .iter()
            .map(|row| {
                row.as_ref().map_or_else(|_| Vec::new(), |row| self.context.suppression_keys.of_lead(organization, row))
            })
            .collect();
        let suppressed = tx.suppressions().matching(keys.iter().flatten()).await?;
        let barred: Vec<_> = keys.iter().map(|keys| suppressed.kind(keys)).collect();
        decide(tx, batch, &barred, earlier).await
    }

    /// Ends an import that cannot go on, or the undoing of one: what was imported then stays as it was, and undoing it can be asked for again.
    async fn fail(&self, job: &WorkOnImport, error: &AppError) -> Result<()> {
        let (code, at, cause) = (error.code(), error.location(), error.causes());
        tracing::error!(import = %job.import_id, code, %at, cause, "an import failed");
        let Some((mut tx, mut import)) = self.context.db.begin_import(job, self.context.clock.now()).await? else {
            return Ok(());
        };
        import.failure = Some(code.to_owned());
        if import.is_being_undone() {
            import.undo_requested_at = None;
            import.updated_at = tx.now();
            let why = serde_json::json!({ "failure": code });
            tx.audit(AuditEntry::new("import.undo_failed", "import", import.id.0).change(None, why));
        } else if import.is_under_way() {
            tx.imports().forget_waiting(import.id).await?;
            finish(&mut tx, &mut import, ImportStatus::Failed);
        } else {
            return Ok(());
        }
        tx.imports().update(&import).await?;
        tx.commit().await
    }
}

/// The leads that a piece's rows are about, or what is wrong with them.
fn read(import: &Import, records: &[Record]) -> (LeadBatch, Vec<Vec<CellFault>>) {
    let reader = RowReader::new(import.columns.clone(), &import.mapping, unguard);
    let mut faults = Vec::with_capacity(records.len());
    let rows: Vec<Result<NewLead, Vec<Fault>>> = records
        .iter()
        .map(|record| match reader.read(record) {
            Ok(lead) => {
                faults.push(Vec::new());
                Ok(lead)
            }
            Err(wrong) => {
                faults.push(wrong);
                Err(Vec::new())
            }
        })
        .collect();
    (
        LeadBatch {
            lead_list_id: import.lead_list_id,
            on_duplicate: import.on_duplicate,
            source: LeadSource::CsvImport,
            rows,
        },
        faults,
    )
}

/// What became of a piece's rows, as it is kept.
fn settled(
    import: &Import,
    records: &[Record],
    verdicts: &[RowVerdict],
    faults: &mut [Vec<CellFault>],
) -> SettledPiece {
    let mut settled = SettledPiece::default();
    let rows = records.iter().zip(verdicts).zip(faults);
    for (row_number, ((record, verdict), faults)) in (import.rows_read() + 1..).zip(rows) {
        settled.outcomes.push(outcome_letter(verdict.outcome));
        settled.lead_ids.push(verdict.lead_id);
        if verdict.outcome == RowOutcome::Rejected {
            let mut faults = std::mem::take(faults);
            faults.extend(verdict.faults.iter().map(|fault| in_column(import, fault)));
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

/// Counts a piece, and ends the import with the last one.
fn advance(tx: &mut OrgTx, import: &mut Import, plan: &Plan) {
    let mut counts = ImportCounts::default();
    plan.verdicts.iter().for_each(|verdict| counts.count(verdict.outcome));
    import.created += counts.created;
    import.updated += counts.updated;
    import.unchanged += counts.unchanged;
    import.duplicate_in_file += counts.duplicate_in_file;
    import.suppressed += counts.suppressed;
    import.rejected += counts.rejected;
    import.pieces_done += 1;
    import.updated_at = tx.now();
    import.started_at.get_or_insert(tx.now());
    import.status = ImportStatus::Running;
    if !plan.created.is_empty() {
        let ids: Vec<_> = plan.created.iter().map(|lead| lead.id).collect();
        let made = serde_json::json!({ "lead_list_id": import.lead_list_id, "lead_ids": ids });
        tx.audit(AuditEntry::new("import.leads_created", "import", import.id.0).change(None, made));
    }
    if import.pieces_done == import.pieces {
        finish(tx, import, ImportStatus::Completed);
    }
}

/// Ends an import, and tells the audit log what it came to.
fn finish(tx: &mut OrgTx, import: &mut Import, status: ImportStatus) {
    let before = serde_json::json!({ "status": import.status });
    import.status = status;
    import.updated_at = tx.now();
    import.finished_at = Some(tx.now());
    let after = serde_json::json!({
        "status": status, "failure": import.failure, "created": import.created, "updated": import.updated, "unchanged": import.unchanged,
        "duplicate_in_file": import.duplicate_in_file, "suppressed": import.suppressed, "rejected": import.rejected,
    });
    let action = match status {
        ImportStatus::Completed => "import.completed",
        ImportStatus::Cancelled => "import.cancelled",
        _ => "import.failed",
    };
    tx.audit(AuditEntry::new(action, "import", import.id.0).change(before, after));
}

//! The work on an import: one piece after the other, each in one transaction with its progress. Killed anywhere, it goes on with the piece
//! that it was at, of which nothing was written. While the database writes one piece, the next is read, and the search index is tidied.

use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::{ImportService, earlier::Earlier, piece::Piece, tidy::Tidier};
use crate::{
    errors::{AppError, Result},
    jobs::WorkOnImport,
    models::{AuditEntry, Import, ImportCounts, ImportStatus},
    repositories::OrgTx,
    services::leads::batch::{Before, Plan, Spoilt, decide, write},
};

/// How long the work pauses when something passing is in its way; twice as long each time that it is there again.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause: what was in the way may be gone, and whoever waits for their leads should not wait much longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

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

/// What is known from piece to piece. All of it can be read again, and is if somebody else has settled pieces since.
struct Known {
    earlier: Option<Earlier>,
    /// The piece that is being worked on.
    piece: Option<Piece>,
    /// The one after it, which is being read.
    next: Option<JoinHandle<Result<Piece>>>,
    tidier: Tidier,
}

impl ImportService {
    /// Works on an import until it is done, or until `stop` is cancelled: then what is left is for the next who works on it. Passing trouble is
    /// waited out here, however often it comes: the queue would try so many times only, and hours apart in the end.
    ///
    /// # Errors
    /// None that passes. What the import fails of is told there.
    pub async fn work(&self, job: &WorkOnImport, stop: &CancellationToken) -> Result<Worked> {
        let mut known = Known {
            earlier: None,
            piece: None,
            next: None,
            tidier: Tidier::new(self.context.db.clone(), job.organization_id),
        };
        let mut pause = FIRST_PAUSE;
        while !stop.is_cancelled() {
            match self.step_or_fail(job, &mut known).await {
                Ok(Step::More) => pause = FIRST_PAUSE,
                Ok(Step::Last) => return Ok(Worked::ToTheEnd),
                Err(error) if passes(&error) => {
                    let (code, cause) = (error.code(), error.causes());
                    tracing::warn!(import = %job.import_id, code, cause, "an import waits until it can be worked on");
                    drop(tokio::time::timeout(pause, stop.cancelled()).await);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Worked::Stopped)
    }

    /// Leaves what is left of an import to another who works on it, as something that was never tried before.
    ///
    /// # Errors
    /// The database is away.
    pub async fn leave(&self, job: &WorkOnImport) -> Result<()> {
        self.context.db.leave_import(job, self.context.clock.now()).await
    }

    /// Does one transaction's work; what it can never do fails the import.
    async fn step_or_fail(&self, job: &WorkOnImport, known: &mut Known) -> Result<Step> {
        match self.step(job, known).await {
            Err(error) if !passes(&error) => self.fail(job, &error).await.map(|()| Step::Last),
            done => done,
        }
    }

    /// Does one transaction's work, again if others were in its way.
    async fn step(&self, job: &WorkOnImport, known: &mut Known) -> Result<Step> {
        let mut spoilt = Spoilt::default();
        loop {
            let Some((tx, import)) = self.context.db.begin_import(job, self.context.clock.now()).await? else {
                return Ok(Step::Last);
            };
            let tried = if import.is_being_undone() {
                Self::undo_piece(tx, import).await
            } else if import.is_under_way() {
                self.work_on_piece(tx, import, known).await
            } else {
                return Ok(Step::Last);
            };
            match tried {
                Err(error) => spoilt.once_more(error)?,
                step => return step,
            }
        }
    }

    async fn work_on_piece(&self, mut tx: OrgTx, mut import: Import, known: &mut Known) -> Result<Step> {
        if import.cancel_requested {
            return cancel(tx, import).await;
        }
        if import.lead_list_id.is_none() {
            let detail = "The list that the leads were to be put on is deleted.";
            return Err(AppError::conflict("lead_list_deleted", detail));
        }
        if known.earlier.as_ref().is_none_or(|earlier| earlier.pieces != import.pieces_done) {
            known.earlier = Some(Earlier::read(&mut tx, &import).await?);
        }
        self.make_ready(&mut tx, &import, known).await?;
        let (Some(earlier), Some(piece)) = (&mut known.earlier, &known.piece) else { return Ok(Step::More) };
        let plan = Self::plan(&mut tx, &import, piece, earlier).await?;
        known.tidier.let_rest(&mut tx).await?;
        write(&mut tx, &plan).await?;
        let settled = piece.settled(&import, &plan.verdicts);
        tx.imports().settle_piece(import.id, piece.number, &settled).await?;
        Earlier::keep_other_keys(&mut tx, import.id, &plan).await?;
        advance(&mut tx, &mut import, &plan).await?;
        tx.imports().update(&import).await?;
        tx.commit().await?;
        earlier.remember(&settled, &plan);
        known.tidier.written(plan.created.len() + plan.updated.len());
        Ok(if import.is_under_way() { Step::More } else { Step::Last })
    }

    /// Sees to it that the piece which is next to be worked on is read, and begins to read the one after it.
    async fn make_ready(&self, tx: &mut OrgTx, import: &Import, known: &mut Known) -> Result<()> {
        let number = import.pieces_done;
        if known.piece.as_ref().is_some_and(|piece| piece.number == number) {
            return Ok(());
        }
        let read = match known.next.take() {
            Some(next) => Some(next.await.map_err(AppError::internal)??).filter(|piece| piece.number == number),
            None => None,
        };
        known.piece = Some(match read {
            Some(piece) => piece,
            None => self.read(tx, import, number).await?.await.map_err(AppError::internal)??,
        });
        if number + 1 < import.pieces {
            known.next = Some(self.read(tx, import, number + 1).await?);
        }
        Ok(())
    }

    /// Begins to read a piece.
    async fn read(&self, tx: &mut OrgTx, import: &Import, number: i32) -> Result<JoinHandle<Result<Piece>>> {
        let kept = tx.imports().waiting_piece(import.id, number).await?;
        let (import, hasher) = (import.clone(), self.context.suppression_keys.clone());
        Ok(spawn_blocking(move || Piece::read(&import, number, &kept, &hasher)))
    }

    async fn plan(tx: &mut OrgTx, import: &Import, piece: &Piece, earlier: &Earlier) -> Result<Plan> {
        let suppressed = tx.suppressions().matching(piece.keys.iter().flatten()).await?;
        let barred: Vec<_> = piece.keys.iter().map(|keys| suppressed.kind(keys)).collect();
        let other_keys = earlier.other_keys(tx, import.id, &piece.batch).await?;
        decide(tx, &piece.batch, &barred, Before { leads: &earlier.leads, other_keys: &other_keys }).await
    }

    /// Ends an import that cannot go on, or the undoing of one: what was imported then stays as it was, and undoing it can be asked for again.
    async fn fail(&self, job: &WorkOnImport, error: &AppError) -> Result<()> {
        let (code, at, cause) = (error.code(), error.location(), error.causes());
        tracing::error!(import = %job.import_id, code, %at, cause, "an import failed");
        let Some((mut tx, mut import)) = self.context.db.begin_import(job, self.context.clock.now()).await? else {
            return Ok(());
        };
        // Why the import itself failed is not to be forgotten over its undoing.
        import.failure.get_or_insert_with(|| code.to_owned());
        if import.is_being_undone() {
            import.undo_requested_at = None;
            import.updated_at = tx.now();
            let why = serde_json::json!({ "failure": code });
            tx.audit(AuditEntry::new("import.undo_failed", "import", import.id.0).change(None, why));
        } else if import.is_under_way() {
            tx.imports().forget_waiting(import.id).await?;
            finish(&mut tx, &mut import, ImportStatus::Failed).await?;
        } else {
            return Ok(());
        }
        tx.imports().update(&import).await?;
        tx.commit().await
    }
}

/// Whether the same may go well a little later.
fn passes(error: &AppError) -> bool {
    matches!(error.code(), "database_unavailable" | "database_busy" | "organization_busy")
}

/// Ends an import that somebody wants stopped.
async fn cancel(mut tx: OrgTx, mut import: Import) -> Result<Step> {
    tx.imports().forget_waiting(import.id).await?;
    finish(&mut tx, &mut import, ImportStatus::Cancelled).await?;
    tx.imports().update(&import).await?;
    tx.commit().await?;
    Ok(Step::Last)
}

/// Counts a piece, and ends the import with the last one.
async fn advance(tx: &mut OrgTx, import: &mut Import, plan: &Plan) -> Result<()> {
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
        finish(tx, import, ImportStatus::Completed).await?;
    }
    Ok(())
}

/// Ends an import, and tells the audit log what it came to.
async fn finish(tx: &mut OrgTx, import: &mut Import, status: ImportStatus) -> Result<()> {
    tx.imports().forget_other_keys(import.id).await?;
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
    Ok(())
}

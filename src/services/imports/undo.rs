//! Stopping an import, and taking away what it made.

use super::{ImportService, work::Step};
use crate::{
    errors::{AppError, Result},
    jobs::WorkOnImport,
    models::{AuditEntry, Import, ImportId, ImportStatus, UndoCounts},
    repositories::{BaseRepository as _, OrgMember, OrgTx},
};

impl ImportService {
    /// Stops an import before its next piece. Once more changes nothing.
    ///
    /// # Errors
    /// `import_finished`.
    pub async fn cancel(&self, member: &OrgMember, id: ImportId) -> Result<Import> {
        let mut tx = self.context.db.begin(member, self.context.clock.now()).await?;
        let mut import = tx.imports().locked(id).await?;
        if import.cancel_requested {
            return Ok(import);
        }
        if !import.is_under_way() {
            let detail = "The import has come to its end; it can only be undone.";
            return Err(AppError::conflict("import_finished", detail).with_member("state", import.status.as_str()));
        }
        import.cancel_requested = true;
        import.updated_at = tx.now();
        tx.imports().update(&import).await?;
        tx.audit(AuditEntry::new("import.cancel_requested", "import", id.0));
        // One that waits for another of the organization's to end need not wait in order to end itself.
        tx.enqueue_out_of_turn(&WorkOnImport { organization_id: import.organization_id, import_id: id }).await?;
        tx.commit().await?;
        Ok(import)
    }

    /// What undoing an import would take away and leave, were it done now.
    pub async fn would_undo(&self, member: &OrgMember, id: ImportId) -> Result<UndoCounts> {
        let mut conn = self.context.db.search(member).await?;
        undoable(&conn.imports().get(id).await?)?;
        conn.imports().count_untouched(id).await
    }

    /// Starts taking away the leads that an import made and nobody has touched since. Once more changes nothing.
    ///
    /// # Errors
    /// `import_under_way`, `import_undone`.
    pub async fn undo(&self, member: &OrgMember, id: ImportId) -> Result<Import> {
        let mut tx = self.context.db.begin(member, self.context.clock.now()).await?;
        let mut import = tx.imports().locked(id).await?;
        if import.is_being_undone() {
            return Ok(import);
        }
        undoable(&import)?;
        import.undo_requested_at = Some(tx.now());
        if import.status != ImportStatus::Failed {
            // Of an undoing before.
            import.failure = None;
        }
        import.updated_at = tx.now();
        tx.imports().update(&import).await?;
        tx.audit(AuditEntry::new("import.undo_requested", "import", id.0));
        tx.enqueue(&WorkOnImport { organization_id: import.organization_id, import_id: id }).await?;
        tx.commit().await?;
        Ok(import)
    }

    /// Takes away what one piece made.
    pub(super) async fn undo_piece(mut tx: OrgTx, mut import: Import) -> Result<Step> {
        let (untouched, kept) = tx.imports().untouched(import.id, import.pieces_undone).await?;
        tx.leads().delete_many(&untouched).await?;
        if !untouched.is_empty() {
            let gone = serde_json::json!({ "lead_ids": untouched });
            tx.audit(AuditEntry::new("import.leads_removed", "import", import.id.0).change(gone, None));
        }
        import.leads_removed += i64::try_from(untouched.len()).map_err(AppError::internal)?;
        import.leads_kept += kept;
        import.pieces_undone += 1;
        import.updated_at = tx.now();
        let last = import.pieces_undone >= import.pieces_done;
        if last {
            let before = serde_json::json!({ "status": import.status });
            import.status = ImportStatus::Undone;
            let after = serde_json::json!({
                "status": import.status, "leads_removed": import.leads_removed, "leads_kept": import.leads_kept,
            });
            tx.audit(AuditEntry::new("import.undone", "import", import.id.0).change(before, after));
        }
        tx.imports().update(&import).await?;
        tx.commit().await?;
        Ok(if last { Step::Last } else { Step::More })
    }
}

fn undoable(import: &Import) -> Result<()> {
    let (code, detail) = match import.status {
        ImportStatus::Queued | ImportStatus::Running => {
            ("import_under_way", "The import is under way; cancel it first, or wait for its end.")
        }
        ImportStatus::Undone => ("import_undone", "The import was undone already."),
        ImportStatus::Completed | ImportStatus::Cancelled | ImportStatus::Failed => return Ok(()),
    };
    Err(AppError::conflict(code, detail).with_member("state", import.status.as_str()))
}

//! Imports of leads from files. Their rows are in `pieces`, by what these named leads in `other_keys`; what the work on one writes is in `work`.

mod aging;
mod other_keys;
mod pieces;
mod work;

pub use other_keys::OtherKey;
pub use pieces::SettledPiece;

use sqlx::types::Json;

use super::base::base_repository;
use crate::{
    errors::Result,
    models::{Import, ImportId},
};

base_repository!(
    /// The imports of one organization.
    ImportRepository,
    Import,
    ImportId,
    "import",
    "imports",
    "id, organization_id, lead_list_id, status, file_name, file_bytes, columns, mapping, on_duplicate, rows_total, pieces, pieces_done, \
     created, updated, unchanged, duplicate_in_file, suppressed, rejected, failure, cancel_requested, undo_requested_at, pieces_undone, \
     leads_removed, leads_kept, actor_type, actor_id, created_at, started_at, finished_at, updated_at"
);

impl ImportRepository<'_> {
    /// Writes a new import, whose pieces are here already.
    ///
    /// # Errors
    /// `lead_list_not_found`; the database's.
    pub async fn insert(&mut self, import: &Import) -> Result<()> {
        sqlx::query!(
            r#"insert into imports
                 (id, organization_id, lead_list_id, status, file_name, file_bytes, columns, mapping, on_duplicate, rows_total, pieces,
                  actor_type, actor_id, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"#,
            import.id.0,
            self.scope.id(),
            import.lead_list_id.map(|id| id.0),
            import.status.as_str(),
            import.file_name,
            import.file_bytes,
            &import.columns,
            Json(&import.mapping.0) as _,
            import.on_duplicate.as_str(),
            import.rows_total,
            import.pieces,
            import.actor_type.as_str(),
            import.actor_id,
            import.created_at,
            import.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes how far an import is.
    ///
    /// # Errors
    /// The database's.
    pub async fn update(&mut self, import: &Import) -> Result<()> {
        sqlx::query!(
            r#"update imports set status = $3, pieces_done = $4, created = $5, updated = $6, unchanged = $7, duplicate_in_file = $8,
                 suppressed = $9, rejected = $10, failure = $11, cancel_requested = $12, undo_requested_at = $13, pieces_undone = $14,
                 leads_removed = $15, leads_kept = $16, started_at = $17, finished_at = $18, updated_at = $19
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            import.id.0,
            import.status.as_str(),
            import.pieces_done,
            import.created,
            import.updated,
            import.unchanged,
            import.duplicate_in_file,
            import.suppressed,
            import.rejected,
            import.failure,
            import.cancel_requested,
            import.undo_requested_at,
            import.pieces_undone,
            import.leads_removed,
            import.leads_kept,
            import.started_at,
            import.finished_at,
            import.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

impl ImportRepository<'_> {
    /// Forgets the rows that were not worked on.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_waiting(&mut self, id: ImportId) -> Result<()> {
        sqlx::query!(
            "delete from import_pieces where organization_id = $1 and import_id = $2 and records is not null",
            self.scope.id(),
            id.0,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

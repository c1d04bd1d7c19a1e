//! The rows that could not be used, to be mended and imported again.

use super::ImportService;
use crate::{
    errors::Result,
    models::{AuditEntry, ImportId, Rejection, Scope},
    repositories::{BaseRepository as _, Need, OrgMember},
    services::exports::{self, Rows},
};

/// Rows that could not be used, under the file's own headers.
#[derive(Debug)]
pub struct RejectedRows {
    /// The headers.
    pub columns: Vec<String>,
    /// The rows, in the file's order.
    pub rows: Rows<Rejection>,
}

impl ImportService {
    /// The rows that could not be used so far.
    pub async fn rejected(&self, member: &OrgMember, id: ImportId) -> Result<RejectedRows> {
        let mut conn = self.context.db.export(member).await?;
        let columns = conn.imports().get(id).await?.columns;
        let (feed, rows) = exports::export_to(&self.context, member, Need::Scope(Scope::LeadsRead));
        tokio::spawn(async move { feed.pour(Box::pin(conn.imports().rejections(id))).await });
        let entry = AuditEntry::new("import.rejected_exported", "import", id.0);
        Ok(RejectedRows { columns, rows: exports::told(&self.context, member, rows, entry).await? })
    }
}

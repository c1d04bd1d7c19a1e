//! The handle of what comes from Clerk and is about users and organizations themselves, before there is a member to act for.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Transaction};

use super::scope::{Actor, OrgScope};
use crate::{
    errors::Result,
    models::{AuditEntry, AuditLogId, OrganizationId},
    repositories::AuditLogRepository,
};

/// The transaction of a change that comes from Clerk.
#[derive(Debug)]
pub struct SyncTx {
    pub(super) tx: Transaction<'static, Postgres>,
    pub(super) actor: Actor,
    pub(super) now: DateTime<Utc>,
    pub(super) audit: Vec<(OrganizationId, AuditEntry)>,
}

impl SyncTx {
    pub(in crate::repositories) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// The instant of the change.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Says what was done to an organization. Written with the commit, or not at all.
    pub(in crate::repositories) fn audit(&mut self, organization: OrganizationId, entries: Vec<AuditEntry>) {
        self.audit.extend(entries.into_iter().map(|entry| (organization, entry)));
    }

    /// Writes the audit rows and commits.
    ///
    /// # Errors
    /// The database's.
    pub async fn commit(mut self) -> Result<()> {
        let audit = std::mem::take(&mut self.audit);
        for entries in audit.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((organization, _)) = entries.first() else { continue };
            let rows: Vec<_> = entries.iter().map(|(_, entry)| (AuditLogId::new(self.now), entry.clone())).collect();
            let scope = OrgScope::new(*organization);
            AuditLogRepository { conn: &mut self.tx, scope }.append(&self.actor, self.now, rows).await?;
        }
        Ok(self.tx.commit().await?)
    }
}

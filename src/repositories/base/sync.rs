//! The handle of what comes from Clerk and is about users and organizations themselves, before there is a member to act for.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{
    lease::LentTx,
    scope::{Actor, OrgScope},
};
use crate::{
    errors::Result,
    models::{AuditEntry, OrganizationId},
    repositories::AuditLogRepository,
};

/// The transaction of a change that comes from Clerk.
#[derive(Debug)]
pub struct SyncTx {
    pub(super) tx: LentTx,
    pub(super) actor: Actor,
    pub(super) now: DateTime<Utc>,
    pub(super) audit: BTreeMap<OrganizationId, Vec<AuditEntry>>,
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
        self.audit.entry(organization).or_default().extend(entries);
    }

    /// Writes the audit rows and commits.
    ///
    /// # Errors
    /// The database's.
    pub async fn commit(mut self) -> Result<()> {
        for (organization, entries) in std::mem::take(&mut self.audit) {
            let scope = OrgScope::new(organization);
            AuditLogRepository { conn: &mut self.tx, scope }.append(&self.actor, self.now, entries).await?;
        }
        self.tx.commit().await
    }
}

//! Handles to the database. A transaction is owned by one use case, lent to repositories, and rolled back when it is dropped.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Transaction, pool::PoolConnection};

use super::scope::{Actor, OrgScope};
use crate::{
    errors::{AppError, Result},
    models::{AuditEntry, AuditLogId},
    repositories::{
        AccountRepository, ActivityRepository, ApiKeyRepository, AuditLogRepository, CampaignRepository,
        ClayDestinationRepository, ExecutionRepository, IdempotencyRepository, LeadListRepository, LeadRepository,
        MemberRepository, OrganizationRepository,
    },
};

/// A connection for single reads of one organization: no transaction.
#[derive(Debug)]
pub struct OrgConn {
    pub(super) conn: PoolConnection<Postgres>,
    pub(super) scope: OrgScope,
}

/// A transaction of one organization, with the actor whose changes it makes.
#[derive(Debug)]
pub struct OrgTx {
    pub(super) tx: Transaction<'static, Postgres>,
    pub(super) scope: OrgScope,
    pub(super) actor: Actor,
    pub(super) now: DateTime<Utc>,
    pub(super) audit: Vec<AuditEntry>,
}

impl OrgConn {
    fn parts(&mut self) -> (&mut PgConnection, OrgScope) {
        (&mut self.conn, self.scope)
    }
}

impl OrgTx {
    fn parts(&mut self) -> (&mut PgConnection, OrgScope) {
        (&mut self.tx, self.scope)
    }

    pub(in crate::repositories) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    pub(in crate::repositories) fn scope(&self) -> OrgScope {
        self.scope
    }

    /// The instant of the use case, the same for all it writes.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Says what was done. Written with the commit, or not at all.
    pub fn audit(&mut self, entry: AuditEntry) {
        self.audit.push(entry);
    }

    /// Writes the audit rows and the mark of the idempotency key, and commits.
    ///
    /// # Errors
    /// `idempotency_key_taken_over` if another try under the same key has begun because this one took too long: nothing is written.
    pub async fn commit(mut self) -> Result<()> {
        let (scope, actor, now) = (self.scope, self.actor.clone(), self.now);
        let entries = std::mem::take(&mut self.audit);
        if !entries.is_empty() {
            // Of one instant, so only sorting keeps the order in which things were done.
            let mut ids: Vec<_> = entries.iter().map(|_| AuditLogId::new(now)).collect();
            ids.sort_unstable();
            let rows: Vec<_> = ids.into_iter().zip(entries).collect();
            AuditLogRepository { conn: &mut self.tx, scope }.append(&actor, now, &rows).await?;
        }
        if let Some(token) = &actor.request.idempotency {
            let mut keys = IdempotencyRepository { conn: &mut self.tx, scope };
            if !keys.mark_committed(token, now).await? {
                return Err(AppError::conflict(
                    "idempotency_key_taken_over",
                    "Another request with the same Idempotency-Key took over; this one changed nothing.",
                ));
            }
        }
        Ok(self.tx.commit().await?)
    }
}

macro_rules! lends {
    ($handle:ident: $($(#[$doc:meta])* $name:ident -> $repository:ident),+ $(,)?) => {
        impl $handle {
            $(
                $(#[$doc])*
                pub fn $name(&mut self) -> $repository<'_> {
                    let (conn, scope) = self.parts();
                    $repository { conn, scope }
                }
            )+
        }
    };
}

macro_rules! lends_all {
    ($($handle:ident),+) => {$(
        lends! { $handle:
            /// Sending accounts.
            accounts -> AccountRepository,
            /// What happened.
            activities -> ActivityRepository,
            /// Keys by which programs call.
            api_keys -> ApiKeyRepository,
            /// Who did what.
            audit_logs -> AuditLogRepository,
            /// Campaigns.
            campaigns -> CampaignRepository,
            /// Webhooks in Clay that leads are pushed to.
            clay_destinations -> ClayDestinationRepository,
            /// Leads' ways through campaigns.
            executions -> ExecutionRepository,
            /// Remembered answers.
            idempotency_keys -> IdempotencyRepository,
            /// Lists of leads.
            lead_lists -> LeadListRepository,
            /// People to be written to.
            leads -> LeadRepository,
            /// Members.
            members -> MemberRepository,
            /// The organization itself.
            organization -> OrganizationRepository,
        }
    )+};
}

lends_all!(OrgConn, OrgTx);

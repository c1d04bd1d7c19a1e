//! Handles to the database. A transaction is owned by one use case, lent to repositories, and rolled back when it is dropped.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    lease::{Lease, LentTx},
    scope::{Actor, OrgScope},
};
use crate::{
    errors::{AppError, Result},
    models::{ActorType, AuditEntry, AuditLogId, OrganizationId, UserId},
    repositories::{
        AccountRepository, ActivityRepository, ApiKeyRepository, AuditLogRepository, CampaignRepository,
        ClayDestinationRepository, ConversationRepository, ExecutionRepository, GuardRepository, IdempotencyRepository,
        ImportRepository, IntakeRepository, KeptMailRepository, LeadListRepository, LeadRepository, LinkedinRepository,
        MailReadRepository, MailboxWatchRepository, MemberRepository, MessageRepository, OrganizationRepository,
        SandboxRepository, SealedSecretRepository, SentMailRepository, StepRepository, SuppressionRepository,
        UnipileRepository, UsageRepository, WebhookSecretRepository,
    },
    utils::keyed_limit::Place,
};

/// A connection for single reads of one organization: no transaction.
#[derive(Debug)]
pub struct OrgConn {
    pub(super) conn: Lease,
    pub(super) scope: OrgScope,
    /// What it takes of the organization's share. Given back last.
    pub(super) _share: Place,
}

/// A transaction of one organization, with the actor whose changes it makes.
#[derive(Debug)]
pub struct OrgTx {
    pub(super) tx: LentTx,
    pub(super) scope: OrgScope,
    pub(super) actor: Actor,
    pub(super) now: DateTime<Utc>,
    pub(super) audit: Vec<AuditEntry>,
    /// What it takes of the organization's share. Given back last.
    pub(super) _share: Place,
}

/// A use case that is one statement, with its line of the audit log in it. Such a statement is a transaction by itself, so that nothing needs
/// to be asked before or after it, unless the mark of an idempotency key is to be committed with it.
#[derive(Debug)]
pub struct OrgStatement(pub(in crate::repositories) OrgTx);

/// A line of the audit log, to be written by the very statement whose change it tells of.
#[derive(Debug)]
#[must_use]
pub struct AuditLine {
    pub(in crate::repositories) id: Uuid,
    pub(in crate::repositories) actor: Actor,
    pub(in crate::repositories) entry: AuditEntry,
}

impl OrgConn {
    fn parts(&mut self) -> (&mut PgConnection, OrgScope) {
        (&mut self.conn, self.scope)
    }

    /// Gives the connection back at rest: every question was answered. Saves the round trip in which a connection that was just dropped
    /// is asked how it stands.
    pub fn give_back(self) {
        let Self { conn, scope: _, _share: share } = self;
        conn.give_back();
        drop(share);
    }
}

impl OrgTx {
    fn parts(&mut self) -> (&mut PgConnection, OrgScope) {
        (&mut self.tx, self.scope)
    }

    pub(in crate::repositories) fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Has the connection closed when it is dropped, instead of lent again: for a statement that leaves it amid something if it is broken off.
    /// After a commit it is lent as before, for as long as it is warm.
    pub(in crate::repositories) fn close_if_dropped(&mut self) {
        self.tx.close_on_drop();
    }

    pub(in crate::repositories) fn scope(&self) -> OrgScope {
        self.scope
    }

    /// Whose data it is.
    #[must_use]
    pub fn organization_id(&self) -> OrganizationId {
        self.scope.organization_id()
    }

    /// The user whose changes these are, if they are a user's.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        self.actor.id.filter(|_| self.actor.r#type == ActorType::User).map(UserId)
    }

    /// The instant of the use case, the same for all it writes.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// From here on, these are that actor's changes.
    pub(in crate::repositories) fn act_as(&mut self, actor: Actor) {
        self.actor = actor;
    }

    /// Says what was done. Written with the commit, or not at all.
    pub fn audit(&mut self, entry: AuditEntry) {
        self.audit.push(entry);
    }

    /// Says what a statement is about to do, which writes this line itself.
    pub fn line(&self, entry: AuditEntry) -> AuditLine {
        AuditLine { id: AuditLogId::new(self.now).0, actor: self.actor.clone(), entry }
    }

    /// Writes the audit rows of what was done so far, still to be committed: for a use case that does so much that it should not keep
    /// them all in memory. Rows that are written apart have no order among each other.
    ///
    /// # Errors
    /// The database's.
    pub async fn write_audit(&mut self) -> Result<()> {
        let (scope, now) = (self.scope, self.now);
        let entries = std::mem::take(&mut self.audit);
        AuditLogRepository { conn: &mut self.tx, scope }.append(&self.actor, now, entries).await
    }

    /// Writes the audit rows and the mark of the idempotency key, and commits.
    ///
    /// # Errors
    /// `idempotency_key_taken_over` if another try under the same key has begun because this one took too long: nothing is written.
    pub async fn commit(mut self) -> Result<()> {
        self.write_audit().await?;
        let (scope, actor, now) = (self.scope, self.actor.clone(), self.now);
        if let Some(token) = &actor.request.idempotency {
            let mut keys = IdempotencyRepository { conn: &mut self.tx, scope };
            if !keys.mark_committed(token, now).await? {
                return Err(AppError::conflict(
                    "idempotency_key_taken_over",
                    "Another request with the same Idempotency-Key took over; this one changed nothing.",
                ));
            }
        }
        self.tx.commit().await
    }

    /// Writes the audit rows, gives the idempotency key back, and commits: what was committed under the key before was only what was asked
    /// of somebody else, and it was refused.
    ///
    /// # Errors
    /// The database's.
    pub async fn commit_refusal(mut self) -> Result<()> {
        self.write_audit().await?;
        if let Some(token) = &self.actor.request.idempotency {
            IdempotencyRepository { conn: &mut self.tx, scope: self.scope }.give_back(token).await?;
        }
        self.tx.commit().await
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
            /// What leads and we have written to each other.
            conversations -> ConversationRepository,
            /// What has come in and was taken in.
            intake -> IntakeRepository,
            /// Messages that came in, or were written by hand.
            messages -> MessageRepository,
            /// Leads' ways through campaigns.
            executions -> ExecutionRepository,
            /// What is too much.
            guards -> GuardRepository,
            /// Imports of leads from files.
            imports -> ImportRepository,
            /// Remembered answers.
            idempotency_keys -> IdempotencyRepository,
            /// Mails that wait until a step is over.
            kept_mails -> KeptMailRepository,
            /// Lists of leads.
            lead_lists -> LeadListRepository,
            /// People to be written to.
            leads -> LeadRepository,
            /// People and acts on LinkedIn.
            linkedin -> LinkedinRepository,
            /// Whether mails were read.
            mail_reads -> MailReadRepository,
            /// Who reads which mailbox, and how far.
            mailbox_watches -> MailboxWatchRepository,
            /// Members.
            members -> MemberRepository,
            /// The organization itself.
            organization -> OrganizationRepository,
            /// The attempts of steps.
            steps -> StepRepository,
            /// What the sandbox was sent.
            sandbox -> SandboxRepository,
            /// Secrets that are stored sealed.
            sealed_secrets -> SealedSecretRepository,
            /// What was sent from mailboxes.
            sent_mails -> SentMailRepository,
            /// What the organization has at Unipile.
            unipile -> UnipileRepository,
            /// What accounts have done.
            usage -> UsageRepository,
            /// Whom nobody may write to.
            suppressions -> SuppressionRepository,
            /// What webhook steps are signed with.
            webhook_secrets -> WebhookSecretRepository,
        }
    )+};
}

lends_all!(OrgConn, OrgTx);

//! Floor 5: the use cases, a service per noun. A service opens the transaction, decides, audits and commits; it knows no SQL and no
//! HTTP, and takes models and commands, never wire types.

pub mod activities;
pub mod api_keys;
pub mod audit_logs;
pub mod campaign_executions;
pub mod campaign_runs;
pub mod campaigns;
pub mod clay_destinations;
pub mod clerk_comparison;
pub mod clerk_sync;
pub mod connected_accounts;
pub mod conversations;
pub mod exports;
pub mod identity;
pub mod imports;
pub mod invitations;
pub mod lead_lists;
pub mod leads;
pub mod mail_links;
pub mod mail_reads;
pub mod mailbox_watch;
pub mod mailboxes;
pub mod members;
pub mod organizations;
pub mod readiness;
pub mod reseal;
pub mod sending_domain;
pub mod suppressions;
pub mod unipile;
pub mod unsubscribe;
pub mod users;
pub mod webhook_secrets;

use std::{sync::Arc, time::Duration};

pub use activities::ActivityService;
pub use api_keys::{ApiKeyService, Turn};
pub use audit_logs::AuditLogService;
pub use campaign_executions::ExecutionService;
pub use campaign_runs::RunService;
pub use campaigns::{CampaignService, FollowService};
pub use clay_destinations::ClayDestinationService;
pub use clerk_comparison::ClerkComparisonService;
pub use clerk_sync::ClerkSyncService;
pub use connected_accounts::AccountService;
pub use conversations::ConversationService;
pub use identity::IdentityService;
pub use imports::ImportService;
pub use invitations::InvitationService;
pub use lead_lists::LeadListService;
pub use leads::LeadService;
pub use mail_links::MailLinks;
pub use mail_reads::MailReadService;
pub use mailbox_watch::MailboxWatch;
pub use mailboxes::Mailboxes;
pub use members::MemberService;
pub use organizations::OrganizationService;
pub use readiness::ReadinessService;
pub use reseal::{Reseal, Resealed};
pub use sending_domain::SendingDomainService;
pub use suppressions::{SuppressionKeys, SuppressionService};
pub use unipile::UnipileService;
pub use unsubscribe::{UnsubscribeLinks, UnsubscribeService};
pub use users::UserService;
pub use webhook_secrets::WebhookSecretService;

use tokio_util::task::TaskTracker;

use crate::{
    errors::{AppError, Kind, Result},
    integrations::{
        clerk::{ClerkApi, changed_nothing},
        dns::Dns,
        outbound::Outbound,
    },
    models::AuditEntry,
    repositories::{Database, OrgAdmin},
    utils::clock::SharedClock,
};

/// What every service stands on.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: SharedClock,
    /// The time by which campaigns run: the same, unless somebody tries them out at a multiple of it.
    pub campaign_clock: SharedClock,
    /// How long the result of a campaign's step is awaited before it is looked up.
    pub campaign_lease: Duration,
    /// How suppressions are found.
    pub suppression_keys: SuppressionKeys,
    /// What leads back to us from mails.
    pub links: MailLinks,
    /// What looks names up.
    pub dns: Dns,
    /// What sends requests to addresses that callers name.
    pub outbound: Outbound,
    /// How long an export waits for a reader who has stopped reading.
    pub export_patience: Duration,
}

impl Context {
    /// Commits what is about to be asked of Clerk, with who asks it: whatever becomes of it, and of us, the audit log knows, and under the
    /// same `Idempotency-Key` it is not asked again.
    async fn intend(&self, admin: &OrgAdmin, request: AuditEntry) -> Result<()> {
        let mut tx = self.db.begin(admin, self.clock.now()).await?;
        tx.audit(request);
        tx.commit().await
    }

    /// What Clerk said to that. A refusal is told to the audit log, and the `Idempotency-Key` given back; if it is not known whether the
    /// change was made, the request stays the last word, until the webhook comes.
    async fn heard<T>(&self, admin: &OrgAdmin, answer: Result<T>, refused: AuditEntry) -> Result<T> {
        if let Err(error) = &answer
            && changed_nothing(error)
        {
            let mut tx = self.db.begin(admin, self.clock.now()).await?;
            tx.audit(refused);
            tx.commit_refusal().await?;
        }
        answer
    }
}

/// Clerk's Backend API, where this server has a key to it.
#[derive(Clone)]
pub struct Clerk {
    api: Option<Arc<dyn ClerkApi>>,
    changes: TaskTracker,
}

impl Clerk {
    /// Clerk through `api`, or no Clerk.
    #[must_use]
    pub fn new(api: Option<Arc<dyn ClerkApi>>) -> Self {
        Self { api, changes: TaskTracker::new() }
    }

    /// Makes a change to the end, though the caller hang up: what Clerk has done must be told to the audit log.
    async fn change<T: Send + 'static>(&self, change: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        self.changes.spawn(change).await.map_err(AppError::internal)?
    }

    /// Waits until the changes that have begun are made.
    pub async fn settled(&self) {
        self.changes.close();
        self.changes.wait().await;
    }

    /// The API.
    ///
    /// # Errors
    /// `clerk_not_configured`.
    fn api(&self) -> Result<&dyn ClerkApi> {
        self.api.as_deref().ok_or_else(|| {
            let detail = "This server has no CLERK_SECRET_KEY, and only Clerk can make this change.";
            AppError::new(Kind::Unavailable, "clerk_not_configured", detail)
        })
    }
}

/// The longest name of a list or campaign, in characters.
const LONGEST_NAME: usize = 200;

/// What a copy is called unless somebody says otherwise: as the original, within the same length.
fn copy_name(name: &str) -> String {
    const MARK: &str = " (copy)";
    name.chars().take(LONGEST_NAME - MARK.len()).chain(MARK.chars()).collect()
}

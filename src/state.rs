//! Floor 6: what every handler can reach, handed its parts once.

use std::sync::Arc;

use axum::extract::FromRef;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{
    config::ServerConfig,
    errors::Result,
    integrations::{
        clay::ClayWebhooks,
        clerk::{ClerkApi, SessionVerifier, WebhookVerifier},
        dns::Dns,
        mail::Mail,
        outbound::Outbound,
        unipile::Unipile,
    },
    repositories::Database,
    services::{
        AccountService, ActivityService, ApiKeyService, AuditLogService, CampaignService, ClayDestinationService,
        Clerk, ClerkComparisonService, ClerkSyncService, Context, ConversationService, ExecutionService, FollowService,
        IdentityService, ImportService, InvitationService, LeadListService, LeadService, MailLinks, MailReadService,
        MailboxWatch, Mailboxes, MemberService, OrganizationService, ReadinessService, RunService,
        SendingDomainService, SuppressionKeys, SuppressionService, UnipileService, UnsubscribeService, UserService,
        WebhookSecretService, unipile::Addresses,
    },
    utils::{
        clock::{AlignedClock, SharedClock, campaign_clocks},
        crypto::Cipher,
        json_schema::Schemas,
        rate_limiter::RateLimiter,
    },
};

/// The shared state: one pointer.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    server: ServerConfig,
    context: Context,
    plain: Plain,
    aligned: AlignedClock,
    schemas: Schemas,
    verifier: Option<SessionVerifier>,
    webhooks: Option<WebhookVerifier>,
    metrics: PrometheusHandle,
    runs: RunService,
    mailbox_watch: MailboxWatch,
    clerk: Clerk,
    rate_limiter: RateLimiter,
    sign_in_failures: RateLimiter,
    accounts: AccountService,
    clay_destinations: ClayDestinationService,
    clerk_comparison: ClerkComparisonService,
    imports: ImportService,
    invitations: InvitationService,
    members: MemberService,
    organizations: OrganizationService,
    webhook_secrets: WebhookSecretService,
    unipile: UnipileService,
}

/// Services that need nothing but the context, and remember something of their own.
struct Plain {
    api_keys: ApiKeyService,
    audit_logs: AuditLogService,
    following: FollowService,
    identity: IdentityService,
    mail_reads: MailReadService,
    readiness: ReadinessService,
    unsubscribe: UnsubscribeService,
}

/// What connects us with Clerk, or with what stands in for it.
pub struct ClerkParts {
    /// Who verifies session tokens; without, nobody can sign in.
    pub verifier: Option<SessionVerifier>,
    /// Who verifies webhooks; without, none is taken.
    pub webhooks: Option<WebhookVerifier>,
    /// Who changes what Clerk owns; nobody without a secret key.
    pub api: Option<Arc<dyn ClerkApi>>,
}

/// What the state is made of.
pub struct Parts {
    /// Listening and limits.
    pub server: ServerConfig,
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: SharedClock,
    /// What seals secrets.
    pub cipher: Cipher,
    /// How suppressions are found.
    pub suppression_keys: SuppressionKeys,
    /// The published schemas of request bodies.
    pub schemas: Schemas,
    /// What sends requests to addresses that callers name.
    pub outbound: Outbound,
    /// What speaks to mail servers.
    pub mail: Mail,
    /// What leads back to us from mails.
    pub links: MailLinks,
    /// What speaks to Unipile, if this server has a key to it.
    pub unipile: Option<Unipile>,
    /// What connects us with Clerk.
    pub clerk: ClerkParts,
    /// What has been measured.
    pub metrics: PrometheusHandle,
}

impl AppState {
    /// Hands the services their parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { server, db, clock, cipher, suppression_keys, schemas, outbound, mail, links, unipile, .. } = parts;
        let (aligned, context) = context(db, suppression_keys, (clock, outbound.clone(), links), &server);
        let (verifier, webhooks, clerk) = clerk_parts(parts.clerk);
        let mailboxes = Mailboxes::new(context.clone(), cipher.clone(), mail);
        let linkedin = (unipile.clone(), server.linkedin);
        let runs = RunService::new(context.clone(), cipher.clone(), mailboxes.clone(), linkedin);
        let unipile = UnipileService::new(context.clone(), unipile, addresses(&server), runs.clone());
        let mail = (server.mail.clone(), server.linkedin.likely);
        Self(Arc::new(Inner {
            mailbox_watch: MailboxWatch::new(context.clone(), mailboxes.clone(), runs.clone()),
            accounts: AccountService::new(context.clone(), cipher.clone(), mailboxes, unipile.clone(), mail),
            unipile,
            runs,
            webhook_secrets: WebhookSecretService::new(context.clone(), cipher.clone()),
            clay_destinations: ClayDestinationService::new(context.clone(), cipher, ClayWebhooks::new(outbound)),
            clerk_comparison: ClerkComparisonService { context: context.clone(), clerk: clerk.clone() },
            imports: ImportService::new(context.clone(), server.import_limits),
            invitations: InvitationService { context: context.clone(), clerk: clerk.clone() },
            rate_limiter: RateLimiter::new(server.rate_limit_per_second),
            sign_in_failures: RateLimiter::new(server.rate_limit_per_second),
            members: MemberService { context: context.clone(), clerk: clerk.clone() },
            organizations: OrganizationService { context: context.clone(), clerk: clerk.clone() },
            clerk,
            server,
            aligned,
            plain: Plain::new(&context),
            context,
            schemas,
            verifier,
            webhooks,
            metrics: parts.metrics,
        }))
    }

    /// Listening and limits.
    #[must_use]
    pub fn server(&self) -> &ServerConfig {
        &self.0.server
    }

    /// The database, for what has a witness of its own.
    #[must_use]
    pub fn db(&self) -> &Database {
        &self.0.context.db
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.0.context.clock
    }

    /// Sets the clock of campaigns by the database's, which is the same for all workers.
    ///
    /// # Errors
    /// The database is away.
    pub async fn align_clock(&self) -> Result<()> {
        let asked = self.0.aligned.inner();
        let true_time = self.db().now().await?;
        self.0.aligned.set(asked, true_time);
        Ok(())
    }

    /// The same, if it has never been set: before that nothing may go by it.
    ///
    /// # Errors
    /// The database is away.
    pub async fn have_clock_set(&self) -> Result<()> {
        if self.0.aligned.is_set() { Ok(()) } else { self.align_clock().await }
    }

    /// The published schemas of request bodies.
    #[must_use]
    pub fn schemas(&self) -> &Schemas {
        &self.0.schemas
    }

    /// Who verifies session tokens, if anybody's are believed.
    #[must_use]
    pub fn verifier(&self) -> Option<&SessionVerifier> {
        self.0.verifier.as_ref()
    }

    /// Who verifies webhooks, if anybody's are believed.
    #[must_use]
    pub fn webhooks(&self) -> Option<&WebhookVerifier> {
        self.0.webhooks.as_ref()
    }

    /// What has been measured, in Prometheus' text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.0.metrics.render()
    }

    /// Sums up what has been measured since the last time: until then every single measurement is kept, whether anybody asks or not.
    pub fn sum_up_metrics(&self) {
        self.0.metrics.run_upkeep();
    }

    /// How often an address has failed to sign in.
    #[must_use]
    pub fn sign_in_failures(&self) -> &RateLimiter {
        &self.0.sign_in_failures
    }

    /// How often each caller may ask.
    #[must_use]
    pub fn rate_limiter(&self) -> &RateLimiter {
        &self.0.rate_limiter
    }

    /// Waits until the changes that have begun at Clerk are made, and told to the audit log, and until it is noted which mails were read.
    pub async fn settled(&self) {
        self.0.clerk.settled().await;
        self.mail_reads().settle().await;
    }

    /// Comparing members with Clerk's, for the worker that does it.
    #[must_use]
    pub fn clerk_comparison(&self) -> &ClerkComparisonService {
        &self.0.clerk_comparison
    }

    /// The audit log, for the worker that seals it.
    #[must_use]
    pub fn audit_logs(&self) -> &AuditLogService {
        &self.0.plain.audit_logs
    }

    /// Ends every stream that would otherwise go on for as long as somebody listens.
    pub fn end_streams(&self) {
        self.imports().end_watching();
        self.following().end();
    }

    /// Following campaigns, for who ends it.
    #[must_use]
    pub fn following(&self) -> &FollowService {
        &self.0.plain.following
    }

    /// Imports, for the worker that does them.
    #[must_use]
    pub fn imports(&self) -> &ImportService {
        &self.0.imports
    }

    /// Campaigns under way, for the workers that run them.
    #[must_use]
    pub fn runs(&self) -> &RunService {
        &self.0.runs
    }

    /// Reading mailboxes, for the worker that does it.
    #[must_use]
    pub fn mailbox_watch(&self) -> &MailboxWatch {
        &self.0.mailbox_watch
    }

    /// Pushing leads to Clay, for the worker that does it.
    #[must_use]
    pub fn clay_destinations(&self) -> &ClayDestinationService {
        &self.0.clay_destinations
    }

    /// Judging who has read mails, for the worker that does it.
    #[must_use]
    pub fn mail_reads(&self) -> &MailReadService {
        &self.0.plain.mail_reads
    }

    /// What is at Unipile, for the workers that look after it.
    #[must_use]
    pub fn unipile(&self) -> &UnipileService {
        &self.0.unipile
    }

    /// Keys by which programs call.
    #[must_use]
    pub fn api_keys(&self) -> &ApiKeyService {
        &self.0.plain.api_keys
    }

    /// Who is calling.
    #[must_use]
    pub fn identity(&self) -> &IdentityService {
        &self.0.plain.identity
    }
}

impl Plain {
    fn new(context: &Context) -> Self {
        Self {
            api_keys: ApiKeyService::new(context.clone()),
            audit_logs: AuditLogService::new(context.clone()),
            following: FollowService::new(context.clone()),
            identity: IdentityService::new(context.clone()),
            mail_reads: MailReadService::new(context.clone()),
            readiness: ReadinessService::new(context.clone()),
            unsubscribe: UnsubscribeService::new(context.clone()),
        }
    }
}

fn addresses(server: &ServerConfig) -> Addresses {
    let secret = server.unipile.as_ref().and_then(|unipile| unipile.webhook_secret.clone());
    Addresses { public_url: server.mail.public_url.clone(), secret }
}

fn clerk_parts(
    ClerkParts { verifier, webhooks, api }: ClerkParts,
) -> (Option<SessionVerifier>, Option<WebhookVerifier>, Clerk) {
    (verifier, webhooks, Clerk::new(api))
}

fn context(
    db: Database,
    suppression_keys: SuppressionKeys,
    (clock, outbound, links): (SharedClock, Outbound, MailLinks),
    server: &ServerConfig,
) -> (AlignedClock, Context) {
    let (aligned, campaign_clock) = campaign_clocks(&clock, server.campaign_clock_speed);
    let (campaign_lease, export_patience) = (server.campaign_lease, server.export_patience);
    let dns = Dns::new(&server.mail.dns_servers);
    let context =
        Context { db, clock, campaign_clock, campaign_lease, suppression_keys, links, dns, outbound, export_patience };
    (aligned, context)
}

macro_rules! hands_out {
    ($($($field:ident).+: $service:ty),+ $(,)?) => {$(
        impl FromRef<AppState> for $service {
            fn from_ref(state: &AppState) -> Self {
                state.0.$($field).+.clone()
            }
        }
    )+};
}

/// The services that are nothing but what all of them need.
macro_rules! makes {
    ($($service:ident),+ $(,)?) => {$(
        impl FromRef<AppState> for $service {
            fn from_ref(state: &AppState) -> Self {
                Self(state.0.context.clone())
            }
        }
    )+};
}

makes! {
    ActivityService,
    CampaignService,
    ClerkSyncService,
    ConversationService,
    ExecutionService,
    LeadListService,
    LeadService,
    SendingDomainService,
    SuppressionService,
    UserService,
}

hands_out! {
    accounts: AccountService,
    clay_destinations: ClayDestinationService,
    imports: ImportService,
    invitations: InvitationService,
    members: MemberService,
    organizations: OrganizationService,
    plain.api_keys: ApiKeyService,
    plain.audit_logs: AuditLogService,
    plain.following: FollowService,
    plain.mail_reads: MailReadService,
    plain.readiness: ReadinessService,
    plain.unsubscribe: UnsubscribeService,
    runs: RunService,
    unipile: UnipileService,
    webhook_secrets: WebhookSecretService,
}

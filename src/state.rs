//! Floor 6: what every handler can reach, handed its parts once.

use std::sync::Arc;

use axum::extract::FromRef;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{
    config::ServerConfig,
    integrations::clerk::SessionVerifier,
    repositories::Database,
    services::{
        AccountService, ActivityService, AuditLogService, CampaignService, Context, ExecutionService, IdentityService,
        LeadListService, LeadService,
    },
    utils::{clock::SharedClock, crypto::Cipher, json_schema::Schemas, rate_limiter::RateLimiter},
};

/// The shared state: one pointer.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    server: ServerConfig,
    context: Context,
    schemas: Schemas,
    verifier: Option<SessionVerifier>,
    metrics: PrometheusHandle,
    rate_limiter: RateLimiter,
    sign_in_failures: RateLimiter,
    accounts: AccountService,
    activities: ActivityService,
    audit_logs: AuditLogService,
    campaigns: CampaignService,
    executions: ExecutionService,
    identity: IdentityService,
    lead_lists: LeadListService,
    leads: LeadService,
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
    /// The published schemas of request bodies.
    pub schemas: Schemas,
    /// Who verifies session tokens.
    pub verifier: Option<SessionVerifier>,
    /// What has been measured.
    pub metrics: PrometheusHandle,
}

impl AppState {
    /// Hands the services their parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { server, db, clock, cipher, schemas, verifier, metrics } = parts;
        let context = Context { db, clock };
        Self(Arc::new(Inner {
            accounts: AccountService::new(context.clone(), cipher),
            activities: ActivityService(context.clone()),
            audit_logs: AuditLogService(context.clone()),
            campaigns: CampaignService(context.clone()),
            executions: ExecutionService(context.clone()),
            identity: IdentityService::new(context.clone()),
            lead_lists: LeadListService(context.clone()),
            leads: LeadService(context.clone()),
            rate_limiter: RateLimiter::new(server.rate_limit_per_second),
            sign_in_failures: RateLimiter::new(server.rate_limit_per_second),
            server,
            context,
            schemas,
            verifier,
            metrics,
        }))
    }

    /// Listening and limits.
    #[must_use]
    pub fn server(&self) -> &ServerConfig {
        &self.0.server
    }

    /// The database, for readiness and for what has a witness of its own.
    #[must_use]
    pub fn db(&self) -> &Database {
        &self.0.context.db
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.0.context.clock
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

    /// What has been measured, in Prometheus' text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.0.metrics.render()
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

    /// The audit log, for the worker that seals it.
    #[must_use]
    pub fn audit_logs(&self) -> &AuditLogService {
        &self.0.audit_logs
    }

    /// Who is calling.
    #[must_use]
    pub fn identity(&self) -> &IdentityService {
        &self.0.identity
    }
}

macro_rules! hands_out {
    ($($field:ident: $service:ty),+ $(,)?) => {$(
        impl FromRef<AppState> for $service {
            fn from_ref(state: &AppState) -> Self {
                state.0.$field.clone()
            }
        }
    )+};
}

hands_out! {
    accounts: AccountService,
    activities: ActivityService,
    audit_logs: AuditLogService,
    campaigns: CampaignService,
    executions: ExecutionService,
    lead_lists: LeadListService,
    leads: LeadService,
}

//! Floor 5: the use cases, a service per noun. A service opens the transaction, decides, audits and commits; it knows no SQL and no
//! HTTP, and takes models and commands, never wire types.

pub mod activities;
pub mod api_keys;
pub mod audit_logs;
pub mod campaign_executions;
pub mod campaigns;
pub mod clay_destinations;
pub mod clerk_sync;
pub mod connected_accounts;
pub mod identity;
pub mod invitations;
pub mod lead_lists;
pub mod leads;
pub mod members;
pub mod organizations;
pub mod users;

use std::sync::Arc;

pub use activities::ActivityService;
pub use api_keys::ApiKeyService;
pub use audit_logs::AuditLogService;
pub use campaign_executions::ExecutionService;
pub use campaigns::CampaignService;
pub use clay_destinations::ClayDestinationService;
pub use clerk_sync::ClerkSyncService;
pub use connected_accounts::AccountService;
pub use identity::IdentityService;
pub use invitations::InvitationService;
pub use lead_lists::LeadListService;
pub use leads::LeadService;
pub use members::MemberService;
pub use organizations::OrganizationService;
pub use users::UserService;

use crate::{
    errors::{AppError, Kind, Result},
    integrations::clerk::ClerkApi,
    repositories::Database,
    utils::clock::SharedClock,
};

/// What every service stands on.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: SharedClock,
}

/// Clerk's Backend API, where this server has a key to it.
#[derive(Clone)]
pub struct Clerk(pub Option<Arc<dyn ClerkApi>>);

impl Clerk {
    /// The API.
    ///
    /// # Errors
    /// `clerk_not_configured`.
    fn api(&self) -> Result<&dyn ClerkApi> {
        self.0.as_deref().ok_or_else(|| {
            let detail = "This server has no CLERK_SECRET_KEY, and only Clerk can make this change.";
            AppError::new(Kind::Unavailable, "clerk_not_configured", detail)
        })
    }
}

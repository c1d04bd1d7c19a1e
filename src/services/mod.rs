//! Floor 5: the use cases, a service per noun. A service opens the transaction, decides, audits and commits; it knows no SQL and no
//! HTTP, and takes models and commands, never wire types.

pub mod activities;
pub mod audit_logs;
pub mod campaign_executions;
pub mod campaigns;
pub mod connected_accounts;
pub mod identity;
pub mod lead_lists;
pub mod leads;

pub use activities::ActivityService;
pub use audit_logs::AuditLogService;
pub use campaign_executions::ExecutionService;
pub use campaigns::CampaignService;
pub use connected_accounts::AccountService;
pub use identity::IdentityService;
pub use lead_lists::LeadListService;
pub use leads::LeadService;

use crate::{repositories::Database, utils::clock::SharedClock};

/// What every service stands on.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: SharedClock,
}

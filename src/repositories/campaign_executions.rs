//! Leads' ways through campaigns.

use super::base::base_repository;

base_repository!(
    /// The campaign executions of one organization.
    ExecutionRepository,
    CampaignExecution,
    ExecutionId,
    "campaign execution",
    "campaign_executions",
    "id, organization_id, campaign_id, lead_id, account_id, status, status_reason, node_id, next_run_at, version, created_at, \
     updated_at"
);

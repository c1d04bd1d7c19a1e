//! Campaigns.

use super::base::base_repository;

base_repository!(
    /// The campaigns of one organization.
    CampaignRepository,
    Campaign,
    CampaignId,
    "campaign",
    "campaigns",
    "id, organization_id, name, status, workflow, schedule, stop_on, version, created_by, created_at, updated_at"
);

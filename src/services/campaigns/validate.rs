//! Whether a campaign can start.

use std::collections::BTreeSet;

use super::CampaignService;
use crate::{
    engine::workflow::{self, CampaignInput, ConnectedChannel},
    errors::{Fault, Result},
    models::{AccountStatus, CampaignId, workflow::Workflow},
    repositories::{BaseRepository, OrgConn, OrgMember},
};

impl CampaignService {
    /// Everything that keeps a campaign from starting now; nothing if it could.
    pub async fn validate(&self, member: &OrgMember, id: CampaignId) -> Result<Vec<Fault>> {
        let mut conn = self.0.db.read(member).await?;
        let campaign = conn.campaigns().get(id).await?;
        let overview = conn.campaigns().overview(id).await?;
        let accounts = conn.accounts().find_many(&overview.account_ids()).await?;
        let custom_fields = known_custom_fields(&mut conn, campaign.workflow.as_deref()).await?;
        drop(conn);
        let working = accounts.iter().filter(|account| account.status == AccountStatus::Connected);
        let channels: Vec<_> = working.map(ConnectedChannel::of).collect();
        let lead_lists: Vec<_> = overview.lead_lists.iter().map(|list| list.status).collect();
        Ok(workflow::validate(&CampaignInput {
            workflow: campaign.workflow.as_deref(),
            schedule: campaign.schedule.as_deref(),
            stop_on: &campaign.stop_on,
            channels: &channels,
            lead_lists: &lead_lists,
            custom_fields: &custom_fields,
            now: self.0.clock.now(),
        }))
    }
}

/// Of the custom fields that the workflow speaks of, those that the organization's leads have.
async fn known_custom_fields(conn: &mut OrgConn, workflow: Option<&Workflow>) -> Result<BTreeSet<String>> {
    let named: Vec<String> = workflow.map(workflow::custom_fields).unwrap_or_default().into_iter().collect();
    if named.is_empty() {
        return Ok(BTreeSet::new());
    }
    Ok(conn.campaigns().known_custom_fields(&named).await?.into_iter().collect())
}

//! Whether a campaign can start.

use std::{collections::BTreeSet, sync::Arc};

use super::CampaignService;
use crate::{
    engine::workflow::{self, CampaignInput, ConnectedChannel},
    errors::{AppError, Fault, Result},
    models::{AccountStatus, CampaignId},
    repositories::{BaseRepository, OrgMember},
};

impl CampaignService {
    /// Everything that keeps a campaign from starting now; nothing if it could.
    pub async fn validate(&self, member: &OrgMember, id: CampaignId) -> Result<Vec<Fault>> {
        let mut conn = self.0.db.read(member).await?;
        let campaign = Arc::new(conn.campaigns().get(id).await?);
        let overview = conn.campaigns().overview(id).await?;
        let accounts = conn.accounts().find_many(&overview.account_ids()).await?;
        drop(conn);
        let spoken_of = {
            let campaign = Arc::clone(&campaign);
            aside(move || campaign.workflow.as_deref().map(workflow::custom_fields).unwrap_or_default()).await?
        };
        let custom_fields = self.known_custom_fields(member, spoken_of).await?;
        let working = accounts.iter().filter(|account| account.status == AccountStatus::Connected);
        let channels: Vec<_> = working.map(ConnectedChannel::of).collect();
        let lead_lists: Vec<_> = overview.lead_lists.iter().map(|list| list.status).collect();
        let now = self.0.clock.now();
        aside(move || {
            workflow::validate(&CampaignInput {
                workflow: campaign.workflow.as_deref(),
                schedule: campaign.schedule.as_deref(),
                stop_on: &campaign.stop_on,
                channels: &channels,
                lead_lists: &lead_lists,
                custom_fields: &custom_fields,
                now,
            })
        })
        .await
    }

    /// Of `names`, those that the organization's leads have as custom fields.
    async fn known_custom_fields(&self, member: &OrgMember, names: BTreeSet<String>) -> Result<BTreeSet<String>> {
        if names.is_empty() {
            return Ok(names);
        }
        let names: Vec<String> = names.into_iter().collect();
        let known = self.0.db.read(member).await?.campaigns().known_custom_fields(&names).await?;
        Ok(known.into_iter().collect())
    }
}

/// Does work that keeps a processor busy, such as filling in a hundred messages, where it does not hold up other requests.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(AppError::internal)
}

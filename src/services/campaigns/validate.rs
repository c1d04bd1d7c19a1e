//! Whether a campaign can start.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use futures::{StreamExt as _, future, stream};
use url::Url;

use super::{CampaignService, hours::never_free};
use crate::{
    engine::workflow::{self, CampaignInput, ConnectedChannel},
    errors::{AppError, Fault, Result},
    models::{
        AccountId, AccountStatus, Campaign, CampaignId, ConnectedAccount, LeadListStatus,
        workflow::{Action, Node, WebhookConfig},
    },
    repositories::{BaseRepository, OrgConn, OrgMember},
};

/// Names of webhooks' hosts that are looked up at a time.
const LOOKED_UP_AT_A_TIME: usize = 8;

/// What there is to say about a campaign before it starts.
#[derive(Debug, Default)]
pub struct Validation {
    /// Everything that keeps it from starting now; nothing if it could.
    pub faults: Vec<Fault>,
    /// What it could start with, and is probably not meant.
    pub warnings: Vec<Fault>,
}

impl CampaignService {
    /// Everything that keeps a campaign from starting now, and what is probably not meant.
    pub async fn validate(&self, member: &OrgMember, id: CampaignId) -> Result<Validation> {
        let mut conn = self.0.db.read(member).await?;
        let campaign = conn.campaigns().get(id).await?;
        let overview = conn.campaigns().outline(id).await?;
        let mut accounts = conn.accounts().find_many(&overview.account_ids()).await?;
        let warnings = answers_unread(&mut conn, &overview.account_ids(), &accounts).await?;
        drop(conn);
        accounts.retain(|account| account.status == AccountStatus::Connected);
        let lead_lists = overview.lead_lists.iter().map(|list| list.status).collect();
        Ok(Validation { faults: self.faults(member, campaign, &accounts, lead_lists).await?, warnings })
    }

    /// Everything that would keep `campaign` from starting now, with these accounts and lists in these states.
    pub(super) async fn faults(
        &self,
        member: &OrgMember,
        campaign: Campaign,
        accounts: &[ConnectedAccount],
        lead_lists: Vec<LeadListStatus>,
    ) -> Result<Vec<Fault>> {
        let campaign = Arc::new(campaign);
        let spoken_of = {
            let campaign = Arc::clone(&campaign);
            aside(move || campaign.workflow.as_deref().map(workflow::custom_fields).unwrap_or_default()).await?
        };
        let custom_fields = self.known_custom_fields(member, spoken_of).await?;
        let channels: Vec<_> = accounts.iter().map(ConnectedChannel::of).collect();
        let now = self.0.clock.now();
        let addresses = webhooks(&campaign);
        let never_free = never_free(&campaign, accounts, now);
        let mut faults = aside(move || {
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
        .await?;
        // Only what is else in order is looked through for days.
        if faults.is_empty() {
            faults = never_free;
        }
        self.check_addresses(addresses, &mut faults).await;
        Ok(faults)
    }

    /// Whether webhooks lead to where this server may call, as far as can be told now.
    async fn check_addresses(&self, addresses: Vec<(String, Url)>, faults: &mut Vec<Fault>) {
        let checked = stream::iter(addresses).map(|(pointer, url)| async move {
            let refused = self.0.outbound.check(&url).await.err()?;
            Some(Fault::new(pointer, refused.code, refused.detail))
        });
        let refused: Vec<_> = checked.buffered(LOOKED_UP_AT_A_TIME).filter_map(future::ready).collect().await;
        let named = |fault: &Fault| faults.iter().any(|known| known.pointer == fault.pointer);
        let refused: Vec<_> = refused.into_iter().filter(|fault| !named(fault)).collect();
        faults.extend(refused);
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

/// The mailboxes whose answers go to an address that no mailbox here reads: nothing would stop, whoever answers.
async fn answers_unread(conn: &mut OrgConn, order: &[AccountId], accounts: &[ConnectedAccount]) -> Result<Vec<Fault>> {
    let reply_to = |id: &AccountId| {
        let account = accounts.iter().find(|account| account.id == *id)?;
        account.mailbox.as_ref()?.reply_to.clone()
    };
    let addressed: Vec<_> = order.iter().enumerate().filter_map(|(index, id)| Some((index, reply_to(id)?))).collect();
    if addressed.is_empty() {
        return Ok(Vec::new());
    }
    let addresses: Vec<_> = addressed.iter().map(|(_, address)| address.clone()).collect();
    let unread: HashSet<_> = conn.accounts().unread(&addresses).await?.into_iter().collect();
    let warning = |(index, address): (usize, String)| {
        let detail = format!(
            "Answers go to {address}, whose mail no mailbox here reads: whoever answers is written to again all the same."
        );
        Fault::new(format!("/account_ids/{index}"), "reply_to_unread", detail)
    };
    Ok(addressed.into_iter().filter(|(_, address)| unread.contains(address)).map(warning).collect())
}

/// The address of each webhook step, with its place in the body.
fn webhooks(campaign: &Campaign) -> Vec<(String, Url)> {
    let nodes = campaign.workflow.as_deref().map(|workflow| workflow.nodes.as_slice()).unwrap_or_default();
    let address = |(i, node): (usize, &Node)| match &node.action {
        Action::Webhook(WebhookConfig { url: Some(url) }) => {
            Some((format!("/workflow/nodes/{i}/config/url"), url.parse().ok()?))
        }
        _ => None,
    };
    nodes.iter().enumerate().filter_map(address).collect()
}

/// Does work that keeps a processor busy, such as filling in a hundred messages, where it does not hold up other requests.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(AppError::internal)
}

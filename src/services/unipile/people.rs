//! Whose account something is about, and which of the people there are leads.

use super::UnipileService;
use crate::{
    errors::Result,
    models::{AccountId, AccountStatus, Channel, LeadId, OrganizationId, UnipileAccount},
    repositories::BaseRepository as _,
    services::campaign_runs::Parties,
    utils::linkedin::LinkedinUrl,
};

/// An account at Unipile that can be read.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) organization: OrganizationId,
    pub(super) account: AccountId,
    pub(super) unipile: UnipileAccount,
    /// Whether it is a mailbox.
    pub(super) is_mailbox: bool,
}

impl Site {
    pub(super) fn with(&self, lead: LeadId) -> Parties {
        Parties { organization: self.organization, account: self.account, lead }
    }
}

impl UnipileService {
    /// The account, if it is connected: what is read of another is stale. One that a person has set aside is read too, while it is in order: people
    /// answer it all the same.
    pub(super) async fn site(&self, organization: OrganizationId, account: AccountId) -> Result<Option<Site>> {
        let found = self.context.db.engine_conn(organization).await?.accounts().find(account).await?;
        let readable = |status| matches!(status, AccountStatus::Connected | AccountStatus::Paused);
        let found = found.filter(|account| readable(account.status));
        Ok(found.and_then(|it| {
            let is_mailbox = it.channel == Channel::Email;
            let unipile = it.unipile?.0;
            unipile.is_in_order().then_some(Site { organization, account, unipile, is_mailbox })
        }))
    }

    /// The leads among people, by LinkedIn's own ids and by the last parts of their profiles' addresses; each with what found it.
    pub(super) async fn find_people(
        &self,
        site: &Site,
        ids: &[String],
        names: &[String],
    ) -> Result<Vec<(String, LeadId)>> {
        let profiles: Vec<(String, String)> = names
            .iter()
            .filter_map(|name| {
                let url = LinkedinUrl::parse(&format!("https://www.linkedin.com/in/{name}")).ok()?;
                Some((url.into_string(), name.clone()))
            })
            .collect();
        let urls: Vec<_> = profiles.iter().map(|(url, _)| url.clone()).collect();
        let mut conn = self.context.db.engine_conn(site.organization).await?;
        let found = conn.unipile().people(site.account, ids, &urls).await?;
        let name =
            |by: String| profiles.iter().find(|(url, _)| *url == by).map_or(by.clone(), |(_, name)| name.clone());
        Ok(found.into_iter().map(|(by, lead)| (name(by), lead)).collect())
    }
}

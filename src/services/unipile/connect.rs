//! Links to Unipile's pages, on which somebody signs in to LinkedIn or to a mailbox.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{UnipileService, not_now, refuse_beyond_plan};
use crate::{
    errors::{AppError, Result},
    integrations::unipile::{HostedPurpose, NewHostedLink},
    models::{AccountId, AuditEntry, Channel, ConnectLink, ConnectLinkId, ConnectPurpose, ConnectState, Provider},
    repositories::{BaseRepository as _, OrgPerson, Reported},
};

/// How long a link lasts: long enough for a checkpoint of LinkedIn's, with time to find the telephone.
const LASTS: TimeDelta = TimeDelta::hours(1);
/// Where Unipile reports the end, below our public address; the link's secret follows.
const CALLBACK: &str = "connected/";
/// What Unipile reports when somebody has signed in.
const ENDS: [&str; 2] = ["CREATION_SUCCESS", "RECONNECTED"];
/// The longest id or secret that is looked for.
const LONGEST: usize = 200;

/// A link to Unipile's pages.
#[derive(Debug, Clone)]
pub struct HostedLink {
    /// Where to send the person.
    pub url: Url,
    /// Until when it can be used.
    pub expires_at: DateTime<Utc>,
}

impl UnipileService {
    /// A link by which a person connects a LinkedIn account, or a mailbox.
    ///
    /// # Errors
    /// `plan_limit_reached`; that this server is not set up for it; `unipile_unavailable`.
    pub async fn connect_link(&self, person: &OrgPerson, provider: Provider) -> Result<HostedLink> {
        let (_, _) = (self.api()?, self.public_url()?);
        let mut conn = self.context.db.read(person).await?;
        refuse_beyond_plan(&mut conn, self.now()).await?;
        drop(conn);
        self.link(person, provider, None).await
    }

    /// A link by which a person connects an account again.
    ///
    /// # Errors
    /// `connected_account_not_found`; `account_not_at_unipile`; those of [`Self::connect_link`].
    pub async fn reconnect_link(&self, person: &OrgPerson, id: AccountId) -> Result<HostedLink> {
        let account = self.context.db.read(person).await?.accounts().get(id).await?;
        let Some(unipile) = account.unipile else {
            let detail = "Only an account that is connected through Unipile is connected again by a link.";
            return Err(AppError::conflict("account_not_at_unipile", detail));
        };
        let provider = match account.channel {
            Channel::Linkedin => Provider::Linkedin,
            Channel::Email => Provider::Mailbox,
        };
        self.link(person, provider, Some((id, &unipile.account_id))).await
    }

    /// Unipile is asked first: what it makes is worth nothing before its secret is kept here.
    async fn link(
        &self,
        person: &OrgPerson,
        provider: Provider,
        again: Option<(AccountId, &str)>,
    ) -> Result<HostedLink> {
        let (api, base) = (self.api()?, self.public_url()?);
        let now = self.now();
        let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let link = open_link(person, (provider, again.map(|(id, _)| id)), now);
        let create = if provider == Provider::Linkedin { HostedPurpose::Linkedin } else { HostedPurpose::Mailbox };
        let at = |path: &str| base.join(path).map_err(AppError::internal);
        let url = api
            .hosted_link(&NewHostedLink {
                purpose: again.map_or(create, |(_, account)| HostedPurpose::Reconnect(account)),
                expires_on: link.expires_at,
                name: &link.id.to_string(),
                notify_url: &at(&format!("{CALLBACK}{secret}"))?,
                success_redirect_url: &at("connected")?,
                failure_redirect_url: &at("not-connected")?,
            })
            .await
            .map_err(not_now)?;
        let mut tx = self.context.db.begin(person, now).await?;
        tx.unipile().insert_link(&link, &hash(&secret)).await?;
        let entry = AuditEntry::new("connect_link.created", "connect_link", link.id.0);
        tx.audit(entry.change(
            None,
            json!({ "purpose": link.purpose, "provider": link.provider, "account_id": link.account_id }),
        ));
        tx.commit().await?;
        Ok(HostedLink { url, expires_at: link.expires_at })
    }

    /// Keeps that the end of a link was come to. Whoever knows the link's secret may say so; nothing is made of it before Unipile's API confirms it.
    ///
    /// # Errors
    /// `connect_link_not_found` for a secret that is none, or of a link that has expired.
    pub async fn report(&self, secret: &str, status: &str, account: &str, name: Option<&str>) -> Result<()> {
        let unknown = || AppError::not_found("connect link");
        if [secret, account].iter().any(|text| text.is_empty() || text.len() > LONGEST) {
            return Err(unknown());
        }
        if !ENDS.contains(&status) {
            return Ok(());
        }
        match self.context.db.report_link(&hash(secret), name, account, self.now()).await? {
            Reported::Kept | Reported::Known => Ok(()),
            Reported::Unknown => Err(unknown()),
        }
    }
}

fn open_link(person: &OrgPerson, (provider, again): (Provider, Option<AccountId>), now: DateTime<Utc>) -> ConnectLink {
    ConnectLink {
        id: ConnectLinkId::new(now),
        organization_id: person.organization_id(),
        user_id: person.user_id(),
        provider,
        purpose: if again.is_some() { ConnectPurpose::Reconnect } else { ConnectPurpose::Connect },
        account_id: again,
        state: ConnectState::Open,
        reason: None,
        reported_account: None,
        due_at: None,
        tries: 0,
        expires_at: now + LASTS,
        created_at: now,
        settled_at: None,
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

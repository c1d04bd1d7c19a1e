//! What the workers put right at Unipile: our webhooks, and accounts that are gone here.

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{CLAIM, IN_A_ROUND, UnipileService, backoff};
use crate::{
    errors::{AppError, Result},
    integrations::unipile::{Class, MOST_ON_A_PAGE, NewWebhook, PageQuery, Unipile, UnipileError},
    repositories::{Departure, RegisteredWebhook},
    services::campaign_runs::Round,
};

/// What we want to be told of.
const SOURCES: [&str; 4] = ["account_status", "users", "messaging", "email"];
/// Where we are told, below our public address.
const PATH: &str = "api/v1/webhooks/unipile";
/// How often it is looked whether our webhooks are still there.
const CHECK: TimeDelta = TimeDelta::hours(1);
/// How soon after that failed.
const AGAIN: TimeDelta = TimeDelta::minutes(1);
/// Pages of webhooks that are read at most.
const MOST_PAGES: usize = 20;
/// The pauses between attempts to delete an account.
const PAUSES: (TimeDelta, TimeDelta) = (TimeDelta::seconds(10), TimeDelta::hours(1));

impl UnipileService {
    /// Sees to it that Unipile has our webhooks, with our address and our secret.
    ///
    /// # Errors
    /// The database is away.
    pub async fn keep_webhooks(&self) -> Result<Round> {
        let (Some(api), Some(base), Some(secret)) = (&self.api, &self.addresses.public_url, &self.addresses.secret)
        else {
            return Ok(Round::default());
        };
        let url = base.join(PATH).map_err(AppError::internal)?;
        let mut done = 0;
        for source in SOURCES {
            let now = self.now();
            let Some(registered) = self.context.db.claim_unipile_webhook(source, now, now + CLAIM).await? else {
                continue;
            };
            let kept = keep_webhook(api, registered.clone(), &url, secret.expose_secret()).await;
            let now = self.now();
            match kept {
                Ok(kept) => {
                    self.context.db.keep_unipile_webhook(&kept, now, now + CHECK).await?;
                    done += u64::from(kept.webhook_id != registered.webhook_id);
                }
                Err(error) => {
                    tracing::warn!(source, %error, "Unipile does not take our webhook");
                    self.context.db.keep_unipile_webhook(&registered, now, now + AGAIN).await?;
                }
            }
        }
        Ok(Round { done, more: false })
    }

    /// Deletes accounts at Unipile that are gone here.
    ///
    /// # Errors
    /// The database is away.
    pub async fn see_off(&self) -> Result<Round> {
        let Some(api) = &self.api else { return Ok(Round::default()) };
        let now = self.now();
        let leaving = self.context.db.claim_departures(now, now + CLAIM, IN_A_ROUND).await?;
        let mut done = 0;
        for departure in &leaving {
            let again = self.delete(api, departure).await?;
            self.context.db.departed(departure, again.map(|pause| self.now() + pause)).await?;
            done += u64::from(again.is_none());
        }
        Ok(Round { done, more: false })
    }

    /// After which pause to try again, if it is not deleted.
    async fn delete(&self, api: &Unipile, departure: &Departure) -> Result<Option<TimeDelta>> {
        // Connected anew meanwhile: it stays.
        if self.context.db.owner_of_unipile_account(&departure.unipile_account).await?.is_some() {
            return Ok(None);
        }
        Ok(match api.delete_account(&departure.unipile_account).await {
            Ok(()) => None,
            Err(error) if error.class() == Class::Gone => None,
            Err(error) => {
                tracing::warn!(organization = %departure.organization_id, %error, "an account cannot be deleted at Unipile yet");
                Some(backoff(PAUSES.0, PAUSES.1, departure.tries - 1))
            }
        })
    }
}

/// One of our webhooks as it is to be: the one that is there, or a new one, after which the old one is taken away. In this order, so that nothing
/// is missed; what is told twice does nothing twice.
async fn keep_webhook(
    api: &Unipile,
    registered: RegisteredWebhook,
    url: &Url,
    secret: &str,
) -> Result<RegisteredWebhook, UnipileError> {
    let secret_hash = Sha256::digest(secret).to_vec();
    let fits = registered.request_url == url.as_str() && registered.secret_hash == secret_hash;
    if let Some(id) = &registered.webhook_id
        && fits
        && is_there(api, id).await?
    {
        return Ok(registered);
    }
    let source = registered.source.clone();
    let name = format!("clento-{source}");
    let made = api.create_webhook(NewWebhook { source: &source, request_url: url, name: &name, secret }).await?;
    if let Some(old) = &registered.webhook_id
        && let Err(error) = api.delete_webhook(old).await
    {
        tracing::warn!(source, %error, "a webhook that is no longer wanted stays at Unipile");
    }
    Ok(RegisteredWebhook { webhook_id: made.id, request_url: url.to_string(), secret_hash, source })
}

async fn is_there(api: &Unipile, id: &str) -> Result<bool, UnipileError> {
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let page = api.webhooks(PageQuery::at(MOST_ON_A_PAGE, cursor.as_deref())).await?;
        if page.items.iter().any(|webhook| webhook.id.as_deref() == Some(id)) {
            return Ok(true);
        }
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(false);
        }
    }
    Ok(false)
}

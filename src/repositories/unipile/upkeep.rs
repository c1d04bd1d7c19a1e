//! What is to be put right at Unipile: our webhooks there, and accounts that are gone here.

use chrono::{DateTime, Utc};

use crate::{errors::Result, models::OrganizationId, repositories::base::Database};

/// One of our webhooks at Unipile, as we left it.
#[derive(Debug, Clone)]
pub struct RegisteredWebhook {
    /// What it tells of.
    pub source: String,
    /// Its id there; none if there is none yet.
    pub webhook_id: Option<String>,
    /// Where it is sent.
    pub request_url: String,
    /// The hash of the secret that it sends.
    pub secret_hash: Vec<u8>,
}

/// An account that is to be deleted at Unipile.
#[derive(Debug, Clone)]
pub struct Departure {
    /// Whose it was.
    pub organization_id: OrganizationId,
    /// Unipile's id of it.
    pub unipile_account: String,
    /// How often that was tried.
    pub tries: i32,
}

impl Database {
    /// Claims the webhook of a source until `until`, if it is to be looked after now; a source that is new is.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_unipile_webhook(
        &self,
        source: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<RegisteredWebhook>> {
        Ok(sqlx::query_as!(
            RegisteredWebhook,
            r#"insert into unipile_webhooks as present (source, request_url, secret_hash, due_at)
               values ($1, '', decode(repeat('00', 32), 'hex'), $3)
               on conflict (source) do update set due_at = $3 where present.due_at <= $2
               returning source, webhook_id, request_url, secret_hash"#,
            source,
            now,
            until,
        )
        .fetch_optional(&mut *self.system().await?)
        .await?)
    }

    /// Notes how a webhook of ours stands at Unipile, and when to look after it again.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_unipile_webhook(
        &self,
        webhook: &RegisteredWebhook,
        now: DateTime<Utc>,
        again: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"update unipile_webhooks
               set webhook_id = $2, request_url = $3, secret_hash = $4, due_at = $6,
                   made_at = case when webhook_id is distinct from $2 then $5 else made_at end
               where source = $1"#,
            webhook.source,
            webhook.webhook_id,
            webhook.request_url,
            webhook.secret_hash,
            now,
            again,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(())
    }

    /// Claims accounts that are to be deleted at Unipile, until `until`.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_departures(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Departure>> {
        Ok(sqlx::query_as!(
            Departure,
            r#"update unipile_departures set due_at = $2, tries = tries + 1
               where (organization_id, unipile_account) in (
                 select organization_id, unipile_account from unipile_departures where due_at <= $1 order by due_at limit $3
                 for update skip locked)
               returning organization_id as "organization_id: OrganizationId", unipile_account, tries"#,
            now,
            until,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// An account is gone at Unipile, or is to be tried again then.
    ///
    /// # Errors
    /// The database's.
    pub async fn departed(&self, departure: &Departure, again: Option<DateTime<Utc>>) -> Result<()> {
        match again {
            Some(again) => sqlx::query!(
                "update unipile_departures set due_at = $3 where organization_id = $1 and unipile_account = $2",
                departure.organization_id.0,
                departure.unipile_account,
                again,
            ),
            None => sqlx::query!(
                "delete from unipile_departures where organization_id = $1 and unipile_account = $2",
                departure.organization_id.0,
                departure.unipile_account,
            ),
        }
        .execute(&mut *self.system().await?)
        .await?;
        Ok(())
    }
}

//! What an organization's webhook steps are signed with, sealed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::base::OrgScope;
use crate::{errors::Result, models::StoredWebhookSecrets, utils::crypto::Sealed};

/// The secrets of one organization.
#[derive(Debug)]
pub struct WebhookSecretRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl WebhookSecretRepository<'_> {
    /// The secrets, if one was ever made.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&mut self) -> Result<Option<StoredWebhookSecrets>> {
        let row = sqlx::query!(
            r#"select secret, secret_key, secret_key_id, earlier, earlier_key, earlier_key_id, earlier_until, version, created_at, updated_at
               from webhook_secrets where organization_id = $1"#,
            self.scope.id(),
        )
        .fetch_optional(&mut *self.conn)
        .await?;
        Ok(row.map(|row| {
            let earlier = match (row.earlier, row.earlier_key, row.earlier_key_id, row.earlier_until) {
                (Some(ciphertext), Some(data_key), Some(key_id), Some(until)) => {
                    Some((Sealed { ciphertext, data_key, key_id }, until))
                }
                _ => None,
            };
            StoredWebhookSecrets {
                secret: Sealed { ciphertext: row.secret, data_key: row.secret_key, key_id: row.secret_key_id },
                earlier,
                version: row.version,
                created_at: row.created_at,
                updated_at: row.updated_at,
            }
        }))
    }

    /// Makes `secret` the organization's; calls are signed with the one before until `earlier_until`, too. Answers which version it is, from 1.
    ///
    /// # Errors
    /// The database's.
    pub async fn rotate(&mut self, secret: &Sealed, earlier_until: DateTime<Utc>, now: DateTime<Utc>) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"insert into webhook_secrets as present (organization_id, secret, secret_key, secret_key_id, created_at, updated_at)
               values ($1, $2, $3, $4, $6, $6)
               on conflict (organization_id) do update
               set earlier = present.secret, earlier_key = present.secret_key, earlier_key_id = present.secret_key_id, earlier_until = $5,
                   secret = excluded.secret, secret_key = excluded.secret_key, secret_key_id = excluded.secret_key_id,
                   version = present.version + 1, updated_at = excluded.updated_at
               returning version"#,
            self.scope.id(),
            secret.ciphertext,
            secret.data_key,
            secret.key_id,
            earlier_until,
            now,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}

//! Sending accounts.

use sqlx::types::Json;

use super::base::base_repository;
use crate::{errors::Result, models::ConnectedAccount, utils::crypto::Sealed};

base_repository!(
    /// The sending accounts of one organization.
    AccountRepository,
    ConnectedAccount,
    AccountId,
    "connected account",
    "connected_accounts",
    "id, organization_id, provider, channel, display_name, email, avatar_url, status, status_reason, limits, sending_window, \
     version, created_by, created_at, updated_at"
);

impl AccountRepository<'_> {
    /// Writes a new account with its sealed credentials.
    ///
    /// # Errors
    /// The database's.
    pub async fn insert(&mut self, account: &ConnectedAccount, credentials: &Sealed) -> Result<()> {
        sqlx::query!(
            r#"insert into connected_accounts
                 (id, organization_id, provider, channel, display_name, email, avatar_url, status, status_reason, limits, sending_window,
                  credentials, credentials_key, credentials_key_id, version, created_by, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"#,
            account.id.0,
            self.scope.id(),
            account.provider.as_str(),
            account.channel.as_str(),
            account.display_name,
            account.email,
            account.avatar_url,
            account.status.as_str(),
            account.status_reason,
            Json(&account.limits.0) as _,
            account.sending_window.as_ref().map(|window| Json(&window.0)) as _,
            credentials.ciphertext,
            credentials.data_key,
            credentials.key_id,
            account.version,
            account.created_by.map(|id| id.0),
            account.created_at,
            account.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes the fields that a person may change.
    ///
    /// # Errors
    /// The database's.
    pub async fn update(&mut self, account: &ConnectedAccount) -> Result<()> {
        sqlx::query!(
            r#"update connected_accounts
               set display_name = $3, status = $4, status_reason = $5, limits = $6, sending_window = $7, version = $8, updated_at = $9
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            account.id.0,
            account.display_name,
            account.status.as_str(),
            account.status_reason,
            Json(&account.limits.0) as _,
            account.sending_window.as_ref().map(|window| Json(&window.0)) as _,
            account.version,
            account.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

//! Sending accounts.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::base::base_repository;
use crate::{
    errors::Result,
    models::{AccountId, ConnectedAccount},
    utils::crypto::Sealed,
};

base_repository!(
    /// The sending accounts of one organization.
    AccountRepository,
    ConnectedAccount,
    AccountId,
    "connected account",
    "connected_accounts",
    "id, organization_id, provider, channel, display_name, email, avatar_url, status, status_reason, limits, ramp_up, sending_window, \
     spacing_seconds, last_act_at, rests_until, mailbox, unipile, version, created_by, created_at, updated_at"
);

impl AccountRepository<'_> {
    /// Writes a new account, with its sealed credentials if they are kept here.
    ///
    /// # Errors
    /// The database's; that another organization has it at Unipile.
    pub async fn insert(&mut self, account: &ConnectedAccount, credentials: Option<&Sealed>) -> Result<()> {
        sqlx::query!(
            r#"insert into connected_accounts
                 (id, organization_id, provider, channel, display_name, email, avatar_url, status, status_reason, limits, ramp_up,
                  sending_window, spacing_seconds, mailbox, unipile, credentials, credentials_key, credentials_key_id, version, created_by,
                  created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)"#,
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
            Json(&account.ramp_up.0) as _,
            account.sending_window.as_ref().map(|window| Json(&window.0)) as _,
            account.spacing_seconds,
            account.mailbox.as_ref().map(|mailbox| Json(&mailbox.0)) as _,
            account.unipile.as_ref().map(|unipile| Json(&unipile.0)) as _,
            credentials.map(|sealed| sealed.ciphertext.as_slice()),
            credentials.map(|sealed| sealed.data_key.as_slice()),
            credentials.map(|sealed| sealed.key_id.as_str()),
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
            r#"with room as (
                 insert into returned_room (organization_id, account_id)
                 select $1, $2 from connected_accounts
                 where organization_id = $1 and id = $2 and $4 = 'connected'
                   and (status, limits, sending_window, spacing_seconds, ramp_up) is distinct from ($4, $6, $7, $8, $12)
                 on conflict do nothing)
               update connected_accounts
               set display_name = $3, status = $4, status_reason = $5, limits = $6, sending_window = $7, spacing_seconds = $8,
                   mailbox = $9, version = $10, updated_at = $11, ramp_up = $12
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            account.id.0,
            account.display_name,
            account.status.as_str(),
            account.status_reason,
            Json(&account.limits.0) as _,
            account.sending_window.as_ref().map(|window| Json(&window.0)) as _,
            account.spacing_seconds,
            account.mailbox.as_ref().map(|mailbox| Json(&mailbox.0)) as _,
            account.version,
            account.updated_at,
            Json(&account.ramp_up.0) as _,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Seals an account's credentials anew.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_credentials(&mut self, id: AccountId, credentials: &Sealed) -> Result<()> {
        sqlx::query!(
            r#"update connected_accounts set credentials = $3, credentials_key = $4, credentials_key_id = $5
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            id.0,
            credentials.ciphertext,
            credentials.data_key,
            credentials.key_id,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// An account's sealed credentials.
    ///
    /// # Errors
    /// The database's.
    pub async fn credentials(&mut self, id: AccountId) -> Result<Option<Sealed>> {
        Ok(sqlx::query_as!(
            Sealed,
            r#"select credentials as "ciphertext!", credentials_key as "data_key!", credentials_key_id as "key_id!"
               from connected_accounts where organization_id = $1 and id = $2 and credentials is not null"#,
            self.scope.id(),
            id.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// These accounts, locked in the order of their ids, so that only one at a time plans what they do.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_many(&mut self, ids: &[AccountId]) -> Result<Vec<ConnectedAccount>> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        Ok(sqlx::query_as!(
            ConnectedAccount,
            r#"select id, organization_id, provider, channel, display_name, email, avatar_url, status, status_reason, limits, ramp_up, sending_window,
                      spacing_seconds, last_act_at, rests_until, mailbox, unipile, version, created_by, created_at, updated_at
               from connected_accounts where organization_id = $1 and id = any($2) order by id for no key update"#,
            self.scope.id(),
            &ids,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// These accounts do something now.
    ///
    /// # Errors
    /// The database's.
    pub async fn act(&mut self, ids: &[AccountId], now: DateTime<Utc>) -> Result<()> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        sqlx::query!(
            "update connected_accounts set last_act_at = $3 where organization_id = $1 and id = any($2)",
            self.scope.id(),
            &ids,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Those of `addresses` whose mail no mailbox here reads.
    ///
    /// # Errors
    /// The database's.
    pub async fn unread(&mut self, addresses: &[String]) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"select address as "address!" from unnest($2::text[]) as address
               where not exists (select from connected_accounts
                                 where organization_id = $1 and channel = 'email' and status in ('connected', 'paused')
                                   and (mailbox is not null or unipile is not null) and lower(email) = lower(address))"#,
            self.scope.id(),
            addresses,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// The provider wants an account left alone until then, and why. A shorter rest than the one it has changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn rest(&mut self, id: AccountId, until: DateTime<Utc>, reason: &str) -> Result<()> {
        sqlx::query!(
            r#"update connected_accounts set rests_until = $3, rest_reason = $4
               where organization_id = $1 and id = $2 and (rests_until is null or rests_until < $3)"#,
            self.scope.id(),
            id.0,
            until,
            reason,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Why an account rests or last had to; none if that is not known.
    ///
    /// # Errors
    /// The database's.
    pub async fn rest_reason(&mut self, id: AccountId) -> Result<Option<String>> {
        Ok(sqlx::query_scalar!(
            "select rest_reason from connected_accounts where organization_id = $1 and id = $2",
            self.scope.id(),
            id.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?
        .flatten())
    }

    /// Says why an account that is in use does not do all that it should, or that it does again.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_reason(&mut self, id: AccountId, reason: Option<&str>) -> Result<()> {
        sqlx::query!(
            r#"update connected_accounts set status_reason = $3
               where organization_id = $1 and id = $2 and status = 'connected'"#,
            self.scope.id(),
            id.0,
            reason,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// The provider does not let an account in any more as it was at `version`; whether it is shut out by that. One that has been changed since
    /// stays in use: whoever changed it may have mended it, and if not that is found out again. One that is paused stays so, with its reason: it
    /// is used by nobody, and found out again when it is resumed.
    ///
    /// # Errors
    /// The database's.
    pub async fn shut_out(
        &mut self,
        (id, version): (AccountId, i64),
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let out = sqlx::query!(
            r#"update connected_accounts set status = 'needs_reconnect', status_reason = $3, version = version + 1, updated_at = $4
               where organization_id = $1 and id = $2 and status = 'connected' and version = $5"#,
            self.scope.id(),
            id.0,
            reason,
            now,
            version,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(out.rows_affected() == 1)
    }
}

//! Accounts that are connected through Unipile.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::UnipileRepository;
use crate::{
    errors::Result,
    models::{AccountId, OrganizationId, UnipileAccount, WatchKind},
    repositories::base::Database,
};

/// Whose an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountOwner {
    /// The organization.
    pub organization: OrganizationId,
    /// Our id of the account.
    pub account: AccountId,
}

impl Database {
    /// Whose account Unipile calls by this id, over all organizations; nobody's if it is none of ours.
    ///
    /// # Errors
    /// The database's.
    pub async fn owner_of_unipile_account(&self, unipile_account: &str) -> Result<Option<AccountOwner>> {
        Ok(sqlx::query_as!(
            AccountOwner,
            r#"select organization_id as "organization!: OrganizationId", id as "account!: AccountId" from connected_accounts
               where unipile is not null and unipile->>'account_id' = $1"#,
            unipile_account,
        )
        .fetch_optional(&mut *self.system().await?)
        .await?)
    }
}

impl UnipileRepository<'_> {
    /// Writes who an account is at Unipile.
    ///
    /// # Errors
    /// The database's; that another organization has it.
    pub async fn set_account(&mut self, id: AccountId, unipile: &UnipileAccount) -> Result<()> {
        sqlx::query!(
            "update connected_accounts set unipile = $3 where organization_id = $1 and id = $2",
            self.scope.id(),
            id.0,
            Json(unipile) as _,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// The account of the organization's that is this person's on LinkedIn.
    ///
    /// # Errors
    /// The database's.
    pub async fn account_of_person(&mut self, provider_id: &str) -> Result<Option<AccountId>> {
        Ok(sqlx::query_scalar!(
            r#"select id as "id!: AccountId" from connected_accounts
               where organization_id = $1 and unipile is not null and unipile->>'provider_id' = $2 order by created_at limit 1"#,
            self.scope.id(),
            provider_id,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// The organization's mailbox with this address, and whether it is reached through Unipile.
    ///
    /// # Errors
    /// The database's.
    pub async fn mailbox_at(&mut self, email: &str) -> Result<Option<(AccountId, bool)>> {
        let found = sqlx::query!(
            r#"select id as "id!: AccountId", unipile is not null as "through_unipile!" from connected_accounts
               where organization_id = $1 and lower(email) = lower($2)
                 and (mailbox is not null or unipile is not null and channel = 'email')"#,
            self.scope.id(),
            email,
        )
        .fetch_optional(&mut *self.conn)
        .await?;
        Ok(found.map(|it| (it.id, it.through_unipile)))
    }

    /// Has everything of an account looked at now, also what was given up.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch(&mut self, id: AccountId, now: DateTime<Utc>) -> Result<()> {
        let kinds = [WatchKind::Status, WatchKind::Relations, WatchKind::Messages].map(|kind| kind.as_str().to_owned());
        sqlx::query!(
            r#"insert into account_watches as present (organization_id, account_id, kind, due_at)
               select $1, $2, kind, $4 from unnest($3::text[]) as kind
               on conflict (organization_id, account_id, kind) do update set due_at = least(present.due_at, excluded.due_at)"#,
            self.scope.id(),
            id.0,
            &kinds,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        self.try_watch_again(id, now).await
    }

    /// Has what was written before an account was connected read back from `due_at` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch_history(&mut self, id: AccountId, due_at: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            "insert into account_watches (organization_id, account_id, kind, due_at) values ($1, $2, $3, $4) on conflict do nothing",
            self.scope.id(),
            id.0,
            WatchKind::History.as_str(),
            due_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Has an account that is gone here deleted at Unipile.
    ///
    /// # Errors
    /// The database's.
    pub async fn depart(&mut self, unipile_account: &str, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            "insert into unipile_departures (organization_id, unipile_account, due_at) values ($1, $2, $3) on conflict do nothing",
            self.scope.id(),
            unipile_account,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

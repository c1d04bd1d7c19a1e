//! Links by which accounts are connected.

use chrono::{DateTime, Utc};

use super::UnipileRepository;
use crate::{
    errors::Result,
    models::{AccountId, ConnectLink, ConnectLinkId},
    repositories::base::Database,
};

/// What a report of a link's end met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// It is kept, and is looked up.
    Kept,
    /// The link was settled before.
    Known,
    /// There is no such link, or it has expired.
    Unknown,
}

impl Database {
    /// Keeps that somebody who knows a link's secret reports `unipile_account` as connected by it.
    ///
    /// # Errors
    /// The database's.
    pub async fn report_link(
        &self,
        state_hash: &[u8],
        name: Option<&str>,
        unipile_account: &str,
        now: DateTime<Utc>,
    ) -> Result<Reported> {
        // What Unipile repeats as the name is the link's id: a report that says another is none of this link's.
        let known = sqlx::query_scalar!(
            r#"with link as (
                 select organization_id, id, state from connect_links
                 where state_hash = $1 and expires_at > $4 and ($2::text is null or id::text = $2)),
               kept as (
                 update connect_links c set state = 'reported', reported_account = $3, due_at = $4, tries = 0
                 from link where c.organization_id = link.organization_id and c.id = link.id and c.state in ('open', 'reported')
                 returning c.id)
               select exists (select from kept) as "kept!" from link where state <> 'failed'"#,
            state_hash,
            name,
            unipile_account,
            now,
        )
        .fetch_optional(&mut *self.system().await?)
        .await?;
        Ok(match known {
            Some(true) => Reported::Kept,
            Some(false) => Reported::Known,
            None => Reported::Unknown,
        })
    }

    /// Claims links whose report is to be looked up, until `until`.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_reported_links(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<ConnectLink>> {
        Ok(sqlx::query_as!(
            ConnectLink,
            r#"update connect_links set due_at = $2, tries = tries + 1
               where (organization_id, id) in (
                 select organization_id, id from connect_links where due_at <= $1 order by due_at limit $3 for update skip locked)
               returning id, organization_id, user_id, provider, purpose, account_id, state, reason, reported_account, due_at, tries,
                         expires_at, created_at, settled_at"#,
            now,
            until,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// Forgets up to `limit` links that expired before `before`; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_connect_links(&self, before: DateTime<Utc>, limit: i64) -> Result<u64> {
        let done = sqlx::query!(
            r#"delete from connect_links where ctid in
                 (select ctid from connect_links where expires_at < $1 and due_at is null order by expires_at limit $2
                  for update skip locked)"#,
            before,
            limit,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected())
    }
}

impl UnipileRepository<'_> {
    /// Writes a new link; of its secret, the hash.
    ///
    /// # Errors
    /// The database's.
    pub async fn insert_link(&mut self, link: &ConnectLink, state_hash: &[u8]) -> Result<()> {
        sqlx::query!(
            r#"insert into connect_links (id, organization_id, user_id, provider, purpose, account_id, state_hash, expires_at, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"#,
            link.id.0,
            self.scope.id(),
            link.user_id.0,
            link.provider.as_str(),
            link.purpose.as_str(),
            link.account_id.map(|id| id.0),
            state_hash,
            link.expires_at,
            link.created_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Locks a link that is still to be settled, with the report that was claimed; false if it is not that any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock_link(&mut self, id: ConnectLinkId, reported: &str) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select true as "is!" from connect_links
               where organization_id = $1 and id = $2 and state = 'reported' and reported_account = $3 for update"#,
            self.scope.id(),
            id.0,
            reported,
        )
        .fetch_optional(&mut *self.conn)
        .await?
        .unwrap_or(false))
    }

    /// A link has led to an account, or, with a reason, to none.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle_link(
        &mut self,
        id: ConnectLinkId,
        outcome: Result<AccountId, &'static str>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (state, account, reason) = match outcome {
            Ok(account) => ("done", Some(account.0), None),
            Err(reason) => ("failed", None, Some(reason)),
        };
        sqlx::query!(
            r#"update connect_links set state = $3, account_id = coalesce($4, account_id), reason = $5, settled_at = $6, due_at = null
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            id.0,
            state,
            account,
            reason,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// What was reported is looked up again at `again`.
    ///
    /// # Errors
    /// The database's.
    pub async fn look_at_link_again(&mut self, id: ConnectLinkId, reported: &str, again: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"update connect_links set due_at = $4
               where organization_id = $1 and id = $2 and state = 'reported' and reported_account = $3"#,
            self.scope.id(),
            id.0,
            reported,
            again,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// What was reported is not so: the link waits for its end as before.
    ///
    /// # Errors
    /// The database's.
    pub async fn reopen_link(&mut self, id: ConnectLinkId, reported: &str) -> Result<()> {
        sqlx::query!(
            r#"update connect_links set state = 'open', due_at = null, reported_account = null
               where organization_id = $1 and id = $2 and state = 'reported' and reported_account = $3"#,
            self.scope.id(),
            id.0,
            reported,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

//! Whether the domains of mailboxes' own, that links in mails lead through, lead to us.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{base::Database, connected_accounts::AccountRepository};
use crate::{
    errors::Result,
    models::{AccountId, OrganizationId, TrackingDomain},
};

/// A mailbox whose domain is to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct LinkDomainRef {
    /// Whose it is.
    pub organization: OrganizationId,
    /// The mailbox.
    pub account: AccountId,
}

impl Database {
    /// Whose the domain `name` is, if it is anybody's.
    ///
    /// # Errors
    /// The database's.
    pub async fn owner_of_link_domain(&self, name: &str) -> Result<Option<OrganizationId>> {
        Ok(sqlx::query_scalar!(
            r#"select organization_id as "id: OrganizationId" from link_domains where name = $1"#,
            name,
        )
        .fetch_optional(&mut *self.system().await?)
        .await?)
    }

    /// Takes mailboxes whose domains are due; nobody else does so before `again`.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_link_domains(
        &self,
        now: DateTime<Utc>,
        again: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<LinkDomainRef>> {
        Ok(sqlx::query_as!(
            LinkDomainRef,
            r#"update connected_accounts a set links_due_at = $2
               from (select organization_id, id from connected_accounts where links_due_at <= $1 order by links_due_at limit $3
                     for no key update skip locked) due
               where a.organization_id = due.organization_id and a.id = due.id
               returning a.organization_id as "organization!: OrganizationId", a.id as "account!: AccountId""#,
            now,
            again,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }
}

impl AccountRepository<'_> {
    /// Has a mailbox's domain looked at as soon as may be, if it has one, and soon again if it fails.
    ///
    /// # Errors
    /// The database's.
    pub async fn look_at_link_domain(&mut self, id: AccountId, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"update connected_accounts set links_due_at = $3, links_failing_since = null
               where organization_id = $1 and id = $2 and mailbox->'tracking_domain'->>'name' is not null"#,
            self.scope.id(),
            id.0,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Makes the domain `name` the organization's, or keeps it so; whether it is. Another's is left to it until it was last proved before `lapsed`.
    ///
    /// # Errors
    /// The database's.
    pub async fn own_link_domain(&mut self, name: &str, now: DateTime<Utc>, lapsed: DateTime<Utc>) -> Result<bool> {
        let owned = sqlx::query!(
            r#"insert into link_domains as d (organization_id, name, proved_at) values ($1, $2, $3)
               on conflict (name) do update set organization_id = excluded.organization_id, proved_at = excluded.proved_at
               where d.organization_id = excluded.organization_id or d.proved_at < $4"#,
            self.scope.id(),
            name,
            now,
            lapsed,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(owned.rows_affected() == 1)
    }

    /// Makes the domain `name` the organization's in the place of `owner`'s; whether it was that one's still.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_link_domain(&mut self, name: &str, owner: OrganizationId, now: DateTime<Utc>) -> Result<bool> {
        let taken = sqlx::query!(
            "update link_domains set organization_id = $1, proved_at = $4 where name = $2 and organization_id = $3",
            self.scope.id(),
            name,
            owner.0,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Since when a mailbox's domain has failed its checks.
    ///
    /// # Errors
    /// The database's.
    pub async fn link_domain_fails_since(&mut self, id: AccountId) -> Result<Option<DateTime<Utc>>> {
        let since = sqlx::query_scalar!(
            "select links_failing_since from connected_accounts where organization_id = $1 and id = $2",
            self.scope.id(),
            id.0,
        );
        Ok(since.fetch_optional(&mut *self.conn).await?.flatten())
    }

    /// Writes what was found of a mailbox's domain, and when it is to be looked at next, unless it has another by now; none if it has none.
    ///
    /// # Errors
    /// The database's.
    pub async fn looked_at_link_domain(
        &mut self,
        id: AccountId,
        domain: Option<&TrackingDomain>,
        next: Option<DateTime<Utc>>,
        fails_since: Option<DateTime<Utc>>,
    ) -> Result<()> {
        sqlx::query!(
            r#"update connected_accounts
               set mailbox = case when $3::jsonb is null then mailbox else jsonb_set(mailbox, '{tracking_domain}', $3::jsonb) end,
                   links_due_at = $4, links_failing_since = $5
               where organization_id = $1 and id = $2 and mailbox->'tracking_domain'->>'name' is not distinct from $3::jsonb->>'name'"#,
            self.scope.id(),
            id.0,
            domain.map(Json) as Option<Json<&TrackingDomain>>,
            next,
            fails_since,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

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
    /// Has a mailbox's domain looked at as soon as may be, if it has one.
    ///
    /// # Errors
    /// The database's.
    pub async fn look_at_link_domain(&mut self, id: AccountId, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"update connected_accounts set links_due_at = $3
               where organization_id = $1 and id = $2 and mailbox->'tracking_domain'->>'name' is not null"#,
            self.scope.id(),
            id.0,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
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
    ) -> Result<()> {
        sqlx::query!(
            r#"update connected_accounts
               set mailbox = case when $3::jsonb is null then mailbox else jsonb_set(mailbox, '{tracking_domain}', $3::jsonb) end,
                   links_due_at = $4
               where organization_id = $1 and id = $2 and mailbox->'tracking_domain'->>'name' is not distinct from $3::jsonb->>'name'"#,
            self.scope.id(),
            id.0,
            domain.map(Json) as Option<Json<&TrackingDomain>>,
            next,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

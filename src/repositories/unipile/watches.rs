//! What of accounts is looked at again and again.

use chrono::{DateTime, Utc};

use super::UnipileRepository;
use crate::{
    errors::Result,
    models::{AccountId, OrganizationId, WatchKind},
    repositories::base::Database,
};

/// Something that is to be looked at.
#[derive(Debug, Clone)]
pub struct DueWatch {
    /// Whose account it is.
    pub organization_id: OrganizationId,
    /// Which.
    pub account_id: AccountId,
    /// What of it.
    pub kind: WatchKind,
    /// Until when it is claimed.
    pub due_at: DateTime<Utc>,
    /// What is older was seen.
    pub seen_until: Option<DateTime<Utc>>,
    /// How often in a row it could not be looked at.
    pub failures: i32,
}

/// What came of looking.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    /// When to look again.
    pub again: DateTime<Utc>,
    /// What is older was seen.
    pub seen_until: Option<DateTime<Utc>>,
    /// Whether it could be looked at.
    pub looked: bool,
}

impl Database {
    /// Claims what is to be looked at, until `until`.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_watches(
        &self,
        kind: WatchKind,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<DueWatch>> {
        Ok(sqlx::query_as!(
            DueWatch,
            r#"update account_watches set due_at = $3
               where (organization_id, account_id, kind) in (
                 select organization_id, account_id, kind from account_watches w
                 where due_at <= $2 and kind = $1
                   and exists (select from organizations o where o.id = w.organization_id and o.deleted_at is null)
                 order by due_at limit $4 for update skip locked)
               returning organization_id, account_id, kind, due_at, seen_until, failures"#,
            kind.as_str(),
            now,
            until,
            limit,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }
}

impl UnipileRepository<'_> {
    /// Notes what came of looking. What was to be looked at again meanwhile, because something hinted at it, is at once.
    ///
    /// # Errors
    /// The database's.
    pub async fn watched(&mut self, watch: &DueWatch, it: Watched, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"update account_watches
               set due_at = case when due_at = $4 then $5 else due_at end, seen_until = $6,
                   checked_at = case when $7 then $8 else checked_at end, failures = case when $7 then 0 else failures + 1 end
               where organization_id = $1 and account_id = $2 and kind = $3"#,
            self.scope.id(),
            watch.account_id.0,
            watch.kind.as_str(),
            watch.due_at,
            it.again,
            it.seen_until,
            it.looked,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

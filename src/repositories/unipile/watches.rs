//! What of accounts is looked at again and again.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::UnipileRepository;
use crate::{
    errors::Result,
    models::{AccountId, HistoryReading, OrganizationId, WatchKind},
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
    pub claimed_until: DateTime<Utc>,
    /// What is older was seen.
    pub seen_until: Option<DateTime<Utc>>,
    /// How often in a row it could not be looked at.
    pub failures: i32,
    /// When the looks began that have not read all yet.
    pub pass_began: Option<DateTime<Utc>>,
    /// The chats that they have read.
    pub pass_read: Vec<String>,
    /// Until when what is older than `seen_until` is not yet taken for seen again.
    pub gap_closes_at: Option<DateTime<Utc>>,
}

/// What came of looking.
#[derive(Debug, Clone)]
pub struct Watched {
    /// When to look again.
    pub again: DateTime<Utc>,
    /// What is older was seen.
    pub seen_until: Option<DateTime<Utc>>,
    /// How far the look went.
    pub looked: Looked,
    /// Since when the next look goes on, and what it need not read again; nothing if it begins anew.
    pub pass: Option<(DateTime<Utc>, Vec<String>)>,
}

/// How far a look went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// All that was there so long ago was taken in.
    Whole(Duration),
    /// The same but for a chat that could not be read, and again could not.
    Around(Duration),
    /// There is more to be taken in.
    Partly,
    /// The account is out: what it shows is stale.
    Out,
    /// It could not be looked at.
    Not,
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
            r#"update account_watches set due_at = $3, claimed_until = $3
               where (organization_id, account_id, kind) in (
                 select organization_id, account_id, kind from account_watches w
                 where due_at <= $2 and kind = $1 and (claimed_until is null or claimed_until <= $2)
                   and exists (select from organizations o where o.id = w.organization_id and o.deleted_at is null)
                 order by due_at limit $4 for update skip locked)
               returning organization_id, account_id, kind, claimed_until as "claimed_until!", seen_until, failures, pass_began, pass_read,
                         gap_closes_at"#,
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
    /// Puts off the end of a claim; whether it still holds.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_watch(&mut self, watch: &mut DueWatch, until: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query!(
            r#"update account_watches
               set due_at = case when due_at = claimed_until then $5 else due_at end, claimed_until = $5
               where organization_id = $1 and account_id = $2 and kind = $3 and claimed_until = $4"#,
            self.scope.id(),
            watch.account_id.0,
            watch.kind.as_str(),
            watch.claimed_until,
            until,
        )
        .execute(&mut *self.conn)
        .await?;
        let holds = done.rows_affected() == 1;
        if holds {
            watch.claimed_until = until;
        }
        Ok(holds)
    }

    /// Notes what came of looking, if the claim still holds. What was to be looked at again meanwhile, because something hinted at it, is at once.
    ///
    /// # Errors
    /// The database's.
    pub async fn watched(&mut self, watch: &DueWatch, it: Watched, now: DateTime<Utc>) -> Result<()> {
        let (pass_began, pass_read) = it.pass.unzip();
        let read_ago = match it.looked {
            Looked::Whole(ago) | Looked::Around(ago) => Some(ago.as_secs_f64()),
            Looked::Partly | Looked::Out | Looked::Not => None,
        };
        sqlx::query!(
            r#"update account_watches
               set due_at = case when due_at = claimed_until then $5 else due_at end, claimed_until = null, seen_until = $6,
                   checked_at = case when $7 then $8 else checked_at end,
                   failures = case when $9 then failures + 1 when $7 and not $13 then 0 else failures end,
                   read_at = coalesce(clock_timestamp() - make_interval(secs => $10), read_at), pass_began = $11, pass_read = $12
               where organization_id = $1 and account_id = $2 and kind = $3 and claimed_until = $4"#,
            self.scope.id(),
            watch.account_id.0,
            watch.kind.as_str(),
            watch.claimed_until,
            it.again,
            it.seen_until,
            matches!(it.looked, Looked::Whole(_) | Looked::Around(_) | Looked::Partly),
            now,
            it.looked == Looked::Not,
            read_ago,
            pass_began,
            &pass_read.unwrap_or_default(),
            matches!(it.looked, Looked::Around(_)),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// An account may have been out for as long as `unnoticed` before it was last looked through: what came meanwhile is looked for again, also by
    /// looks that begin before `closes`. Until then it counts as not read. A look that is under way has no more to say,
    /// and neither have those that failed before.
    ///
    /// # Errors
    /// The database's.
    pub async fn look_back(
        &mut self,
        account: AccountId,
        unnoticed: Duration,
        (now, closes): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<()> {
        sqlx::query!(
            r#"update account_watches
               set seen_until = least(seen_until, checked_at - make_interval(secs => $3)), gap_closes_at = $5, read_at = null, failures = 0,
                   pass_began = null, pass_read = '{}', due_at = least(due_at, $4), claimed_until = claimed_until + interval '1 microsecond'
               where organization_id = $1 and account_id = $2 and kind in ('relations', 'messages')"#,
            self.scope.id(),
            account.0,
            unnoticed.as_secs_f64(),
            now,
            closes,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Whether Unipile may still be fetching messages that it missed while an account was out.
    ///
    /// # Errors
    /// The database's.
    pub async fn gapes(&mut self, account: AccountId, now: DateTime<Utc>) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from account_watches where organization_id = $1 and account_id = $2 and kind = 'messages' and gap_closes_at > $3)
                 as "gapes!""#,
            self.scope.id(),
            account.0,
            now,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Looks no more for what could not be read, and keeps `why`, if the claim still holds; whether it did.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_up_watch(&mut self, watch: &DueWatch, why: &str) -> Result<bool> {
        let done = sqlx::query!(
            r#"update account_watches set due_at = 'infinity', claimed_until = null, gave_up = $5
               where organization_id = $1 and account_id = $2 and kind = $3 and claimed_until = $4"#,
            self.scope.id(),
            watch.account_id.0,
            watch.kind.as_str(),
            watch.claimed_until,
            why,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes up again what was given up.
    ///
    /// # Errors
    /// The database's.
    pub async fn try_watch_again(&mut self, account: AccountId, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"update account_watches set due_at = $3, failures = 0, gave_up = null
               where organization_id = $1 and account_id = $2 and gave_up is not null"#,
            self.scope.id(),
            account.0,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Whether what was written before an account was connected is being read back, and why no longer if that was given up; nothing if it is read.
    ///
    /// # Errors
    /// The database's.
    pub async fn history(&mut self, account: AccountId) -> Result<Option<HistoryReading>> {
        let row = sqlx::query_scalar!(
            "select gave_up from account_watches where organization_id = $1 and account_id = $2 and kind = 'history'",
            self.scope.id(),
            account.0,
        );
        let gave_up = row.fetch_optional(&mut *self.conn).await?;
        Ok(gave_up.map(|why| why.map_or(HistoryReading::UnderWay, HistoryReading::GivenUp)))
    }

    /// Looks no more at what has been read to its end, if the claim still holds; whether it did.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_watch(&mut self, watch: &DueWatch) -> Result<bool> {
        let done = sqlx::query!(
            r#"delete from account_watches
               where organization_id = $1 and account_id = $2 and kind = $3 and claimed_until = $4"#,
            self.scope.id(),
            watch.account_id.0,
            watch.kind.as_str(),
            watch.claimed_until,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Those of these accounts that are at Unipile and whose messages were not read within `fresh`: who has answered there is not known.
    ///
    /// # Errors
    /// The database's.
    pub async fn not_read_lately(&mut self, accounts: &[AccountId], fresh: Duration) -> Result<Vec<AccountId>> {
        let ids: Vec<_> = accounts.iter().map(|id| id.0).collect();
        Ok(sqlx::query_scalar!(
            r#"select a.id as "id!: AccountId" from connected_accounts a
               left join account_watches w on w.organization_id = a.organization_id and w.account_id = a.id and w.kind = 'messages'
               where a.organization_id = $1 and a.id = any($2) and a.unipile is not null
                 and (w.read_at is null or w.read_at < clock_timestamp() - make_interval(secs => $3))"#,
            self.scope.id(),
            &ids,
            fresh.as_secs_f64(),
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }
}

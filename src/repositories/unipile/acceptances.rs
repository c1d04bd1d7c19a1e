//! Whether it is known who has accepted: connections are read at a slow pace, and not at all while an account is out.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::UnipileRepository;
use crate::{
    errors::Result,
    models::{AccountId, AccountStatus, ExecutionId},
};

/// A wait for an acceptance that is over, though nobody knows who has accepted by then.
#[derive(Debug, Clone)]
pub struct UnreadWait {
    /// Whose wait it is.
    pub execution_id: ExecutionId,
    /// Whose connections were not read since.
    pub account_id: AccountId,
    /// How the account is.
    pub status: AccountStatus,
    /// When it was over.
    pub over_at: DateTime<Utc>,
    /// How many looks at the connections in a row have failed.
    pub failures: i32,
}

impl UnipileRepository<'_> {
    /// Those of these ways whose waits for an acceptance are over, and of whose accounts the connections were not read to their end since.
    ///
    /// # Errors
    /// The database's.
    pub async fn unread_waits(&mut self, executions: &[ExecutionId]) -> Result<Vec<UnreadWait>> {
        Ok(sqlx::query_as!(
            UnreadWait,
            r#"select e.id as execution_id, a.id as account_id, a.status, coalesce(e.ready_at, e.next_run_at) as "over_at!",
                      coalesce(w.failures, 0) as "failures!"
               from campaign_executions e
               join connected_accounts a on a.organization_id = e.organization_id and a.id = e.linkedin_account_id and a.unipile is not null
               left join account_watches w on w.organization_id = a.organization_id and w.account_id = a.id and w.kind = 'relations'
               where e.organization_id = $1 and e.id = any($2) and e.awaiting = 'acceptance' and e.next_run_at is not null
                 and (w.read_at is null or w.seen_until is null or w.seen_until < coalesce(e.ready_at, e.next_run_at))"#,
            self.scope.id(),
            &executions.iter().map(|id| id.0).collect::<Vec<_>>(),
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Has connections of these accounts read soon, though not twice within `pace`. One that is being looked at just now, or whose standing is being
    /// written, is not waited for: executions are locked by then.
    ///
    /// # Errors
    /// The database's.
    pub async fn read_relations_soon(
        &mut self,
        accounts: &[AccountId],
        pace: Duration,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"update account_watches set due_at = greatest($3, checked_at + make_interval(secs => $4))
               where (organization_id, account_id, kind) in (
                 select organization_id, account_id, kind from account_watches
                 where organization_id = $1 and account_id = any($2) and kind = 'relations' and claimed_until is null and failures = 0
                   and gave_up is null and due_at > greatest($3, checked_at + make_interval(secs => $4))
                 for update skip locked)"#,
            self.scope.id(),
            &accounts.iter().map(|id| id.0).collect::<Vec<_>>(),
            now,
            pace.as_secs_f64(),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

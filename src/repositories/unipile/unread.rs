//! Accounts of which something is unread: who has answered there is not known.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::UnipileRepository;
use crate::{
    errors::Result,
    models::{AccountId, Channel, FailedLooks, LeadId, WatchKind},
};

/// When an account counts as read.
#[derive(Debug, Clone, Copy)]
pub struct ReadWithin {
    /// A mailbox that is connected directly: if it was within this time.
    pub mailbox: Duration,
    /// An account at Unipile: the same.
    pub linkedin: Duration,
    /// One that is out or fails, and was not read for so long nor changed, is left out: it may never be read again.
    pub held_for: Duration,
}

impl UnipileRepository<'_> {
    /// The organization's accounts of which something is unread, mailboxes that are connected directly included, each with its channel.
    ///
    /// # Errors
    /// The database's.
    pub async fn unread_accounts(
        &mut self,
        within: ReadWithin,
        now: DateTime<Utc>,
    ) -> Result<Vec<(AccountId, Channel)>> {
        let ReadWithin { mailbox, linkedin, held_for } = within;
        let rows = sqlx::query!(
            r#"select a.id, a.channel as "channel: Channel"
               from connected_accounts a
               left join account_watches w on w.organization_id = a.organization_id and w.account_id = a.id and w.kind = 'messages'
                 and a.unipile is not null
               left join mailbox_watches m on m.organization_id = a.organization_id and m.account_id = a.id and a.mailbox is not null
               where a.organization_id = $1 and (a.unipile is not null or a.mailbox is not null)
                 and (a.status = 'connected' and coalesce(w.failures, m.failures, 0) = 0
                      or coalesce(w.read_at, m.read_at) > clock_timestamp() - make_interval(secs => $4)
                      or a.updated_at > $5::timestamptz - make_interval(secs => $4))
                 and case when a.unipile is null then m.read_at is null or m.read_at < clock_timestamp() - make_interval(secs => $2)
                          else w.read_at is null or w.read_at < clock_timestamp() - make_interval(secs => $3) end"#,
            self.scope.id(),
            mailbox.as_secs_f64(),
            linkedin.as_secs_f64(),
            held_for.as_secs_f64(),
            now,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.channel)).collect())
    }

    /// Those of these leads who have written a message, by a webhook that came since and is not followed yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn hinted_at(&mut self, leads: &[LeadId], since: DateTime<Utc>) -> Result<Vec<LeadId>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct l.id as "id!: LeadId"
               from unipile_events e
               join connected_accounts a on a.organization_id = $1 and a.unipile is not null and a.unipile->>'account_id' = e.unipile_account
               cross join lateral (
                 select t.lead_id as id from linkedin_acts t
                 where t.organization_id = $1 and t.account_id = a.id and t.person = e.about->>'sender'
                 union
                 select l.id from linkedin_people p
                 join leads l on l.organization_id = $1 and l.linkedin_url = p.linkedin_url
                 where p.organization_id = $1 and p.account_id = a.id and p.provider_id = e.about->>'sender') l
               where e.due_at is not null and e.kind = 'message' and e.received_at > $3 and l.id = any($2)"#,
            self.scope.id(),
            &leads.iter().map(|id| id.0).collect::<Vec<_>>(),
            since,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Since when something of an account is asked for in vain; nothing if it is not.
    ///
    /// # Errors
    /// The database's.
    pub async fn failing(&mut self, account: AccountId, kind: WatchKind) -> Result<Option<FailedLooks>> {
        Ok(sqlx::query_as!(
            FailedLooks,
            r#"select checked_at as read_at, failures from account_watches
               where organization_id = $1 and account_id = $2 and kind = $3 and failures > 0"#,
            self.scope.id(),
            account.0,
            kind.as_str(),
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }
}

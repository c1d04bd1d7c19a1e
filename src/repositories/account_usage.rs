//! The ledger of what accounts have done. It is charged in the transaction that says an act is under way, with the account locked, and given
//! back only for what was surely not done.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::base::OrgScope;
use crate::{
    errors::{AppError, Result},
    models::{AccountId, Share, Usage},
};

/// The ledger of one organization.
#[derive(Debug)]
pub struct UsageRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl UsageRepository<'_> {
    /// Of those whom an account has invited since then, how many have accepted.
    ///
    /// # Errors
    /// The database's.
    pub async fn accepted(&mut self, account: AccountId, since: DateTime<Utc>) -> Result<Share> {
        Ok(sqlx::query_as!(
            Share,
            r#"select count(*) as "sample!",
                      count(*) filter (where exists (
                        select from activities a where a.organization_id = $1 and a.execution_id = s.execution_id
                        and a.type = 'connection_accepted' and a.account_id = $2 and a.occurred_at >= s.sending_at)) as "count!"
               from execution_steps s
               where s.organization_id = $1 and s.account_id = $2 and s.action = 'send_connection_request' and s.state = 'sent'
                 and s.sending_at >= $3"#,
            self.scope.id(),
            account.0,
            since,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Of the people to whom campaigns have written from an account since then, how many have answered after that on its channel.
    ///
    /// # Errors
    /// The database's.
    pub async fn answered(&mut self, account: AccountId, since: DateTime<Utc>) -> Result<Share> {
        Ok(sqlx::query_as!(
            Share,
            r#"with written as (
                 select lead_id, min(sending_at) as at from execution_steps
                 where organization_id = $1 and account_id = $2 and state = 'sent' and sending_at >= $3
                   and action in ('send_followup', 'send_inmail', 'send_email')
                 group by lead_id)
               select count(*) as "sample!",
                      count(*) filter (where exists (
                        select from messages m
                        join connected_accounts a on a.organization_id = $1 and a.id = $2 and a.channel = m.channel
                        where m.organization_id = $1 and m.lead_id = w.lead_id and m.verdict = 'reply' and m.sent_at >= w.at)) as "count!"
               from written w"#,
            self.scope.id(),
            account.0,
            since,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// What these accounts have done since `since`, by the days of their own zones.
    ///
    /// # Errors
    /// The database's.
    pub async fn since(&mut self, accounts: &[AccountId], since: NaiveDate) -> Result<Vec<Usage>> {
        let accounts: Vec<_> = accounts.iter().map(|id| id.0).collect();
        Ok(sqlx::query_as!(
            Usage,
            r#"select account_id, action, day, hour, used from account_usage
               where organization_id = $1 and account_id = any($2) and day >= $3"#,
            self.scope.id(),
            &accounts,
            since,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Strikes out what an account has done since `since`, by the days of its own zone: it is charged anew by those of another.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_since(&mut self, account: AccountId, since: NaiveDate) -> Result<()> {
        sqlx::query!(
            "delete from account_usage where organization_id = $1 and account_id = $2 and day >= $3",
            self.scope.id(),
            account.0,
            since,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Charges acts; each line says how many are added.
    ///
    /// # Errors
    /// The database's.
    pub async fn charge(&mut self, lines: &[Usage]) -> Result<()> {
        sqlx::query!(
            r#"insert into account_usage as present (organization_id, account_id, action, day, hour, used)
               select $1, u.account_id, u.action, u.day, u.hour, sum(u.used)
               from jsonb_to_recordset($2::jsonb) as u (account_id uuid, action text, day date, hour smallint, used integer)
               group by u.account_id, u.action, u.day, u.hour
               order by u.account_id, u.action, u.day, u.hour
               on conflict (organization_id, account_id, action, day, hour) do update set used = present.used + excluded.used"#,
            self.scope.id(),
            json(lines)?,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Gives back what was charged for acts that were not done.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_back(&mut self, lines: &[Usage]) -> Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            r#"update account_usage present set used = greatest(present.used - u.used, 0)
               from (select u.account_id, u.action, u.day, u.hour, sum(u.used)::integer as used
                     from jsonb_to_recordset($2::jsonb) as u (account_id uuid, action text, day date, hour smallint, used integer)
                     group by u.account_id, u.action, u.day, u.hour) u
               where present.organization_id = $1 and present.account_id = u.account_id and present.action = u.action
                 and present.day = u.day and present.hour = u.hour"#,
            self.scope.id(),
            json(lines)?,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

/// The lines as one for each of the ledger's: a batch charges very few of them, each many times.
fn json(lines: &[Usage]) -> Result<Value> {
    let mut sums: BTreeMap<_, Usage> = BTreeMap::new();
    for line in lines {
        let Usage { account_id, action, day, hour, used } = *line;
        let sum = sums.entry((account_id, action, day, hour)).or_insert(Usage { used: 0, ..*line });
        sum.used = sum.used.saturating_add(used);
    }
    serde_json::to_value(sums.into_values().collect::<Vec<_>>()).map_err(AppError::internal)
}

//! What webhooks hint at: kept before they are answered.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    errors::Result,
    models::{AccountId, Channel, OrganizationId, WatchKind},
    repositories::base::Database,
};

/// A hint that is to be kept.
#[derive(Debug, Clone)]
pub struct HintedEvent<'e> {
    /// By what it is known, however often it comes.
    pub key: String,
    /// What kind it is.
    pub kind: &'static str,
    /// Unipile's id of the account.
    pub unipile_account: &'e str,
    /// The ids that it names.
    pub about: Value,
}

/// A hint that is to be followed.
#[derive(Debug, Clone)]
pub struct DueEvent {
    /// By what it is known.
    pub key: String,
    /// What kind it is.
    pub kind: String,
    /// Whose account it is.
    pub organization: OrganizationId,
    /// Which.
    pub account: AccountId,
    /// What that is called at Unipile.
    pub unipile_account: String,
    /// The ids that it names.
    pub about: Value,
    /// How often it had come when it was claimed.
    pub arrivals: i64,
    /// How often it has been followed.
    pub tries: i32,
    /// When it first came.
    pub received_at: DateTime<Utc>,
}

impl Database {
    /// Keeps a hint about an account of ours, or that it has come again; false if the account is nobody's.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_unipile_event(&self, event: &HintedEvent<'_>, now: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query!(
            r#"insert into unipile_events as present (key, kind, unipile_account, about, received_at, due_at)
               select $1, $2, $3, $4, $5, $5
               where exists (select from connected_accounts where unipile is not null and unipile->>'account_id' = $3)
               on conflict (key) do update set arrivals = present.arrivals + 1, due_at = $5, tries = 0"#,
            event.key,
            event.kind,
            event.unipile_account,
            event.about,
            now,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Has an account of Unipile's looked at now, if it is of that channel; false if it is nobody's.
    ///
    /// # Errors
    /// The database's.
    pub async fn look_at_unipile_account(
        &self,
        unipile_account: &str,
        (kind, channel): (WatchKind, Option<Channel>),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let done = sqlx::query!(
            r#"update account_watches w set due_at = $3
               from connected_accounts a
               where a.unipile is not null and a.unipile->>'account_id' = $1
                 and w.organization_id = a.organization_id and w.account_id = a.id and w.kind = $2
                 and ($4::text is null or a.channel = $4)"#,
            unipile_account,
            kind.as_str(),
            now,
            channel.map(Channel::as_str),
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Claims hints that are to be followed, until `until`, but for those of `others`: accounts by their names at Unipile. Those whose account has
    /// gone meanwhile are settled.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_unipile_events(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        (others, limit): (&[String], i64),
    ) -> Result<Vec<DueEvent>> {
        Ok(sqlx::query_as!(
            DueEvent,
            r#"with due as (
                 select key, unipile_account from unipile_events where due_at <= $1 and unipile_account <> all($4)
                 order by due_at limit $3 for update skip locked),
               owned as (
                 select due.key, due.unipile_account, a.organization_id, a.id from due
                 left join connected_accounts a on a.unipile is not null and a.unipile->>'account_id' = due.unipile_account),
               claimed as (
                 update unipile_events e
                 set due_at = case when owned.id is not null then $2::timestamptz end, tries = e.tries + 1,
                     outcome = case when owned.id is null then 'account_gone' else e.outcome end
                 from owned where e.key = owned.key
                 returning e.key, e.kind, e.about, e.arrivals, e.tries, e.received_at, owned.organization_id, owned.id as account_id,
                           owned.unipile_account)
               select key as "key!", kind as "kind!", organization_id as "organization!: OrganizationId", account_id as "account!: AccountId",
                      unipile_account as "unipile_account!", about as "about!", arrivals as "arrivals!", tries as "tries!", received_at as "received_at!"
               from claimed where account_id is not null"#,
            now,
            until,
            limit,
            others,
        )
        .fetch_all(&mut *self.system().await?)
        .await?)
    }

    /// A hint was followed, with this outcome; to be followed again at `again`, if ever. One that has come again meanwhile stays due.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle_unipile_event(
        &self,
        event: &DueEvent,
        outcome: &'static str,
        again: Option<DateTime<Utc>>,
    ) -> Result<()> {
        sqlx::query!(
            "update unipile_events set due_at = $3, outcome = $4 where key = $1 and arrivals = $2",
            event.key,
            event.arrivals,
            again,
            outcome,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(())
    }

    /// Forgets up to `limit` hints that came before `before`; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_unipile_events(&self, before: DateTime<Utc>, limit: i64) -> Result<u64> {
        let done = sqlx::query!(
            r#"delete from unipile_events where ctid in
                 (select ctid from unipile_events where received_at < $1 order by received_at limit $2 for update skip locked)"#,
            before,
            limit,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected())
    }
}

//! Answers remembered under a caller's `Idempotency-Key`.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::base::{Database, IdempotencyToken, OrgScope};
use crate::errors::Result;

/// The idempotency keys of one organization.
#[derive(Debug)]
pub struct IdempotencyRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

/// What became of a claim on a key.
#[derive(Debug)]
pub enum KeyClaim {
    /// The key is this request's.
    Ours,
    /// Another request with it is being worked on.
    InFlight,
    /// It was used with another body.
    OtherBody,
    /// Its effect was committed, and its answer was lost.
    AnswerLost,
    /// Its answer.
    Answered(StoredAnswer),
}

/// A remembered answer.
#[derive(Debug)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: i32,
    /// The headers that belong to it, by name.
    pub headers: Value,
    /// The body as it was sent.
    pub body: Vec<u8>,
    /// What the request held (SHA-256), if that was known only when it had come to its end.
    pub request_hash: Option<Vec<u8>>,
}

/// How long a request holds its key before another try may take it over. Longer than the request's own time limit.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// The routes whose answers show people as they are.
const SHOWING_PEOPLE: [&str; 3] =
    ["POST /api/v1/leads", "POST /api/v1/leads/batch-delete", "POST /api/v1/suppressions"];
/// How long an answer is remembered.
const RETENTION: TimeDelta = TimeDelta::hours(24);

impl IdempotencyRepository<'_> {
    /// Takes the key for this try, or says who has it.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim(
        &mut self,
        claim: &IdempotencyToken,
        fingerprint: &[u8],
        now: DateTime<Utc>,
    ) -> Result<KeyClaim> {
        let taken = sqlx::query_scalar!(
            r#"insert into idempotency_keys as k
                 (organization_id, route, key, fingerprint, token, state, locked_until, created_at, expires_at)
               values ($1, $2, $3, $4, $5, 'in_flight', $6, $7, $8)
               on conflict (organization_id, route, key) do update
                 set fingerprint = excluded.fingerprint, token = excluded.token, state = 'in_flight', status = null, headers = null,
                     body = null, body_hash = null, locked_until = excluded.locked_until, created_at = excluded.created_at,
                     expires_at = excluded.expires_at
                 where k.expires_at <= $7
                    or (k.state = 'in_flight' and k.locked_until <= $7 and k.fingerprint = excluded.fingerprint)
               returning token"#,
            self.scope.id(),
            claim.route,
            claim.key,
            fingerprint,
            claim.token,
            now + LEASE,
            now,
            now + RETENTION,
        )
        .fetch_optional(&mut *self.conn)
        .await?;
        if taken.is_some() { Ok(KeyClaim::Ours) } else { self.present(claim, fingerprint, now).await }
    }

    async fn present(&mut self, claim: &IdempotencyToken, fingerprint: &[u8], now: DateTime<Utc>) -> Result<KeyClaim> {
        let row = sqlx::query!(
            r#"select fingerprint, state, locked_until, status, headers, body, body_hash from idempotency_keys
               where organization_id = $1 and route = $2 and key = $3"#,
            self.scope.id(),
            claim.route,
            claim.key,
        )
        .fetch_optional(&mut *self.conn)
        .await?;
        Ok(match row {
            Some(row) if row.fingerprint != fingerprint => KeyClaim::OtherBody,
            // Between its commit and its answer a try is still at work; only one that never came back has lost its answer.
            Some(row) if row.state == "committed" && row.locked_until <= now => KeyClaim::AnswerLost,
            Some(row) => match (row.status, row.headers, row.body) {
                (Some(status), Some(headers), Some(body)) => {
                    KeyClaim::Answered(StoredAnswer { status, headers, body, request_hash: row.body_hash })
                }
                _ => KeyClaim::InFlight,
            },
            // Released between the two statements: whoever had it failed, and the caller may try again.
            None => KeyClaim::InFlight,
        })
    }

    /// Marks the effect as committed, in its own transaction. False if another try has taken the key over.
    pub(in crate::repositories) async fn mark_committed(
        &mut self,
        claim: &IdempotencyToken,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let done = sqlx::query!(
            r#"update idempotency_keys set state = 'committed', expires_at = $5
               where organization_id = $1 and route = $2 and key = $3 and token = $4 and state in ('in_flight', 'committed')"#,
            self.scope.id(),
            claim.route,
            claim.key,
            claim.token,
            now + RETENTION,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Remembers the answer.
    ///
    /// # Errors
    /// The database's.
    pub async fn complete(&mut self, claim: &IdempotencyToken, answer: StoredAnswer) -> Result<()> {
        sqlx::query!(
            r#"update idempotency_keys set state = 'completed', status = $5, headers = $6, body = $7, body_hash = $8
               where organization_id = $1 and route = $2 and key = $3 and token = $4"#,
            self.scope.id(),
            claim.route,
            claim.key,
            claim.token,
            answer.status,
            Json(answer.headers) as _,
            answer.body,
            answer.request_hash,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Gives the key back after a try whose effect was refused by somebody else.
    pub(in crate::repositories) async fn give_back(&mut self, claim: &IdempotencyToken) -> Result<()> {
        sqlx::query!(
            r#"delete from idempotency_keys
               where organization_id = $1 and route = $2 and key = $3 and token = $4 and state in ('in_flight', 'committed')"#,
            self.scope.id(),
            claim.route,
            claim.key,
            claim.token,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Forgets the answers that show one of these leads, suppressions or conversations. Their keys stay: that each was used is nothing personal, and
    /// whoever repeats one is told that its answer is lost.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_answers(&mut self, showing: &[Uuid], now: DateTime<Utc>) -> Result<()> {
        let ids: Vec<String> = showing.iter().map(Uuid::to_string).collect();
        let of_conversation =
            |id: &String| ["messages", "read"].map(|verb| format!("POST /api/v1/conversations/{id}/{verb}"));
        let routes: Vec<String> =
            SHOWING_PEOPLE.map(str::to_owned).into_iter().chain(ids.iter().flat_map(of_conversation)).collect();
        // Which routes there are is told by the index alone: a lead's ways, and the campaigns that were tried out with it, may be gone by now.
        sqlx::query!(
            r#"with shows as materialized (
                 select distinct route from idempotency_keys
                 where organization_id = $1
                   and (route = any($2) or route like 'POST /api/v1/campaign-executions/%' or route like 'POST /api/v1/campaigns/%/test-send'))
               update idempotency_keys set state = 'committed', status = null, headers = null, body = null,
                 locked_until = least(locked_until, $4)
               where organization_id = $1 and route in (select route from shows) and state = 'completed'
                 and exists (select from unnest($3::text[]) as shown (id) where position(convert_to(shown.id, 'UTF8') in body) > 0)"#,
            self.scope.id(),
            &routes,
            &ids,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Gives the key back after a try that was refused. One that had its effect all the same keeps it, with its answer lost from `now` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn release(&mut self, claim: &IdempotencyToken, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"with given_up as (
                 update idempotency_keys set locked_until = least(locked_until, $5)
                 where organization_id = $1 and route = $2 and key = $3 and token = $4 and state = 'committed')
               delete from idempotency_keys
               where organization_id = $1 and route = $2 and key = $3 and token = $4 and state = 'in_flight'"#,
            self.scope.id(),
            claim.route,
            claim.key,
            claim.token,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

impl IdempotencyToken {
    /// A fresh try under `key` for `route`.
    #[must_use]
    pub fn new(route: String, key: String) -> Self {
        Self { route, key, token: Uuid::new_v4() }
    }
}

impl Database {
    /// Forgets up to `limit` keys whose time is over; answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_expired_keys(&self, now: DateTime<Utc>, limit: i64) -> Result<u64> {
        let done = sqlx::query!(
            r#"delete from idempotency_keys where ctid in
                 (select ctid from idempotency_keys where expires_at <= $1 order by expires_at limit $2 for update skip locked)"#,
            now,
            limit
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(done.rows_affected())
    }
}

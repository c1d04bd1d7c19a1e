//! Attempts that nobody knows the end of: who looks them up, until when, and how often that was in vain.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::execution_steps::StepRepository;
use crate::{
    errors::Result,
    models::{AccountId, ExecutionId, ExecutionStep, OrganizationId, StepId},
};

/// An account with attempts whose results were awaited in vain; none for calls of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostSteps {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Which one.
    pub account: Option<AccountId>,
}

impl StepRepository<'_> {
    /// Takes over attempts of an account whose result was awaited in vain, those that wait longest first: from now on they answer to `token`.
    /// Others' are skipped.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_over(
        &mut self,
        account: Option<AccountId>,
        now: DateTime<Utc>,
        (token, deadline): (Uuid, DateTime<Utc>),
        limit: i64,
    ) -> Result<Vec<ExecutionStep>> {
        Ok(sqlx::query_as!(
            ExecutionStep,
            r#"with lost as (
                 select id, deadline from execution_steps
                 where organization_id = $1 and account_id is not distinct from $6 and state = 'sending' and deadline <= $2
                 order by deadline limit $5 for update skip locked),
               taken as (
                 update execution_steps s set token = $3, deadline = $4 from lost where s.organization_id = $1 and s.id = lost.id
                 returning s.*, lost.deadline as lost_at)
               select id as "id!", organization_id as "organization_id!", campaign_id as "campaign_id!", execution_id as "execution_id!",
                      lead_id as "lead_id!", account_id, node_id as "node_id!", action as "action!", attempt as "attempt!", state as "state!",
                      token as "token!", deadline as "deadline!", content as "content: Json<Value>", variant, charged_day as "charged_day!",
                      charged_hour as "charged_hour!", provider_id, reason, sending_at as "sending_at!", settled_at
               from taken order by lost_at, id"#,
            self.scope.id(),
            now,
            token,
            deadline,
            limit,
            account.map(|account| account.0),
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Whether an attempt of an account's is under way.
    ///
    /// # Errors
    /// The database's.
    pub async fn in_flight_from(&mut self, account: AccountId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from execution_steps where organization_id = $1 and account_id = $2 and state = 'sending') as "any!""#,
            self.scope.id(),
            account.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Has the results of attempts awaited until then, of those that still answer to `token`.
    ///
    /// # Errors
    /// The database's.
    pub async fn await_until(&mut self, ids: &[StepId], token: Uuid, deadline: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"update execution_steps set deadline = $4
               where organization_id = $1 and id = any($2) and token = $3 and state = 'sending'"#,
            self.scope.id(),
            &ids.iter().map(|id| id.0).collect::<Vec<_>>(),
            token,
            deadline,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes that providers were asked for these and did not tell what became of them.
    ///
    /// # Errors
    /// The database's.
    pub async fn are_unclear(&mut self, ids: &[StepId]) -> Result<()> {
        sqlx::query!(
            "update execution_steps set unclear = true where organization_id = $1 and id = any($2) and state = 'sending'",
            self.scope.id(),
            &ids.iter().map(|id| id.0).collect::<Vec<_>>(),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// How many attempts of a step its provider did not tell the end of and, as was found out, had not done: `last`, which is being found out, and
    /// those that ended for `reason` before. None if nobody lived to hear the answer to `last`.
    ///
    /// # Errors
    /// The database's.
    pub async fn unclear_in_vain(&mut self, last: &ExecutionStep, reason: &str) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from execution_steps s
               where organization_id = $1 and execution_id = $2 and node_id = $3 and unclear
                 and (id = $5 or state = 'not_sent' and reason = $4)
                 and (select l.unclear from execution_steps l where l.organization_id = $1 and l.id = $5)"#,
            self.scope.id(),
            last.execution_id.0,
            last.node_id,
            reason,
            last.id.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// How many attempts of a step were not sent for this reason.
    ///
    /// # Errors
    /// The database's.
    pub async fn ended_so(&mut self, execution: ExecutionId, node: &str, reason: &str) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from execution_steps
               where organization_id = $1 and execution_id = $2 and node_id = $3 and state = 'not_sent' and reason = $4"#,
            self.scope.id(),
            execution.0,
            node,
            reason,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }
}

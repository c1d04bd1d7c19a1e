//! The attempts of steps. What is not proved unsent is never sent again: `begin` writes that an attempt is under way before its first byte
//! leaves, and only who holds its token says how it ended.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{base::OrgScope, recalled::recalled};
use crate::{
    errors::Result,
    models::{AccountId, CampaignId, ExecutionId, ExecutionStep, LeadId, StepEnd, StepId},
};

/// The attempts of one organization.
#[derive(Debug)]
pub struct StepRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

/// What executions have had to do with nodes.
pub type History = HashMap<(ExecutionId, String), Tried>;

/// What an execution has had to do with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// How many attempts there were.
    pub attempts: i32,
    /// Whether it has had the step, as far as nobody can prove the contrary.
    pub had: bool,
    /// Whether the step is an invitation that was accepted, at whatever time.
    pub accepted: bool,
}

/// Attempts as they are read everywhere.
macro_rules! steps {
    ($repository:expr, $rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            ExecutionStep,
            r#"select id, organization_id, campaign_id, execution_id, lead_id, account_id, node_id, action, attempt, state, token, deadline,
                      content as "content: Json<Value>", variant, charged_day, charged_hour, provider_id, reason, sending_at, settled_at
               from execution_steps where organization_id = $1 "# + $rest,
            $repository.scope.id()
            $(, $argument)*
        )
        .fetch_all(&mut *$repository.conn)
        .await?
    };
}

impl StepRepository<'_> {
    /// Writes that attempts are under way, and that their leads wait for them; answers which those are. A step that is under way or was sent
    /// already is not among them: nothing is sent twice, and no lead keeps others from theirs.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&mut self, steps: &[ExecutionStep], now: DateTime<Utc>) -> Result<Vec<StepId>> {
        let ids = |of: fn(&ExecutionStep) -> Uuid| steps.iter().map(of).collect::<Vec<_>>();
        let texts = |of: fn(&ExecutionStep) -> String| steps.iter().map(of).collect::<Vec<_>>();
        Ok(sqlx::query_scalar!(
            r#"with begun as (
                 insert into execution_steps (id, organization_id, campaign_id, execution_id, lead_id, account_id, node_id, action, attempt,
                                              state, token, deadline, content, variant, charged_day, charged_hour, sending_at)
                 select s.id, $1, s.campaign_id, s.execution_id, s.lead_id, s.account_id, s.node_id, s.action, s.attempt, 'sending', s.token,
                        s.deadline, s.content, s.variant, s.charged_day, s.charged_hour, s.sending_at
                 from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::int[], $10::uuid[],
                             $11::timestamptz[], $12::jsonb[], $13::smallint[], $14::date[], $15::smallint[], $16::timestamptz[])
                      as s (id, campaign_id, execution_id, lead_id, account_id, node_id, action, attempt, token, deadline, content, variant,
                            charged_day, charged_hour, sending_at)
                 on conflict do nothing returning id, execution_id, node_id, action, account_id)
               update campaign_executions e
               set status = 'running', status_reason = null, node_id = begun.node_id, action = begun.action, account_id = begun.account_id,
                   next_run_at = null, ready_at = null, awaiting = null, hold = null, moves = '[]', version = e.version + 1, updated_at = $17,
                   begun_at = coalesce(e.begun_at, $17) from begun where e.organization_id = $1 and e.id = begun.execution_id
               returning begun.id as "id: StepId""#,
            self.scope.id(),
            &ids(|step| step.id.0),
            &ids(|step| step.campaign_id.0),
            &ids(|step| step.execution_id.0),
            &ids(|step| step.lead_id.0),
            &steps.iter().map(|step| step.account_id.map(|id| id.0)).collect::<Vec<_>>() as &[Option<Uuid>],
            &texts(|step| step.node_id.clone()),
            &texts(|step| step.action.as_str().to_owned()),
            &steps.iter().map(|step| step.attempt).collect::<Vec<_>>(),
            &ids(|step| step.token),
            &steps.iter().map(|step| step.deadline).collect::<Vec<_>>(),
            &steps.iter().map(|step| step.content.clone().map(|content| content.0)).collect::<Vec<_>>() as &[Option<Value>],
            &steps.iter().map(|step| step.variant).collect::<Vec<_>>() as &[Option<i16>],
            &steps.iter().map(|step| step.charged_day).collect::<Vec<_>>(),
            &steps.iter().map(|step| step.charged_hour).collect::<Vec<_>>(),
            &steps.iter().map(|step| step.sending_at).collect::<Vec<_>>(),
            now,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// What each of these executions has had to do with which node so far.
    ///
    /// # Errors
    /// The database's.
    pub async fn tried(&mut self, executions: &[ExecutionId]) -> Result<History> {
        let ids: Vec<_> = executions.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            r#"select execution_id, node_id, max(attempt) as "attempts!", bool_or(state in ('sending', 'sent', 'needs_review')) as "had!",
                      bool_or(action = 'send_connection_request'
                              and exists (select from activities a where a.organization_id = $1 and a.execution_id = s.execution_id
                                          and a.type = 'connection_accepted')) as "accepted!"
               from execution_steps s where organization_id = $1 and execution_id = any($2) group by execution_id, node_id"#,
            self.scope.id(),
            &ids,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        let each = rows.into_iter().map(|row| {
            let tried = Tried { attempts: row.attempts, had: row.had, accepted: row.accepted };
            ((row.execution_id, row.node_id), tried)
        });
        Ok(each.collect())
    }

    /// When any campaign last wrote to each of these leads, as far as nobody can prove the contrary, if it was since `since`.
    ///
    /// # Errors
    /// The database's.
    pub async fn contacts(&mut self, leads: &[LeadId], since: DateTime<Utc>) -> Result<HashMap<LeadId, DateTime<Utc>>> {
        let leads: Vec<_> = leads.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            r#"select lead_id, max(sending_at) as "at!" from execution_steps
               where organization_id = $1 and lead_id = any($2) and sending_at > $3 and state in ('sending', 'sent', 'needs_review')
                 and action in ('send_connection_request', 'send_followup', 'send_inmail', 'send_email')
               group by lead_id"#,
            self.scope.id(),
            &leads,
            since,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.lead_id, row.at)).collect())
    }

    /// Every attempt of an execution, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_execution(&mut self, execution: ExecutionId) -> Result<Vec<ExecutionStep>> {
        Ok(steps!(self, "and execution_id = $2 order by sending_at, id", execution.0))
    }

    /// Whether an attempt of a campaign is under way.
    ///
    /// # Errors
    /// The database's.
    pub async fn in_flight(&mut self, campaign: CampaignId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from execution_steps where organization_id = $1 and campaign_id = $2 and state = 'sending') as "any!""#,
            self.scope.id(),
            campaign.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Writes how attempts ended, of those that still answer to their token or were recalled from whoever has it; answers their ids.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle(&mut self, token: Uuid, ends: &[StepEnd], now: DateTime<Utc>) -> Result<Vec<StepId>> {
        let texts = |of: fn(&StepEnd) -> Option<String>| ends.iter().map(of).collect::<Vec<_>>();
        Ok(sqlx::query_scalar!(
            r#"update execution_steps s set state = e.state, provider_id = e.provider_id, reason = e.reason, settled_at = $4
               from unnest($3::uuid[], $5::text[], $6::text[], $7::text[]) as e (id, state, provider_id, reason)
               where s.organization_id = $1 and s.id = e.id and s.token = any($2) and s.state = 'sending'
               returning s.id as "id: StepId""#,
            self.scope.id(),
            &[token, recalled(token)],
            &ends.iter().map(|end| end.id.0).collect::<Vec<_>>(),
            now,
            &ends.iter().map(|end| end.state.as_str().to_owned()).collect::<Vec<_>>(),
            &texts(|end| end.provider_id.clone()) as &[Option<String>],
            &texts(|end| end.reason.clone()) as &[Option<String>],
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Whether an attempt still answers to `token`, and its campaign runs: asked right before the wire.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_mine(&mut self, id: StepId, token: Uuid) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from execution_steps s
                              join campaigns c on c.organization_id = s.organization_id and c.id = s.campaign_id
                              where s.organization_id = $1 and s.id = $2 and s.token = $3 and s.state = 'sending' and c.status = 'running')
                 as "mine!""#,
            self.scope.id(),
            id.0,
            token,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// It is proved late that an attempt was sent: it is, unless another attempt of the same step is under way or was sent meanwhile. Answers
    /// whether it is.
    ///
    /// # Errors
    /// The database's.
    pub async fn prove_sent(&mut self, step: &ExecutionStep, provider_id: &str, now: DateTime<Utc>) -> Result<bool> {
        let proved = sqlx::query!(
            r#"update execution_steps s set state = 'sent', provider_id = $3, reason = null, settled_at = $4
               where s.organization_id = $1 and s.id = $2 and s.state in ('not_sent', 'needs_review')
                 and not exists (select from execution_steps o where o.organization_id = $1 and o.execution_id = s.execution_id
                                   and o.node_id = s.node_id and o.id <> s.id and o.state in ('sending', 'sent', 'needs_review'))"#,
            self.scope.id(),
            step.id.0,
            provider_id,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(proved.rows_affected() == 1)
    }

    /// What is on its way out to leads from an account: which attempt, to whom, and the token that it answers to.
    ///
    /// # Errors
    /// The database's.
    pub async fn on_their_way(&mut self) -> Result<Vec<(StepId, LeadId, Uuid)>> {
        let rows = sqlx::query!(
            r#"select id as "id: StepId", lead_id as "lead_id: LeadId", token from execution_steps
               where organization_id = $1 and state = 'sending' and account_id is not null"#,
            self.scope.id(),
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.lead_id, row.token)).collect())
    }

    /// Has nothing begin any more that is on its way out to these leads from an account, as [`Self::recall`] does.
    ///
    /// # Errors
    /// The database's.
    pub async fn recall_from(&mut self, leads: &[LeadId]) -> Result<()> {
        let steps = self.on_their_way().await?;
        let theirs = steps.iter().filter(|(_, lead, _)| leads.contains(lead)).map(|(step, _, token)| (*step, *token));
        self.recall(&theirs.collect::<Vec<_>>()).await
    }

    /// Has attempts not begin any more that have not yet: whoever asks right before the wire finds another token. What the worker then says of
    /// them is settled all the same (`settle`).
    ///
    /// # Errors
    /// The database's.
    pub async fn recall(&mut self, steps: &[(StepId, Uuid)]) -> Result<()> {
        sqlx::query!(
            r#"update execution_steps s set token = r.recalled from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as r (id, token, recalled)
               where s.organization_id = $1 and s.id = r.id and s.token = r.token and s.state = 'sending'"#,
            self.scope.id(),
            &steps.iter().map(|(id, _)| id.0).collect::<Vec<_>>(),
            &steps.iter().map(|(_, token)| *token).collect::<Vec<_>>(),
            &steps.iter().map(|(_, token)| recalled(*token)).collect::<Vec<_>>(),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// How often each of these executions has been refused at its present step by its provider, and not by us, since a person had it tried
    /// again last.
    ///
    /// # Errors
    /// The database's.
    pub async fn refusals(&mut self, executions: &[ExecutionId], ours: &[&str]) -> Result<Vec<(ExecutionId, i64)>> {
        let ids: Vec<_> = executions.iter().map(|id| id.0).collect();
        let ours: Vec<_> = ours.iter().map(|reason| (*reason).to_owned()).collect();
        let rows = sqlx::query!(
            r#"select s.execution_id, count(*) as "refusals!" from execution_steps s
               join campaign_executions e on e.organization_id = s.organization_id and e.id = s.execution_id and e.node_id = s.node_id
               where s.organization_id = $1 and s.execution_id = any($2) and s.state = 'not_sent' and s.reason <> all($3)
                 and not exists (select from activities a where a.organization_id = s.organization_id and a.execution_id = s.execution_id
                                 and a.type = 'execution_retried_by_hand' and a.occurred_at >= s.settled_at)
               group by s.execution_id"#,
            self.scope.id(),
            &ids,
            &ours,
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(rows.into_iter().map(|row| (row.execution_id, row.refusals)).collect())
    }

    /// The last step that a lead was sent from an account, if its way is over: what the lead does then is an answer to that.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_sent(&mut self, lead: LeadId, account: AccountId) -> Result<Option<(CampaignId, ExecutionId)>> {
        let row = sqlx::query!(
            r#"select s.campaign_id, s.execution_id from campaign_executions e
               join execution_steps s on s.organization_id = e.organization_id and s.execution_id = e.id
               where e.organization_id = $1 and e.lead_id = $2 and s.account_id = $3 and s.state = 'sent'
               order by s.sending_at desc, s.id desc limit 1"#,
            self.scope.id(),
            lead.0,
            account.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?;
        Ok(row.map(|row| (row.campaign_id, row.execution_id)))
    }

    /// A person says of an attempt that nobody can tell about whether it was sent.
    ///
    /// # Errors
    /// The database's.
    pub async fn decide_review(
        &mut self,
        execution: ExecutionId,
        sent: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<ExecutionStep>> {
        let decided = steps!(self, "and execution_id = $2 and state = 'needs_review' for update", execution.0);
        sqlx::query!(
            r#"update execution_steps set state = case when $3 then 'sent' else 'not_sent' end, settled_at = $4
               where organization_id = $1 and execution_id = $2 and state = 'needs_review'"#,
            self.scope.id(),
            execution.0,
            sent,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(decided)
    }
}

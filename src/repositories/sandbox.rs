//! What the sandbox was sent, and what its people will do: the state of a provider that lives in our own database and knows nothing of ours.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::base::OrgScope;
use crate::{
    errors::Result,
    models::{AccountId, LeadId, Message, StepId, workflow::NodeType},
    utils::ids::uuid_at,
};

/// The sandbox of one organization.
#[derive(Debug)]
pub struct SandboxRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

/// Something that one of the sandbox's people does.
#[derive(Debug, Clone)]
pub struct DueHappening {
    /// Its name in the sandbox.
    pub id: Uuid,
    /// Who is told.
    pub account_id: AccountId,
    /// Who does it.
    pub lead_id: LeadId,
    /// What.
    pub kind: String,
    /// What they write, if they write.
    pub text: Option<String>,
    /// When they did it.
    pub due_at: DateTime<Utc>,
}

/// An act that the sandbox is to take.
#[derive(Debug, Clone)]
pub struct NewAct {
    /// The sandbox's name of it.
    pub id: Uuid,
    /// Which attempt it is.
    pub step: StepId,
    /// By what it is found again.
    pub natural_key: String,
    /// What follows on it.
    pub following: Vec<NewHappening>,
}

/// Something that one of the sandbox's people will do.
#[derive(Debug, Clone)]
pub struct NewHappening {
    /// What.
    pub kind: &'static str,
    /// What they write, if they write.
    pub text: Option<String>,
    /// When.
    pub due_at: DateTime<Utc>,
}

impl SandboxRepository<'_> {
    /// The sandbox takes acts, with what will follow, of those attempts that still answer to `token` and whose campaign runs; answers which.
    /// One statement, as a provider's answer is one. Whether it has taken an act before it does not ask, as the real providers do not.
    ///
    /// # Errors
    /// The database's.
    pub async fn take(&mut self, token: Uuid, acts: &[&NewAct], now: DateTime<Utc>) -> Result<HashSet<Uuid>> {
        if acts.is_empty() {
            return Ok(HashSet::new());
        }
        let following: Vec<_> =
            acts.iter().flat_map(|act| act.following.iter().map(|follows| (act.id, follows))).collect();
        let taken = sqlx::query_scalar!(
            r#"with acts as (
                 insert into sandbox_acts (id, organization_id, account_id, lead_id, natural_key, action, content, taken_at)
                 select given.id, $1, s.account_id, s.lead_id, given.natural_key, s.action, s.content, $6
                 from unnest($3::uuid[], $4::uuid[], $5::text[]) as given (id, step_id, natural_key)
                 join execution_steps s on s.organization_id = $1 and s.id = given.step_id
                 join campaigns c on c.organization_id = $1 and c.id = s.campaign_id
                 where s.token = $2 and s.state = 'sending' and c.status = 'running'
                 returning id, account_id, lead_id),
               happenings as (
                 insert into sandbox_happenings (id, organization_id, account_id, lead_id, kind, text, due_at)
                 select gen_random_uuid(), $1, acts.account_id, acts.lead_id, follows.kind, follows.text, follows.due_at
                 from unnest($7::uuid[], $8::text[], $9::text[], $10::timestamptz[]) as follows (act_id, kind, text, due_at)
                 join acts on acts.id = follows.act_id)
               select id as "id!" from acts"#,
            self.scope.id(),
            token,
            &acts.iter().map(|act| act.id).collect::<Vec<_>>(),
            &acts.iter().map(|act| act.step.0).collect::<Vec<_>>(),
            &acts.iter().map(|act| act.natural_key.clone()).collect::<Vec<_>>(),
            now,
            &following.iter().map(|(act, _)| *act).collect::<Vec<_>>(),
            &following.iter().map(|(_, it)| it.kind.to_owned()).collect::<Vec<_>>(),
            &following.iter().map(|(_, it)| it.text.clone()).collect::<Vec<_>>() as &[Option<String>],
            &following.iter().map(|(_, it)| it.due_at).collect::<Vec<_>>(),
        )
        .fetch_all(&mut *self.conn)
        .await?;
        Ok(taken.into_iter().collect())
    }

    /// The sandbox takes a mail that is tried out, written with a lead's data.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_trial(
        &mut self,
        (id, natural_key): (Uuid, &str),
        (account, lead): (AccountId, LeadId),
        content: &Value,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"insert into sandbox_acts (id, organization_id, account_id, lead_id, natural_key, action, content, taken_at)
               values ($2, $1, $3, $4, $5, 'send_email', $6, $7)"#,
            self.scope.id(),
            id,
            account.0,
            lead.0,
            natural_key,
            content,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// The sandbox takes a message that somebody wrote by hand, if it still answers to `token`; answers its name of it. Whether it has taken
    /// it before it does not ask.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_letter(
        &mut self,
        message: &Message,
        action: NodeType,
        content: &Value,
        now: DateTime<Utc>,
    ) -> Result<Option<Uuid>> {
        Ok(sqlx::query_scalar!(
            r#"insert into sandbox_acts (id, organization_id, account_id, lead_id, natural_key, action, content, taken_at)
               select $2, $1, m.account_id, m.lead_id, $5, $6, $7, $8 from messages m
               where m.organization_id = $1 and m.id = $3 and m.token = $4 and m.state = 'sending'
               returning id"#,
            self.scope.id(),
            uuid_at(now),
            message.id.0,
            message.token,
            message.provider_key,
            action.as_str(),
            content,
            now,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// The sandbox's name of an act, if it has taken it and shows it: what it took after `shown` does not show yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&mut self, account: AccountId, natural_key: &str, shown: DateTime<Utc>) -> Result<Option<Uuid>> {
        Ok(sqlx::query_scalar!(
            r#"select id from sandbox_acts
               where organization_id = $1 and account_id = $2 and natural_key = $3 and taken_at <= $4 order by id limit 1"#,
            self.scope.id(),
            account.0,
            natural_key,
            shown,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// The subject of the last mail that an account sent a lead, if it sent one with a subject.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_subject(&mut self, account: AccountId, lead: LeadId) -> Result<Option<String>> {
        let subject = sqlx::query_scalar!(
            r#"select content->>'subject' from sandbox_acts
               where organization_id = $1 and lead_id = $2 and account_id = $3 and content->>'subject' is not null
               order by taken_at desc, id desc limit 1"#,
            self.scope.id(),
            lead.0,
            account.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?;
        Ok(subject.flatten())
    }

    /// Takes the next thing that has happened by now; gone once the transaction commits. None that another worker is at, and none of a lead to
    /// whom a step is on its way out: it is taken in when that is over.
    ///
    /// # Errors
    /// The database's.
    pub async fn next_happening(&mut self, now: DateTime<Utc>) -> Result<Option<DueHappening>> {
        Ok(sqlx::query_as!(
            DueHappening,
            r#"delete from sandbox_happenings where organization_id = $1 and id = (
                 select h.id from sandbox_happenings h
                 where h.organization_id = $1 and h.due_at <= $2
                   and not exists (select from campaign_executions e where e.organization_id = $1 and e.lead_id = h.lead_id
                                     and e.status = 'running')
                 order by h.due_at, h.id limit 1 for update skip locked)
               returning id, account_id, lead_id, kind, text, due_at"#,
            self.scope.id(),
            now,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }
}

//! What the sandbox was sent, and what its people will do: the state of a provider that lives in our own database and knows nothing of ours.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::base::OrgScope;
use crate::{
    errors::Result,
    models::{AccountId, LeadId, workflow::NodeType},
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

impl SandboxRepository<'_> {
    /// The sandbox takes an act, and with it what will follow: (what, in which words, when). One statement, as a provider's answer is one.
    /// Whether it has taken the act before it does not ask, as the real providers do not.
    ///
    /// # Errors
    /// The database's.
    pub async fn take(
        &mut self,
        (account, lead): (AccountId, LeadId),
        (action, natural_key): (NodeType, &str),
        content: Option<&Value>,
        now: DateTime<Utc>,
        following: &[(&str, Option<&str>, DateTime<Utc>)],
    ) -> Result<Uuid> {
        let id = uuid_at(now);
        sqlx::query!(
            r#"with act as (
                 insert into sandbox_acts (id, organization_id, account_id, lead_id, natural_key, action, content, taken_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8) returning organization_id, account_id, lead_id)
               insert into sandbox_happenings (id, organization_id, account_id, lead_id, kind, text, due_at)
               select gen_random_uuid(), act.organization_id, act.account_id, act.lead_id, h.kind, h.text, h.due_at
               from act, unnest($9::text[], $10::text[], $11::timestamptz[]) as h (kind, text, due_at)"#,
            id,
            self.scope.id(),
            account.0,
            lead.0,
            natural_key,
            action.as_str(),
            content,
            now,
            &following.iter().map(|(kind, ..)| (*kind).to_owned()).collect::<Vec<_>>(),
            &following.iter().map(|(_, text, _)| text.map(str::to_owned)).collect::<Vec<_>>() as &[Option<String>],
            &following.iter().map(|(.., at)| *at).collect::<Vec<_>>(),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(id)
    }

    /// The sandbox's name of an act, if it has taken it.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&mut self, account: AccountId, natural_key: &str) -> Result<Option<Uuid>> {
        Ok(sqlx::query_scalar!(
            "select id from sandbox_acts where organization_id = $1 and account_id = $2 and natural_key = $3 order by id limit 1",
            self.scope.id(),
            account.0,
            natural_key,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
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
               returning account_id, lead_id, kind, text, due_at"#,
            self.scope.id(),
            now,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }
}

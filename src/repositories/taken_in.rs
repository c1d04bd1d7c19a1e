//! What has come in at accounts and was taken in, so that it is not taken in again.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::base::OrgScope;
use crate::{
    errors::Result,
    models::{AccountId, AnsweredStep, CampaignId, ExecutionId, LeadId, StepId},
};

/// What one organization has taken in.
#[derive(Debug)]
pub struct IntakeRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

/// What a mail answers.
#[derive(Debug, Clone)]
pub struct AnsweredMail {
    /// Who was written to.
    pub lead_id: LeadId,
    /// The step, if a campaign wrote.
    pub step: Option<AnsweredStep>,
    /// The address of the account that wrote.
    pub sender: Option<String>,
    /// The address that it was sent to; of what was written by hand it is not kept.
    pub recipient: Option<String>,
    /// Whether the recipient's server has refused it.
    pub refused: bool,
}

impl IntakeRepository<'_> {
    /// Which mail of the organization's has one of these Message-IDs, of several that of the first. The account that it went out from does not
    /// matter: answers may be led to another.
    ///
    /// # Errors
    /// The database's.
    pub async fn answered(&mut self, ids: &[String]) -> Result<Option<AnsweredMail>> {
        if ids.is_empty() {
            return Ok(None);
        }
        let row = sqlx::query!(
            r#"select f.lead_id as "lead_id!: LeadId", f.campaign_id as "campaign_id: CampaignId",
                      f.execution_id as "execution_id: ExecutionId", f.step_id as "step_id: StepId",
                      (select a.email from connected_accounts a where a.organization_id = $1 and a.id = f.account_id) as sender,
                      f.recipient as "recipient?",
                      exists (select from execution_steps s where s.organization_id = $1 and s.id = f.step_id
                                and s.state = 'failed' and s.reason = 'no_such_recipient') as "refused!"
               from (select lead_id, campaign_id, execution_id, step_id, account_id, message_id, recipient from sent_mails
                     where organization_id = $1 and message_id = any($2)
                     union all
                     select lead_id, null, null, null, account_id, message_id, null from messages
                     where organization_id = $1 and message_id = any($2)) f
               order by array_position($2, f.message_id) limit 1"#,
            self.scope.id(),
            ids,
        )
        .fetch_optional(&mut *self.conn)
        .await?;
        Ok(row.map(|row| {
            let step = row.campaign_id.zip(row.execution_id).zip(row.step_id);
            let step =
                step.map(|((campaign_id, execution_id), step_id)| AnsweredStep { campaign_id, execution_id, step_id });
            AnsweredMail {
                lead_id: row.lead_id,
                step,
                sender: row.sender,
                recipient: row.recipient,
                refused: row.refused,
            }
        }))
    }

    /// Those of these Message-IDs that the organization knows: of what it has sent, and of what came in its conversations.
    ///
    /// # Errors
    /// The database's.
    pub async fn ours(&mut self, ids: &[String]) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"select message_id as "id!" from sent_mails where organization_id = $1 and message_id = any($2)
               union all select message_id from messages where organization_id = $1 and message_id = any($2)"#,
            self.scope.id(),
            ids,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Whether a mail with this Message-ID is there already: one that we have sent, or one that came in at whichever account.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_there(&mut self, id: &str) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from sent_mails where organization_id = $1 and message_id = $2)
                   or exists (select from messages where organization_id = $1 and message_id = $2) as "is!""#,
            self.scope.id(),
            id,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Those of these addresses, in their normal form, that leads have.
    ///
    /// # Errors
    /// The database's.
    pub async fn leads_among(&mut self, addresses: &[String]) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"select email as "email!" from leads where organization_id = $1 and email = any($2)"#,
            self.scope.id(),
            addresses,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Whether an account has sent a mail to a lead since then, or may have.
    ///
    /// # Errors
    /// The database's.
    pub async fn mailed_since(&mut self, account: AccountId, lead: LeadId, since: DateTime<Utc>) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from campaign_executions e
                              join execution_steps s on s.organization_id = $1 and s.execution_id = e.id
                              where e.organization_id = $1 and e.lead_id = $3 and s.account_id = $2 and s.action = 'send_email'
                                and s.state in ('sent', 'needs_review') and s.sending_at >= $4)
                   or exists (select from messages
                              where organization_id = $1 and lead_id = $3 and account_id = $2 and channel = 'email'
                                and direction = 'outbound' and state <> 'failed' and sent_at >= $4) as "is!""#,
            self.scope.id(),
            account.0,
            lead.0,
            since,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// The step whose mail was the last that any mailbox has sent to a lead.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_mailed(&mut self, lead: LeadId) -> Result<Option<AnsweredStep>> {
        Ok(sqlx::query_as!(
            AnsweredStep,
            r#"select campaign_id, execution_id, step_id from sent_mails where organization_id = $1 and lead_id = $2
               order by begun_at desc limit 1"#,
            self.scope.id(),
            lead.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// The lead with an address in its normal form.
    ///
    /// # Errors
    /// The database's.
    pub async fn lead_at(&mut self, email: &str) -> Result<Option<LeadId>> {
        Ok(sqlx::query_scalar!(
            "select id from leads where organization_id = $1 and email = $2",
            self.scope.id(),
            email,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// Notes that something is taken in; false if it was already. Whoever comes second waits until the first has committed, or given up.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_first(&mut self, account: AccountId, key: &str, kind: &str, now: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query!(
            r#"insert into taken_in (organization_id, account_id, key, kind, taken_at)
               select $1::uuid, $2::uuid, $3::text, $4::text, $5::timestamptz
               -- This table forgets, and conversations do not.
               where not exists (select from messages where organization_id = $1 and account_id = $2 and provider_key = $3)
               on conflict do nothing"#,
            self.scope.id(),
            account.0,
            key,
            kind,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Notes that all of these are taken in; answers which of them were not yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn first_of(
        &mut self,
        account: AccountId,
        keys: &[String],
        kind: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"insert into taken_in (organization_id, account_id, key, kind, taken_at)
               select $1, $2, key, $4, $5 from unnest($3::text[]) as key
               where not exists (select from messages m where m.organization_id = $1 and m.account_id = $2 and m.provider_key = key)
               order by key
               on conflict do nothing returning key"#,
            self.scope.id(),
            account.0,
            keys,
            kind,
            now,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Counts a mail that came back for the time being; answers how many of the lead's have since `since`, each counted once.
    ///
    /// # Errors
    /// The database's.
    pub async fn bounced_softly(
        &mut self,
        lead: LeadId,
        (key, status): (&str, Option<&str>),
        now: DateTime<Utc>,
        since: DateTime<Utc>,
    ) -> Result<i64> {
        sqlx::query!(
            r#"insert into soft_bounces (organization_id, lead_id, key, status, bounced_at) values ($1, $2, $3, $4, $5)
               on conflict do nothing"#,
            self.scope.id(),
            lead.0,
            key,
            status,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from soft_bounces where organization_id = $1 and lead_id = $2 and bounced_at >= $3"#,
            self.scope.id(),
            lead.0,
            since,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Forgets a lead's mails that came back: it has answered, so its address is right.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_soft_bounces(&mut self, lead: LeadId) -> Result<()> {
        sqlx::query!("delete from soft_bounces where organization_id = $1 and lead_id = $2", self.scope.id(), lead.0)
            .execute(&mut *self.conn)
            .await?;
        Ok(())
    }
}

//! What was sent from mailboxes. Found by Message-ID, however many there are.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::base::OrgScope;
use crate::{
    errors::Result,
    models::{AccountId, ExecutionId, MailLook, SentMail, StepId},
};

/// The sent mails of one organization.
#[derive(Debug)]
pub struct SentMailRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl SentMailRepository<'_> {
    /// Those of these Message-IDs that are ours, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn matching(&mut self, message_ids: &[String]) -> Result<Vec<SentMail>> {
        Ok(sqlx::query_as!(
            SentMail,
            r#"select organization_id, message_id, step_id, execution_id, campaign_id, lead_id, account_id, node_id, recipient, subject,
                      refs, begun_at, tracks_opens, tracks_clicks, link_domain, copied_at, look
               from sent_mails where organization_id = $1 and message_id = any($2) order by begun_at desc, message_id"#,
            self.scope.id(),
            message_ids,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Writes that a mail may leave from now on, if its attempt still answers to `token` and its campaign runs; whether so.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&mut self, mail: &SentMail, token: Uuid) -> Result<bool> {
        let written = sqlx::query!(
            r#"insert into sent_mails (organization_id, message_id, step_id, execution_id, campaign_id, lead_id, account_id, node_id,
                                       recipient, subject, refs, begun_at, tracks_opens, tracks_clicks, link_domain, look)
               select $1, $2, s.id, s.execution_id, s.campaign_id, s.lead_id, s.account_id, s.node_id, $5, $6, $7, $8, $9, $10, $11, $12
               from execution_steps s
               join campaigns c on c.organization_id = $1 and c.id = s.campaign_id and c.status = 'running'
               where s.organization_id = $1 and s.id = $3 and s.token = $4 and s.state = 'sending'
               on conflict (organization_id, message_id) do update
                 set step_id = excluded.step_id, account_id = excluded.account_id, recipient = excluded.recipient,
                     subject = excluded.subject, refs = excluded.refs, begun_at = excluded.begun_at,
                     tracks_opens = excluded.tracks_opens, tracks_clicks = excluded.tracks_clicks,
                     link_domain = excluded.link_domain, look = excluded.look"#,
            self.scope.id(),
            mail.message_id,
            mail.step_id.0,
            token,
            mail.recipient,
            mail.subject,
            &mail.refs,
            mail.begun_at,
            mail.tracks_opens,
            mail.tracks_clicks,
            mail.link_domain,
            mail.look.as_ref() as Option<&Json<MailLook>>,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(written.rows_affected() == 1)
    }

    /// The mail of a step that may have left.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_step(&mut self, step: StepId) -> Result<Option<SentMail>> {
        Ok(sqlx::query_as!(
            SentMail,
            r#"select organization_id, message_id, step_id, execution_id, campaign_id, lead_id, account_id, node_id, recipient, subject,
                      refs, begun_at, tracks_opens, tracks_clicks, link_domain, copied_at, look
               from sent_mails where organization_id = $1 and step_id = $2 order by begun_at desc limit 1"#,
            self.scope.id(),
            step.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// A mail of the account's has been seen in its mailbox: its Message-ID takes the place of what stood for it.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_called(&mut self, account: AccountId, stood_for: &str, message_id: &str) -> Result<()> {
        sqlx::query!(
            r#"update sent_mails set message_id = $4
               where organization_id = $1 and account_id = $2 and message_id = $3 and length($4) between 3 and 255
                 and not exists (select from sent_mails where organization_id = $1 and message_id = $4)"#,
            self.scope.id(),
            account.0,
            stood_for,
            message_id,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// The last mail that was sent on a lead's way: what the next one follows up on.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_of(&mut self, execution: ExecutionId) -> Result<Option<SentMail>> {
        Ok(sqlx::query_as!(
            SentMail,
            r#"select m.organization_id, m.message_id, m.step_id, m.execution_id, m.campaign_id, m.lead_id, m.account_id, m.node_id,
                      m.recipient, m.subject, m.refs, m.begun_at, m.tracks_opens, m.tracks_clicks, m.link_domain, m.copied_at, m.look
               from sent_mails m
               join execution_steps s on s.organization_id = m.organization_id and s.id = m.step_id and s.state = 'sent'
               where m.organization_id = $1 and m.execution_id = $2 order by m.begun_at desc, m.message_id desc limit 1"#,
            self.scope.id(),
            execution.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// The addresses that mails on a lead's way may have left for, each once.
    ///
    /// # Errors
    /// The database's.
    pub async fn recipients(&mut self, execution: ExecutionId) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            "select distinct recipient from sent_mails where organization_id = $1 and execution_id = $2",
            self.scope.id(),
            execution.0,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Mails that were sent from an account since `since` and have no copy in Sent yet, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn to_copy(&mut self, account: AccountId, since: DateTime<Utc>, limit: i64) -> Result<Vec<SentMail>> {
        Ok(sqlx::query_as!(
            SentMail,
            r#"select m.organization_id, m.message_id, m.step_id, m.execution_id, m.campaign_id, m.lead_id, m.account_id, m.node_id,
                      m.recipient, m.subject, m.refs, m.begun_at, m.tracks_opens, m.tracks_clicks, m.link_domain, m.copied_at, m.look
               from sent_mails m
               join execution_steps s on s.organization_id = m.organization_id and s.id = m.step_id and s.state = 'sent'
               where m.organization_id = $1 and m.account_id = $2 and m.copied_at is null and m.begun_at > $3
               order by m.begun_at, m.message_id limit $4"#,
            self.scope.id(),
            account.0,
            since,
            limit,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Copies of these mails were put into Sent.
    ///
    /// # Errors
    /// The database's.
    pub async fn copied(&mut self, message_ids: &[String], now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            "update sent_mails set copied_at = $3, look = null where organization_id = $1 and message_id = any($2)",
            self.scope.id(),
            message_ids,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

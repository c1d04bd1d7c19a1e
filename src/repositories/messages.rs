//! Messages that came in, or that somebody of ours wrote by hand; and the thread that they make with what campaigns sent.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::base::base_repository;
use crate::{
    errors::Result,
    models::{
        AccountId, CampaignId, Channel, ConversationId, ExecutionId, LeadId, MailLook, Message, MessageAttachment,
        MessageDirection, MessageId, MessageState, MessageVerdict, OrganizationId, ThreadMessage, UserId,
        page::{Direction, Page, PageRequest, Position},
    },
};

base_repository!(
    /// The messages of one organization.
    MessageRepository,
    Message,
    MessageId,
    "message",
    "messages",
    "id, organization_id, conversation_id, lead_id, direction, channel, account_id, campaign_id, execution_id, step_id, user_id, provider_key, \
     message_id, answers, sender, subject, text, had_html, attachments, verdict, asks_to_stop, away_until, state, reason, token, deadline, \
     sent_at, created_at"
);

/// A message that was begun and never told how it ended.
#[derive(Debug, Clone, Copy)]
pub struct LostMessage {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Which one.
    pub id: MessageId,
    /// Who sends it, if that is known still.
    pub account: Option<AccountId>,
}

/// A conversation's thread: its messages, and what campaigns sent the lead.
macro_rules! thread {
    ($repository:expr, $of:expr, $page:expr, $tail:literal) => {{
        let (conversation, lead): (ConversationId, LeadId) = $of;
        let from = $page.start();
        sqlx::query_as!(
            ThreadMessage,
            r#"select id as "id!", direction as "direction!: MessageDirection", channel as "channel!: Channel",
                      account_id as "account_id: AccountId", campaign_id as "campaign_id: CampaignId",
                      execution_id as "execution_id: ExecutionId", node_id, user_id as "user_id: UserId", sender, subject, text, html,
                      had_html as "had_html!", attachments as "attachments!: Json<Vec<MessageAttachment>>",
                      verdict as "verdict: MessageVerdict", asks_to_stop as "asks_to_stop!", away_until,
                      state as "state: MessageState", reason, sent_at as "sent_at!"
               from (
                 select m.id, m.direction, m.channel, m.account_id, m.campaign_id, m.execution_id, null as node_id, m.user_id, m.sender,
                        m.subject, m.text, null as html, m.had_html, m.attachments, m.verdict, m.asks_to_stop, m.away_until, m.state,
                        m.reason, m.sent_at
                 from messages m where m.organization_id = $1 and m.conversation_id = $2
                 union all
                 select s.id, 'outbound', a.channel, s.account_id, s.campaign_id, s.execution_id, s.node_id, null, null,
                        s.content->>'subject', s.content->>'text', s.content->>'html', s.content->>'html' is not null, '[]', null, false,
                        null, 'sent', null, s.sending_at
                 from execution_steps s
                 join connected_accounts a on a.organization_id = s.organization_id and a.id = s.account_id
                 where s.organization_id = $1 and s.lead_id = $3 and s.state = 'sent' and s.content is not null
                   -- What was there before, or went without its note, said nothing.
                   and coalesce(s.reason, '') <> all (array['note_left_out', 'already_invited', 'already_invited_recently'])
                   and s.action in ('send_connection_request', 'send_followup', 'send_inmail', 'send_email')) t "# + $tail,
            $repository.scope.id(),
            conversation.0,
            lead.0,
            from.at,
            from.id,
            $page.fetch(),
        )
        .fetch_all(&mut *$repository.conn)
        .await?
    }};
}

impl MessageRepository<'_> {
    /// A page of a conversation's thread.
    ///
    /// # Errors
    /// The database's.
    pub async fn thread(&mut self, of: (ConversationId, LeadId), page: &PageRequest) -> Result<Page<ThreadMessage>> {
        let rows = match page.direction {
            Direction::Descending => {
                thread!(self, of, page, "where (sent_at, id) < ($4, $5) order by sent_at desc, id desc limit $6")
            }
            Direction::Ascending => {
                thread!(self, of, page, "where (sent_at, id) > ($4, $5) order by sent_at, id limit $6")
            }
        };
        let total = if page.include_total { Some(self.thread_length(of).await?) } else { None };
        Ok(Page::cut(rows, page, total, |row| Position { at: row.sent_at, id: row.id }))
    }

    async fn thread_length(&mut self, (conversation, lead): (ConversationId, LeadId)) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select (select count(*) from messages where organization_id = $1 and conversation_id = $2)
                    + (select count(*) from execution_steps
                       where organization_id = $1 and lead_id = $3 and state = 'sent' and content is not null
                         and coalesce(reason, '') <> all (array['note_left_out', 'already_invited', 'already_invited_recently'])
                         and action in ('send_connection_request', 'send_followup', 'send_inmail', 'send_email')) as "count!""#,
            self.scope.id(),
            conversation.0,
            lead.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// The last message of a lead's in a conversation by one account that was here at `by`, if there is one: what an answer answers.
    ///
    /// # Errors
    /// The database's.
    pub async fn last_inbound(
        &mut self,
        conversation: ConversationId,
        account: AccountId,
        by: DateTime<Utc>,
    ) -> Result<Option<Message>> {
        Ok(sqlx::query_as!(
            Message,
            r#"select id, organization_id, conversation_id, lead_id, direction, channel, account_id, campaign_id, execution_id, step_id, user_id,
                      provider_key, message_id, answers, sender, subject, text, had_html, attachments, verdict, asks_to_stop, away_until,
                      state, reason, token, deadline, sent_at, created_at
               from messages where organization_id = $1 and conversation_id = $2 and account_id = $3 and direction = 'inbound'
                 and created_at <= $4
               order by sent_at desc, id desc limit 1"#,
            self.scope.id(),
            conversation.0,
            account.0,
            by,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// Writes a message.
    ///
    /// # Errors
    /// The database's; that the account has a message by this key already, too.
    pub async fn insert(&mut self, message: &Message) -> Result<()> {
        sqlx::query!(
            r#"insert into messages (id, organization_id, conversation_id, lead_id, direction, channel, account_id, campaign_id, execution_id,
                                     step_id, user_id, provider_key, message_id, answers, sender, subject, text, had_html, attachments,
                                     verdict, asks_to_stop, away_until, state, reason, token, deadline, sent_at, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
                       $26, $27, $28)"#,
            message.id.0,
            self.scope.id(),
            message.conversation_id.0,
            message.lead_id.0,
            message.direction.as_str(),
            message.channel.as_str(),
            message.account_id.map(|id| id.0),
            message.campaign_id.map(|id| id.0),
            message.execution_id.map(|id| id.0),
            message.step_id.map(|id| id.0),
            message.user_id.map(|id| id.0),
            message.provider_key,
            message.message_id,
            &message.answers,
            message.sender,
            message.subject,
            message.text,
            message.had_html,
            Json(&message.attachments.0) as _,
            message.verdict.map(MessageVerdict::as_str),
            message.asks_to_stop,
            message.away_until,
            message.state.map(MessageState::as_str),
            message.reason,
            message.token,
            message.deadline,
            message.sent_at,
            message.created_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// What was written by hand is called so by its server: this takes the place of the Message-ID that it had, if it had any. Its server has a
    /// copy of what had none.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_called(
        &mut self,
        account: AccountId,
        id: Uuid,
        (before, message_id): (Option<&str>, &str),
    ) -> Result<()> {
        sqlx::query!(
            r#"update messages set message_id = $5, copied_at = case when message_id is null then sent_at else copied_at end
               where organization_id = $1 and account_id = $2 and id = $3 and direction = 'outbound'
                 and message_id is not distinct from $4 and length($5) between 1 and 998"#,
            self.scope.id(),
            account.0,
            id,
            before,
            message_id,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Says of an account's messages that they are from before it was connected.
    ///
    /// # Errors
    /// The database's.
    pub async fn are_past(&mut self, account: AccountId, provider_keys: &[String]) -> Result<()> {
        sqlx::query!(
            "update messages set past = true where organization_id = $1 and account_id = $2 and provider_key = any($3)",
            self.scope.id(),
            account.0,
            provider_keys,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes how a message ended that still answers to `token`; whether it did.
    ///
    /// # Errors
    /// The database's.
    pub async fn settle(
        &mut self,
        id: MessageId,
        token: Uuid,
        state: MessageState,
        reason: Option<&str>,
    ) -> Result<bool> {
        let done = sqlx::query!(
            r#"update messages set state = $4, reason = $5, deadline = null
               where organization_id = $1 and id = $2 and token = $3 and state = 'sending'"#,
            self.scope.id(),
            id.0,
            token,
            state.as_str(),
            reason,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Writes whom a message that still answers to `token` goes to; whether it does.
    ///
    /// # Errors
    /// The database's.
    pub async fn goes_to(&mut self, id: MessageId, token: Uuid, person: &str) -> Result<bool> {
        let done = sqlx::query!(
            r#"update messages set person = $4
               where organization_id = $1 and id = $2 and token = $3 and state = 'sending'"#,
            self.scope.id(),
            id.0,
            token,
            person,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Whom a message went to, if it was begun.
    ///
    /// # Errors
    /// The database's.
    pub async fn went_to(&mut self, id: MessageId) -> Result<Option<String>> {
        let person = sqlx::query_scalar!(
            "select person from messages where organization_id = $1 and id = $2",
            self.scope.id(),
            id.0,
        );
        Ok(person.fetch_optional(&mut *self.conn).await?.flatten())
    }

    /// It is proved late that a message was sent that had been given up.
    ///
    /// # Errors
    /// The database's.
    pub async fn prove_sent(&mut self, id: MessageId) -> Result<()> {
        sqlx::query!(
            "update messages set state = 'sent', reason = null where organization_id = $1 and id = $2 and state = 'failed'",
            self.scope.id(),
            id.0,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Takes over a message whose result was awaited in vain: from now on it answers to `token`. None if another was faster.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_over(
        &mut self,
        id: MessageId,
        (token, deadline): (Uuid, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let done = sqlx::query!(
            r#"update messages set token = $3, deadline = $4
               where organization_id = $1 and id = $2 and state = 'sending' and deadline <= $5"#,
            self.scope.id(),
            id.0,
            token,
            deadline,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Mails that were written by hand and sent from an account since `since`, and have no copy in Sent yet, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn to_copy(&mut self, account: AccountId, since: DateTime<Utc>, limit: i64) -> Result<Vec<Message>> {
        Ok(sqlx::query_as!(
            Message,
            r#"select id, organization_id, conversation_id, lead_id, direction, channel, account_id, campaign_id, execution_id, step_id, user_id,
                      provider_key, message_id, answers, sender, subject, text, had_html, attachments, verdict, asks_to_stop, away_until,
                      state, reason, token, deadline, sent_at, created_at
               from messages
               where organization_id = $1 and account_id = $2 and copied_at is null and state = 'sent' and message_id is not null
                 and sent_at > $3
               order by sent_at, id limit $4"#,
            self.scope.id(),
            account.0,
            since,
            limit,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Notes how a message looks that is on its way out.
    ///
    /// # Errors
    /// The database's.
    pub async fn looks(&mut self, id: MessageId, look: &MailLook) -> Result<()> {
        sqlx::query!(
            "update messages set look = $3 where organization_id = $1 and id = $2",
            self.scope.id(),
            id.0,
            Json(look) as Json<&MailLook>,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// How a message looked that was sent.
    ///
    /// # Errors
    /// The database's.
    pub async fn look(&mut self, id: MessageId) -> Result<Option<MailLook>> {
        let look = sqlx::query_scalar!(
            r#"select look as "look: Json<MailLook>" from messages where organization_id = $1 and id = $2"#,
            self.scope.id(),
            id.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?;
        Ok(look.flatten().map(|look| look.0))
    }

    /// Copies of these mails were put into Sent.
    ///
    /// # Errors
    /// The database's.
    pub async fn copied(&mut self, ids: &[MessageId], now: DateTime<Utc>) -> Result<()> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        sqlx::query!(
            "update messages set copied_at = $3, look = null where organization_id = $1 and id = any($2)",
            self.scope.id(),
            &ids,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

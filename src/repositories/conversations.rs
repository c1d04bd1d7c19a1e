//! What leads and we have written to each other.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{base::base_repository, leads::like_pattern};
use crate::{
    errors::{AppError, Result},
    models::{
        AccountId, AccountRef, Assignee, Channel, Conversation, ConversationFilter, ConversationId, ConversationLead,
        ConversationView, LeadId, MessageDirection,
        page::{Direction, Page, PageRequest, Position},
        preview,
    },
};

base_repository!(
    /// The conversations of one organization.
    ConversationRepository,
    Conversation,
    ConversationId,
    "conversation",
    "conversations",
    "id, organization_id, lead_id, channel, account_id, subject, preview, last_message_at, last_direction, unread_count, asks_to_stop, \
     state, label, assignee_id, version, created_at, updated_at"
);

/// A message that came in, as far as it concerns its conversation.
#[derive(Debug)]
pub struct Received<'m> {
    /// Who wrote it.
    pub lead_id: LeadId,
    /// By which way.
    pub channel: Channel,
    /// To which account.
    pub account_id: AccountId,
    /// Its subject.
    pub subject: Option<&'m str>,
    /// What it says.
    pub text: &'m str,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Whether somebody should read it.
    pub unread: bool,
    /// Whether its writer plainly asks for no more.
    pub asks_to_stop: bool,
}

/// Messages of before that were read back, as far as they concern their conversation.
#[derive(Debug)]
pub struct Recalled<'m> {
    /// With whom.
    pub lead_id: LeadId,
    /// By which way.
    pub channel: Channel,
    /// By which account.
    pub account_id: AccountId,
    /// What the last of them says.
    pub text: &'m str,
    /// When that was written.
    pub at: DateTime<Utc>,
    /// Who wrote it.
    pub direction: MessageDirection,
    /// Whether the lead plainly asked for no more in one of them.
    pub asks_to_stop: bool,
}

/// Conversations with those who have to do with them.
macro_rules! views {
    ([$($sql:literal),+], $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            ConversationView,
            r#"select c.id, c.channel, c.subject, c.preview, c.last_message_at, c.last_direction, c.unread_count, c.asks_to_stop, c.state, c.label,
                      c.version, c.created_at, c.updated_at,
                      jsonb_build_object('id', l.id, 'email', l.email, 'linkedin_url', l.linkedin_url, 'company', l.company, 'title', l.title,
                        'status', l.status, 'name', coalesce(l.full_name, nullif(concat_ws(' ', l.first_name, l.last_name), ''), l.email,
                                                             l.linkedin_url, l.external_id)) as "lead!: Json<ConversationLead>",
                      (select jsonb_build_object('id', a.id, 'display_name', a.display_name, 'provider', a.provider,
                                                 'avatar_url', a.avatar_url, 'status', a.status)
                       from connected_accounts a where a.organization_id = c.organization_id and a.id = c.account_id)
                        as "account: Json<AccountRef>",
                      (select jsonb_build_object('id', m.id, 'image_url', u.image_url,
                                                 'name', coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email, ''))
                       from organization_members m join users u on u.id = m.user_id and u.deleted_at is null
                       where m.organization_id = c.organization_id and m.id = c.assignee_id and m.deleted_at is null)
                        as "assignee: Json<Assignee>"
               from conversations c join leads l on l.organization_id = c.organization_id and l.id = c.lead_id "# $(+ $sql)+,
            $($argument),*
        )
    };
}

macro_rules! counted {
    ([$($sql:literal),+], $($argument:expr),* $(,)?) => {
        sqlx::query_scalar!(r#"select count(*) as "count!" from conversations c "# $(+ $sql)+, $($argument),*)
    };
}

/// What a filter lets through. To be run on a connection that plans with values: absent conditions then fold away.
macro_rules! filtered {
    ($read:ident, $repository:expr, $filter:expr, $tail:literal $(, $argument:expr)* $(,)?) => {
        $read!(
            ["where c.organization_id = $1
                and ($2::uuid is null or exists (select from messages m where m.organization_id = $1 and m.account_id = $2
                                                   and m.conversation_id = c.id))
                and ($3::uuid is null or exists (select from messages m where m.organization_id = $1 and m.campaign_id = $3
                                                   and m.conversation_id = c.id))
                and ($4::uuid is null or c.lead_id = $4)
                and ($5::uuid is null or c.assignee_id = $5)
                and ($6::boolean is null or (c.assignee_id is not null) = $6)
                and ($7::text is null or c.label = $7)
                and ($8::text is null or c.channel = $8 or exists (select from messages m where m.organization_id = $1
                                                                    and m.conversation_id = c.id and m.channel = $8))
                and ($9::text is null or c.state = $9)
                and ($10::boolean is null or (c.unread_count > 0) = $10)
                and ($11::text is null or c.id = any (array(
                  select m.conversation_id from messages m
                  where m.organization_id = $1 and lower(left(coalesce(m.subject, '') || ' ' || m.text, 5000)) like lower($11)
                  union all
                  select f.id from leads p join conversations f on f.organization_id = p.organization_id and f.lead_id = p.id
                  where p.organization_id = $1 and p.search_text like lower($11))))", $tail],
            $repository.scope.id(),
            $filter.account_id.map(|id| id.0),
            $filter.campaign_id.map(|id| id.0),
            $filter.lead_id.map(|id| id.0),
            $filter.assignee_id.map(|id| id.0),
            $filter.assigned,
            $filter.label,
            $filter.channel.map(|channel| channel.as_str()),
            $filter.state.map(|state| state.as_str()),
            $filter.unread,
            $filter.search.as_deref().map(like_pattern),
            $($argument),*
        )
    };
}

impl ConversationRepository<'_> {
    /// A page of the conversations that `filter` lets through, in the order of their last messages. Ask it of a connection that plans with
    /// values.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(&mut self, filter: &ConversationFilter, page: &PageRequest) -> Result<Page<ConversationView>> {
        let from = page.start();
        let rows =
            match page.direction {
                Direction::Descending => filtered!(
                    views,
                    self,
                    filter,
                    " and (c.last_message_at, c.id) < ($12, $13) order by c.last_message_at desc, c.id desc limit $14",
                    from.at,
                    from.id,
                    page.fetch()
                )
                .fetch_all(&mut *self.conn)
                .await?,
                Direction::Ascending => {
                    filtered!(
                        views,
                        self,
                        filter,
                        " and (c.last_message_at, c.id) > ($12, $13) order by c.last_message_at, c.id limit $14",
                        from.at,
                        from.id,
                        page.fetch()
                    )
                    .fetch_all(&mut *self.conn)
                    .await?
                }
            };
        let total = if page.include_total {
            Some(filtered!(counted, self, filter, "").fetch_one(&mut *self.conn).await?)
        } else {
            None
        };
        Ok(Page::cut(rows, page, total, |row| Position { at: row.last_message_at, id: row.id.0 }))
    }

    /// A conversation with those who have to do with it.
    ///
    /// # Errors
    /// `conversation_not_found`.
    pub async fn view(&mut self, id: ConversationId) -> Result<ConversationView> {
        let view = views!(["where c.organization_id = $1 and c.id = $2"], self.scope.id(), id.0);
        view.fetch_optional(&mut *self.conn).await?.ok_or_else(|| AppError::not_found("conversation"))
    }

    /// The conversation with a lead, if there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_lead(&mut self, lead: LeadId) -> Result<Option<ConversationId>> {
        Ok(sqlx::query_scalar!(
            r#"select id as "id: ConversationId" from conversations where organization_id = $1 and lead_id = $2"#,
            self.scope.id(),
            lead.0,
        )
        .fetch_optional(&mut *self.conn)
        .await?)
    }

    /// A message has come in: the lead's conversation, which it begins or goes on, and opens again if a person wrote it. A message that comes
    /// late does not pass for the last.
    ///
    /// # Errors
    /// The database's.
    pub async fn receive(&mut self, it: &Received<'_>, now: DateTime<Utc>) -> Result<ConversationId> {
        Ok(sqlx::query_scalar!(
            r#"insert into conversations as c (id, organization_id, lead_id, channel, account_id, subject, preview, last_message_at, last_direction,
                                               unread_count, asks_to_stop, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, 'inbound', $9, $10, $11, $11)
               on conflict (organization_id, lead_id) do update
               set channel = case when excluded.last_message_at >= c.last_message_at then excluded.channel else c.channel end,
                   account_id = case when excluded.last_message_at >= c.last_message_at then excluded.account_id else c.account_id end,
                   subject = case when excluded.last_message_at >= c.last_message_at then coalesce(excluded.subject, c.subject)
                                  else coalesce(c.subject, excluded.subject) end,
                   preview = case when excluded.last_message_at >= c.last_message_at then excluded.preview else c.preview end,
                   last_direction = case when excluded.last_message_at >= c.last_message_at then 'inbound' else c.last_direction end,
                   last_message_at = greatest(c.last_message_at, excluded.last_message_at),
                   unread_count = c.unread_count + excluded.unread_count, asks_to_stop = c.asks_to_stop or excluded.asks_to_stop,
                   state = case when excluded.unread_count > 0 then 'open' else c.state end, version = c.version + 1, updated_at = $11
               returning id as "id: ConversationId""#,
            ConversationId::new(now).0,
            self.scope.id(),
            it.lead_id.0,
            it.channel.as_str(),
            it.account_id.0,
            it.subject,
            preview(it.text),
            it.at,
            i32::from(it.unread),
            it.asks_to_stop,
            now,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Messages of before were read back: the lead's conversation, which is a closed one if they begin it. Nothing of them waits to be read.
    ///
    /// # Errors
    /// The database's.
    pub async fn recall(&mut self, it: &Recalled<'_>, now: DateTime<Utc>) -> Result<ConversationId> {
        Ok(sqlx::query_scalar!(
            r#"insert into conversations as c (id, organization_id, lead_id, channel, account_id, preview, last_message_at, last_direction,
                                               asks_to_stop, state, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'closed', $10, $10)
               on conflict (organization_id, lead_id) do update
               set preview = case when excluded.last_message_at > c.last_message_at then excluded.preview else c.preview end,
                   last_direction = case when excluded.last_message_at > c.last_message_at then excluded.last_direction
                                         else c.last_direction end,
                   last_message_at = greatest(c.last_message_at, excluded.last_message_at),
                   asks_to_stop = c.asks_to_stop or excluded.asks_to_stop, version = c.version + 1, updated_at = $10
               returning id as "id: ConversationId""#,
            ConversationId::new(now).0,
            self.scope.id(),
            it.lead_id.0,
            it.channel.as_str(),
            it.account_id.0,
            preview(it.text),
            it.at,
            it.direction.as_str(),
            it.asks_to_stop,
            now,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Somebody of ours wrote at that time: the conversation shows that as its last message, unless something came after it.
    ///
    /// # Errors
    /// The database's.
    pub async fn shows(&mut self, id: ConversationId, text: &str, at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"update conversations
               set preview = $3, last_direction = 'outbound', last_message_at = $4, version = version + 1, updated_at = $5
               where organization_id = $1 and id = $2 and last_message_at <= $4"#,
            self.scope.id(),
            id.0,
            preview(text),
            at,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Somebody of ours has written: the conversation shows that as its last message.
    ///
    /// # Errors
    /// The database's.
    pub async fn wrote(&mut self, id: ConversationId, text: &str, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"update conversations set preview = $3, last_direction = 'outbound', last_message_at = greatest(last_message_at, $4),
                      version = version + 1, updated_at = $4
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            id.0,
            preview(text),
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes the fields that a person may change.
    ///
    /// # Errors
    /// The database's.
    pub async fn update(&mut self, conversation: &Conversation) -> Result<()> {
        sqlx::query!(
            r#"update conversations set state = $3, label = $4, assignee_id = $5, unread_count = $6, version = $7, updated_at = $8
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            conversation.id.0,
            conversation.state.as_str(),
            conversation.label,
            conversation.assignee_id.map(|id| id.0),
            conversation.unread_count,
            conversation.version,
            conversation.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

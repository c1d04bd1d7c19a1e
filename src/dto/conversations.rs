//! Conversations on the wire.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::{connected_accounts::AccountRefDto, extract::ShortText, patch::patch};
use crate::{
    models::{
        AccountId, Assignee, CampaignId, Channel, ConversationFilter, ConversationId, ConversationLead,
        ConversationState, ConversationView, ExecutionId, LeadId, LeadStatus, MemberId, Message, MessageAttachment,
        MessageDirection, MessageState, MessageVerdict, ThreadMessage, UserId,
    },
    services::{campaign_runs::NewLetter, conversations::ConversationChanges},
};

/// What a lead and we have written to each other, over both channels.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub struct ConversationDto {
    /// The conversation's id.
    pub id: ConversationId,
    /// The lead.
    pub lead: ConversationLeadDto,
    /// The account that the lead last wrote to; an answer goes out by it unless another is named. Null if it was deleted.
    pub account: Option<AccountRefDto>,
    /// By which way the lead last wrote.
    pub channel: Channel,
    /// The subject of the last mail.
    #[schema(example = "Re: Hello Jane")]
    pub subject: Option<String>,
    /// The beginning of the last message.
    #[schema(example = "Sounds interesting. Do you have time for a short call next week?")]
    pub preview: String,
    /// When the last message was written, by the lead or by hand. What campaigns send does not count.
    pub last_message_at: DateTime<Utc>,
    /// Who wrote it.
    pub last_direction: MessageDirection,
    /// Answers that nobody has read; answers of machines do not count.
    #[schema(example = 1)]
    pub unread_count: i32,
    /// Whether the lead has plainly asked not to be written to any more.
    pub asks_to_stop: bool,
    /// Whether it is to be attended to.
    pub state: ConversationState,
    /// A label.
    #[schema(example = "interested")]
    pub label: Option<String>,
    /// Who has taken it on; null if nobody has, or has left.
    pub assignee: Option<AssigneeDto>,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// When the lead first wrote.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The lead of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationLead)]
pub struct ConversationLeadDto {
    /// The lead's id.
    pub id: LeadId,
    /// Its name, or else its e-mail address, profile or external id.
    #[schema(example = "Jane Doe")]
    pub name: String,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Its LinkedIn profile.
    pub linkedin_url: Option<String>,
    /// Where it works.
    pub company: Option<String>,
    /// As what.
    pub title: Option<String>,
    /// Where we stand with it.
    pub status: LeadStatus,
}

/// Who has taken a conversation on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationAssignee)]
pub struct AssigneeDto {
    /// The member's id.
    pub id: MemberId,
    /// The member's name, or else address.
    pub name: String,
    /// The member's picture.
    pub image_url: Option<String>,
}

impl From<ConversationView> for ConversationDto {
    fn from(view: ConversationView) -> Self {
        let ConversationView {
            id,
            channel,
            subject,
            preview,
            last_message_at,
            last_direction,
            unread_count,
            asks_to_stop,
            state,
            label,
            version,
            created_at,
            updated_at,
            lead,
            account,
            assignee,
        } = view;
        Self {
            id,
            lead: lead.0.into(),
            account: account.map(|account| account.0.into()),
            channel,
            subject,
            preview,
            last_message_at,
            last_direction,
            unread_count,
            asks_to_stop,
            state,
            label,
            assignee: assignee.map(|assignee| assignee.0.into()),
            version,
            created_at,
            updated_at,
        }
    }
}

impl From<ConversationLead> for ConversationLeadDto {
    fn from(lead: ConversationLead) -> Self {
        let ConversationLead { id, name, email, linkedin_url, company, title, status } = lead;
        Self { id, name, email, linkedin_url, company, title, status }
    }
}

impl From<Assignee> for AssigneeDto {
    fn from(assignee: Assignee) -> Self {
        let Assignee { id, name, image_url } = assignee;
        Self { id, name, image_url }
    }
}

/// A message of a conversation: one that the lead wrote, one that was written by hand, or one that a campaign sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageDto {
    /// The message's id; of what a campaign sent, the id of its step.
    pub id: Uuid,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Who wrote it.
    pub direction: MessageDirection,
    /// By which way.
    pub channel: Channel,
    /// To or from which account; null if it was deleted.
    pub account_id: Option<AccountId>,
    /// The campaign that sent it, or that it answers.
    pub campaign_id: Option<CampaignId>,
    /// The lead's way through that campaign.
    pub execution_id: Option<ExecutionId>,
    /// The step of the campaign that sent it; null of what no campaign sent.
    #[schema(example = "mail")]
    pub node_id: Option<String>,
    /// Who wrote it by hand.
    pub user_id: Option<UserId>,
    /// Who wrote it, as it says: with several people in a thread it may not be the lead.
    #[schema(example = "Jane Doe <jane.doe@example.com>")]
    pub sender: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// What it says, as plain text; of an answer by mail, without what it quotes.
    #[schema(example = "Sounds interesting. Do you have time for a short call next week?")]
    pub text: String,
    /// Whether it came, or went out, as HTML too.
    pub had_html: bool,
    /// What was attached. It is noted and not kept.
    pub attachments: Vec<MessageAttachment>,
    /// What it is, if it came in.
    pub verdict: Option<MessageVerdict>,
    /// Whether it plainly asks not to be written to any more.
    pub asks_to_stop: bool,
    /// Until when a machine says that the lead is away.
    pub away_until: Option<NaiveDate>,
    /// Where it stands, if it goes out.
    pub state: Option<MessageState>,
    /// Why it was not sent.
    #[schema(example = "account_needs_reconnect")]
    pub reason: Option<String>,
    /// When it was written.
    pub sent_at: DateTime<Utc>,
}

impl MessageDto {
    /// A message of a conversation's thread.
    #[must_use]
    pub fn of(conversation_id: ConversationId, message: ThreadMessage) -> Self {
        let ThreadMessage {
            id,
            direction,
            channel,
            account_id,
            campaign_id,
            execution_id,
            node_id,
            user_id,
            sender,
            subject,
            text,
            html: _,
            had_html,
            attachments,
            verdict,
            asks_to_stop,
            away_until,
            state,
            reason,
            sent_at,
        } = message;
        #[rustfmt::skip] // one name a line would make this longer than a function may be
        let message = Self {
            id, conversation_id, direction, channel, account_id, campaign_id, execution_id, node_id, user_id, sender, subject, had_html, verdict, asks_to_stop,
            away_until, state, reason, sent_at, attachments: attachments.0, text: text.unwrap_or_default(),
        };
        message
    }
}

impl From<Message> for MessageDto {
    fn from(message: Message) -> Self {
        #[rustfmt::skip]
        let Message {
            id, organization_id: _, conversation_id, lead_id: _, direction, channel, account_id, campaign_id, execution_id, step_id: _,
            user_id, provider_key: _, message_id: _, answers: _, sender, subject, text, had_html, attachments, verdict, asks_to_stop,
            away_until, state, reason, token: _, deadline: _, sent_at, created_at: _,
        } = message;
        #[rustfmt::skip]
        let message = Self {
            id: id.0, conversation_id, direction, channel, account_id, campaign_id, execution_id, node_id: None, user_id, sender, subject, text, had_html,
            attachments: attachments.0, verdict, asks_to_stop, away_until, state, reason, sent_at,
        };
        message
    }
}

/// Which conversations are wanted; all conditions must hold.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ConversationFilterParams {
    /// Those in which the lead wrote to this account, or was answered from it.
    pub account_id: Option<AccountId>,
    /// Those in which this campaign was answered.
    pub campaign_id: Option<CampaignId>,
    /// The one with this lead.
    pub lead_id: Option<LeadId>,
    /// Those that this member has taken on.
    pub assignee_id: Option<MemberId>,
    /// Those that somebody has taken on, or nobody.
    pub assigned: Option<bool>,
    /// Those with this label.
    #[param(value_type = Option<String>, min_length = 1, max_length = 50)]
    pub label: Option<ShortText<50>>,
    /// Those in which the lead wrote this way, or was answered.
    #[param(inline)]
    pub channel: Option<Channel>,
    /// Those in this state.
    #[param(inline)]
    pub state: Option<ConversationState>,
    /// Those with unread answers, or without.
    pub unread: Option<bool>,
    /// Text in a message of the conversation, or in the lead's name, company, e-mail address or title.
    #[param(value_type = Option<String>, min_length = 1, max_length = 200)]
    pub search: Option<ShortText<200>>,
}

impl From<ConversationFilterParams> for ConversationFilter {
    fn from(params: ConversationFilterParams) -> Self {
        let ConversationFilterParams {
            account_id,
            campaign_id,
            lead_id,
            assignee_id,
            assigned,
            label,
            channel,
            state,
            unread,
            search,
        } = params;
        let (label, search) = (label.map(|it| it.0), search.map(|it| it.0));
        Self { account_id, campaign_id, lead_id, assignee_id, assigned, label, channel, state, unread, search }
    }
}

/// A message to be written.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Thursday at two suits me. I'll call you."}))]
pub struct WriteMessageRequest {
    /// What it says, as plain text.
    #[schema(min_length = 1, max_length = 20_000, pattern = r"\S")]
    pub text: String,
    /// By which account, if not by the one that the lead last wrote to: any that it wrote to in this conversation, on either channel.
    pub account_id: Option<AccountId>,
}

impl From<WriteMessageRequest> for NewLetter {
    fn from(request: WriteMessageRequest) -> Self {
        let WriteMessageRequest { text, account_id } = request;
        Self { text: text.replace("\r\n", "\n"), account_id }
    }
}

/// A merge patch of a conversation (RFC 7396): an absent field stays, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "interested", "state": "closed"}))]
pub struct UpdateConversationRequest {
    /// A label; null takes it off.
    #[serde(default, with = "double_option")]
    #[schema(min_length = 1, max_length = 50, pattern = r"\S", value_type = Option<String>)]
    pub label: Option<Option<String>>,
    /// The member who takes it on; null gives it back.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<MemberId>)]
    pub assignee_id: Option<Option<MemberId>>,
    /// `closed` if nothing is to be done any more. An answer of the lead's opens it again.
    #[schema(nullable = false)]
    pub state: Option<ConversationState>,
}

impl From<UpdateConversationRequest> for ConversationChanges {
    fn from(request: UpdateConversationRequest) -> Self {
        let UpdateConversationRequest { label, assignee_id, state } = request;
        let label = patch(label).map(|label: String| label.trim().to_owned());
        Self { label, assignee_id: patch(assignee_id), state }
    }
}

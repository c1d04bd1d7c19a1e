//! What a lead and we have written to each other.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    AccountId, AccountRef, CampaignId, Channel, ConversationId, ExecutionId, LeadId, MemberId, MessageId,
    OrganizationId, StepId, UserId,
};
use crate::text_enum;

/// The longest preview of a message, in characters.
const LONGEST_PREVIEW: usize = 200;

/// What a lead and we have written to each other, over both channels.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub id: ConversationId,
    pub organization_id: OrganizationId,
    pub lead_id: LeadId,
    pub channel: Channel,
    pub account_id: Option<AccountId>,
    pub subject: Option<String>,
    pub preview: String,
    pub last_message_at: DateTime<Utc>,
    pub last_direction: MessageDirection,
    pub unread_count: i32,
    pub asks_to_stop: bool,
    pub state: ConversationState,
    pub label: Option<String>,
    pub assignee_id: Option<MemberId>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A conversation with those who have to do with it.
#[derive(Debug, Clone)]
pub struct ConversationView {
    pub id: ConversationId,
    pub channel: Channel,
    pub subject: Option<String>,
    pub preview: String,
    pub last_message_at: DateTime<Utc>,
    pub last_direction: MessageDirection,
    pub unread_count: i32,
    pub asks_to_stop: bool,
    pub state: ConversationState,
    pub label: Option<String>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub lead: Json<ConversationLead>,
    pub account: Option<Json<AccountRef>>,
    pub assignee: Option<Json<Assignee>>,
}

/// The lead of a conversation. Gathered by a query as JSON.
#[derive(Debug, Clone, Deserialize)]
pub struct ConversationLead {
    pub id: LeadId,
    pub name: String,
    pub email: Option<String>,
    pub linkedin_url: Option<String>,
    pub company: Option<String>,
    pub title: Option<String>,
    pub status: super::LeadStatus,
}

/// Who has taken a conversation on. Gathered by a query as JSON.
#[derive(Debug, Clone, Deserialize)]
pub struct Assignee {
    pub id: MemberId,
    pub name: String,
    pub image_url: Option<String>,
}

text_enum! {
    /// Which way a message went.
    MessageDirection {
        /// From the lead to us.
        Inbound = "inbound",
        /// From us to the lead.
        Outbound = "outbound",
    }
}

text_enum! {
    /// Whether a conversation is to be attended to.
    ConversationState {
        /// It is. A new answer of the lead's opens it again.
        Open = "open",
        /// Somebody is done with it.
        Closed = "closed",
    }
}

text_enum! {
    /// What a message that came in is.
    MessageVerdict {
        /// The lead wrote it.
        Reply = "reply",
        /// A machine answered for the lead.
        AutoReply = "auto_reply",
    }
}

text_enum! {
    /// Where a message that goes out stands: `sending → sent | failed`.
    MessageState {
        /// It may be on the wire. Until that is cleared up it is not sent again.
        Sending = "sending",
        /// The provider has it.
        Sent = "sent",
        /// The provider surely does not have it; the reason is given.
        Failed = "failed",
    }
}

/// A message that came in, or that somebody of ours wrote by hand.
#[derive(Debug, Clone)]
pub struct Message {
    pub id: MessageId,
    pub organization_id: OrganizationId,
    pub conversation_id: ConversationId,
    pub lead_id: LeadId,
    pub direction: MessageDirection,
    pub channel: Channel,
    pub account_id: Option<AccountId>,
    pub campaign_id: Option<CampaignId>,
    pub execution_id: Option<ExecutionId>,
    pub step_id: Option<StepId>,
    pub user_id: Option<UserId>,
    pub provider_key: String,
    pub message_id: Option<String>,
    pub answers: Vec<String>,
    pub sender: Option<String>,
    pub subject: Option<String>,
    pub text: String,
    pub had_html: bool,
    pub attachments: Json<Vec<MessageAttachment>>,
    pub verdict: Option<MessageVerdict>,
    pub asks_to_stop: bool,
    pub away_until: Option<NaiveDate>,
    pub state: Option<MessageState>,
    pub reason: Option<String>,
    pub token: Option<Uuid>,
    pub deadline: Option<DateTime<Utc>>,
    pub sent_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// Something that was attached; it is noted and not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageAttachment {
    /// The file's name, if it has one.
    pub name: Option<String>,
    /// Its media type.
    #[schema(example = "application/pdf")]
    pub media_type: String,
    /// Its size in bytes, of a very large one as far as it was read.
    pub bytes: i64,
}

/// A message as a conversation shows it: one that came in, one that was written by hand, or one that a campaign sent.
#[derive(Debug, Clone)]
pub struct ThreadMessage {
    pub id: Uuid,
    pub direction: MessageDirection,
    pub channel: Channel,
    pub account_id: Option<AccountId>,
    pub campaign_id: Option<CampaignId>,
    pub execution_id: Option<ExecutionId>,
    pub node_id: Option<String>,
    pub user_id: Option<UserId>,
    pub sender: Option<String>,
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
    pub had_html: bool,
    pub attachments: Json<Vec<MessageAttachment>>,
    pub verdict: Option<MessageVerdict>,
    pub asks_to_stop: bool,
    pub away_until: Option<NaiveDate>,
    pub state: Option<MessageState>,
    pub reason: Option<String>,
    pub sent_at: DateTime<Utc>,
}

/// A step of a campaign that a lead answered, or that did not reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnsweredStep {
    pub campaign_id: CampaignId,
    pub execution_id: ExecutionId,
    pub step_id: StepId,
}

/// Which conversations are wanted; all conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct ConversationFilter {
    /// Those in which this account wrote or was written to.
    pub account_id: Option<AccountId>,
    /// Those in which this campaign was answered.
    pub campaign_id: Option<CampaignId>,
    pub lead_id: Option<LeadId>,
    pub assignee_id: Option<MemberId>,
    /// Those that somebody has taken on, or nobody.
    pub assigned: Option<bool>,
    pub label: Option<String>,
    pub channel: Option<Channel>,
    pub state: Option<ConversationState>,
    pub unread: Option<bool>,
    /// In a message of the conversation, or what the lead is found by.
    pub search: Option<String>,
}

/// The beginning of a message, as one line.
#[must_use]
pub fn preview(text: &str) -> String {
    let line = crate::utils::text::collapse(text);
    line.chars().filter(|c| !c.is_control()).take(LONGEST_PREVIEW).collect()
}

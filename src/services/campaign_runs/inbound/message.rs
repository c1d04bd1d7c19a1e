//! What leads write, in their conversations.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{Deed, What};
use crate::{
    errors::Result,
    models::{CampaignId, ExecutionId, Message, MessageAttachment, MessageDirection, MessageId, MessageVerdict},
    repositories::{BaseRepository as _, OrgTx, Received},
};

/// What a lead wrote.
#[derive(Debug, Clone)]
pub(super) struct NewMessage {
    /// By what the account's provider knows it.
    pub provider_key: String,
    /// The Message-ID of a mail.
    pub message_id: Option<String>,
    /// The Message-IDs that it answers or follows, the nearest first.
    pub answers: Vec<String>,
    /// Who wrote it, as a mail says.
    pub sender: Option<String>,
    pub subject: Option<String>,
    pub text: String,
    pub had_html: bool,
    pub attachments: Vec<MessageAttachment>,
    pub sent_at: DateTime<Utc>,
}

/// Puts what the lead wrote into its conversation. A machine's answer does not wait to be read.
pub(super) async fn keep(tx: &mut OrgTx, deed: &Deed, last: Option<(CampaignId, ExecutionId)>) -> Result<()> {
    let Some(new) = &deed.message else { return Ok(()) };
    let (verdict, asks_to_stop, away_until) = match deed.what {
        What::Replied { asks_to_stop } => (MessageVerdict::Reply, asks_to_stop, None),
        What::AutoReplied { until } => (MessageVerdict::AutoReply, false, until),
        _ => return Ok(()),
    };
    let Some(account) = tx.accounts().find(deed.account_id).await? else { return Ok(()) };
    let now = tx.now();
    let sent_at = new.written_at(now);
    let received = Received {
        lead_id: deed.lead_id,
        channel: account.channel,
        account_id: account.id,
        subject: new.subject.as_deref(),
        text: &new.text,
        at: sent_at,
        unread: verdict == MessageVerdict::Reply,
        asks_to_stop,
    };
    let conversation_id = tx.conversations().receive(&received, now).await?;
    let NewMessage { provider_key, message_id, answers, sender, subject, text, had_html, attachments, sent_at: _ } =
        new.clone();
    #[rustfmt::skip] // one name a line would make this longer than a function may be
    let message = Message {
        id: MessageId::new(now), organization_id: tx.organization_id(), conversation_id, lead_id: deed.lead_id,
        direction: MessageDirection::Inbound, channel: account.channel, account_id: Some(account.id),
        campaign_id: last.map(|(campaign, _)| campaign), execution_id: last.map(|(_, execution)| execution),
        step_id: deed.answers.map(|answered| answered.step_id), user_id: None, provider_key, message_id, answers, sender, subject, text,
        had_html, attachments: Json(attachments), verdict: Some(verdict), asks_to_stop, away_until, state: None, reason: None, token: None,
        deadline: None, sent_at, created_at: now,
    };
    tx.messages().insert(&message).await
}

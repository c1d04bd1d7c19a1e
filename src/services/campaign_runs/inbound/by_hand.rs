//! What an account's owner writes on LinkedIn by hand: shown in the conversation, and nothing else follows, as with what is written from the
//! inbox.

use sqlx::types::Json;

use super::{LinkedinMessage, Parties, RunService};
use crate::{
    errors::Result,
    models::{Channel, ConversationId, LeadId, Message, MessageDirection, MessageId, MessageState},
    repositories::{BaseRepository as _, OrgTx},
    services::campaign_runs::linkedin::same,
};

impl RunService {
    /// Takes in what an account wrote to a lead that is in touch with it, unless it was ours: a campaign's or the inbox's, written to it or to
    /// `others`, the leads that are the same person. Without a conversation,
    /// which begins with the lead's first answer, nothing is kept.
    ///
    /// # Errors
    /// The database is away.
    pub async fn take_in_own_messages(
        &self,
        of: Parties,
        others: &[LeadId],
        messages: &[LinkedinMessage],
    ) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        self.again(|| self.take_in_own_messages_once(of, others, messages)).await
    }

    async fn take_in_own_messages_once(
        &self,
        of: Parties,
        others: &[LeadId],
        messages: &[LinkedinMessage],
    ) -> Result<()> {
        let Parties { organization, account, lead } = of;
        let mut tx = self.begin_intake(organization, false).await?;
        let Some(conversation) = tx.conversations().of_lead(lead).await? else { return Ok(()) };
        let Some(since) = tx.unipile().in_touch_since(account, lead).await? else { return Ok(()) };
        if !tx.accounts().exists(account).await? {
            return Ok(());
        }
        let ours = tx.unipile().texts_to(account, &[&[lead][..], others].concat()).await?;
        let says = |it: &LinkedinMessage| !it.text.trim().is_empty() || !it.attachments.is_empty();
        let by_hand = messages.iter().filter(|it| it.sent_at >= since && says(it));
        for message in by_hand.filter(|it| !ours.iter().any(|text| same(text, &it.text))) {
            keep(&mut tx, of, conversation, message).await?;
        }
        tx.commit().await
    }
}

/// Puts one message into the conversation, once.
async fn keep(tx: &mut OrgTx, of: Parties, conversation: ConversationId, it: &LinkedinMessage) -> Result<()> {
    let now = tx.now();
    if !tx.intake().is_first(of.account, &it.id, "by_hand", now).await? {
        return Ok(());
    }
    let sent_at = it.sent_at.min(now);
    #[rustfmt::skip] // one name a line would make this longer than a function may be
    let message = Message {
        id: MessageId::new(now), organization_id: of.organization, conversation_id: conversation, lead_id: of.lead,
        direction: MessageDirection::Outbound, channel: Channel::Linkedin, account_id: Some(of.account), campaign_id: None, execution_id: None,
        step_id: None, user_id: None, provider_key: it.id.clone(), message_id: None, answers: Vec::new(), sender: None, subject: None,
        text: it.text.clone(), had_html: false, attachments: Json(it.attachments.clone()), verdict: None, asks_to_stop: false,
        away_until: None, state: Some(MessageState::Sent), reason: None, token: None, deadline: None, sent_at, created_at: now,
    };
    tx.messages().insert(&message).await?;
    tx.conversations().shows(conversation, &it.text, sent_at, now).await
}

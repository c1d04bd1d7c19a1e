//! What a lead and an account have written to each other before the account was connected here. It is shown in the lead's conversation, once, and
//! nothing else follows from it: it ends no way, moves no lead, waits for nobody and is no activity.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{Intake, LinkedinMessage, Parties, RunService};
use crate::{
    errors::Result,
    models::{Channel, ConversationId, LeadId, Message, MessageDirection, MessageId, MessageState, MessageVerdict},
    repositories::{BaseRepository as _, OrgTx, Recalled},
    utils::mail,
};

/// A message of before, and whether the account's owner wrote it.
#[derive(Debug, Clone)]
pub struct PastMessage {
    /// By the owner, or by the lead.
    pub by_owner: bool,
    /// What was written.
    pub message: LinkedinMessage,
}

impl RunService {
    /// Takes in a chat of before, the oldest first. As everywhere, a conversation begins when the lead writes: where it never did, nothing is kept.
    /// What came after a campaign of ours, or somebody in the inbox, had to do with the lead is taken in as ever; what came between is the
    /// owner's own business. `others` are the leads that are the same person.
    ///
    /// # Errors
    /// The database is away.
    pub async fn take_in_past(&self, of: Parties, others: &[LeadId], messages: &[PastMessage]) -> Result<Intake> {
        let Some(since) = self.again(|| self.take_in_past_once(of, messages)).await? else {
            return Ok(Intake::TakenIn);
        };
        let after = || messages.iter().filter(|it| it.message.sent_at >= since);
        for it in after().filter(|it| !it.by_owner) {
            if self.take_in_linkedin_message(of, others, &it.message).await? == Intake::Later {
                return Ok(Intake::Later);
            }
        }
        let own: Vec<_> = after().filter(|it| it.by_owner).map(|it| it.message.clone()).collect();
        self.take_in_own_messages(of, others, &own).await?;
        Ok(Intake::TakenIn)
    }

    /// Since when the account has had to do with the lead, if it has.
    async fn take_in_past_once(&self, of: Parties, messages: &[PastMessage]) -> Result<Option<DateTime<Utc>>> {
        let Parties { organization, account, lead } = of;
        let mut tx = self.begin_intake(organization, false).await?;
        let (Some(found), Some(connected)) = (tx.leads().find(lead).await?, tx.accounts().find(account).await?) else {
            return Ok(None);
        };
        let since = tx.unipile().in_touch_since(account, lead).await?;
        let says = |it: &LinkedinMessage| !it.text.trim().is_empty() || !it.attachments.is_empty();
        let past: Vec<_> =
            messages.iter().filter(|it| says(&it.message) && it.message.sent_at <= connected.created_at).collect();
        if past.iter().any(|it| !it.by_owner) {
            keep(&mut tx, of, &past, found.full_name.or(found.linkedin_url)).await?;
            tx.commit().await?;
        }
        Ok(since)
    }
}

/// Puts messages into the lead's conversation, each once.
async fn keep(tx: &mut OrgTx, of: Parties, past: &[&PastMessage], sender: Option<String>) -> Result<()> {
    let now = tx.now();
    let keys: Vec<_> = past.iter().map(|it| it.message.id.clone()).collect();
    let first = tx.intake().first_of(of.account, &keys, "past", now).await?;
    let new: Vec<_> = past.iter().filter(|it| first.contains(&it.message.id)).collect();
    let Some(last) = new.last() else { return Ok(()) };
    let asks_to_stop = |it: &PastMessage| !it.by_owner && mail::asks_to_stop(&it.message.text);
    let recalled = Recalled {
        lead_id: of.lead,
        channel: Channel::Linkedin,
        account_id: of.account,
        text: &last.message.text,
        at: last.message.sent_at.min(now),
        direction: direction(last),
        asks_to_stop: new.iter().any(|it| asks_to_stop(it)),
    };
    let conversation = tx.conversations().recall(&recalled, now).await?;
    for it in new {
        let message = past_message(tx, of, (conversation, sender.clone()), it, asks_to_stop(it));
        tx.messages().insert(&message).await?;
    }
    tx.messages().are_past(of.account, &first).await
}

fn direction(it: &PastMessage) -> MessageDirection {
    if it.by_owner { MessageDirection::Outbound } else { MessageDirection::Inbound }
}

fn past_message(
    tx: &OrgTx,
    of: Parties,
    (conversation_id, sender): (ConversationId, Option<String>),
    past: &PastMessage,
    asks_to_stop: bool,
) -> Message {
    let (now, it) = (tx.now(), &past.message);
    #[rustfmt::skip] // one name a line would make this longer than a function may be
    let message = Message {
        id: MessageId::new(now), organization_id: of.organization, conversation_id, lead_id: of.lead, direction: direction(past),
        channel: Channel::Linkedin, account_id: Some(of.account), campaign_id: None, execution_id: None, step_id: None, user_id: None,
        provider_key: it.id.clone(), message_id: None, answers: Vec::new(), sender: sender.filter(|_| !past.by_owner), subject: None,
        text: it.text.clone(), had_html: false, attachments: Json(it.attachments.clone()),
        verdict: (!past.by_owner).then_some(MessageVerdict::Reply), asks_to_stop, away_until: None,
        state: past.by_owner.then_some(MessageState::Sent), reason: None, token: None, deadline: None, sent_at: it.sent_at.min(now), created_at: now,
    };
    message
}

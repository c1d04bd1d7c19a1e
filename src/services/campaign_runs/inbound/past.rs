//! What a lead and an account have written to each other before the account was connected here. It is shown in the lead's conversation, once, and
//! nothing else follows from it: it ends no way, moves no lead, waits for nobody and is no activity.

use sqlx::types::Json;

use super::{Deed, Intake, LinkedinMessage, Parties, RunService, What, message};
use crate::{
    errors::Result,
    models::{Channel, ConversationId, Message, MessageDirection, MessageId, MessageState, MessageVerdict},
    repositories::{BaseRepository as _, OrgTx, Recalled},
    services::campaign_runs::linkedin::same,
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
    /// What came after a campaign of ours, or somebody in the inbox, had to do with the lead is taken in as ever.
    ///
    /// # Errors
    /// The database is away.
    pub async fn take_in_past(&self, of: Parties, messages: &[PastMessage]) -> Result<Intake> {
        let in_touch = self.again(|| self.take_in_past_once(of, messages)).await?;
        if !in_touch {
            return Ok(Intake::TakenIn);
        }
        for it in messages.iter().filter(|it| !it.by_owner) {
            if self.take_in_linkedin_message(of, &it.message).await? == Intake::Later {
                return Ok(Intake::Later);
            }
        }
        let own: Vec<_> = messages.iter().filter(|it| it.by_owner).map(|it| it.message.clone()).collect();
        self.take_in_own_messages(of, &own).await?;
        Ok(Intake::TakenIn)
    }

    /// Whether the account has had to do with the lead since it is here.
    async fn take_in_past_once(&self, of: Parties, messages: &[PastMessage]) -> Result<bool> {
        let Parties { organization, account, lead } = of;
        let mut tx = self.begin_intake(organization, false).await?;
        let Some(found) = tx.leads().find(lead).await? else { return Ok(false) };
        if !tx.accounts().exists(account).await? {
            return Ok(false);
        }
        let since = tx.unipile().in_touch_since(account, lead).await?;
        let ours = tx.unipile().texts_to(account, lead).await?;
        let says = |it: &LinkedinMessage| !it.text.trim().is_empty() || !it.attachments.is_empty();
        let past: Vec<_> = messages
            .iter()
            .filter(|it| says(&it.message) && since.is_none_or(|since| it.message.sent_at < since))
            .filter(|it| !it.by_owner || !ours.iter().any(|text| same(text, &it.message.text)))
            .collect();
        if past.iter().any(|it| !it.by_owner) {
            keep(&mut tx, of, &past, found.full_name.or(found.linkedin_url)).await?;
            tx.commit().await?;
        }
        Ok(since.is_some())
    }

    /// Takes in what a lead writes into a chat of before, without having been written to by a campaign since: it waits to be read, and ends nothing.
    pub(super) async fn take_in_aside(&self, mut tx: OrgTx, of: Parties, it: &LinkedinMessage) -> Result<Intake> {
        if !tx.unipile().has_past(of.account, of.lead).await? {
            return Ok(Intake::NotOurs);
        }
        let Some(found) = tx.leads().find(of.lead).await? else { return Ok(Intake::NotOurs) };
        let now = tx.now();
        if !tx.intake().is_first(of.account, &it.id, "aside", now).await? {
            return Ok(Intake::Known);
        }
        let message = it.as_written_by(found.full_name.or(found.linkedin_url));
        let what = What::Replied { asks_to_stop: mail::asks_to_stop(&it.text) };
        let (lead_id, account_id) = (of.lead, of.account);
        message::keep(&mut tx, &Deed { lead_id, account_id, what, answers: None, message: Some(message) }, None)
            .await?;
        tx.commit().await?;
        Ok(Intake::TakenIn)
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

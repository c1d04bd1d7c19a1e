//! What people write by hand, from a conversation. As with a step, that it is on its way is committed before the first byte leaves; what is not
//! proved unsent is looked up, and never sent again.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, stream};
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use super::{
    Round, RunService,
    channel::{Found, Letter},
    deliver::Delivery,
    letter_room,
    mail_text::message_id_by_hand,
    outcome::Outcome,
    reconcile::{ACCOUNTS_AT_A_TIME, together},
};
use crate::{
    errors::{AppError, Result},
    models::{
        AccountId, AccountStatus, Activity, ActivityId, AuditEntry, Channel, ConnectedAccount, Conversation,
        ConversationId, LeadId, Message, MessageDirection, MessageId, MessageState,
    },
    repositories::{BaseRepository as _, LostMessage, OrgPerson, OrgTx},
};

/// Messages whose accounts have their turn in one round.
const LOOKED_THROUGH: i64 = 1_000;
/// Why a message counts as failed of which nobody will ever be able to tell.
pub(super) const OUTCOME_UNKNOWN: &str = "outcome_unknown";
/// The longest subject, in characters.
const LONGEST_SUBJECT: usize = 1_000;

/// A message to be written.
#[derive(Debug)]
pub struct NewLetter {
    /// What it says.
    pub text: String,
    /// By which account; by the one that the lead last wrote to if none is said.
    pub account_id: Option<AccountId>,
}

impl RunService {
    /// Writes to the lead of a conversation: a mail in the thread of the lead's last, a message in the chat.
    ///
    /// # Errors
    /// `conversation_not_found`; `lead_suppressed`; `account_not_connected`; `no_channel`; `no_account` if the account is gone and none is
    /// named; a fault of `/account_id`; `account_rests` and `provider_limit_reached`, with when to come again.
    pub async fn write(&self, person: &OrgPerson, id: ConversationId, new: NewLetter) -> Result<Message> {
        let at = self.context.campaign_clock.monotonic();
        let letter = self.begin_letter(person, id, new).await?;
        let delivery = self.send_letter(&letter, at).await;
        self.again(|| self.settle_letter(&letter, &delivery)).await?;
        let mut conn = self.context.db.read(person).await?;
        conn.messages().get(letter.message.id).await
    }

    async fn begin_letter(&self, person: &OrgPerson, id: ConversationId, new: NewLetter) -> Result<Letter> {
        let mut tx = self.context.db.begin(person, self.context.campaign_clock.now()).await?;
        let found = tx.conversations().get(id).await?;
        self.refuse_suppressed(&mut tx, found.lead_id).await?;
        let account = sender(&mut tx, &found, new.account_id).await?;
        let conversation = tx.conversations().locked(id).await?;
        if !self.channels.of(&account).writes() {
            return Err(AppError::conflict(
                "no_channel",
                "This server reaches LinkedIn through Unipile only, and has no UNIPILE_DSN and UNIPILE_API_KEY.",
            ));
        }
        let now = tx.now();
        let deadline = now + self.lease().whole();
        let message = message(&mut tx, &conversation, &account, (new.text, deadline)).await?;
        tx.messages().insert(&message).await?;
        letter_room::charge(&mut tx, message.id, &account).await?;
        tx.conversations().wrote(id, &message.text, now).await?;
        let told = activity(&tx, &message);
        tx.activities().record(&[told]).await?;
        let after = json!({ "conversation_id": id, "channel": message.channel, "account_id": account.id });
        tx.audit(AuditEntry::new("message.sent", "message", message.id.0).change(None, after));
        tx.commit().await?;
        Ok(Letter { message, account })
    }

    async fn refuse_suppressed(&self, tx: &mut OrgTx, lead: LeadId) -> Result<()> {
        let (organization, lead) = (tx.organization_id(), tx.leads().get(lead).await?);
        let (email, linkedin) = (lead.email.as_deref(), lead.linkedin_url.as_deref());
        let keys = self.context.suppression_keys.of_person(organization, email, linkedin);
        if tx.suppressions().matching(&keys).await?.kind(&keys).is_some() {
            let detail = "The lead is suppressed: nobody may write to it until the suppression is lifted.";
            return Err(AppError::conflict("lead_suppressed", detail));
        }
        Ok(())
    }

    async fn send_letter(&self, letter: &Letter, begun_at: Duration) -> Delivery {
        let clock = &self.context.campaign_clock;
        let may_begin = || self.lease().outlasts_a_send(clock.monotonic().saturating_sub(begun_at));
        let write = self.channels.of(&letter.account).write(letter, &may_begin);
        tokio::time::timeout(self.lease().timeout(), write).await.unwrap_or(Delivery::Unknown)
    }

    /// Writes down how a message ended. One that nobody can tell of stays as it is, to be looked up.
    async fn settle_letter(&self, letter: &Letter, delivery: &Delivery) -> Result<()> {
        let Some((state, reason)) = ended(delivery) else { return Ok(()) };
        let message = &letter.message;
        let now = self.context.campaign_clock.now();
        let mut tx = self.context.db.begin_engine(message.organization_id, now).await?;
        let token = message.token.unwrap_or_default();
        if tx.messages().settle(message.id, token, state, reason).await? {
            letter_room::give_back(&mut tx, message.id, delivery).await?;
        } else if state == MessageState::Sent {
            // Somebody else has given it up meanwhile; the proof counts.
            tx.messages().prove_sent(message.id).await?;
            letter_room::charge_again(&mut tx, message.id).await?;
        }
        match delivery {
            Delivery::NotSent { rest: Some(rest), reason, .. } => {
                tx.accounts().rest(letter.account.id, now + *rest, reason).await?;
            }
            Delivery::AccountOut => {
                let why = "The provider wants the account to sign in again.";
                tx.accounts().shut_out((letter.account.id, letter.account.version), why, now).await?;
            }
            _ => {}
        }
        tx.commit().await
    }

    /// Looks up messages whose result was awaited in vain: found is sent, and what surely is not there has failed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn reconcile_letters(&self) -> Result<Round> {
        let lost = self.context.db.lost_messages(self.context.campaign_clock.now(), LOOKED_THROUGH).await?;
        let mut by_account: BTreeMap<_, Vec<LostMessage>> = BTreeMap::new();
        for of in lost {
            by_account.entry((of.organization, of.account)).or_default().push(of);
        }
        let looks = stream::iter(by_account.into_values()).map(|lost| self.reconcile_letters_of(lost));
        let looks: Vec<Result<Round>> = looks.buffer_unordered(ACCOUNTS_AT_A_TIME).collect().await;
        together(looks)
    }

    /// Looks up letters of one account, one after the other, for about as long as a lease. The next round goes on.
    async fn reconcile_letters_of(&self, lost: Vec<LostMessage>) -> Result<Round> {
        let clock = &self.context.campaign_clock;
        let (since, mut done) = (clock.monotonic(), 0);
        for of in lost {
            if !self.lease().outlasts_a_look(clock.monotonic().saturating_sub(since)) {
                break;
            }
            done += u64::from(self.again(|| self.reconcile_letter(of)).await?);
        }
        Ok(Round { done, more: false })
    }

    async fn reconcile_letter(&self, of: LostMessage) -> Result<bool> {
        let now = self.context.campaign_clock.now();
        let token = Uuid::new_v4();
        let mut tx = self.context.db.begin_engine(of.organization, now).await?;
        if !tx.messages().take_over(of.id, (token, now + self.lease().whole()), now).await? {
            return Ok(false);
        }
        let message = Message { token: Some(token), ..tx.messages().get(of.id).await? };
        let account = match message.account_id {
            Some(id) => tx.accounts().find(id).await?,
            None => None,
        };
        tx.commit().await?;
        let Some(account) = account else { return Ok(false) };
        let channel = self.channels.of(&account);
        let begun = message.created_at;
        let letter = Letter { message, account };
        let delivery = match channel.find_written(&letter).await? {
            Found::Yes { provider_id } => Delivery::Sent { provider_id },
            Found::No if now - begun >= self.lease().whole() + channel.shows_within() => {
                Delivery::NotSent { reason: "not_found_at_provider", rest: None, ours: true }
            }
            Found::Told(delivery) => delivery,
            // Nobody will ever be able to tell: whoever wrote it must know.
            Found::Unclear => Delivery::NotSent { reason: OUTCOME_UNKNOWN, rest: None, ours: true },
            Found::No | Found::Later => return Ok(false),
        };
        self.settle_letter(&letter, &delivery).await?;
        Ok(true)
    }
}

/// How a message ended, and why if it failed; none if nobody can tell yet.
fn ended(delivery: &Delivery) -> Option<(MessageState, Option<&'static str>)> {
    Some(match delivery {
        Delivery::Sent { .. } | Delivery::Other(Outcome::SentAs { .. }) => (MessageState::Sent, None),
        Delivery::NotSent { reason, .. } | Delivery::Refused { reason, .. } => (MessageState::Failed, Some(*reason)),
        // An answer that nobody knows proves nothing.
        Delivery::Other(Outcome::Parked { .. }) => (MessageState::Failed, Some(OUTCOME_UNKNOWN)),
        Delivery::Other(other) => (MessageState::Failed, Some(other.why())),
        Delivery::NoRecipient => (MessageState::Failed, Some("no_such_recipient")),
        Delivery::AccountOut => (MessageState::Failed, Some("account_needs_reconnect")),
        Delivery::Unknown => return None,
    })
}

/// Who writes: the account that is named, if the lead wrote to it in this conversation, else the one that it last wrote to. It stays as
/// it is until the transaction ends.
async fn sender(tx: &mut OrgTx, conversation: &Conversation, named: Option<AccountId>) -> Result<ConnectedAccount> {
    let now = tx.now();
    let id = match named {
        Some(id) if conversation.account_id == Some(id) => id,
        Some(id) => {
            let written_to = tx.messages().last_inbound(conversation.id, id, now).await?;
            written_to.and_then(|message| message.account_id).ok_or_else(|| {
                let detail = "The lead has not written to this account.";
                AppError::fault("/account_id", "not_in_conversation", detail)
            })?
        }
        None => conversation.account_id.ok_or_else(|| {
            AppError::conflict(
                "no_account",
                "The account that the lead wrote to is gone; name another one that it wrote to.",
            )
        })?,
    };
    let account = tx.accounts().lock_many(&[id]).await?.pop();
    let account = account.ok_or_else(|| AppError::not_found("connected account"))?;
    if account.status != AccountStatus::Connected {
        let detail = "The account is not connected, so nothing can be sent from it.";
        return Err(AppError::conflict("account_not_connected", detail).with_member("state", account.status.as_str()));
    }
    Ok(account)
}

/// The message as it goes out, threaded below the lead's last.
async fn message(
    tx: &mut OrgTx,
    conversation: &Conversation,
    account: &ConnectedAccount,
    (text, deadline): (String, DateTime<Utc>),
) -> Result<Message> {
    let now = tx.now();
    let last = tx.messages().last_inbound(conversation.id, account.id, now).await?;
    let id = MessageId::new(now);
    let subject = last.as_ref().and_then(|last| last.subject.as_deref()).or(conversation.subject.as_deref());
    let subject = Some(account.channel).filter(|channel| *channel == Channel::Email).map(|_| answered(subject));
    let answers = last.iter().flat_map(|last| last.message_id.iter().chain(&last.answers)).take(50).cloned().collect();
    #[rustfmt::skip] // one name a line would make this longer than a function may be
    let message = Message {
        id, organization_id: tx.organization_id(), conversation_id: conversation.id, lead_id: conversation.lead_id,
        direction: MessageDirection::Outbound, channel: account.channel, account_id: Some(account.id), campaign_id: None, execution_id: None,
        step_id: None, user_id: tx.user_id(), provider_key: id.to_string(), message_id: message_id_by_hand(id, account), answers, sender: account.email.clone(), subject,
        text, had_html: false, attachments: Json(Vec::new()), verdict: None, asks_to_stop: false, away_until: None,
        state: Some(MessageState::Sending), reason: None, token: Some(Uuid::new_v4()), deadline: Some(deadline), sent_at: now,
        created_at: now,
    };
    Ok(message)
}

/// The subject of an answer.
fn answered(subject: Option<&str>) -> String {
    let subject = subject.unwrap_or_default().trim();
    let is_answer = subject.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case("re:"));
    let subject = if is_answer { subject.to_owned() } else { format!("Re: {subject}") };
    subject.trim_end().chars().take(LONGEST_SUBJECT).collect()
}

/// That somebody wrote, without what.
fn activity(tx: &OrgTx, message: &Message) -> Activity {
    let data =
        json!({ "conversation_id": message.conversation_id, "message_id": message.id, "channel": message.channel });
    let data = match data {
        serde_json::Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    };
    Activity {
        id: ActivityId::new(tx.now()),
        organization_id: tx.organization_id(),
        r#type: "message_written".to_owned(),
        lead_id: Some(message.lead_id),
        campaign_id: None,
        execution_id: None,
        account_id: message.account_id,
        user_id: message.user_id,
        data: Json(data),
        occurred_at: tx.now(),
    }
}

#[cfg(test)]
mod tests {
    use super::answered;

    #[test]
    fn an_answers_subject_says_so_once() {
        assert_eq!(answered(Some("Hello")), "Re: Hello");
        assert_eq!(answered(Some("RE: Hello")), "RE: Hello");
        assert_eq!((answered(None), answered(Some("ё")).as_str()), ("Re:".to_owned(), "Re: ё"));
    }
}

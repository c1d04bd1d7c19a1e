//! What a step is about to do, found out before anything is done.

use std::cmp::Reverse;

use super::{
    super::{claim::Order, deliver::Delivery, outcome::Outcome},
    At, LinkedinChannel,
    people::{Person, skipped},
    verdict::Stop,
};
use crate::{
    engine::{message::Content, route::Answer},
    errors::Result,
    integrations::unipile::{Chat, MOST_ON_A_PAGE, PageQuery, Profile, UnipileError, UnipileFault},
    models::{AccountId, ExecutionStep, workflow::NodeType},
};

/// Pages of chats with one person that are looked through.
const PAGES: usize = 4;
/// What stands for an invitation or a message whose id Unipile did not say: whom it went to, or where.
pub(super) const TO_PERSON: &str = "person:";
pub(super) const IN_CHAT: &str = "chat:";

/// What is about to be done.
pub(super) enum Prepared {
    Visit { profile: String },
    Like { person: String, posts: Vec<String> },
    Comment { person: String, posts: Vec<String>, text: String },
    Invite { person: String, note: Option<String> },
    Withdraw { person: String, invitation: String },
    Message { person: String, chat: Option<String>, text: String },
    Inmail { person: String, subject: Option<String>, text: String },
}

impl Prepared {
    pub(super) fn invites(&self) -> bool {
        matches!(self, Self::Invite { .. })
    }

    pub(super) fn withdraws(&self) -> bool {
        matches!(self, Self::Withdraw { .. })
    }

    pub(super) fn is_to_a_post(&self) -> bool {
        matches!(self, Self::Like { .. } | Self::Comment { .. })
    }

    /// LinkedIn's own id of whom it is done to, if it must be known.
    pub(super) fn person(&self) -> Option<&str> {
        match self {
            Self::Visit { .. } => None,
            Self::Like { person, .. }
            | Self::Comment { person, .. }
            | Self::Invite { person, .. }
            | Self::Withdraw { person, .. }
            | Self::Message { person, .. }
            | Self::Inmail { person, .. } => Some(person),
        }
    }

    /// What stands for it where Unipile gives it no id.
    pub(super) fn fallback_id(&self) -> String {
        match self {
            Self::Message { chat: Some(chat), .. } => format!("{IN_CHAT}{chat}"),
            Self::Withdraw { invitation, .. } => invitation.clone(),
            Self::Visit { profile } => format!("{TO_PERSON}{profile}"),
            _ => format!("{TO_PERSON}{}", self.person().unwrap_or_default()),
        }
    }
}

impl LinkedinChannel {
    /// Finds out what is to be done. Whatever goes wrong here, nothing was done.
    pub(super) async fn prepare(&self, at: At<'_>, order: &Order) -> Result<Prepared, Stop> {
        let step = &order.step;
        if step.action == NodeType::ProfileVisit {
            return self.visit(at, order).await;
        }
        if step.action == NodeType::SendInmail && self.is_broke(at.account.id) {
            return Err(Outcome::Later { reason: "no_credits", pause: self.bears.cooldown }.into());
        }
        let person = self.person(at, &order.lead, step.id.0).await;
        let person = person.map_err(|stop| stop.of(step.action))?;
        match step.action {
            NodeType::LikePost => self.like(at, order, person).await,
            NodeType::CommentPost => self.comment(at, order, person, text(step)?).await,
            NodeType::SendConnectionRequest => self.invite(at, order, person).await,
            NodeType::WithdrawRequest => self.withdraw(at, order, person).await,
            NodeType::SendFollowup => {
                let chat = self.chat_with(at, &person.id, step.id.0).await?;
                Ok(Prepared::Message { person: person.id, chat, text: text(step)? })
            }
            NodeType::SendInmail => {
                let subject = content(step).and_then(|content| content.subject);
                Ok(Prepared::Inmail { person: person.id, subject, text: text(step)? })
            }
            _ => Err(Delivery::Refused { reason: "not_for_channel", detail: None }.into()),
        }
    }

    /// A visit needs no id, since a profile can be looked at by its name; one that is known leads there whatever it is called by now.
    async fn visit(&self, at: At<'_>, order: &Order) -> Result<Prepared, Stop> {
        let url = order.lead.linkedin_url.as_deref().ok_or(Delivery::NoRecipient)?;
        let known = self.known(at, url).await?.or_else(|| super::people::name(url));
        Ok(Prepared::Visit { profile: known.ok_or(Delivery::NoRecipient)? })
    }

    async fn invite(&self, at: At<'_>, order: &Order, person: Person) -> Result<Prepared, Stop> {
        let profile = person.profile.as_ref();
        if profile.is_some_and(Profile::is_connected) {
            return Err(skipped("already_connected", Answer::Accepted));
        }
        if profile.is_some_and(Profile::is_invited) {
            let provider_id = format!("{TO_PERSON}{}", person.id);
            return Err(Outcome::SentAs { provider_id, remark: "already_invited", answer: Answer::Done }.into());
        }
        let since = self.context.campaign_clock.now() - self.bears.reinvite_after;
        let mut conn = self.context.db.engine_conn(at.account.organization_id).await?;
        let locked = conn.linkedin().withdrawn_since(at.account.id, &person.id, since).await?;
        conn.give_back();
        if locked {
            return Err(skipped("withdrawn_lately", Answer::NotAccepted));
        }
        let note = content(&order.step).and_then(|content| content.text).filter(|note| !note.trim().is_empty());
        Ok(Prepared::Invite { person: person.id, note })
    }

    async fn withdraw(&self, at: At<'_>, order: &Order, person: Person) -> Result<Prepared, Stop> {
        let mut conn = self.context.db.engine_conn(at.account.organization_id).await?;
        let kept = conn.linkedin().last_invitation(at.account.id, order.lead.id).await?;
        conn.give_back();
        let kept = kept.filter(|id| !id.is_empty() && !id.starts_with(TO_PERSON));
        let found = if kept.is_some() {
            kept
        } else {
            let found = self.invitation_to(at, &person.id).await;
            found.map_err(|error| self.unanswered(order.step.id.0, &error))?
        };
        let invitation = found.ok_or_else(|| skipped("no_pending_invitation", Answer::Done))?;
        if invitation.starts_with(TO_PERSON) {
            return Err(Outcome::Parked { reason: "invitation_without_id" }.into());
        }
        Ok(Prepared::Withdraw { person: person.id, invitation })
    }

    /// The chat with a person alone, if there is one: the one in which something happened last. Those of other accounts are not ours to see,
    /// and what names nobody may be a chat of many.
    pub(super) async fn chat_with(&self, at: At<'_>, person: &str, seed: uuid::Uuid) -> Result<Option<String>, Stop> {
        let chats = self.chats_with(at, person).await.map_err(|error| self.unanswered(seed, &error))?;
        let alone = chats.into_iter().find(|chat| chat.attendee_provider_id.as_deref() == Some(person));
        Ok(alone.and_then(|chat| chat.id))
    }

    /// All chats of the account that a person may be in, the latest first.
    ///
    /// # Errors
    /// Unipile's; that there are more than can be read.
    pub(super) async fn chats_with(&self, at: At<'_>, person: &str) -> Result<Vec<Chat>, UnipileError> {
        let (mut chats, mut cursor) = (Vec::new(), None);
        for _ in 0..PAGES {
            let page = at.api.chats_with(person, PageQuery::at(MOST_ON_A_PAGE, cursor.as_deref())).await;
            let page = match page {
                // Nobody whom the account has had to do with.
                Err(error) if error.is("resource_not_found") => {
                    cursor = None;
                    break;
                }
                page => page?,
            };
            let own = page.items.into_iter().filter(|chat| {
                let whose = chat.account_id.as_deref() == Some(&at.unipile.account_id);
                whose && chat.attendee_provider_id.as_deref().is_none_or(|other| other == person)
            });
            chats.extend(own.filter(|chat| chat.id.is_some()));
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        if cursor.is_some() {
            return Err(UnipileFault::Unreadable.into());
        }
        chats.sort_by_key(|chat| Reverse(chat.timestamp));
        Ok(chats)
    }

    pub(super) fn is_broke(&self, account: AccountId) -> bool {
        let now = self.context.campaign_clock.monotonic();
        let broke = self.broke.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        broke.get(&account).is_some_and(|until| now < *until)
    }

    /// The account's steps that need credits wait, in this process, without being asked for.
    pub(super) fn went_broke(&self, account: AccountId) {
        let until = self.context.campaign_clock.monotonic() + self.bears.cooldown.to_std().unwrap_or_default();
        self.broke.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(account, until);
    }
}

/// What the step says, as it was composed when it was claimed.
pub(super) fn content(step: &ExecutionStep) -> Option<Content> {
    step.content.as_ref().and_then(|content| serde_json::from_value(content.0.clone()).ok())
}

fn text(step: &ExecutionStep) -> Result<String, Stop> {
    let text = content(step).and_then(|content| content.text).filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| Delivery::Refused { reason: "nothing_to_say", detail: None }.into())
}

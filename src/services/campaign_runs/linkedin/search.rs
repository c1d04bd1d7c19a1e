//! Looking up what became of a step, by what was written down before it was done.

use chrono::{DateTime, TimeDelta, Utc};
use unicode_normalization::UnicodeNormalization as _;

use super::{
    super::{
        channel::Found,
        deliver::{Delivery, NOT_BEGUN},
        lease::Lease,
        outcome::Outcome,
    },
    At, LinkedinChannel, PATIENCE,
    prepare::{IN_CHAT, TO_PERSON, content},
};
use crate::{
    engine::route::Answer,
    errors::Result,
    integrations::unipile::{
        ChatMessage, MOST_ON_A_PAGE, MOST_POSTS_ON_A_PAGE, PageQuery, Since, UnipileError, UnipileFault,
    },
    models::{ConnectedAccount, ExecutionStep, LinkedinAct, workflow::NodeType},
    utils::text,
};

/// Pages of one list that are looked through: more than any account has of what waits.
const PAGES: usize = 200;
/// By how much Unipile's clock may be behind ours, or the other way.
const CLOCKS: TimeDelta = TimeDelta::minutes(1);

impl LinkedinChannel {
    /// What Unipile knows of a step.
    pub(super) async fn look_up(&self, step: &ExecutionStep, account: &ConnectedAccount) -> Result<Found> {
        let Ok(at) = self.at(account) else { return Ok(self.patient(step.sending_at)) };
        if matches!(step.action, NodeType::ProfileVisit | NodeType::LikePost) {
            // Both may be repeated: the second like is no other, and the second look costs nothing but itself.
            return Ok(Found::No);
        }
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        let act = conn.linkedin().act(step.id).await?;
        let gapes = conn.unipile().gapes(account.id, self.context.clock.now()).await?;
        conn.give_back();
        // Nobody can begin it any more either: whoever could does not hold its token now.
        let Some(act) = act else { return Ok(Found::Told(NOT_BEGUN)) };
        let looking =
            tokio::time::timeout(Lease(self.context.campaign_lease).longest_look(), self.seek(at, step, &act));
        Ok(match looking.await {
            Ok(Ok(Found::No))
                if is_message(step) && act.unipile_account.as_ref().is_some_and(|it| *it != at.unipile.account_id) =>
            {
                // Signed in to anew: what was written before need never show under the new id.
                self.patient(step.sending_at)
            }
            // Unipile still fetches what it missed while the account was out.
            Ok(Ok(Found::No)) if is_message(step) && gapes => Found::Later,
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(step = %step.id, account = %account.id, %error, "Unipile cannot be searched");
                self.patient(step.sending_at)
            }
            Err(_) => self.patient(step.sending_at),
        })
    }

    /// It cannot be asked: later, or never.
    pub(super) fn patient(&self, since: DateTime<Utc>) -> Found {
        if self.context.campaign_clock.now() - since < PATIENCE { Found::Later } else { Found::Unclear }
    }

    async fn seek(&self, at: At<'_>, step: &ExecutionStep, act: &LinkedinAct) -> Result<Found, UnipileError> {
        match step.action {
            NodeType::SendConnectionRequest => self.seek_invitation(at, act).await,
            NodeType::WithdrawRequest => {
                let waits = self.invitation_to(at, &act.person).await?.is_some();
                Ok(if waits { Found::No } else { Found::Yes { provider_id: act.target.clone() } })
            }
            NodeType::CommentPost => self.seek_comment(at, act, &said(step)).await,
            NodeType::SendFollowup | NodeType::SendInmail => {
                let since = step.sending_at - CLOCKS;
                self.seek_message(at, (&act.person, act.chat_id.as_deref()), since, &said(step)).await
            }
            _ => Ok(Found::Unclear),
        }
    }

    /// An invitation waits, or is not needed any more: it may have been accepted meanwhile.
    async fn seek_invitation(&self, at: At<'_>, act: &LinkedinAct) -> Result<Found, UnipileError> {
        if let Some(provider_id) = self.invitation_to(at, &act.person).await? {
            return Ok(Found::Yes { provider_id });
        }
        let profile = at.api.profile(&at.unipile.account_id, &act.person, false).await?;
        let provider_id = format!("{TO_PERSON}{}", act.person);
        Ok(if profile.is_connected() {
            let (remark, answer) = ("already_connected", Answer::Accepted);
            Found::Told(Delivery::Other(Outcome::SentAs { provider_id, remark, answer }))
        } else if profile.is_invited() {
            Found::Yes { provider_id }
        } else {
            Found::No
        })
    }

    /// The invitation of the account's to a person that waits, on whatever page it is; what stands for its id if it has none.
    pub(super) async fn invitation_to(&self, at: At<'_>, person: &str) -> Result<Option<String>, UnipileError> {
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let query = PageQuery::at(MOST_POSTS_ON_A_PAGE, cursor.as_deref());
            let page = at.api.invitations_sent(&at.unipile.account_id, query).await?;
            if let Some(it) = page.items.into_iter().find(|it| it.invited_user_id.as_deref() == Some(person)) {
                return Ok(Some(it.id.unwrap_or_else(|| format!("{TO_PERSON}{person}"))));
            }
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(None);
            }
        }
        // That it was not found so far says nothing.
        Err(UnipileFault::Unreadable.into())
    }

    async fn seek_comment(&self, at: At<'_>, act: &LinkedinAct, said: &str) -> Result<Found, UnipileError> {
        let account = at.unipile.account_id.as_str();
        let own = match at.unipile.provider_id.clone() {
            Some(own) => own,
            None => at.api.own_profile(account).await?.provider_id.ok_or(UnipileFault::Unreadable)?,
        };
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let query = PageQuery::at(MOST_POSTS_ON_A_PAGE, cursor.as_deref());
            let page = at.api.comments(account, &act.target, query).await?;
            let found = page.items.into_iter().find(|it| {
                let author = it.author_details.as_ref().and_then(|author| author.id.as_deref());
                author == Some(own.as_str()) && it.text.as_deref().is_some_and(|text| same(text, said))
            });
            if let Some(comment) = found {
                return Ok(Found::Yes { provider_id: comment.id.unwrap_or_else(|| act.target.clone()) });
            }
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(Found::No);
            }
        }
        Err(UnipileFault::Unreadable.into())
    }

    /// A message of the account's own with this text, since then: in the chat that it went into, else in any with the person.
    pub(super) async fn seek_message(
        &self,
        at: At<'_>,
        (person, chat): (&str, Option<&str>),
        since: DateTime<Utc>,
        said: &str,
    ) -> Result<Found, UnipileError> {
        let chats = match chat {
            Some(chat) => vec![chat.to_owned()],
            None => self.chats_with(at, person).await?.into_iter().filter_map(|chat| chat.id).collect(),
        };
        for chat in chats {
            if let Some(message) = self.message_in(at, &chat, since, said).await? {
                return Ok(Found::Yes { provider_id: message.id.unwrap_or_else(|| format!("{IN_CHAT}{chat}")) });
            }
        }
        Ok(Found::No)
    }

    async fn message_in(
        &self,
        at: At<'_>,
        chat: &str,
        since: DateTime<Utc>,
        said: &str,
    ) -> Result<Option<ChatMessage>, UnipileError> {
        let since = Since { after: Some(since), before: None };
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let page = at.api.messages_of(chat, since, PageQuery::at(MOST_ON_A_PAGE, cursor.as_deref())).await?;
            // Without the mark it may be the account's: that it was sent is then the safer guess.
            let own = |it: &ChatMessage| match it.is_sender {
                Some(own) => own,
                None => it.sender_id.is_none() || it.sender_id == at.unipile.provider_id,
            };
            let is = |it: &ChatMessage| own(it) && it.text.as_deref().is_some_and(|text| same(text, said));
            if let Some(message) = page.items.into_iter().find(is) {
                return Ok(Some(message));
            }
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(None);
            }
        }
        Err(UnipileFault::Unreadable.into())
    }
}

/// Whether a step is looked for among the account's messages, of which Unipile shows what it has fetched.
fn is_message(step: &ExecutionStep) -> bool {
    matches!(step.action, NodeType::SendFollowup | NodeType::SendInmail)
}

/// What a step says.
fn said(step: &ExecutionStep) -> String {
    content(step).and_then(|content| content.text).unwrap_or_default()
}

/// Whether two texts are the same but for how spaces, line ends and composed letters are written: providers rewrite those.
pub(in crate::services::campaign_runs) fn same(a: &str, b: &str) -> bool {
    let tidy = |text: &str| text::collapse(text).nfc().collect::<String>();
    tidy(a) == tidy(b)
}

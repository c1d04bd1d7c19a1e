//! What was written to accounts: read from Unipile's chats when a webhook hints at it, and in turn. What the account itself wrote comes back too,
//! and the note of an invitation that was accepted; neither is an answer.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    UnipileService,
    look::{Look, Seen},
    people::Site,
    relations::Follow,
};
use crate::{
    errors::Result,
    integrations::unipile::{Chat, ChatMessage, Class, MOST_ON_A_PAGE, PageQuery, Since, UnipileError, UnipileFault},
    models::{LeadId, MessageAttachment},
    repositories::DueEvent,
    services::campaign_runs::{Intake, LinkedinMessage},
};

/// Pages of a chat's messages, and of chats, that are read at most.
const MOST_PAGES: usize = 5;
/// How much earlier than seen is read again: what is listed may be late.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);
/// How far back the first look goes.
const FIRST_LOOK: TimeDelta = TimeDelta::days(30);
/// The longest text that is kept, in characters.
const LONGEST: usize = 100_000;

/// What became of the messages of a chat.
#[derive(Debug, Default)]
struct Read {
    ids: Vec<String>,
    later: bool,
}

impl UnipileService {
    /// Follows a hint that a message is there.
    pub(super) async fn follow_message(&self, site: &Site, event: &DueEvent) -> Result<Follow> {
        let id = |name: &str| event.about[name].as_str().unwrap_or_default().to_owned();
        let (chat, message) = (id("chat"), id("message"));
        let mut conn = self.context.db.engine_conn(site.organization).await?;
        if conn.unipile().has_taken_in(site.account, &message).await? {
            return Ok(Follow::Done("known"));
        }
        drop(conn);
        let found = match self.api()?.chat(&chat).await {
            Ok(found) => found,
            Err(error) if error.class() == Class::Gone => return Ok(Follow::NotThere),
            Err(error) => return Ok(Follow::Silent(error)),
        };
        let leads = self.partners(site, &found).await?;
        if leads.is_empty() {
            return Ok(Follow::Done("not_ours"));
        }
        Ok(match self.read_chat(site, &chat, (&leads, None), None).await? {
            Err(error) => Follow::Silent(error),
            Ok(read) if read.later => Follow::Later,
            Ok(read) if read.ids.contains(&message) => Follow::Done("taken_in"),
            Ok(_) => Follow::NotThere,
        })
    }

    /// Reads what has been written since the account was last seen through, in all chats with leads.
    pub(super) async fn look_for_messages(
        &self,
        site: &Site,
        look: &mut Look,
    ) -> Result<std::result::Result<Seen, UnipileError>> {
        let after = look.watch.seen_until.map_or(look.began - FIRST_LOOK, |seen| seen - OVERLAP);
        let since = Since { after: Some(after), before: None };
        let (mut cursor, mut seen, mut failed) = (None::<String>, Seen::All, None);
        for _ in 0..MOST_PAGES {
            if !self.holds(look).await? {
                return Ok(Ok(Seen::Unfinished));
            }
            let query = PageQuery::at(MOST_ON_A_PAGE, cursor.as_deref());
            let page = match self.api()?.chats(&site.unipile.account_id, since, query).await {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            for chat in &page.items {
                match self.look_into(site, look, chat, after).await? {
                    Ok(Seen::All) => {}
                    Ok(Seen::Later) => seen = Seen::Later,
                    Ok(Seen::Unfinished) => return Ok(failed.map_or(Ok(Seen::Unfinished), Err)),
                    Err(error) if ends_the_look(&error) => return Ok(Err(error)),
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        if let Some(error) = failed.take_if(|_| look.passes_over()) {
            tracing::error!(account = %site.account, %error, "a chat that cannot be read is passed over");
        }
        // What is on further pages is not seen yet.
        let unseen = cursor.map(|_| UnipileFault::Unreadable.into());
        Ok(failed.or(unseen).map_or(Ok(seen), Err))
    }

    /// Reads a chat, unless it is nobody's or was read since the pass began.
    async fn look_into(
        &self,
        site: &Site,
        look: &mut Look,
        chat: &Chat,
        after: DateTime<Utc>,
    ) -> Result<std::result::Result<Seen, UnipileError>> {
        let Some(id) = chat.id.as_deref().filter(|id| !look.has_read(id)) else { return Ok(Ok(Seen::All)) };
        let leads = self.partners(site, chat).await?;
        if leads.is_empty() {
            return Ok(Ok(Seen::All));
        }
        if !self.goes_on(look).await? {
            return Ok(Ok(Seen::Unfinished));
        }
        match self.read_chat(site, id, (&leads, Some(after)), Some(look)).await? {
            Ok(read) if read.later => return Ok(Ok(Seen::Later)),
            Ok(_) => {}
            // A chat that is gone, or not to be read, keeps nobody from reading the others.
            Err(error) if matches!(error.class(), Class::Gone | Class::Permanent | Class::Parked) => {
                tracing::warn!(account = %site.account, %error, "a chat cannot be read");
            }
            Err(error) => return Ok(Err(error)),
        }
        look.was_read(id);
        Ok(Ok(Seen::All))
    }

    /// The leads whom a chat is with, if the chat is the account's and the account has had to do with them: several, if one person is there under
    /// several addresses. The key sees all tenants' chats: whose
    /// this one is, is not taken from whoever named it.
    async fn partners(&self, site: &Site, chat: &Chat) -> Result<Vec<LeadId>> {
        if chat.account_id.as_deref() != Some(site.unipile.account_id.as_str()) {
            return Ok(Vec::new());
        }
        let Some(person) = &chat.attendee_provider_id else { return Ok(Vec::new()) };
        let found = self.find_people(site, std::slice::from_ref(person), &[]).await?;
        let leads: Vec<_> = found.into_iter().map(|(_, lead)| lead).collect();
        self.in_touch(site, &leads, self.now()).await
    }

    /// With whom of these, who are one person under several addresses, the account has had to do: whom it had last written to by then first.
    pub(super) async fn in_touch(&self, site: &Site, leads: &[LeadId], by: DateTime<Utc>) -> Result<Vec<LeadId>> {
        if leads.is_empty() {
            return Ok(Vec::new());
        }
        self.context.db.engine_conn(site.organization).await?.unipile().in_touch(site.account, leads, by).await
    }

    /// Takes in what the lead wrote in a chat, the oldest first; then what the account's owner wrote there, so that it comes into the conversation
    /// that an answer has begun.
    async fn read_chat(
        &self,
        site: &Site,
        chat: &str,
        (leads, after): (&[LeadId], Option<DateTime<Utc>>),
        look: Option<&mut Look>,
    ) -> Result<std::result::Result<Read, UnipileError>> {
        let mut messages = match self.messages_of(chat, after, look).await? {
            Ok(messages) => messages,
            Err(error) => return Ok(Err(error)),
        };
        messages.sort_by_key(|message| message.timestamp);
        let (mut read, mut own) = (Read::default(), Vec::new());
        for message in messages {
            let Some(id) = message.id.clone() else { continue };
            let by_owner = is_own(site, &message);
            let message = wrote(id.clone(), message, self.now());
            if by_owner {
                own.push(message);
            } else if self.take_in_answer(site, leads, &message).await? == Intake::Later {
                read.later = true;
                break;
            }
            read.ids.push(id);
        }
        if let Some((lead, others)) = leads.split_first() {
            self.runs.take_in_own_messages(site.with(*lead), others, &own).await?;
        }
        Ok(Ok(read))
    }

    /// Takes in what somebody wrote as an answer to what was last written to one of the leads that are this person.
    async fn take_in_answer(&self, site: &Site, leads: &[LeadId], message: &LinkedinMessage) -> Result<Intake> {
        let leads = match leads {
            [_] => leads.to_vec(),
            _ => self.in_touch(site, leads, message.sent_at).await?,
        };
        let Some((lead, others)) = leads.split_first() else { return Ok(Intake::NotOurs) };
        self.runs.take_in_linkedin_message(site.with(*lead), others, message).await
    }

    pub(super) async fn messages_of(
        &self,
        chat: &str,
        after: Option<DateTime<Utc>>,
        mut look: Option<&mut Look>,
    ) -> Result<std::result::Result<Vec<ChatMessage>, UnipileError>> {
        let (mut cursor, mut messages) = (None::<String>, Vec::new());
        for _ in 0..MOST_PAGES {
            if let Some(look) = &mut look
                && !self.holds(look).await?
            {
                break;
            }
            let query = PageQuery::at(MOST_ON_A_PAGE, cursor.as_deref());
            match self.api()?.messages_of(chat, Since { after, before: None }, query).await {
                Ok(page) => {
                    messages.extend(page.items);
                    cursor = page.cursor;
                }
                Err(error) => return Ok(Err(error)),
            }
            if cursor.is_none() {
                break;
            }
        }
        Ok(Ok(messages))
    }
}

/// Whether other chats cannot be read either.
pub(super) fn ends_the_look(error: &UnipileError) -> bool {
    matches!(error.class(), Class::AccountOut | Class::Cooldown | Class::NotSent)
}

/// Whether the account wrote it, by Unipile's mark or by who it says has.
pub(super) fn is_own(site: &Site, message: &ChatMessage) -> bool {
    let by_sender = || message.sender_id.is_some() && message.sender_id == site.unipile.provider_id;
    message.is_sender == Some(true) || by_sender()
}

/// A message as it is taken in. The shape of attachments is not documented: that there are some is noted.
pub(super) fn wrote(id: String, message: ChatMessage, now: DateTime<Utc>) -> LinkedinMessage {
    let unknown = || MessageAttachment { name: None, media_type: "application/octet-stream".into(), bytes: 0 };
    let attachments = message.attachments.unwrap_or_default().iter().map(|_| unknown()).collect();
    let text = message.text.unwrap_or_default().replace('\0', "").chars().take(LONGEST).collect();
    LinkedinMessage { id, text, attachments, sent_at: message.timestamp.unwrap_or(now) }
}

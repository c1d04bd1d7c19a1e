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
        let leads = match self.partners(site, &Chat { id: Some(chat.clone()), ..found.clone() }).await? {
            Ok(leads) if leads.is_empty() => return Ok(Follow::Done("not_ours")),
            Ok(leads) => leads,
            Err(error) => return Ok(Follow::Silent(error)),
        };
        Ok(match self.read_chat(site, &Chat { id: Some(chat), ..found }, (&leads, None), None).await? {
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
        let leads = match self.partners(site, chat).await? {
            Ok(leads) if leads.is_empty() => return Ok(Ok(Seen::All)),
            Ok(leads) => leads,
            Err(error) if is_left_out(&error) => return Ok(Ok(Seen::All)),
            Err(error) => return Ok(Err(error)),
        };
        if !self.goes_on(look).await? {
            return Ok(Ok(Seen::Unfinished));
        }
        match self.read_chat(site, chat, (&leads, Some(after)), Some(look)).await? {
            Ok(read) if read.later => return Ok(Ok(Seen::Later)),
            Ok(_) => {}
            // A chat that is gone, or not to be read, keeps nobody from reading the others.
            Err(error) if is_left_out(&error) => {
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
    async fn partners(&self, site: &Site, chat: &Chat) -> Result<std::result::Result<Vec<LeadId>, UnipileError>> {
        if chat.account_id.as_deref() != Some(site.unipile.account_id.as_str()) {
            return Ok(Ok(Vec::new()));
        }
        let person = match &chat.attendee_provider_id {
            Some(person) => Some(person.clone()),
            None => match self.only_writer(site, chat).await? {
                Ok(person) => person,
                Err(error) => return Ok(Err(error)),
            },
        };
        let Some(person) = person else { return Ok(Ok(Vec::new())) };
        let found = self.find_people(site, &[person], &[]).await?;
        let leads: Vec<_> = found.into_iter().map(|(_, lead)| lead).collect();
        Ok(Ok(self.in_touch(site, &leads, self.now()).await?))
    }

    /// Whom a chat is with that names nobody: whoever else than the account has written there, if that is one person. Where several have it is a chat of
    /// many, in which nobody answers us alone. No list of a chat's people is documented.
    async fn only_writer(&self, site: &Site, chat: &Chat) -> Result<std::result::Result<Option<String>, UnipileError>> {
        let Some(id) = chat.id.as_deref() else { return Ok(Ok(None)) };
        let messages = match self.messages_of(id, None, None).await? {
            Ok(messages) => messages,
            Err(error) => return Ok(Err(error)),
        };
        let mut writers: Vec<_> =
            messages.into_iter().filter(|it| !is_own(site, it)).filter_map(|it| it.sender_id).collect();
        writers.sort_unstable();
        writers.dedup();
        Ok(Ok(writers.pop().filter(|_| writers.is_empty())))
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
        chat: &Chat,
        (leads, after): (&[LeadId], Option<DateTime<Utc>>),
        look: Option<&mut Look>,
    ) -> Result<std::result::Result<Read, UnipileError>> {
        let (id, last_at) = (chat.id.as_deref().unwrap_or_default(), chat.timestamp);
        let mut messages = match self.messages_of(id, after, look).await? {
            Ok(messages) => messages,
            Err(error) => return Ok(Err(error)),
        };
        messages.sort_by_key(|message| message.timestamp);
        let (mut read, mut own) = (Read::default(), Vec::new());
        for message in messages {
            let Some(id) = message.id.clone() else { continue };
            let by_owner = is_own(site, &message);
            let message = wrote(site, id.clone(), message, last_at.unwrap_or_else(|| self.now()));
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

/// Whether it is of no use to ask again.
pub(super) fn is_left_out(error: &UnipileError) -> bool {
    matches!(error.class(), Class::Gone | Class::Permanent | Class::Parked)
}

/// Whether the account wrote it, by Unipile's mark or by who it says has.
pub(super) fn is_own(site: &Site, message: &ChatMessage) -> bool {
    let by_sender = || message.sender_id.is_some() && message.sender_id == site.unipile.provider_id;
    message.is_sender == Some(true) || by_sender()
}

/// A message as it is taken in. One that does not say when it was written was by `latest`. The shape of attachments is not documented: that there are
/// some is noted.
pub(super) fn wrote(site: &Site, id: String, message: ChatMessage, latest: DateTime<Utc>) -> LinkedinMessage {
    let by_sender = || message.sender_id.is_some() && site.unipile.provider_id.is_some();
    let is_theirs = !is_own(site, &message) && message.is_sender.map_or_else(by_sender, |own| !own);
    let unknown = || MessageAttachment { name: None, media_type: "application/octet-stream".into(), bytes: 0 };
    let attachments = message.attachments.unwrap_or_default().iter().map(|_| unknown()).collect();
    let text = message.text.unwrap_or_default().replace('\0', "").chars().take(LONGEST).collect();
    LinkedinMessage { id, text, attachments, sent_at: message.timestamp.unwrap_or(latest), is_theirs }
}

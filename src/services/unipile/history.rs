//! What accounts and leads have written to each other before the account was connected: read back once, the newest chats first, within bounds. It is
//! shown in the leads' conversations, and nothing follows from it. Each look is bounded as any other, and goes on where the one before stopped.
//!
//! A chat only names LinkedIn's own id of the other person, of whom we know the address of the profile. Connections have both; nobody's profile is
//! looked at for this.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    UnipileService, backoff,
    look::{Look, Seen},
    messages::{ends_the_look, is_left_out, is_own, wrote},
    people::Site,
};
use crate::{
    errors::Result,
    integrations::unipile::{Chat, MOST_ON_A_PAGE, PageQuery, Relation, Since, UnipileError},
    models::{AuditEntry, LeadId},
    repositories::{HeardOf, Looked, Watched},
    services::campaign_runs::{Intake, PastMessage},
    utils::linkedin::LinkedinUrl,
};

/// How soon after an account was connected the first pass begins: Unipile fetches chats from LinkedIn first.
pub(super) const BEGINS_AFTER: TimeDelta = TimeDelta::minutes(5);
/// How long after the first pass the second and last one begins: how long Unipile takes for that is not documented.
const ONCE_MORE: TimeDelta = TimeDelta::hours(1);
/// The pause between two looks.
const PACE: TimeDelta = TimeDelta::seconds(30);
/// How old messages may be.
const BACK: TimeDelta = TimeDelta::days(90);
/// Chats with leads that are read in a pass.
const MOST_CHATS: usize = 200;
/// The same in one look.
const CHATS_IN_A_LOOK: usize = 20;
/// Messages of a chat that are kept, the latest.
const MOST_MESSAGES: usize = 250;
/// Pages of chats that are looked through.
const PAGES_OF_CHATS: usize = 5;
/// Pages of connections that are: 10,000 people.
const PAGES_OF_CONNECTIONS: usize = 40;
/// The same in one look: Unipile may have to ask LinkedIn for each.
const CONNECTIONS_IN_A_LOOK: usize = 2;
/// After so many looks in a row a chat that cannot be read is left out.
const MOST_FAILURES: i32 = 9;
/// After so many looks in a row that failed it is given up: after two days and a half.
const MOST_LOOKS: i32 = 24;
/// The pauses between them, while a chat may be left out, and after that.
const PAUSES: (TimeDelta, TimeDelta) = (TimeDelta::seconds(30), TimeDelta::minutes(10));
const LONG_PAUSES: (TimeDelta, TimeDelta) = (TimeDelta::minutes(20), TimeDelta::hours(6));
/// What is kept of why it was given up, in characters.
const LONGEST_CAUSE: usize = 500;
/// How far connections were read stands among the chats that were, after this.
const CONNECTIONS: &str = "connections/";
/// All of them were.
const ALL: &str = "all";
/// That it is the second pass, too.
const SECOND: &str = "second";

/// How far connections were read.
enum Learnt {
    All,
    Pages(usize, Option<String>),
}

impl UnipileService {
    /// Reads a part of what was written before.
    pub(super) async fn look_for_history(
        &self,
        site: &Site,
        look: &mut Look,
    ) -> Result<std::result::Result<Seen, UnipileError>> {
        match self.learn_people(site, look).await? {
            Ok(Seen::All) => self.read_back(site, look).await,
            unfinished => Ok(unfinished),
        }
    }

    /// What is noted of such a look; nothing if the last pass is over.
    pub(super) fn history_goes_on(look: &Look, seen: Seen, now: DateTime<Utc>) -> Option<Watched> {
        if seen != Seen::All {
            return Some(look.pauses(PACE, Looked::Partly, now));
        }
        let pass = Some((now, vec![SECOND.to_owned(), format!("{CONNECTIONS}{ALL}")]));
        let again = Watched { again: now + ONCE_MORE, seen_until: None, looked: Looked::Partly, pass };
        (!look.has_read(SECOND)).then_some(again)
    }

    /// A look has failed, because of `cause`: what is noted of it, or that it was the last one. Unipile may have asked for a pause.
    pub(super) fn history_fails(
        look: &Look,
        cause: &str,
        (asked, now): (TimeDelta, DateTime<Utc>),
    ) -> Result<Watched, String> {
        if look.watch.failures + 1 >= MOST_LOOKS {
            return Err(cause.chars().take(LONGEST_CAUSE).collect());
        }
        let failures = look.watch.failures;
        let pause = match failures - MOST_FAILURES {
            ..=0 => backoff(PAUSES.0, PAUSES.1, failures),
            more => backoff(LONG_PAUSES.0, LONG_PAUSES.1, more - 1),
        };
        Ok(look.pauses(pause.max(asked), Looked::Not, now))
    }

    /// It is read back no more.
    pub(super) async fn give_history_up(&self, look: &Look, cause: &str) -> Result<()> {
        let mut tx = self.context.db.begin_engine(look.watch.organization_id, self.now()).await?;
        let account = look.watch.account_id;
        if tx.unipile().give_up_watch(&look.watch, cause).await? {
            tracing::error!(%account, cause, "what was written before an account was connected is not read back");
            let entry = AuditEntry::new("connected_account.history_given_up", "connected_account", account.0);
            tx.audit(entry.change(None, json!({ "reason": cause, "chats": chats_read(look) })));
        }
        tx.commit().await
    }

    /// All is read back.
    pub(super) async fn history_is_read(&self, look: &Look) -> Result<()> {
        let mut tx = self.context.db.begin_engine(look.watch.organization_id, self.now()).await?;
        let account = look.watch.account_id;
        if tx.unipile().forget_watch(&look.watch).await? {
            let entry = AuditEntry::new("connected_account.history_read", "connected_account", account.0);
            tx.audit(entry.change(None, json!({ "chats": chats_read(look) })));
        }
        tx.commit().await
    }

    /// Finds out which of the account's connections are leads, and by which ids LinkedIn knows them.
    async fn learn_people(&self, site: &Site, look: &mut Look) -> Result<std::result::Result<Seen, UnipileError>> {
        for _ in 0..CONNECTIONS_IN_A_LOOK {
            let (pages, cursor) = match learnt(look) {
                Learnt::All => return Ok(Ok(Seen::All)),
                Learnt::Pages(pages, cursor) => (pages, cursor),
            };
            if !self.goes_on(look).await? {
                return Ok(Ok(Seen::Unfinished));
            }
            let query = PageQuery::at(MOST_ON_A_PAGE, cursor.as_deref());
            let next = match self.api()?.relations(&site.unipile.account_id, query).await {
                Ok(page) => {
                    self.hear_of(site, &page.items).await?;
                    page.cursor
                }
                // How long a page's name holds is not documented.
                Err(error) if is_left_out(&error) => None,
                Err(error) => return Ok(Err(error)),
            };
            let far_enough = pages + 1 >= PAGES_OF_CONNECTIONS;
            let mark = next.filter(|_| !far_enough).map_or(ALL.to_owned(), |next| format!("{}/{next}", pages + 1));
            look.mark(CONNECTIONS, &mark);
        }
        Ok(Ok(if matches!(learnt(look), Learnt::All) { Seen::All } else { Seen::Unfinished }))
    }

    async fn hear_of(&self, site: &Site, relations: &[Relation]) -> Result<()> {
        let names: Vec<_> = relations.iter().filter_map(|it| it.public_identifier.clone()).collect();
        let leads: HashMap<String, LeadId> = self.find_people(site, &[], &names).await?.into_iter().collect();
        let heard = relations.iter().filter_map(|it| {
            let name = it.public_identifier.as_ref().filter(|name| leads.contains_key(*name))?;
            let url = LinkedinUrl::parse(&format!("https://www.linkedin.com/in/{name}")).ok()?;
            let (provider_id, public_identifier) = (it.member_id.clone()?, name.clone());
            Some(HeardOf { linkedin_url: url.into_string(), provider_id, public_identifier })
        });
        let heard: Vec<_> = heard.collect();
        if heard.is_empty() {
            return Ok(());
        }
        let mut conn = self.context.db.engine_conn(site.organization).await?;
        conn.linkedin().hear_of(site.account, &heard, self.now()).await
    }

    /// Reads chats with leads, the newest first.
    async fn read_back(&self, site: &Site, look: &mut Look) -> Result<std::result::Result<Seen, UnipileError>> {
        let after = look.began - BACK;
        let chats = match self.chats_since(site, after).await? {
            Ok(chats) => chats,
            Err(error) => return Ok(Err(error)),
        };
        let leads = self.leads_among(site, &chats).await?;
        let mut in_this_look = 0;
        for chat in &chats {
            let leads = chat.attendee_provider_id.as_ref().and_then(|person| leads.get(person));
            let (Some(id), Some(leads)) = (chat.id.as_deref(), leads) else { continue };
            if look.has_read(id) {
                continue;
            }
            if chats_read(look) >= MOST_CHATS {
                break;
            }
            if in_this_look == CHATS_IN_A_LOOK || !self.goes_on(look).await? {
                return Ok(Ok(Seen::Unfinished));
            }
            in_this_look += 1;
            let in_touch = self.in_touch(site, leads, self.now()).await?;
            let leads = if in_touch.is_empty() { leads.iter().take(1).copied().collect() } else { in_touch };
            match self.read_past(site, look, (id, &leads), after).await? {
                Ok(Intake::Later) => return Ok(Ok(Seen::Unfinished)),
                Ok(_) => {}
                Err(error) if is_left_out(&error) => {
                    tracing::warn!(account = %site.account, %error, "a chat cannot be read back");
                }
                Err(error) if look.watch.failures >= MOST_FAILURES && !ends_the_look(&error) => {
                    tracing::error!(account = %site.account, %error, "a chat that cannot be read back is left out");
                }
                Err(error) => return Ok(Err(error)),
            }
            look.was_read(id);
        }
        Ok(Ok(Seen::All))
    }

    /// The leads whom chats are with, by LinkedIn's own ids: several, if one person is there under several addresses.
    async fn leads_among(&self, site: &Site, chats: &[Chat]) -> Result<HashMap<String, Vec<LeadId>>> {
        let ids: Vec<_> = chats.iter().filter_map(|chat| chat.attendee_provider_id.clone()).collect();
        let mut leads: HashMap<String, Vec<LeadId>> = HashMap::new();
        for (person, lead) in self.find_people(site, &ids, &[]).await? {
            leads.entry(person).or_default().push(lead);
        }
        Ok(leads)
    }

    /// The account's chats in which something has happened since, the newest first. In which order they come is not documented.
    async fn chats_since(
        &self,
        site: &Site,
        after: DateTime<Utc>,
    ) -> Result<std::result::Result<Vec<Chat>, UnipileError>> {
        let (mut cursor, mut chats) = (None::<String>, Vec::new());
        for _ in 0..PAGES_OF_CHATS {
            let query = PageQuery::at(MOST_ON_A_PAGE, cursor.as_deref());
            let since = Since { after: Some(after), before: None };
            match self.api()?.chats(&site.unipile.account_id, since, query).await {
                Ok(page) => {
                    // The key sees all tenants' chats.
                    let own = |chat: &Chat| chat.account_id.as_deref() == Some(site.unipile.account_id.as_str());
                    chats.extend(page.items.into_iter().filter(own));
                    cursor = page.cursor;
                }
                Err(error) if is_left_out(&error) => break,
                Err(error) => return Ok(Err(error)),
            }
            if cursor.is_none() {
                break;
            }
        }
        chats.retain(|chat| chat.timestamp.is_none_or(|at| at >= after));
        chats.sort_by_key(|chat| std::cmp::Reverse(chat.timestamp));
        Ok(Ok(chats))
    }

    /// Reads a chat with a lead: what was written before a campaign had to do with the lead is kept, and what came after that is taken in as ever.
    async fn read_past(
        &self,
        site: &Site,
        look: &mut Look,
        (chat, leads): (&str, &[LeadId]),
        after: DateTime<Utc>,
    ) -> Result<std::result::Result<Intake, UnipileError>> {
        let mut messages = match self.messages_of(chat, Some(after), Some(look)).await? {
            Ok(messages) => messages,
            Err(error) => return Ok(Err(error)),
        };
        messages.retain(|message| message.timestamp.is_some_and(|at| at >= after));
        messages.sort_by_key(|message| message.timestamp);
        let left_out = messages.len().saturating_sub(MOST_MESSAGES);
        let past = messages.into_iter().skip(left_out).filter_map(|message| {
            let (id, by_owner) = (message.id.clone()?, is_own(site, &message));
            Some(PastMessage { by_owner, message: wrote(site, id, message, self.now()) })
        });
        let Some((lead, others)) = leads.split_first() else { return Ok(Ok(Intake::NotOurs)) };
        Ok(Ok(self.runs.take_in_past(site.with(*lead), others, &past.collect::<Vec<_>>()).await?))
    }
}

fn learnt(look: &Look) -> Learnt {
    match look.marked(CONNECTIONS) {
        None => Learnt::Pages(0, None),
        Some(ALL) => Learnt::All,
        Some(mark) => {
            let (pages, cursor) = mark.split_once('/').unwrap_or(("0", mark));
            Learnt::Pages(pages.parse().unwrap_or(0), Some(cursor.to_owned()))
        }
    }
}

/// Chats that were read in this pass.
fn chats_read(look: &Look) -> usize {
    look.all_read().filter(|it| *it != SECOND && !it.starts_with(CONNECTIONS)).count()
}

//! What the fake knows, and the log of what it did.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use axum::http::Method;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clento::utils::clock::SharedClock;

use super::{
    accounts::Upkeep,
    emails::Mail,
    errors::Refused,
    trouble::{On, Trouble},
};

/// What was done, by whom, to whom. The truth about what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) account: String,
    pub(crate) act: Act,
    /// LinkedIn's own id of the person, or a post's `social_id`.
    pub(crate) target: String,
    pub(crate) text: Option<String>,
    pub(crate) at: DateTime<Utc>,
}

/// The kinds of deeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Act {
    Visit,
    Invite,
    Withdraw,
    Message,
    Inmail,
    Like,
    Comment,
    Mail,
}

/// An account that is connected to Unipile.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) provider_id: String,
    pub(crate) public_identifier: String,
    pub(crate) premium: bool,
    pub(crate) inmail_credits: u32,
    /// Whether it is let in; else every request answers `disconnected_account`.
    pub(crate) connected: bool,
}

/// Somebody on LinkedIn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    pub(crate) provider_id: String,
    pub(crate) public_identifier: String,
    /// The accounts that are connected with the person, each with when.
    pub(crate) relations: BTreeMap<String, DateTime<Utc>>,
    /// Acts that are refused of this person, with status and type.
    pub(crate) refuses: BTreeMap<Act, (u16, &'static str)>,
    pub(crate) posts: Vec<Post>,
}

/// A post of somebody's.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) id: String,
    pub(crate) social_id: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) is_repost: bool,
    pub(crate) can_react: bool,
    pub(crate) can_comment: bool,
    pub(crate) likes: BTreeSet<String>,
    pub(crate) comments: Vec<Comment>,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: String,
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(crate) struct Invitation {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) person: String,
    pub(crate) text: Option<String>,
    pub(crate) at: DateTime<Utc>,
    /// `PENDING`, `WITHDRAWN` or `ACCEPTED`.
    pub(crate) state: &'static str,
    /// When it was taken back.
    pub(crate) withdrawn_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Chat {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) person: String,
    /// Whether others are in it too: then nobody is named.
    pub(crate) of_many: bool,
    pub(crate) messages: Vec<Message>,
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) sender: String,
    pub(crate) text: String,
    pub(crate) own: bool,
    pub(crate) at: DateTime<Utc>,
}

/// By what a request is known that visits somebody: reading a profile does not.
pub(crate) const VISIT: &str = "notify=true";

type OfAccount = Box<dyn FnMut(&str) -> Option<Trouble> + Send>;
type Chance = Box<dyn FnMut(&Method, &str) -> Option<Trouble> + Send>;

/// Everything.
pub(crate) struct World {
    pub(crate) clock: SharedClock,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) people: Vec<Person>,
    pub(crate) invitations: Vec<Invitation>,
    pub(crate) chats: Vec<Chat>,
    pub(crate) mails: Vec<Mail>,
    /// Addresses that no mail is sent to, with status and type.
    pub(crate) refused_recipients: BTreeMap<String, (u16, &'static str)>,
    /// Whether mails do not tell their headers.
    pub(crate) hides_headers: bool,
    /// Links, webhooks, and how accounts are.
    pub(crate) upkeep: Upkeep,
    /// What was done, in order.
    pub(crate) deeds: Vec<Deed>,
    /// The requests, in order: method, path and query.
    pub(crate) requests: Vec<String>,
    /// What goes wrong, each once.
    pub(crate) troubles: VecDeque<(On, Trouble)>,
    /// What goes wrong by chance.
    pub(crate) chance: Option<Chance>,
    /// What goes wrong with everything of an account's that names it in its address.
    pub(crate) refuse_account: Option<OfAccount>,
    /// What is refused with a 500 if its query has this in it.
    pub(crate) refuse_query: Option<&'static str>,
    /// How long it is until what was done shows in lists and profiles.
    pub(crate) shows_after: TimeDelta,
    /// Whether messages do not say when they were written.
    pub(crate) timeless: bool,
    /// Messages to which something is attached.
    pub(crate) attached: BTreeSet<String>,
    /// Whether ids are left out of answers to sends.
    pub(crate) null_ids: bool,
    next: u64,
}

impl World {
    pub(super) fn new(clock: SharedClock) -> Self {
        Self {
            clock,
            accounts: BTreeMap::new(),
            people: Vec::new(),
            invitations: Vec::new(),
            chats: Vec::new(),
            mails: Vec::new(),
            refused_recipients: BTreeMap::new(),
            hides_headers: false,
            upkeep: Upkeep::default(),
            deeds: Vec::new(),
            requests: Vec::new(),
            troubles: VecDeque::new(),
            chance: None,
            refuse_account: None,
            refuse_query: None,
            shows_after: TimeDelta::zero(),
            timeless: false,
            attached: BTreeSet::new(),
            null_ids: false,
            next: 0,
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Connects an account with this id, whose own LinkedIn id is `ACo` and the id.
    pub(crate) fn account(&mut self, id: &str) -> &mut Account {
        self.accounts.entry(id.to_owned()).or_insert_with(|| Account {
            provider_id: format!("ACo-{id}"),
            public_identifier: id.to_lowercase(),
            premium: false,
            inmail_credits: 50,
            connected: true,
        })
    }

    /// Has somebody with this public identifier, whose LinkedIn id is `ACo` and the identifier as it was at first.
    pub(crate) fn person(&mut self, public_identifier: &str) -> &mut Person {
        let known = self.people.iter().position(|person| person.public_identifier == public_identifier);
        let index = known.unwrap_or_else(|| {
            self.people.push(Person {
                provider_id: format!("ACo_{public_identifier}"),
                public_identifier: public_identifier.to_owned(),
                ..Person::default()
            });
            self.people.len() - 1
        });
        &mut self.people[index]
    }

    /// Has somebody publish a post that anybody may react to and comment on; its ids.
    pub(crate) fn post(&mut self, person: &str, at: DateTime<Utc>) -> &mut Post {
        let number = self.fresh();
        let posts = &mut self.person(person).posts;
        posts.push(Post {
            id: number.to_string(),
            social_id: format!("urn:li:activity:{number}"),
            at,
            is_repost: false,
            can_react: true,
            can_comment: true,
            likes: BTreeSet::new(),
            comments: Vec::new(),
        });
        posts.last_mut().unwrap()
    }

    /// Somebody accepts an account's invitation. One that carried a note leaves a chat that holds the note alone.
    pub(crate) fn accept(&mut self, account: &str, public_identifier: &str) {
        let now = self.now();
        let person = self.person(public_identifier);
        person.relations.insert(account.to_owned(), now);
        let person = person.provider_id.clone();
        let pending = |it: &&mut Invitation| it.account == account && it.person == person && it.state == "PENDING";
        let note = self.invitations.iter_mut().find(pending).and_then(|invitation| {
            invitation.state = "ACCEPTED";
            invitation.text.clone().map(|text| (text, invitation.at))
        });
        if let Some((text, at)) = note {
            let sender = self.account(account).provider_id.clone();
            let message = Message { id: format!("msg-{}", self.fresh()), sender, text, own: true, at };
            self.chat(account, &person).messages.push(message);
        }
    }

    /// An account invites so many others, all after now.
    pub(crate) fn crowd(&mut self, account: &str, count: usize) {
        for _ in 0..count {
            let number = self.fresh();
            self.invitations.push(Invitation {
                id: format!("inv-{number}"),
                account: account.to_owned(),
                person: format!("ACo_other-{number}"),
                text: None,
                at: self.now(),
                state: "PENDING",
                withdrawn_at: None,
            });
        }
    }

    /// The acts of one kind, each as account and target, in order.
    pub(crate) fn done(&self, act: Act) -> Vec<(String, String)> {
        let deeds = self.deeds.iter().filter(|deed| deed.act == act);
        deeds.map(|deed| (deed.account.clone(), deed.target.clone())).collect()
    }

    /// Deeds that were done more than once: the same act of one account to the same target with the same text. Visits are left out, since
    /// they may be repeated, and likes, since the second changes nothing.
    pub(crate) fn doubled(&self) -> Vec<Deed> {
        let same =
            |a: &Deed, b: &Deed| (&a.account, a.act, &a.target, &a.text) == (&b.account, b.act, &b.target, &b.text);
        let counts = |deed: &&Deed| !matches!(deed.act, Act::Visit | Act::Like);
        let before = |index: usize| &self.deeds[..index];
        let doubled =
            self.deeds.iter().enumerate().filter(|(index, deed)| before(*index).iter().any(|it| same(it, deed)));
        doubled.map(|(_, deed)| deed).filter(counts).cloned().collect()
    }

    pub(super) fn trouble_for(&mut self, method: &Method, path: &str, query: &str) -> Option<Trouble> {
        let account = query.split('&').find_map(|pair| pair.strip_prefix("account_id="));
        if let (Some(refuse), Some(account)) = (&mut self.refuse_account, account)
            && let Some(trouble) = refuse(account)
        {
            return Some(trouble);
        }
        if self.refuse_query.is_some_and(|part| query.contains(part)) {
            return Some(Trouble::Refuse(500, "provider_error"));
        }
        if let Some(index) = self.troubles.iter().position(|(on, _)| on.is(method, path)) {
            return self.troubles.remove(index).map(|(_, trouble)| trouble);
        }
        let path = if query.contains(VISIT) { format!("{path}?{VISIT}") } else { path.to_owned() };
        self.chance.as_mut().and_then(|chance| chance(method, &path))
    }

    pub(super) fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Whether what was done `at` shows by now.
    pub(super) fn shows(&self, at: DateTime<Utc>) -> bool {
        self.now() >= at + self.shows_after
    }

    pub(super) fn tell(&mut self, account: &str, act: Act, target: &str, text: Option<&str>) {
        let (account, target, text) = (account.to_owned(), target.to_owned(), text.map(str::to_owned));
        let at = self.now();
        self.deeds.push(Deed { account, act, target, text, at });
    }

    /// The account, if the key sees it and it is let in.
    pub(super) fn acting(&self, account: &str) -> Result<&Account, Refused> {
        let account = self.accounts.get(account).ok_or(Refused::new(404, "resource_not_found"))?;
        if account.connected { Ok(account) } else { Err(Refused::new(401, "disconnected_account")) }
    }

    /// Somebody by LinkedIn's own id or by public identifier.
    pub(super) fn somebody(&self, id: &str) -> Result<&Person, Refused> {
        let is = |person: &&Person| person.provider_id == id || person.public_identifier == id;
        self.people.iter().find(is).ok_or(Refused::new(404, "resource_not_found"))
    }

    /// Somebody by LinkedIn's own id, who lets the act be done.
    pub(super) fn willing(&self, provider_id: &str, act: Act) -> Result<&Person, Refused> {
        let person = self.people.iter().find(|person| person.provider_id == provider_id);
        let person = person.ok_or(Refused::new(422, "invalid_recipient"))?;
        match person.refuses.get(&act) {
            Some((status, kind)) => Err(Refused::new(*status, kind)),
            None => Ok(person),
        }
    }

    /// The chat of an account with a person, who has one from now on.
    pub(super) fn chat(&mut self, account: &str, person: &str) -> &mut Chat {
        let is = |chat: &Chat| chat.account == account && chat.person == person && !chat.of_many;
        let index = self.chats.iter().position(is).unwrap_or_else(|| {
            let id = format!("chat-{}", self.fresh());
            let (account, person) = (account.to_owned(), person.to_owned());
            self.chats.push(Chat { id, account, person, of_many: false, messages: Vec::new() });
            self.chats.len() - 1
        });
        &mut self.chats[index]
    }

    /// The post with this `social_id`.
    pub(super) fn post_by(&mut self, social_id: &str) -> Option<&mut Post> {
        self.people.iter_mut().flat_map(|person| &mut person.posts).find(|post| post.social_id == social_id)
    }
}

/// A time as Unipile writes it.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

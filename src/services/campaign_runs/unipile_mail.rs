//! Mailboxes through Unipile as a channel. Unipile takes a mail without telling its Message-ID, so each bears a header of ours, the same for
//! every attempt of a step; by it what was sent is looked up, and its Message-ID is learnt when the mailbox is read. Of the headers that may be
//! set Unipile documents those that begin with `X-` alone: the way out stands in the mail itself, and not in its header.

use std::{fmt::Write as _, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};
use url::Url;
use uuid::Uuid;

use super::{
    Context,
    channel::{self, Channel, Found, MayBegin},
    claim::Order,
    deliver::{Delivery, NOT_BEGUN, TOO_LATE, UNADDRESSED},
    lease::Lease,
    mail_text::Letter,
    mailbox::{not_begun, not_sent},
    mailbox_letter::{Recipient, who_may_be_written_to},
    not_let_in::let_in,
    outcome::Outcome,
    silence::{put_off, too_slow},
};
use crate::{
    engine::message::Content,
    errors::Result,
    integrations::unipile::{Class, Email, EmailQuery, MOST_ON_A_PAGE, NewEmail, PageQuery, Unipile, UnipileError},
    models::{ConnectedAccount, ExecutionStep, SentMail, Tracking},
    utils::clean_html,
};

/// What is left of the time-out when Unipile is given up: who gives it up here still knows whether anything was begun.
const SPARE: Duration = Duration::from_secs(1);
/// How long a mailbox is left alone when Unipile cannot be reached, or does not say for how long.
const UNREACHABLE: TimeDelta = TimeDelta::minutes(2);
const BUSY: TimeDelta = TimeDelta::minutes(15);
/// The shortest and the longest time that Unipile's own word on it is believed.
const SAID: (TimeDelta, TimeDelta) = (TimeDelta::minutes(1), TimeDelta::days(7));
/// How long a mail is searched for before a person is asked.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);
/// By how much Unipile's clock may be behind ours.
const CLOCKS: TimeDelta = TimeDelta::minutes(1);
/// Pages of mails to one person that are searched.
const MOST_PAGES: usize = 20;
/// What stands behind the `@` of a mail's id until its Message-ID is learnt: a domain that is nobody's (RFC 2606).
const MADE_UP: &str = "@unipile.invalid";

/// Mailboxes through Unipile.
pub(super) struct UnipileMailChannel {
    context: Context,
    api: Option<Unipile>,
}

/// A mail that is ready to be sent.
struct Ready {
    to: Recipient,
    subject: String,
    html: String,
    reply_to: Option<String>,
    send_id: String,
}

/// By what a mail is known that was sent, or may have been.
struct Known<'a> {
    recipient: &'a str,
    begun_at: DateTime<Utc>,
    /// Its Message-ID, or the one that stands for it.
    id: &'a str,
}

/// What a mail of a step is known by, whichever attempt sends it.
fn send_id(step: &ExecutionStep) -> String {
    let mut hash = Sha256::new();
    hash.update(b"clento unipile mail\0");
    hash.update(step.organization_id.0.as_bytes());
    hash.update(step.execution_id.0.as_bytes());
    hash.update(step.node_id.as_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&bytes[..16]);
    uuid::Builder::from_custom_bytes(id).into_uuid().to_string()
}

/// What stands for the Message-ID of a mail until that is learnt.
pub(in crate::services) fn stands_for(send_id: &str) -> String {
    format!("{send_id}{MADE_UP}")
}

impl UnipileMailChannel {
    pub(super) fn new(context: Context, api: Option<Unipile>) -> Self {
        Self { context, api }
    }

    /// Unipile, and by what it knows the account.
    fn at<'a>(&'a self, account: &'a ConnectedAccount) -> Result<(&'a Unipile, &'a str), Delivery> {
        let api = self.api.as_ref().ok_or(not_sent("linkedin_not_set_up", Some(TimeDelta::hours(1)), true))?;
        let unipile = account.unipile.as_ref().ok_or(Delivery::AccountOut)?;
        Ok((api, unipile.account_id.as_str()))
    }

    fn until(&self) -> Instant {
        Instant::now() + Lease(self.context.campaign_lease).timeout().saturating_sub(SPARE)
    }

    /// Everything up to what Unipile makes of a step.
    async fn hand_in(&self, order: &Order, may_begin: &MayBegin<'_>) -> Delivery {
        let step = &order.step;
        let until = self.until();
        let (mail, ready) = match timeout_at(until, self.prepare(order)).await {
            Ok(Ok(Ok(prepared))) => prepared,
            Ok(Ok(Err(stopped))) => {
                let stopped = timeout_at(until, self.not_prepared(order, stopped));
                return stopped.await.unwrap_or(Delivery::no_answer(UNREACHABLE));
            }
            Ok(Err(error)) => return not_begun(step.id.0, &error),
            Err(_) => return too_slow(&self.context, step, UNREACHABLE).await,
        };
        // From here on an answer to the mail finds its step, and nobody else sends it.
        match self.begin(&mail, step.token).await {
            Ok(true) => {
                let handed = self.hand_over(&order.account, &ready, (may_begin, until)).await;
                self.let_in(&order.account, Some(step), handed).await
            }
            Ok(false) => NOT_BEGUN,
            Err(error) => not_begun(step.id.0, &error),
        }
    }

    /// What follows for a step that was not begun. Where Unipile does not answer about the lead, its answer about the mailbox tells whose that is.
    async fn not_prepared(&self, order: &Order, stopped: Delivery) -> Delivery {
        if !stopped.got_no_answer() {
            return self.let_in(&order.account, Some(&order.step), stopped).await;
        }
        let Ok((api, id)) = self.at(&order.account) else { return stopped };
        if api.account(id).await.is_err() {
            return stopped;
        }
        put_off(&self.context, &order.step).await
    }

    /// What it means that the mailbox was not let in, if it was not.
    async fn let_in(&self, account: &ConnectedAccount, step: Option<&ExecutionStep>, refused: Delivery) -> Delivery {
        match self.at(account) {
            Ok(at) => let_in(&self.context, at, step, refused).await,
            Err(_) => refused,
        }
    }

    async fn prepare(&self, order: &Order) -> Result<Result<(SentMail, Ready), Delivery>> {
        let Order { step, lead, account, .. } = order;
        let Some(letter) = Letter::of(step, lead, account) else { return Ok(Err(UNADDRESSED)) };
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        let last = if letter.answers() { conn.sent_mails().last_of(step.execution_id).await? } else { None };
        conn.give_back();
        let send_id = send_id(step);
        let mut mail = letter.mail(last.clone(), self.context.campaign_clock.now(), Tracking::default());
        mail.message_id = stands_for(&send_id);
        let reply_to = match self.parent(account, last.as_ref()).await {
            Ok(parent) => parent,
            Err(delivery) => return Ok(Err(delivery)),
        };
        let link = self.context.links.way_out(&mail);
        let to = Recipient { name: letter.to_name.clone(), address: mail.recipient.clone() };
        let html = html(&letter.content, link.as_ref());
        let ready = Ready { to, subject: mail.subject.clone(), html, reply_to, send_id };
        Ok(Ok((mail, ready)))
    }

    /// Unipile's id of the mail that is answered. One that it does not show is answered by its subject alone.
    async fn parent(&self, account: &ConnectedAccount, last: Option<&SentMail>) -> Result<Option<String>, Delivery> {
        let Some(last) = last else { return Ok(None) };
        self.at(account)?;
        let known = Known { recipient: &last.recipient, begun_at: last.begun_at, id: &last.message_id };
        let found = self.search(account, &known).await.map_err(|error| unanswered(&error))?;
        Ok(found.and_then(|email| email.id))
    }

    async fn begin(&self, mail: &SentMail, token: Uuid) -> Result<bool> {
        let mut conn = self.context.db.engine_conn(mail.organization_id).await?;
        let mine = conn.sent_mails().begin(mail, token).await?;
        conn.give_back();
        Ok(mine)
    }

    async fn hand_over(
        &self,
        account: &ConnectedAccount,
        ready: &Ready,
        (may_begin, until): (&MayBegin<'_>, Instant),
    ) -> Delivery {
        let (api, id) = match self.at(account) {
            Ok(at) => at,
            Err(delivery) => return delivery,
        };
        if !may_begin() {
            return TOO_LATE;
        }
        let Ready { to, subject, html, reply_to, send_id } = ready;
        let to = (to.name.as_deref(), to.address.as_str());
        let new = NewEmail { to, subject, html, reply_to: reply_to.as_deref(), send_id };
        match timeout_at(until, api.send_email(id, new)).await {
            Err(_) => Delivery::Unknown,
            Ok(Ok(sent)) => Delivery::Sent { provider_id: sent.tracking_id.unwrap_or_else(|| send_id.clone()) },
            Ok(Err(error)) => {
                tracing::info!(account = %account.id, %error, "Unipile did not send a mail");
                verdict(&error)
            }
        }
    }

    /// Looks for a mail among those that the mailbox has sent to its recipient since.
    async fn search(&self, account: &ConnectedAccount, known: &Known<'_>) -> Result<Option<Email>, UnipileError> {
        let Ok((api, id)) = self.at(account) else { return Ok(None) };
        let after = Some(known.begun_at - CLOCKS);
        let query = EmailQuery { sent: true, to: Some(known.recipient), with: None, after };
        let mut cursor = None::<String>;
        for _ in 0..MOST_PAGES {
            let page = api.emails(id, query, PageQuery::at(MOST_ON_A_PAGE, cursor.as_deref())).await?;
            let found = page.items.into_iter().find(|email| is(email, known.id));
            cursor = page.cursor;
            if found.is_some() || cursor.is_none() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// What a search for a mail says. That it is not found says nothing: whether Unipile tells our header again, how old what it tells may be, and
    /// what a mailbox shows that was just signed in to anew is not documented. So nothing is sent again by itself.
    async fn looked_up(&self, account: &ConnectedAccount, known: &Known<'_>) -> Found {
        let waited = self.context.campaign_clock.now() - known.begun_at;
        match self.search(account, known).await {
            Ok(Some(email)) => return Found::Yes { provider_id: email.id.unwrap_or(known.id.to_owned()) },
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(account = %account.id, %error, "a mailbox cannot be searched at Unipile");
            }
        }
        if waited < PATIENCE { Found::Later } else { Found::Unclear }
    }

    async fn look_up(&self, step: &ExecutionStep, account: &ConnectedAccount) -> Result<Found> {
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        let mail = conn.sent_mails().of_step(step.id).await?;
        conn.give_back();
        // Without that row nothing was begun.
        let Some(mail) = mail else { return Ok(Found::No) };
        // It was seen in the mailbox already.
        if !mail.message_id.ends_with(MADE_UP) {
            return Ok(Found::Yes { provider_id: mail.message_id });
        }
        let known = Known { recipient: &mail.recipient, begun_at: mail.begun_at, id: &mail.message_id };
        Ok(self.looked_up(account, &known).await)
    }

    /// Sends what somebody wrote by hand.
    async fn write_by_hand(&self, letter: &channel::Letter, may_begin: &MayBegin<'_>) -> Delivery {
        let (about, until) = (letter.message.id.0, self.until());
        let to = match who_may_be_written_to(&self.context, letter).await {
            Ok(Ok(to)) => to,
            Ok(Err(delivery)) => return delivery,
            Err(error) => return not_begun(about, &error),
        };
        let reply_to = match timeout_at(until, self.answered(letter, &to)).await {
            Ok(Ok(parent)) => parent,
            Ok(Err(error)) => {
                return match unanswered(&error).by_hand() {
                    Delivery::Other(_) => not_sent("provider_no_answer", None, true),
                    other => other,
                };
            }
            Err(_) => return not_sent("provider_slow", None, true),
        };
        let subject = letter.message.subject.clone().unwrap_or_default();
        let html = paragraphs(&letter.message.text);
        let ready = Ready { to, subject, html, reply_to, send_id: about.to_string() };
        let handed = self.hand_over(&letter.account, &ready, (may_begin, until)).await;
        self.let_in(&letter.account, None, handed).await
    }

    /// Unipile's id of the mail that a letter answers.
    async fn answered(&self, letter: &channel::Letter, to: &Recipient) -> Result<Option<String>, UnipileError> {
        let (Some(id), Ok((api, account))) = (letter.message.answers.first(), self.at(&letter.account)) else {
            return Ok(None);
        };
        let query = EmailQuery { with: Some(&to.address), ..EmailQuery::default() };
        let page = api.emails(account, query, PageQuery::first(MOST_ON_A_PAGE)).await?;
        Ok(page.items.into_iter().find(|email| is(email, id)).and_then(|email| email.id))
    }

    async fn look_up_letter(&self, letter: &channel::Letter) -> Result<Found> {
        let Ok(to) = who_may_be_written_to(&self.context, letter).await? else { return Ok(Found::Unclear) };
        let id = stands_for(&letter.message.id.0.to_string());
        let known = Known { recipient: &to.address, begun_at: letter.message.created_at, id: &id };
        Ok(self.looked_up(&letter.account, &known).await)
    }
}

/// Whether a mail is the one that has this Message-ID, or that this stands for.
fn is(email: &Email, id: &str) -> bool {
    email.bare_message_id() == Some(id) || email.send_id().is_some_and(|it| id.strip_suffix(MADE_UP) == Some(it))
}

/// What an error means for a mail that was to be sent.
fn verdict(error: &UnipileError) -> Delivery {
    let reason = error.code();
    match error.class() {
        Class::NotSent => not_sent("provider_unreachable", Some(UNREACHABLE), true),
        Class::Unknown => Delivery::Unknown,
        Class::AccountOut => Delivery::not_let_in(error),
        Class::Cooldown => {
            let said = error.retry_after.and_then(|after| TimeDelta::from_std(after).ok());
            let rest = said.map_or(BUSY, |after| after.clamp(SAID.0, SAID.1));
            not_sent("account_cools_down", Some(rest), true)
        }
        Class::Lead if error.is("invalid_recipient") => Delivery::NoRecipient,
        Class::Lead | Class::Permanent => Delivery::Refused { reason, detail: None },
        Class::Done | Class::Gone | Class::Parked => Delivery::Other(Outcome::Parked { reason }),
    }
}

/// The same when only something was asked: nothing was sent, whatever it is.
fn unanswered(error: &UnipileError) -> Delivery {
    match verdict(error) {
        Delivery::Unknown => Delivery::no_answer(UNREACHABLE),
        Delivery::NoRecipient => Delivery::Refused { reason: error.code(), detail: None },
        other => other,
    }
}

/// What a campaign's mail says, as HTML, with the way out.
fn html(content: &Content, link: Option<&Url>) -> String {
    let text = || paragraphs(content.text.as_deref().unwrap_or_default());
    let mut html = content.html.as_deref().map_or_else(text, clean_html::clean);
    if let Some(link) = link {
        let _ = write!(html, "<p><a href=\"{}\">Leave this mailing list</a></p>", escaped(link.as_str()));
    }
    html
}

/// Plain text as HTML: an empty line parts paragraphs.
fn paragraphs(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let of = |paragraph: &str| format!("<p>{}</p>", escaped(paragraph.trim_matches('\n')).replace('\n', "<br>"));
    text.split("\n\n").filter(|it| !it.trim().is_empty()).map(of).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Channel for UnipileMailChannel {
    fn send<'a>(&'a self, order: &'a Order, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        Box::pin(self.hand_in(order, may_begin))
    }

    fn find<'a>(&'a self, step: &'a ExecutionStep, account: &'a ConnectedAccount) -> BoxFuture<'a, Result<Found>> {
        Box::pin(self.look_up(step, account))
    }

    fn writes(&self) -> bool {
        self.api.is_some()
    }

    fn write<'a>(&'a self, letter: &'a channel::Letter, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        Box::pin(self.write_by_hand(letter, may_begin))
    }

    fn find_written<'a>(&'a self, letter: &'a channel::Letter) -> BoxFuture<'a, Result<Found>> {
        Box::pin(self.look_up_letter(letter))
    }

    /// Mails show in Sent within two to ten minutes.
    fn shows_within(&self) -> TimeDelta {
        TimeDelta::minutes(10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_paragraphs_and_nothing_in_it_is_html() {
        assert_eq!(
            paragraphs("Hi <b>\r\nyou & me\n\n\n\"Bye\"\n"),
            "<p>Hi &lt;b&gt;<br>you &amp; me</p><p>&quot;Bye&quot;</p>"
        );
        assert_eq!(paragraphs(""), "");
    }
}

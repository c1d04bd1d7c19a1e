//! Mailboxes as a channel. A mail is known by its Message-ID, which is the same for every attempt of a step. Of what breaks off before the end
//! of the message was written it is proved that nothing was sent: no server delivers such a mail. After that only its answer, or the mail in
//! the Sent folder, says so.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use uuid::Uuid;

use super::{
    Context,
    channel::{self, Channel, Found, MayBegin, Trial},
    claim::Order,
    deliver::{Delivery, NOT_BEGUN, UNADDRESSED},
    lease::Lease,
    mail_renamed::name_of,
    mail_reply::judged,
    mail_text::{Letter, message_id},
};
use crate::{
    errors::Result,
    integrations::mail::{MailError, MailFault, Reply, SmtpClient, Stage, Unwritable, Written},
    models::{AccountId, ConnectedAccount, ExecutionStep, SentMail},
    services::mailboxes::{Mailboxes, Unopened},
};

/// A connection that nobody has used for so long is not used again: servers hang up when they like.
const IDLE: Duration = Duration::from_secs(30);
/// What is left of the time-out when the dialogue is given up: who gives it up here still knows how far it was.
const SPARE: Duration = Duration::from_secs(1);
/// How long a mailbox whose servers cannot be used is left alone.
const REST: TimeDelta = TimeDelta::minutes(5);
/// How long a search is tried again if the mailbox cannot be read, before a person is asked.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);

/// Mailboxes.
#[derive(Clone)]
pub(super) struct MailboxChannel {
    pub(super) context: Context,
    pub(super) mailboxes: Mailboxes,
    lines: Arc<Lines>,
}

impl MailboxChannel {
    pub(super) fn new(context: Context, mailboxes: Mailboxes) -> Self {
        Self { context, mailboxes, lines: Arc::default() }
    }

    async fn prepare(&self, order: &Order) -> Result<Result<(SentMail, Written), Delivery>> {
        let Order { step, lead, account, tracking, .. } = order;
        let Some(letter) = Letter::of(step, lead, account) else {
            return Ok(Err(UNADDRESSED));
        };
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        let last = if letter.answers() { conn.sent_mails().last_of(step.execution_id).await? } else { None };
        conn.give_back();
        let mail = letter.mail(last, self.context.campaign_clock.now(), letter.seen(&self.context.links, *tracking));
        Ok(match letter.write(&mail, &self.context.links) {
            Ok(written) => Ok((mail, written)),
            Err(Unwritable::Address) => Err(UNADDRESSED),
            Err(Unwritable::Shape) => Err(not_sent("cannot_be_written", None, false)),
        })
    }

    /// Everything up to the server's answer.
    async fn hand_in(&self, order: &Order, may_begin: &MayBegin<'_>) -> Delivery {
        let Order { step, account, .. } = order;
        match self.prepare(order).await {
            Ok(Ok((mail, written))) => {
                let (message_id, noted) = (mail.message_id.as_str(), Some((&mail, step.token)));
                let outgoing = Outgoing { account, about: step.id.0, message_id, written: &written, noted };
                self.hand_over(&outgoing, may_begin).await
            }
            Ok(Err(delivery)) => delivery,
            Err(error) => not_begun(step.id.0, &error),
        }
    }

    /// Hands a mail to the account's server.
    pub(super) async fn hand_over(&self, mail: &Outgoing<'_>, may_begin: &MayBegin<'_>) -> Delivery {
        let until = tokio::time::Instant::now() + Lease(self.context.campaign_lease).timeout().saturating_sub(SPARE);
        let key = (mail.account.id, mail.account.version);
        let kept = self.lines.take(key, self.context.clock.monotonic());
        let reused = kept.is_some();
        let delivery = self.on_a_line(mail, kept, (may_begin, until)).await;
        let delivery = match delivery {
            // The server had hung up on a connection that we had kept: nothing was said yet.
            Err(Hung) if reused => self.on_a_line(mail, None, (may_begin, until)).await,
            told => told,
        };
        let delivery = delivery.unwrap_or_else(|Hung| not_sent("connection_broke", None, true));
        self.note_name(mail, &delivery).await;
        delivery
    }

    async fn on_a_line(
        &self,
        mail: &Outgoing<'_>,
        kept: Option<SmtpClient>,
        (may_begin, until): (&MayBegin<'_>, tokio::time::Instant),
    ) -> Result<Delivery, Hung> {
        let (account, written, reused) = (mail.account, mail.written, kept.is_some());
        let mut line = match self.open(mail, kept, until).await {
            Ok(line) => line,
            Err(delivery) => return Ok(delivery),
        };
        // From here on an answer to a step's mail finds its step, and nobody else sends it.
        match self.begin(mail).await {
            Ok(true) => {}
            Ok(false) => return Ok(NOT_BEGUN),
            Err(error) => return Ok(not_begun(mail.about, &error)),
        }
        let may_have_sent = line.may_have_sent();
        let sending = line.send(&written.from, &written.to, &written.bytes, may_begin);
        let Ok(reply) = tokio::time::timeout_at(until, sending).await else {
            let slow = not_sent("mail_server_slow", Some(REST), true);
            return Ok(if may_have_sent() { Delivery::Unknown } else { slow });
        };
        Ok(match reply {
            None => not_sent("lease_ran_out", None, true),
            Some(Reply::Taken(said)) => {
                self.lines.keep((account.id, account.version), line, self.context.clock.monotonic());
                Delivery::Sent { provider_id: name_of(mail, &said) }
            }
            Some(Reply::Broken { stage: Stage::Verdict, .. }) => Delivery::Unknown,
            Some(Reply::Broken { stage: Stage::Sender, .. }) => return Err(Hung),
            // The server closes a line that was idle (RFC 5321, 3.8), which says nothing of a new one.
            Some(Reply::Refused { stage: Stage::Sender, code: 421, .. }) if reused => return Err(Hung),
            Some(Reply::Broken { .. }) => not_sent("connection_broke", None, true),
            Some(Reply::Refused { stage, code, text }) => {
                tracing::info!(about = %mail.about, account = %account.id, ?stage, code, "a mail was refused");
                judged(stage, code, &text)
            }
        })
    }

    /// A connection that was kept, or a new one.
    async fn open(
        &self,
        mail: &Outgoing<'_>,
        kept: Option<SmtpClient>,
        until: tokio::time::Instant,
    ) -> Result<SmtpClient, Delivery> {
        if let Some(line) = kept {
            return Ok(line);
        }
        match tokio::time::timeout_at(until, self.mailboxes.smtp(mail.account)).await {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(Unopened::Mail(error))) => Err(unopened(mail, &error)),
            Ok(Err(Unopened::Ours(error))) => Err(not_begun(mail.about, &error)),
            Err(_) => Err(not_sent("mail_server_slow", Some(REST), true)),
        }
    }

    /// Writes that a step's mail may leave from now on; what is written by hand or tried out is written down already.
    async fn begin(&self, mail: &Outgoing<'_>) -> Result<bool> {
        let Some((noted, token)) = mail.noted else { return Ok(true) };
        let mut conn = self.context.db.engine_conn(noted.organization_id).await?;
        let mine = conn.sent_mails().begin(noted, token).await?;
        conn.give_back();
        Ok(mine)
    }

    /// What the Sent folder says of a mail that was begun at `begun_at`: a step's, or what was written by hand.
    pub(super) async fn search(
        &self,
        about: Uuid,
        (id, begun_at): (Option<&str>, DateTime<Utc>),
        account: &ConnectedAccount,
    ) -> Found {
        let waited = self.context.campaign_clock.now() - begun_at;
        let shows_all = account.mailbox.as_ref().is_some_and(|mailbox| mailbox.shows_all_sent());
        match self.look_up(id, account).await {
            Ok(Some(provider_id)) => {
                self.is_called(account, (about, id.unwrap_or_default()), &provider_id).await;
                Found::Yes { provider_id }
            }
            // Whether a server that gives mails other names keeps ours in all of its copies is nowhere promised.
            Ok(None) if shows_all && account.renames_mails() => {
                if waited < PATIENCE {
                    Found::Later
                } else {
                    Found::Unclear
                }
            }
            Ok(None) if shows_all => Found::No,
            // That there is no copy says nothing where nobody but us makes one.
            Ok(None) => Found::Unclear,
            Err(error) => {
                tracing::warn!(account = %account.id, code = error.code(), "a mailbox cannot be searched");
                if waited < PATIENCE { Found::Later } else { Found::Unclear }
            }
        }
    }

    /// What a mail is called in the Sent folder, if it is there.
    async fn look_up(&self, id: Option<&str>, account: &ConnectedAccount) -> Result<Option<String>, Unopened> {
        let Some(id) = id else { return Ok(None) };
        let mut reader = self.mailboxes.imap(account).await?;
        let folder = reader.sent_folder().await?;
        let found = match folder {
            Some(folder) => reader.called_in(&folder, id, account.renames_mails()).await?,
            None => return Err(MailError::from(MailFault::Broken("it has no Sent folder".to_owned())).into()),
        };
        reader.logout().await;
        Ok(found)
    }
}

impl Channel for MailboxChannel {
    fn send<'a>(&'a self, order: &'a Order, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        Box::pin(self.hand_in(order, may_begin))
    }

    fn find<'a>(&'a self, step: &'a ExecutionStep, account: &'a ConnectedAccount) -> BoxFuture<'a, Result<Found>> {
        Box::pin(async move {
            if let Some(provider_id) = self.step_was_called(step, account).await? {
                return Ok(Found::Yes { provider_id });
            }
            let id = message_id(step, account);
            Ok(self.search(step.id.0, (id.as_deref(), step.sending_at), account).await)
        })
    }

    fn try_out<'a>(&'a self, trial: &'a Trial, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        Box::pin(self.hand_in_trial(trial, may_begin))
    }

    fn writes(&self) -> bool {
        true
    }

    fn write<'a>(&'a self, letter: &'a channel::Letter, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        Box::pin(self.write_by_hand(letter, may_begin))
    }

    fn find_written<'a>(&'a self, letter: &'a channel::Letter) -> BoxFuture<'a, Result<Found>> {
        let channel::Letter { message, account } = letter;
        let of = (message.message_id.as_deref(), message.created_at);
        Box::pin(async move {
            Ok(match Self::message_was_called(message, account) {
                Some(provider_id) => Found::Yes { provider_id },
                None => self.search(message.id.0, of, account).await,
            })
        })
    }

    fn shows_within(&self) -> TimeDelta {
        TimeDelta::minutes(2)
    }
}

/// A mail that is to be handed to its account's server.
pub(super) struct Outgoing<'a> {
    pub(super) account: &'a ConnectedAccount,
    /// The step, the message or the trial that it is, for the log.
    pub(super) about: Uuid,
    pub(super) message_id: &'a str,
    pub(super) written: &'a Written,
    /// What is kept of a step's mail, and its token.
    pub(super) noted: Option<(&'a SentMail, Uuid)>,
}

/// The connection was of no use from the start.
struct Hung;

pub(super) fn not_sent(reason: &'static str, rest: Option<TimeDelta>, ours: bool) -> Delivery {
    Delivery::NotSent { reason, rest, ours }
}

pub(super) fn not_begun(about: Uuid, error: &crate::errors::AppError) -> Delivery {
    tracing::warn!(%about, code = error.code(), cause = error.causes(), "a mail was not begun");
    not_sent("not_begun", None, true)
}

fn unopened(mail: &Outgoing<'_>, error: &MailError) -> Delivery {
    tracing::warn!(about = %mail.about, account = %mail.account.id, code = error.fault.code(), "a mailbox cannot be used");
    if error.fault.needs_reconnect() {
        return Delivery::AccountOut;
    }
    not_sent("mail_server_unreachable", Some(REST), true)
}

/// An account as it was when a connection of it was made.
type Key = (AccountId, i64);

/// Connections that are signed in, and when they were last used.
#[derive(Default)]
struct Lines(Mutex<HashMap<Key, Vec<(SmtpClient, Duration)>>>);

impl Lines {
    fn take(&self, key: Key, now: Duration) -> Option<SmtpClient> {
        let mut lines = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        lines.retain(|_, kept| {
            kept.retain(|(_, used)| now.saturating_sub(*used) < IDLE);
            !kept.is_empty()
        });
        lines.get_mut(&key)?.pop().map(|(line, _)| line)
    }

    fn keep(&self, key: Key, line: SmtpClient, now: Duration) {
        let mut lines = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        lines.entry(key).or_default().push((line, now));
    }
}

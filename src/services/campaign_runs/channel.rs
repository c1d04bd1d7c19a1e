//! The ways by which steps reach people, each behind one small trait: send, and look up what was sent.

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use uuid::Uuid;

use super::{claim::Order, deliver::Delivery};
use crate::{
    engine::message::Content,
    errors::Result,
    models::{ConnectedAccount, ExecutionStep, Lead, Message, Provider},
};

/// Whether a step may still begin: asked right before the first byte leaves, after all that may take its time.
pub(super) type MayBegin<'a> = dyn Fn() -> bool + Send + Sync + 'a;
/// The same of each of many.
pub(super) type MayBeginEach<'a> = dyn Fn(&Order) -> bool + Send + Sync + 'a;

/// What carries the steps of one provider's accounts.
pub(super) trait Channel: Send + Sync {
    /// Sends a step. Nothing leaves unless the step still answers to its token and `may_begin` says so; what is not proved unsent after
    /// that is [`Delivery::Unknown`]. Whoever calls gives up after the time-out, which counts as unknown too.
    fn send<'a>(&'a self, order: &'a Order, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery>;

    /// Sends many steps of one account together, and answers what became of each, in their order; none if this channel can only send one
    /// after the other, as most providers want it. What holds for [`Self::send`] holds for each of them.
    fn send_together<'a>(
        &'a self,
        _orders: &'a [Order],
        _may_begin: &'a MayBeginEach<'a>,
    ) -> Option<BoxFuture<'a, Vec<Delivery>>> {
        None
    }

    /// Looks up whether the provider has a step, by what every attempt of it is known by there.
    ///
    /// # Errors
    /// The database is away.
    fn find<'a>(&'a self, step: &'a ExecutionStep, account: &'a ConnectedAccount) -> BoxFuture<'a, Result<Found>>;

    /// Sends a mail that is tried out, by the same rules. Nothing leaves by a channel that cannot.
    fn try_out<'a>(&'a self, trial: &'a Trial, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        let _ = (trial, may_begin);
        Box::pin(async { Delivery::NotSent { reason: "no_channel", rest: None, ours: false } })
    }

    /// Whether it sends what people write by hand.
    fn writes(&self) -> bool {
        false
    }

    /// Sends a message that somebody wrote by hand, by the same rules. Nothing leaves by a channel that cannot.
    fn write<'a>(&'a self, letter: &'a Letter, may_begin: &'a MayBegin<'a>) -> BoxFuture<'a, Delivery> {
        let _ = (letter, may_begin);
        Box::pin(async { Delivery::NotSent { reason: "no_channel", rest: None, ours: false } })
    }

    /// Looks up whether the provider has such a message.
    ///
    /// # Errors
    /// The database is away.
    fn find_written<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<Found>> {
        let _ = letter;
        Box::pin(async { Ok(Found::No) })
    }

    /// How long a send that was taken may take to show in a search, beyond the lease.
    fn shows_within(&self) -> TimeDelta;
}

/// A message that somebody writes by hand.
pub(super) struct Letter {
    pub(super) message: Message,
    pub(super) account: ConnectedAccount,
}

/// A mail that is tried out.
pub(super) struct Trial {
    /// By what it is known.
    pub(super) id: Uuid,
    pub(super) account: ConnectedAccount,
    /// Whose data it is written with; nothing is sent to it.
    pub(super) lead: Lead,
    pub(super) recipient: String,
    pub(super) recipient_name: Option<String>,
    pub(super) content: Content,
    pub(super) at: DateTime<Utc>,
}

/// What a search for a step found.
pub(super) enum Found {
    /// The provider has it.
    Yes { provider_id: String },
    /// The provider does not have it, or does not show it yet.
    No,
    /// It cannot be asked now; later it may be.
    Later,
    /// It would not show it either way: nobody can tell.
    Unclear,
    /// It tells more than whether it has it.
    Told(Delivery),
}

/// The channels of this process.
pub(super) struct Channels {
    sandbox: Box<dyn Channel>,
    mailbox: Box<dyn Channel>,
    unipile_mail: Box<dyn Channel>,
    linkedin: Box<dyn Channel>,
}

impl Channels {
    pub(super) fn new(
        sandbox: impl Channel + 'static,
        mailbox: impl Channel + 'static,
        unipile_mail: impl Channel + 'static,
        linkedin: impl Channel + 'static,
    ) -> Self {
        let (sandbox, mailbox) = (Box::new(sandbox), Box::new(mailbox));
        Self { sandbox, mailbox, unipile_mail: Box::new(unipile_mail), linkedin: Box::new(linkedin) }
    }

    /// What carries the steps of an account.
    pub(super) fn of(&self, account: &ConnectedAccount) -> &dyn Channel {
        match account.provider {
            Provider::Sandbox => &*self.sandbox,
            Provider::Gmail | Provider::Outlook | Provider::Mailbox if account.unipile.is_some() => &*self.unipile_mail,
            Provider::Gmail | Provider::Outlook | Provider::Mailbox => &*self.mailbox,
            Provider::Linkedin => &*self.linkedin,
        }
    }
}

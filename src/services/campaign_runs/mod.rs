//! Campaigns under way. What is done, in which transaction:
//!
//! | step | what | where |
//! |---|---|---|
//! | enrol | the leads of a campaign's lists get an execution each | `enrol` |
//! | end | ways end with their campaign | `endings` |
//! | replan | what waits in a campaign that was changed is planned anew, before anything more is claimed | `replan` |
//! | begin | pending leads are begun, as many as fit on the day | `begin` |
//! | take turns | campaigns share a process's places by organization | `turns` |
//! | claim | due steps are decided, charged and written down as `sending`, all in one transaction | `claim`, `fate` |
//! | deliver | what was claimed goes out, as long as the lease lasts; no transaction is open | `deliver` |
//! | settle | how it ended is written down, and what comes next is planned, in one transaction | `settle` |
//! | reconcile | what was begun and never told how it ended is looked up at the provider | `reconcile` |
//! | inbound | what leads do ends their ways or sends them on | `inbound`, `unsubscribed` |
//! | call | webhooks are called, at least once | `calls` |
//! | copy | what was sent is put into Sent, where the provider does not | `copies` |
//! | look at domains | domains of mailboxes' own, that links lead through, are asked whether they lead to us | `link_domains` |
//! | guard | what harms the organization's name is paused | `guard` |
//! | try out | a mail is sent to whoever asks for it | `trial` |
//! | LinkedIn | acts through Unipile, by what each error of it proves | `linkedin`, `outcome` |
//! | measure | how much waits is counted, for `/metrics`, and how far campaigns are | `measure` |
//! | write | what people write by hand goes out by the same rules | `letters` |
//!
//! Locks are taken in this order everywhere: suppressions, campaign, executions, accounts, leads, conversations.

mod acceptance;
mod accounts;
mod activities;
mod begin;
mod by_hand;
mod calls;
mod caps;
mod channel;
mod claim;
mod copies;
mod deliver;
mod endings;
mod enrol;
mod fate;
mod foresight;
mod guard;
mod inbound;
mod lease;
mod ledger;
mod letter_room;
mod letters;
mod link_domains;
mod linkedin;
mod lookups;
mod mail_renamed;
mod mail_reply;
mod mail_text;
mod mailbox;
mod mailbox_letter;
mod mailbox_trial;
mod measure;
mod not_let_in;
mod outcome;
mod party;
mod pending;
mod reconcile;
mod replan;
mod sandbox;
mod settle;
mod silence;
mod trial;
mod troubles;
mod turns;
mod unipile_mail;
mod unread;
mod unsubscribed;

use std::sync::Arc;

pub use self::{
    caps::look_at_caps,
    fate::ends_already,
    inbound::{Intake, LinkedinMessage, MailFate, Parties, PastMessage},
    letters::NewLetter,
    party::{Party, newcomer, traveller},
    pending::{PendingWait, pending_wait},
    replan::replan,
    trial::{NewTrial, TrialOutcome},
};

pub(super) use self::{
    endings::{end_ways, stop_some},
    party::book,
    unipile_mail::stands_for,
};

pub(super) use self::unsubscribed::end_unsubscribed;
use self::{
    channel::Channels, lease::Lease, linkedin::LinkedinChannel, mailbox::MailboxChannel, sandbox::Sandbox,
    troubles::Troubles, turns::Served, unipile_mail::UnipileMailChannel,
};
use super::{Context, Mailboxes};
use crate::{
    config::LinkedinConfig,
    errors::{AppError, Result},
    integrations::unipile::Unipile,
    models::OrganizationId,
    repositories::{OrgTx, RunningCampaignRef, lost_race},
    utils::crypto::Cipher,
};

/// Campaigns that are worked on in one round; the next round goes on with others.
const CAMPAIGNS_A_ROUND: i64 = 64;
/// Campaigns whose leads a process begins or enrols at a time.
const AT_A_TIME: usize = 4;
/// Times that a transaction is tried again when another was in its way.
const TRIES: usize = 5;

/// Campaigns under way.
#[derive(Clone)]
pub struct RunService {
    context: Context,
    channels: Arc<Channels>,
    cipher: Cipher,
    mailboxes: Mailboxes,
    troubles: Arc<Troubles>,
    resting: Arc<copies::Resting>,
    served: Arc<Served>,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// How much was done.
    pub done: u64,
    /// Whether there is more to do at once.
    pub more: bool,
}

impl Round {
    fn and(self, other: Self) -> Self {
        Self { done: self.done + other.done, more: self.more || other.more }
    }
}

impl RunService {
    /// A service that opens its sandbox's secrets with `cipher`, sends from `mailboxes`, and through Unipile as far as LinkedIn bears it.
    #[must_use]
    pub fn new(
        context: Context,
        cipher: Cipher,
        mailboxes: Mailboxes,
        linkedin: (Option<Unipile>, LinkedinConfig),
    ) -> Self {
        let sandbox = Sandbox::new(context.clone(), cipher.clone());
        let mailbox = MailboxChannel::new(context.clone(), mailboxes.clone());
        let unipile_mail = UnipileMailChannel::new(context.clone(), linkedin.0.clone());
        let linkedin = LinkedinChannel::new(context.clone(), linkedin);
        let channels = Arc::new(Channels::new(sandbox, mailbox, unipile_mail, linkedin));
        let (troubles, resting, served) = <(Arc<Troubles>, Arc<copies::Resting>, Arc<Served>)>::default();
        Self { context, channels, cipher, mailboxes, troubles, resting, served }
    }

    /// Starts campaigns whose time has come, and begins leads.
    ///
    /// # Errors
    /// The database is away.
    pub async fn begin_due(&self) -> Result<Round> {
        for organization in self.context.db.with_returned_room(CAMPAIGNS_A_ROUND).await? {
            self.again(|| self.use_returned_room(organization)).await?;
        }
        let due = self.context.db.campaigns_to_begin(self.context.campaign_clock.now(), CAMPAIGNS_A_ROUND).await?;
        let full = i64::try_from(due.len()).unwrap_or(i64::MAX) == CAMPAIGNS_A_ROUND;
        let begun = self.each(due, |this, of| async move { this.again(|| this.begin(of)).await }).await?;
        Ok(Round { more: begun.more || full && begun.done > 0, ..begun })
    }

    /// Enrols the leads that have come onto the lists of running campaigns, and ends campaigns of which nothing is left.
    ///
    /// # Errors
    /// The database is away.
    pub async fn enrol_all(&self) -> Result<Round> {
        let before = self.context.clock.now() - enrol::EVERY;
        let (mut after, mut all) = (None, Round::default());
        loop {
            let running = self.context.db.running_campaigns(after, before, CAMPAIGNS_A_ROUND).await?;
            let Some(last) = running.last() else { break };
            after = Some(*last);
            all = all.and(self.each(running, |this, of| async move { this.again(|| this.enrol(of)).await }).await?);
        }
        let since = self.context.campaign_clock.now() - enrol::STOPPED_SINCE;
        let stopped = self.context.db.stopped_campaigns(since, CAMPAIGNS_A_ROUND).await?;
        Ok(all.and(self.each(stopped, |this, of| async move { this.again(|| this.end(of)).await }).await?))
    }

    /// Works on several campaigns at a time. That one cannot be worked on keeps no other waiting; only if none can is something wrong that
    /// time may mend.
    async fn each<F>(
        &self,
        campaigns: Vec<RunningCampaignRef>,
        work: impl Fn(Self, RunningCampaignRef) -> F,
    ) -> Result<Round>
    where
        F: Future<Output = Result<Round>>,
    {
        use futures::{StreamExt as _, stream};
        let rounds = stream::iter(campaigns).map(|of| {
            let work = work(self.clone(), of);
            async move { (of, work.await) }
        });
        let (mut all, mut worked, mut failure) = (Round::default(), false, None);
        let mut rounds = std::pin::pin!(rounds.buffer_unordered(AT_A_TIME));
        while let Some((of, round)) = rounds.next().await {
            match self.told(of, round) {
                Ok(round) => (all, worked) = (all.and(round), true),
                Err(error) => failure = Some(error),
            }
        }
        failure.filter(|_| !worked).map_or(Ok(all), Err)
    }

    /// What a campaign's turn came to, after its troubles were told.
    fn told(&self, of: RunningCampaignRef, turn: Result<Round>) -> Result<Round> {
        match &turn {
            Ok(_) => self.troubles.over(of.campaign),
            Err(error) => self.troubles.tell(of.campaign, error, self.context.clock.monotonic()),
        }
        turn
    }

    /// Does a transaction's work, again if another was in its way: nothing was written then.
    async fn again<T, F: Future<Output = Result<T>>>(&self, work: impl Fn() -> F) -> Result<T> {
        let mut tries = 1;
        loop {
            match work().await {
                Err(error) if tries < TRIES && lost_race(&error) => tries += 1,
                outcome => return outcome,
            }
        }
    }

    fn lease(&self) -> Lease {
        Lease(self.context.campaign_lease)
    }

    /// A transaction of the engine. From its beginning on nobody adds suppressions to the organization's: they are locked before all else.
    async fn begin_tx(&self, organization: OrganizationId) -> Result<OrgTx> {
        let mut tx = self.context.db.begin_engine(organization, self.context.campaign_clock.now()).await?;
        tx.suppressions().matching([]).await?;
        Ok(tx)
    }
}

/// A document that was checked when it was stored cannot be used.
#[track_caller]
fn broken(what: &'static str) -> AppError {
    AppError::internal(what)
}

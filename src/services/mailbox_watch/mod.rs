//! Watching mailboxes: each is read by one worker process at a time, which says again and again that it goes on; whoever is killed is followed
//! by another when that was last said long enough ago. A mailbox is a task here and a connection there: it waits to be told of what comes,
//! looks by itself once a minute, and is left alone for a while when it cannot be read.
//!
//! A mail is taken in, or kept until that can be done, before the place up to which its folder was read moves on, and taking it in again does nothing: so whatever breaks off,
//! nothing is lost and nothing counts twice.

mod folder;
mod follow;
mod kept;
mod page;

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Context, Mailboxes, RunService};
use crate::{
    errors::Result,
    models::{AccountId, ClaimedMailbox},
};

/// How long a worker has a mailbox that it does not say it goes on with.
const LEASE: Duration = Duration::from_mins(1);
/// How often it says so.
const KEEP: Duration = Duration::from_secs(10);
/// How often it looks for mailboxes that nobody reads.
const LOOK_ROUND: Duration = Duration::from_secs(2);
/// Mailboxes that a process reads at the most.
const MOST: usize = 2_000;
/// Mailboxes that a process opens at a time.
const OPENING: usize = 32;
/// Mails that it reads at a time, of all mailboxes: this bounds its memory.
const BODIES: usize = 16;
/// How far before its connection a mailbox is read: clocks differ.
const BACK: Duration = Duration::from_hours(24);

/// A folder that is new to us, or whose numbers have changed, is read so far back: what was taken in is remembered for longer.
const READ_BACK: Duration = Duration::from_hours(24 * 60);

/// Watches mailboxes.
#[derive(Clone)]
pub struct MailboxWatch(Arc<Inner>);

struct Inner {
    context: Context,
    mailboxes: Mailboxes,
    runs: RunService,
    opening: Semaphore,
    bodies: Semaphore,
}

/// A mailbox that a task of this process reads.
struct Watched {
    stop: CancellationToken,
    /// Which task it is: one that ends may be followed by another before that is noticed.
    task: Uuid,
    /// The account's version that it was opened with, or an earlier one.
    version: i64,
}

impl MailboxWatch {
    /// Watches mailboxes through `mailboxes`, and hands what comes to `runs`.
    #[must_use]
    pub fn new(context: Context, mailboxes: Mailboxes, runs: RunService) -> Self {
        let (opening, bodies) = (Semaphore::new(OPENING), Semaphore::new(BODIES));
        Self(Arc::new(Inner { context, mailboxes, runs, opening, bodies }))
    }

    /// Watches until `stop` is cancelled.
    ///
    /// # Errors
    /// The database is away; the mailboxes are left to whoever comes next.
    pub async fn watch(&self, stop: CancellationToken) -> Result<()> {
        let worker = Uuid::new_v4();
        let mut round = Round { watch: self, worker, tasks: JoinSet::new(), watched: HashMap::new(), kept: None };
        let mut ticks = interval(LOOK_ROUND);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = round.tasks.join_next() => {
                    if let Ok((account, task)) = ended
                        && round.watched.get(&account).is_some_and(|watched| watched.task == task)
                    {
                        round.watched.remove(&account);
                    }
                }
                _ = ticks.tick() => round.go().await?,
            }
        }
        for watched in round.watched.values() {
            watched.stop.cancel();
        }
        while round.tasks.join_next().await.is_some() {}
        self.0.context.db.leave_mailboxes(worker).await
    }
}

/// The mailboxes of a process, from one round to the next. Whoever drops it breaks off what is being read.
struct Round<'w> {
    watch: &'w MailboxWatch,
    worker: Uuid,
    tasks: JoinSet<(AccountId, Uuid)>,
    watched: HashMap<AccountId, Watched>,
    kept: Option<Instant>,
}

impl Round<'_> {
    async fn go(&mut self) -> Result<()> {
        let db = &self.watch.0.context.db;
        if self.kept.is_none_or(|kept| kept.elapsed() >= KEEP) {
            let kept: HashMap<_, _> = db.keep_mailboxes(self.worker, LEASE).await?.into_iter().collect();
            self.kept = Some(Instant::now());
            // It is another's, nobody's any more, or to be opened otherwise than it was.
            for (_, watched) in self.watched.iter().filter(|(id, watched)| kept.get(id) != Some(&watched.version)) {
                watched.stop.cancel();
            }
            db.adopt_mailboxes(BACK).await?;
        }
        self.watch.0.take_in_kept().await?;
        let room = i64::try_from(MOST.saturating_sub(self.watched.len())).unwrap_or(0);
        for of in db.claim_mailboxes(self.worker, (LEASE, READ_BACK), room.min(100)).await? {
            self.start(of);
        }
        metrics::gauge!("mailboxes_watched").set(u32::try_from(self.watched.len()).unwrap_or(u32::MAX));
        Ok(())
    }

    fn start(&mut self, of: ClaimedMailbox) {
        let (stop, task) = (CancellationToken::new(), Uuid::new_v4());
        let watched = Watched { stop: stop.clone(), task, version: of.version };
        // One that is ending just now has left it already, or it could not have been claimed.
        if let Some(before) = self.watched.insert(of.account, watched) {
            before.stop.cancel();
        }
        let (inner, worker) = (Arc::clone(&self.watch.0), self.worker);
        self.tasks.spawn(async move {
            inner.follow(of, worker, stop).await;
            (of.account, task)
        });
    }
}

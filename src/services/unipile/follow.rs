//! The workers' rounds over what webhooks hinted at, and over what is looked at in turn.

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;

use super::{
    AT_A_TIME, CLAIM, UnipileService, about, backoff,
    look::{Look, SOON, Seen},
    places,
    relations::Follow,
};
use crate::{
    errors::Result,
    integrations::unipile::UnipileError,
    models::WatchKind,
    repositories::{DueEvent, DueWatch, Looked},
    services::campaign_runs::Round,
};

/// How often connections are asked for while somebody is awaited. A webhook may be eight hours late.
const RELATIONS: TimeDelta = TimeDelta::hours(4);
/// How often chats are looked through.
const MESSAGES: TimeDelta = TimeDelta::minutes(10);
/// Accounts that are looked at one after the other before the round is told, and how long no further one is begun after.
const LOOKS_IN_A_ROW: usize = 64;
const ROUND: TimeDelta = TimeDelta::minutes(2);
/// The pauses between looks for what does not show yet, and their number: half a day in all.
const LATE: (TimeDelta, TimeDelta, i32) = (TimeDelta::seconds(30), TimeDelta::hours(2), 14);
/// The pauses while Unipile does not answer, and their number: two days in all.
const SILENT: (TimeDelta, TimeDelta, i32) = (TimeDelta::seconds(5), TimeDelta::hours(1), 60);

impl UnipileService {
    /// Follows what webhooks hinted at.
    ///
    /// # Errors
    /// The database is away.
    pub async fn follow_hints(&self) -> Result<Round> {
        if self.api.is_none() {
            return Ok(Round::default());
        }
        let claim = |others: Vec<String>, free| {
            let now = self.now();
            async move { self.context.db.claim_unipile_events(now, now + CLAIM, (&others, free)).await }.boxed()
        };
        let follow = |event: DueEvent| {
            let followed = async move {
                if let Err(error) = self.follow_one(&event).await {
                    let (code, cause) = (error.code(), error.causes());
                    tracing::error!(kind = event.kind, account = %event.account, code, cause, "a webhook cannot be followed");
                }
            };
            followed.boxed()
        };
        places::fill(claim, |event| event.unipile_account.clone(), follow).await
    }

    async fn follow_one(&self, event: &DueEvent) -> Result<()> {
        let follow = match self.site(event.organization, event.account).await? {
            // What is read of an account that is out is stale: it is read when that is over.
            None => Follow::NotThere,
            Some(site) => match event.kind.as_str() {
                "new_relation" => self.follow_relation(&site, event).await?,
                _ => self.follow_message(&site, event).await?,
            },
        };
        let (outcome, again) = next(&follow, event.tries, self.now());
        if let Follow::Silent(error) = &follow {
            tracing::warn!(kind = event.kind, account = %event.account, %error, "Unipile does not show what it hinted at");
        }
        self.context.db.settle_unipile_event(event, outcome, again).await
    }

    /// Looks for connections and messages of the accounts whose turn it is.
    ///
    /// # Errors
    /// The database is away.
    pub async fn look_in_turn(&self, kind: WatchKind) -> Result<Round> {
        if self.api.is_none() {
            return Ok(Round::default());
        }
        let lanes = futures::future::try_join_all((0..AT_A_TIME).map(|_| self.look_one_by_one(kind))).await?;
        let done: usize = lanes.iter().sum();
        let more = lanes.iter().any(|looks| *looks >= LOOKS_IN_A_ROW);
        Ok(Round { done: u64::try_from(done).unwrap_or(0), more })
    }

    /// Looks at one account after the other, each claimed when its turn has come: a slow one keeps the others waiting in its own lane only.
    async fn look_one_by_one(&self, kind: WatchKind) -> Result<usize> {
        let (mut looks, ends) = (0, self.now() + ROUND);
        while looks < LOOKS_IN_A_ROW && self.now() < ends {
            let now = self.now();
            let Some(watch) = self.context.db.claim_watches(kind, now, now + CLAIM, 1).await?.pop() else { break };
            let account = watch.account_id;
            if let Err(error) = self.look_for(watch).await {
                let (code, cause) = (error.code(), error.causes());
                tracing::error!(%account, %kind, code, cause, "what an account's look has found cannot be written");
            }
            looks += 1;
        }
        Ok(looks)
    }

    async fn look_for(&self, watch: DueWatch) -> Result<()> {
        let mut look = Look::begin(watch, self.now());
        let (organization, account, kind) = (look.watch.organization_id, look.watch.account_id, look.watch.kind);
        let every = if kind == WatchKind::Relations { RELATIONS } else { MESSAGES };
        let outcome = self.look_through(&mut look).await;
        let now = self.now();
        let failed = |cause: &str, asked: TimeDelta| {
            if kind == WatchKind::History {
                return UnipileService::history_fails(&look, cause, (asked, now));
            }
            let pause = backoff(TimeDelta::seconds(30), every, look.watch.failures);
            Ok(look.pauses(asked.max(pause), Looked::Not, now))
        };
        let watched = match outcome {
            // What was missed is read when it is connected again.
            Ok(None) => Ok(look.pauses(about(every, account.0.as_bytes(), now), Looked::Out, now)),
            Ok(Some(Ok(seen))) if kind == WatchKind::History => match Self::history_goes_on(&look, seen, now) {
                Some(watched) => Ok(watched),
                None => return self.history_is_read(&look).await,
            },
            Ok(Some(Ok(seen))) => Ok(look.over(seen, every, now)),
            Ok(Some(Err(error))) => {
                tracing::warn!(%account, %kind, %error, "Unipile cannot be looked through");
                let asked = error.retry_after.and_then(|after| TimeDelta::from_std(after).ok()).unwrap_or_default();
                failed(&format!("Unipile does not let it be read: {error}"), asked)
            }
            Err(error) => {
                let (code, cause) = (error.code(), error.causes());
                tracing::error!(%account, %kind, code, cause, "an account cannot be looked through");
                failed(&format!("It cannot be taken in ({code})."), TimeDelta::zero())
            }
        };
        let watched = match watched {
            Ok(watched) => watched,
            Err(cause) => return self.give_history_up(&look, &cause).await,
        };
        let mut tx = self.context.db.begin_engine(organization, now).await?;
        tx.unipile().watched(&look.watch, watched, now).await?;
        tx.commit().await
    }

    /// Looks at what is to be looked at; nothing if the account is out.
    async fn look_through(&self, look: &mut Look) -> Result<Option<Result<Seen, UnipileError>>> {
        let Some(site) = self.site(look.watch.organization_id, look.watch.account_id).await? else { return Ok(None) };
        let kind = look.watch.kind;
        let looked = match kind {
            WatchKind::Messages if site.is_mailbox => self.look_for_mails(&site, look).await?,
            // A mailbox has neither connections nor chats.
            _ if site.is_mailbox => Ok(Seen::All),
            WatchKind::Relations => self.look_for_relations(&site, look).await?,
            WatchKind::History => self.look_for_history(&site, look).await?,
            WatchKind::Messages | WatchKind::Status => self.look_for_messages(&site, look).await?,
        };
        Ok(Some(looked))
    }
}

/// What is noted of a hint, and when it is followed again.
fn next(follow: &Follow, tries: i32, now: DateTime<Utc>) -> (&'static str, Option<DateTime<Utc>>) {
    let after = |(first, longest, most): (TimeDelta, TimeDelta, i32)| {
        (tries < most).then(|| now + backoff(first, longest, tries - 1))
    };
    match follow {
        Follow::Done(outcome) => (outcome, None),
        Follow::Later => ("waits", Some(now + SOON)),
        Follow::NotThere => ("not_there", after(LATE)),
        Follow::Silent(_) => ("not_answered", after(SILENT)),
    }
}

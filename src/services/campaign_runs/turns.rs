//! Whose turn it is. A process has a number of places for campaigns, which organizations share: one with many campaigns, or with slow
//! providers, keeps no other waiting.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::{CAMPAIGNS_A_ROUND, Round, RunService};
use crate::{
    errors::Result,
    models::{CampaignId, OrganizationId},
    repositories::RunningCampaignRef,
};

/// Campaigns that a process works on at a time.
const PLACES: usize = 6;
/// How many of them may be one organization's: the others are free for others, whenever something of theirs becomes due.
const OF_ONE: usize = 4;
/// How often it is looked what has become due meanwhile, as long as a place is free.
const LOOK: Duration = Duration::from_millis(500);
/// How long a campaign is left alone in which nothing could be done.
const REST: Duration = Duration::from_secs(1);
/// A campaign's turn takes no batch more after so long.
const TURN: Duration = Duration::from_secs(5);
/// Batches of one campaign before it is the others' turn.
const BATCHES_IN_A_ROW: usize = 20;

/// Who has a place, and who comes next.
#[derive(Debug, Default)]
struct Places {
    next: VecDeque<RunningCampaignRef>,
    taken: HashMap<CampaignId, OrganizationId>,
    resting: HashMap<CampaignId, Instant>,
}

impl Places {
    /// What is due, in the order of turns.
    fn renew(&mut self, due: Vec<RunningCampaignRef>) {
        self.next = due.into();
    }

    /// Whether somebody could be given a place.
    fn is_free(&self) -> bool {
        self.taken.len() < PLACES
    }

    /// The next campaign whose organization has not taken its share, if a place is free.
    fn take(&mut self, now: Instant) -> Option<RunningCampaignRef> {
        if !self.is_free() {
            return None;
        }
        self.resting.retain(|_, until| *until > now);
        let fits = |of: &RunningCampaignRef| {
            let of_its = self.taken.values().filter(|taken| **taken == of.organization).count();
            of_its < OF_ONE && !self.taken.contains_key(&of.campaign) && !self.resting.contains_key(&of.campaign)
        };
        let place = self.next.iter().position(fits)?;
        let of = self.next.remove(place)?;
        self.taken.insert(of.campaign, of.organization);
        Some(of)
    }

    /// A campaign's turn is over.
    fn give_back(&mut self, of: RunningCampaignRef, did_something: bool, now: Instant) {
        self.taken.remove(&of.campaign);
        if !did_something {
            self.resting.insert(of.campaign, now + REST);
        }
    }
}

impl RunService {
    /// Does what is due, until nothing is or `stop` is cancelled.
    ///
    /// # Errors
    /// The database is away.
    pub async fn do_due(&self, stop: &CancellationToken) -> Result<Round> {
        let (mut places, mut turns) = (Places::default(), FuturesUnordered::new());
        let (mut all, mut worked, mut failure) = (Round::default(), false, None);
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                Some((of, turn)) = turns.next() => {
                    let turn: Result<Round> = turn;
                    let done = turn.as_ref().map_or(0, |round| round.done);
                    places.give_back(of, done > 0, Instant::now());
                    match self.told(of, turn) {
                        Ok(round) => (all, worked) = (all.and(round), true),
                        Err(error) => failure = Some(error),
                    }
                }
                // The first tick comes at once.
                _ = looks.tick(), if places.is_free() && !stop.is_cancelled() => match self.due().await {
                    Ok(due) => places.renew(due),
                    Err(error) => {
                        places.renew(Vec::new());
                        (worked, failure) = (false, Some(error));
                    }
                },
                else => break,
            }
            while let Some(of) = places.take(Instant::now()).filter(|_| !stop.is_cancelled()) {
                turns.push(async move { (of, self.work_on(of, stop).await) });
            }
            if turns.is_empty() {
                break;
            }
        }
        failure.filter(|_| !worked).map_or(Ok(Round { more: all.done > 0, ..all }), Err)
    }

    /// Campaigns with something due, each organization's first before any second.
    async fn due(&self) -> Result<Vec<RunningCampaignRef>> {
        self.context.db.campaigns_with_due_steps(self.context.campaign_clock.now(), CAMPAIGNS_A_ROUND).await
    }

    /// Claims what is due in one campaign, sends it and writes down how it ended, while the next batch is claimed. What was claimed goes out,
    /// whatever fails meanwhile.
    async fn work_on(&self, of: RunningCampaignRef, stop: &CancellationToken) -> Result<Round> {
        let (mut next, mut failure) = (Some(self.again(|| self.claim(of)).await?), None);
        let (mut done, mut batches) = (0, 0);
        let over = Instant::now() + TURN;
        while let Some(claimed) = next.take() {
            batches += 1;
            // After calls it is other campaigns' turn, since receivers are as slow as they like.
            let goes_on = claimed.more && claimed.calls.is_empty();
            let goes_on = goes_on && failure.is_none() && batches < BATCHES_IN_A_ROW && !stop.is_cancelled();
            done += claimed.decided;
            let delivered = self.deliver(claimed).await;
            let goes_on = goes_on && Instant::now() < over;
            let claim = async { if goes_on { self.again(|| self.claim(of)).await.map(Some) } else { Ok(None) } };
            let (settled, claimed) = tokio::join!(self.again(|| self.settle(of, &delivered)), claim);
            match settled {
                Ok(()) => done += u64::try_from(delivered.deliveries.len()).unwrap_or(u64::MAX),
                Err(error) => failure = Some(error),
            }
            match claimed {
                Ok(claimed) => next = claimed,
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(Round { done, more: false }), Err)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn campaigns(of: OrganizationId, count: usize) -> Vec<RunningCampaignRef> {
        let campaign = |_| RunningCampaignRef { organization: of, campaign: CampaignId::new(DateTime::UNIX_EPOCH) };
        (0..count).map(campaign).collect()
    }

    fn organization() -> OrganizationId {
        OrganizationId::new(DateTime::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn nobody_takes_all_places_and_a_place_that_is_free_is_taken() {
        let (now, mut places) = (Instant::now(), Places::default());
        let (many, few) = (campaigns(organization(), 10), campaigns(organization(), 3));
        places.renew(many.clone());
        let taken: Vec<_> = std::iter::from_fn(|| places.take(now)).collect();
        assert_eq!(taken, many[..OF_ONE], "one organization alone");
        places.renew(many[OF_ONE..].iter().chain(&few).copied().collect());
        let others: Vec<_> = std::iter::from_fn(|| places.take(now)).collect();
        assert_eq!(others, few[..PLACES - OF_ONE], "the rest is for others");
        places.give_back(taken[0], true, now);
        assert_eq!(places.take(now), Some(many[OF_ONE]), "its own place is its own again");
    }

    #[tokio::test]
    async fn nobody_has_two_turns_at_once_and_who_could_do_nothing_rests() {
        let (now, mut places) = (Instant::now(), Places::default());
        let one = campaigns(organization(), 1);
        places.renew(one.clone());
        assert_eq!(places.take(now), Some(one[0]));
        places.renew(one.clone());
        assert_eq!(places.take(now), None, "it has its turn");
        places.give_back(one[0], false, now);
        assert_eq!(places.take(now), None, "nothing could be done");
        assert_eq!(places.take(now + REST), Some(one[0]));
        places.give_back(one[0], true, now);
        places.renew(one.clone());
        assert_eq!(places.take(now), Some(one[0]));
    }
}

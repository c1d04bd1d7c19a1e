//! Whose turn it is. A process has a number of places for campaigns, which organizations share: one with many campaigns, or with slow
//! providers, keeps no other waiting.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    StreamExt as _,
    future::{BoxFuture, OptionFuture},
    stream::FuturesUnordered,
};
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
/// How often it is looked what has become due meanwhile, as long as a place is free and nobody waits for it.
const LOOK: Duration = Duration::from_millis(500);
/// How long a campaign is left alone in which nothing could be done, and the longest after it has failed again and again.
const REST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// A campaign's turn takes no batch more after so long.
const TURN: Duration = Duration::from_secs(5);
/// Batches of one campaign before it is the others' turn.
const BATCHES_IN_A_ROW: usize = 20;
/// After so long no turn begins any more, so that what was done is told.
const ROUND: Duration = Duration::from_secs(30);

/// Who had a turn since all that were due had one: they come again when the others have had theirs.
#[derive(Debug, Default)]
pub(super) struct Served(Mutex<HashSet<CampaignId>>);

impl Served {
    fn now(&self) -> MutexGuard<'_, HashSet<CampaignId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who has a place, who comes next, and who rests: until when, and after how many failures.
#[derive(Debug, Default)]
struct Places {
    next: VecDeque<RunningCampaignRef>,
    taken: HashMap<CampaignId, OrganizationId>,
    resting: HashMap<CampaignId, (Instant, u32)>,
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Worked,
    Idle,
    Failed,
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

    /// Who needs not be looked for.
    fn engaged(&self, now: Instant) -> impl Iterator<Item = CampaignId> {
        let resting = self.resting.iter().filter(move |(_, (until, _))| *until > now);
        self.taken.keys().chain(resting.map(|(id, _)| id)).copied()
    }

    /// The next campaign whose organization has not taken its share, if a place is free.
    fn take(&mut self, now: Instant) -> Option<RunningCampaignRef> {
        if !self.is_free() {
            return None;
        }
        let rests = |id: &CampaignId| self.resting.get(id).is_some_and(|(until, _)| *until > now);
        let fits = |of: &RunningCampaignRef| {
            let of_its = self.taken.values().filter(|taken| **taken == of.organization).count();
            of_its < OF_ONE && !self.taken.contains_key(&of.campaign) && !rests(&of.campaign)
        };
        let place = self.next.iter().position(fits)?;
        let of = self.next.remove(place)?;
        self.taken.insert(of.campaign, of.organization);
        Some(of)
    }

    /// All that can begin now.
    fn take_all(&mut self, now: Instant) -> Vec<RunningCampaignRef> {
        std::iter::from_fn(|| self.take(now)).collect()
    }

    /// A campaign's turn is over.
    fn give_back(&mut self, of: RunningCampaignRef, turn: Turn, now: Instant) {
        self.taken.remove(&of.campaign);
        let failures = match turn {
            Turn::Worked => {
                self.resting.remove(&of.campaign);
                return;
            }
            Turn::Idle => 0,
            Turn::Failed => self.resting.get(&of.campaign).map_or(0, |(_, failures)| *failures) + 1,
        };
        let rest = REST.0 * 2_u32.saturating_pow(failures.saturating_sub(1).min(6));
        self.resting.insert(of.campaign, (now + rest.min(REST.1), failures));
    }
}

impl RunService {
    /// Does what is due, until nothing is, `stop` is cancelled or half a minute is over.
    ///
    /// # Errors
    /// The database is away.
    pub async fn do_due(&self, stop: &CancellationToken) -> Result<Round> {
        let (mut places, mut turns) = (Places::default(), FuturesUnordered::new());
        let (mut all, mut worked, mut failure) = (Round::default(), false, None);
        // It goes on beside the turns, and never instead of them: they hold what it may need.
        let mut look: Option<BoxFuture<'_, Result<Vec<RunningCampaignRef>>>> = None;
        let (mut looks, over) = (interval(LOOK), Instant::now() + ROUND);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let takes = || !stop.is_cancelled() && Instant::now() < over;
        loop {
            tokio::select! {
                biased;
                Some((of, turn)) = turns.next() => match self.over(&mut places, of, turn) {
                    Ok(round) => {
                        (all, worked) = (all.and(round), true);
                        looks.reset_immediately();
                    }
                    Err(error) => failure = Some(error),
                },
                Some(due) = OptionFuture::from(look.as_mut()) => {
                    look = None;
                    if let Err(error) = due.map(|due| places.renew(due)) {
                        (worked, failure) = (false, Some(error));
                    }
                }
                // The first tick comes at once.
                _ = looks.tick(), if look.is_none() && places.is_free() && takes() => {
                    look = Some(Box::pin(self.due(places.engaged(Instant::now()).collect())));
                    continue;
                }
                else => break,
            }
            let begin = if takes() { places.take_all(Instant::now()) } else { Vec::new() };
            turns.extend(begin.into_iter().map(async |of| (of, self.work_on(of, stop).await)));
            if turns.is_empty() && look.is_none() {
                break;
            }
        }
        failure.filter(|_| !worked).map_or(Ok(Round { more: all.done > 0, ..all }), Err)
    }

    /// A campaign's turn is over.
    fn over(&self, places: &mut Places, of: RunningCampaignRef, turn: Result<Round>) -> Result<Round> {
        let came_to = match &turn {
            Ok(round) if round.done > 0 => Turn::Worked,
            Ok(_) => Turn::Idle,
            Err(_) => Turn::Failed,
        };
        places.give_back(of, came_to, Instant::now());
        self.served.now().insert(of.campaign);
        self.told(of, turn)
    }

    /// Campaigns with something due but for those that are `engaged`, each organization's first before any second. Who has had a turn comes
    /// again when all others have had theirs.
    async fn due(&self, engaged: Vec<CampaignId>) -> Result<Vec<RunningCampaignRef>> {
        let now = self.context.campaign_clock.now();
        let served: Vec<_> = self.served.now().iter().copied().collect();
        let others: Vec<_> = engaged.iter().chain(&served).copied().collect();
        let mut due = self.context.db.campaigns_with_due_steps(now, &others, CAMPAIGNS_A_ROUND).await?;
        if i64::try_from(due.len()).is_ok_and(|found| found < CAMPAIGNS_A_ROUND) && !served.is_empty() {
            self.served.now().clear();
            let known: Vec<_> = engaged.into_iter().chain(due.iter().map(|of| of.campaign)).collect();
            due.extend(self.context.db.campaigns_with_due_steps(now, &known, CAMPAIGNS_A_ROUND).await?);
        }
        Ok(due)
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
        let taken = places.take_all(now);
        assert_eq!(taken, many[..OF_ONE], "one organization alone");
        places.renew(many[OF_ONE..].iter().chain(&few).copied().collect());
        let others = places.take_all(now);
        assert_eq!(others, few[..PLACES - OF_ONE], "the rest is for others");
        places.give_back(taken[0], Turn::Worked, now);
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
        places.give_back(one[0], Turn::Idle, now);
        assert_eq!(places.take(now), None, "nothing could be done");
        assert_eq!(places.take(now + REST.0), Some(one[0]));
        places.give_back(one[0], Turn::Worked, now);
        places.renew(one.clone());
        assert_eq!(places.take(now), Some(one[0]));
        let mut longest = Duration::ZERO;
        for _ in 0..40 {
            places.give_back(one[0], Turn::Failed, now);
            places.renew(one.clone());
            let rests = (1..100).map(Duration::from_secs).find(|rest| places.take(now + *rest).is_some()).unwrap();
            assert!(rests >= longest);
            longest = rests;
        }
        assert_eq!(longest, REST.1, "the more often it failed, the longer it rests");
    }
}

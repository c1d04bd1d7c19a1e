//! Following a campaign: its activities as they come. Nothing is read before it can be handed on, so that a slow reader costs no memory; one
//! that stops reading is cut off by the connection's own limit.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures::{Stream, StreamExt as _, stream};
use tokio::{
    sync::Semaphore,
    time::{Interval, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    errors::{AppError, Kind, Result},
    models::{Activity, ActivityPlace, CampaignId, OrganizationId},
    repositories::{BaseRepository as _, OrgConn, OrgMember},
    services::Context,
    utils::keyed_limit::{KeyedLimit, Place},
};

/// Streams of one organization, in each process.
const OF_ORGANIZATION: usize = 20;
/// Streams of one user or API key, in each process.
const OF_CALLER: usize = 5;
/// How often it is looked whether something has come.
const EVERY: Duration = Duration::from_secs(1);
/// Activities that are read together.
const BATCH: i64 = 200;

/// Following campaigns. Those who follow in this process ask for a connection one at a time.
#[derive(Clone)]
pub struct FollowService {
    context: Context,
    of_organization: KeyedLimit<OrganizationId>,
    of_caller: KeyedLimit<Uuid>,
    turn: Arc<Semaphore>,
    until: CancellationToken,
}

/// What is told to who follows.
#[derive(Debug)]
pub enum Told {
    /// Something happened, at this place.
    Activity(ActivityPlace, Box<Activity>),
    /// The place to go on from is none of this database's: what comes is told from now on.
    Reset(ActivityPlace),
}

/// Somebody who follows a campaign.
struct Follower {
    context: Context,
    member: OrgMember,
    campaign: CampaignId,
    place: ActivityPlace,
    /// Read, and not handed out yet.
    ready: VecDeque<Told>,
    ticks: Interval,
    turn: Arc<Semaphore>,
    _places: (Place, Place),
}

impl FollowService {
    /// A service that nobody follows by yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self {
            context,
            of_organization: KeyedLimit::new(OF_ORGANIZATION),
            of_caller: KeyedLimit::new(OF_CALLER),
            turn: Arc::new(Semaphore::new(1)),
            until: CancellationToken::new(),
        }
    }

    /// What happens in a campaign from now on, or all that came after `from`; until whoever follows is no member any more, the campaign is
    /// deleted, or the process is to stop.
    ///
    /// # Errors
    /// `campaign_not_found`; `too_many_watchers`.
    pub async fn follow(
        &self,
        member: OrgMember,
        campaign: CampaignId,
        from: Option<ActivityPlace>,
    ) -> Result<impl Stream<Item = Told> + Send + use<>> {
        let places = self.places(&member).ok_or_else(too_many)?;
        let context = self.context.clone();
        let mut conn = context.db.read(&member).await?;
        conn.campaigns().get(campaign).await?;
        let here = conn.activities().here().await?;
        let known = match from {
            Some(from) => conn.activities().knows(from).await?,
            None => true,
        };
        conn.give_back();
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let follower = Follower {
            place: from.filter(|_| known).unwrap_or(here),
            ready: if known { VecDeque::new() } else { VecDeque::from([Told::Reset(here)]) },
            context,
            member,
            campaign,
            ticks,
            turn: Arc::clone(&self.turn),
            _places: places,
        };
        let told = stream::unfold(follower, |mut it| async move { it.next().await.map(|told| (told, it)) });
        Ok(told.take_until(self.until.clone().cancelled_owned()))
    }

    /// Ends every stream: a stop would otherwise wait for those who follow.
    pub fn end(&self) {
        self.until.cancel();
    }

    fn places(&self, member: &OrgMember) -> Option<(Place, Place)> {
        let caller = member.user_id().map(|id| id.0).or_else(|| member.api_key_id().map(|id| id.0))?;
        Some((self.of_organization.try_enter(member.organization_id())?, self.of_caller.try_enter(caller)?))
    }
}

fn too_many() -> AppError {
    AppError::unavailable("too_many_watchers", "Too many campaigns are being followed by you or your organization.")
}

impl Follower {
    async fn next(&mut self) -> Option<Told> {
        while self.ready.is_empty() {
            self.ticks.tick().await;
            match self.look().await {
                Ok(true) => {}
                Ok(false) => return None,
                // The database is away; it will be back.
                Err(error) => tracing::debug!(code = error.code(), "a campaign cannot be followed now"),
            }
        }
        self.ready.pop_front()
    }

    /// Reads what has come; false if there is nothing more for this caller.
    async fn look(&mut self) -> Result<bool> {
        let _turn = self.turn.acquire().await.map_err(AppError::internal)?;
        let mut conn = self.context.db.read(&self.member).await?;
        // Whoever was let in once stays in for as long as the stream lasts, unless that is asked again.
        if !admitted(&self.context, &self.member, &mut conn).await? || !conn.campaigns().exists(self.campaign).await? {
            return Ok(false);
        }
        let came = conn.activities().after(self.campaign, self.place, BATCH).await?;
        conn.give_back();
        if let Some((place, _)) = came.last() {
            self.place = *place;
        }
        if i64::try_from(came.len()).is_ok_and(|count| count == BATCH) {
            self.ticks.reset_immediately();
        }
        self.ready.extend(came.into_iter().map(|(place, activity)| Told::Activity(place, Box::new(activity))));
        Ok(true)
    }
}

/// Whether the caller may still see what is the organization's.
async fn admitted(context: &Context, member: &OrgMember, conn: &mut OrgConn) -> Result<bool> {
    if let Some(id) = member.api_key_id() {
        let key = conn.api_keys().find(id).await?;
        return Ok(key.is_some_and(|key| !key.is_expired(context.clock.now())));
    }
    let Some(person) = member.person() else { return Ok(false) };
    match conn.members().get(person.member_id()).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == Kind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

//! What was begun and never told how it ended, after a crash or a time-out, is looked up at the provider: found is sent, surely absent is
//! not sent, and what nobody can tell waits for a person. Nothing is ever sent again on a guess.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, stream};
use serde_json::json;
use uuid::Uuid;

use super::{
    Round, RunService,
    activities::{happened, with_account},
    calls::LOST,
    channel::{Channel, Found},
    deliver::{Delivered, Delivery},
    measure::count_review,
    outcome::Outcome,
    settle::NOT_FOUND,
};
use crate::{
    errors::{Kind, Result},
    models::{CampaignId, ConnectedAccount, ExecutionStep, OrganizationId, Stand, StepEnd, StepId, StepState},
    repositories::{BaseRepository as _, LostSteps, RunningCampaignRef},
};

/// Lost attempts whose accounts have their turn in one round.
const LOOKED_THROUGH: i64 = 1_000;
/// Accounts that are asked at a time: who does not answer keeps no other waiting.
pub(super) const ACCOUNTS_AT_A_TIME: usize = 32;
/// Steps of an account that are taken over together.
const BATCH: i64 = 50;
/// What is known is written down before the next is asked about, once that is so long ago.
const TOLD_WITHIN: Duration = Duration::from_secs(1);
/// How long a step rests between two looks, if its provider cannot be asked.
const BETWEEN_LOOKS: TimeDelta = TimeDelta::seconds(15);
/// A step that Unipile did not do and said nothing certain of so many times has its account rest.
const MOST_NOT_FOUND: i64 = 3;
/// For how long.
const REST: TimeDelta = TimeDelta::hours(1);

/// What a look at the provider came to.
enum Seen {
    /// It is known what became of the step, or that nobody will ever know.
    Ended(Delivery),
    /// It may still show, or the provider could not be asked.
    Nothing { again_at: DateTime<Utc> },
}

/// Steps of one account that are being looked up.
struct Lookup {
    organization: OrganizationId,
    account: Option<ConnectedAccount>,
    token: Uuid,
    /// When they were taken over, by the clock that never runs backwards.
    since: Duration,
}

impl RunService {
    /// Looks up what was awaited in vain, for many accounts at a time.
    ///
    /// # Errors
    /// The database is away.
    pub async fn reconcile(&self) -> Result<Round> {
        let lost = self.context.db.lost_steps(self.context.campaign_clock.now(), LOOKED_THROUGH).await?;
        let looks = stream::iter(lost).map(|of| self.reconcile_one(of)).buffer_unordered(ACCOUNTS_AT_A_TIME);
        let looks: Vec<Result<Round>> = looks.collect().await;
        together(looks)
    }

    /// Takes over steps of one account and looks them up. If that fails, they need not wait for the lease to be over.
    async fn reconcile_one(&self, of: LostSteps) -> Result<Round> {
        let look = Lookup {
            organization: of.organization,
            account: self.account_of(of).await?,
            token: Uuid::new_v4(),
            since: self.context.campaign_clock.monotonic(),
        };
        let steps = self.again(|| self.take_over(of, look.token)).await?;
        let ids: Vec<_> = steps.iter().map(|step| step.id).collect();
        let round = self.look_through(&look, steps).await;
        if round.is_err() {
            self.look_again(&look, &ids, self.context.campaign_clock.now() + BETWEEN_LOOKS).await?;
        }
        round
    }

    /// Looks up steps one after the other. What there was no time for is left to the next round.
    async fn look_through(&self, look: &Lookup, steps: Vec<ExecutionStep>) -> Result<Round> {
        let full = i64::try_from(steps.len()).unwrap_or(i64::MAX) == BATCH;
        let (mut told, mut done, mut waits) = (Vec::new(), 0, None);
        let (mut steps, mut told_at) = (steps.into_iter(), look.since);
        let monotonic = || self.context.campaign_clock.monotonic();
        while self.lease().outlasts_a_look(monotonic().saturating_sub(look.since)) {
            let Some(step) = steps.next() else { break };
            done += 1;
            waits = None;
            match self.look_up(&step, look.account.as_ref()).await? {
                Seen::Ended(delivery) => told.push((step, delivery)),
                Seen::Nothing { again_at } => {
                    self.look_again(look, &[step.id], again_at).await?;
                    waits = Some(again_at);
                }
            }
            if monotonic().saturating_sub(told_at) >= TOLD_WITHIN {
                self.tell(look, std::mem::take(&mut told)).await?;
                told_at = monotonic();
            }
        }
        self.tell(look, told).await?;
        let rest: Vec<_> = steps.map(|step| step.id).collect();
        if !rest.is_empty() {
            // Whoever does not answer is not asked about all the others too.
            self.look_again(look, &rest, waits.unwrap_or_else(|| self.context.campaign_clock.now())).await?;
        }
        Ok(Round { done, more: full && waits.is_none() })
    }

    async fn take_over(&self, of: LostSteps, token: Uuid) -> Result<Vec<ExecutionStep>> {
        let now = self.context.campaign_clock.now();
        let mut tx = self.context.db.begin_engine(of.organization, now).await?;
        let steps = tx.steps().take_over(of.account, now, (token, now + self.lease().whole()), BATCH).await?;
        tx.commit().await?;
        Ok(steps)
    }

    /// Whose steps they are, if that is an account that is still there.
    async fn account_of(&self, of: LostSteps) -> Result<Option<ConnectedAccount>> {
        let Some(account) = of.account else { return Ok(None) };
        let mut conn = self.context.db.engine_conn(of.organization).await?;
        let account = conn.accounts().find(account).await?;
        conn.give_back();
        Ok(account)
    }

    /// Writes down what is known now, by campaign.
    async fn tell(&self, look: &Lookup, told: Vec<(ExecutionStep, Delivery)>) -> Result<()> {
        let mut by_campaign: BTreeMap<CampaignId, Vec<(ExecutionStep, Delivery)>> = BTreeMap::new();
        for (step, delivery) in told {
            if delivery == Delivery::Unknown {
                self.again(|| self.ask_a_person(&step, look.token)).await?;
            } else {
                by_campaign.entry(step.campaign_id).or_default().push((step, delivery));
            }
        }
        let versions: HashMap<_, _> = look.account.iter().map(|account| (account.id, account.version)).collect();
        for (campaign, deliveries) in by_campaign {
            let of = RunningCampaignRef { organization: look.organization, campaign };
            let delivered = Delivered { token: look.token, deliveries, versions: versions.clone() };
            self.again(|| self.settle(of, &delivered)).await?;
        }
        Ok(())
    }

    /// What the provider says of a step.
    async fn look_up(&self, step: &ExecutionStep, account: Option<&ConnectedAccount>) -> Result<Seen> {
        if step.account_id.is_none() {
            return Ok(Seen::Ended(LOST));
        }
        let now = self.context.campaign_clock.now();
        let Some(account) = account else { return Ok(Seen::Ended(Delivery::Unknown)) };
        let channel = self.channels.of(account);
        let shows_by = self.shows_by(step, channel);
        Ok(match channel.find(step, account).await? {
            Found::Yes { provider_id } => Seen::Ended(Delivery::Sent { provider_id }),
            Found::No if now >= shows_by => Seen::Ended(self.not_found(step, account).await?),
            Found::No => Seen::Nothing { again_at: shows_by },
            Found::Later => Seen::Nothing { again_at: now + BETWEEN_LOOKS },
            Found::Unclear => Seen::Ended(Delivery::Unknown),
            Found::Told(delivery) => Seen::Ended(delivery),
        })
    }

    /// What follows from a step's having been looked up in vain. Unipile may tell of a limit of LinkedIn's by a 500, which proves nothing: where that
    /// happens to one step again and again, its account rests as it does at a limit, and if that does not help, a person must look. What we ourselves
    /// broke off says nothing of the account.
    async fn not_found(&self, step: &ExecutionStep, account: &ConnectedAccount) -> Result<Delivery> {
        let times = if account.unipile.is_some() {
            let mut conn = self.context.db.engine_conn(step.organization_id).await?;
            let times = conn.steps().unclear_in_vain(step, NOT_FOUND).await?;
            conn.give_back();
            times
        } else {
            0
        };
        Ok(match times {
            times if times > MOST_NOT_FOUND => Delivery::Other(Outcome::Parked { reason: NOT_FOUND }),
            MOST_NOT_FOUND => Delivery::NotSent { reason: NOT_FOUND, rest: Some(REST), ours: true },
            _ => Delivery::NotSent { reason: NOT_FOUND, rest: None, ours: true },
        })
    }

    /// When the provider shows a step, if it was ever sent: nothing begins that does not end within the lease.
    fn shows_by(&self, step: &ExecutionStep, channel: &dyn Channel) -> DateTime<Utc> {
        step.sending_at + self.lease().whole() + channel.shows_within()
    }

    /// Has steps looked up again, by whoever comes first then.
    async fn look_again(&self, look: &Lookup, steps: &[StepId], at: DateTime<Utc>) -> Result<()> {
        let now = self.context.campaign_clock.now();
        let mut tx = self.context.db.begin_engine(look.organization, now).await?;
        tx.steps().await_until(steps, look.token, at).await?;
        tx.commit().await
    }

    /// Nobody can tell: a person must say whether the step was sent.
    async fn ask_a_person(&self, step: &ExecutionStep, token: Uuid) -> Result<()> {
        let now = self.context.campaign_clock.now();
        let mut tx = self.context.db.begin_engine(step.organization_id, now).await?;
        let walks = tx.executions().lock_many(&[step.execution_id]).await?;
        let end = StepEnd {
            id: step.id,
            state: StepState::NeedsReview,
            provider_id: None,
            reason: Some("outcome_unknown".to_owned()),
        };
        let settled = tx.steps().settle(token, &[end], now).await?;
        let undecided = walks.first().filter(|_| !settled.is_empty());
        if let Some(walk) = undecided {
            let detail = "Nobody can tell whether this step was sent. Look at the account and decide.";
            tx.executions().stand(&[Stand::held(walk, "needs_review", detail.into())], now).await?;
            let data = json!({ "node_id": step.node_id, "step_id": step.id });
            let told = with_account(happened(&tx, step.campaign_id, walk, "step_needs_review", data), step.account_id);
            tx.activities().record(&[told]).await?;
        }
        tx.commit().await?;
        if undecided.is_some() {
            count_review(step);
        }
        Ok(())
    }
}

/// What rounds came to, of which each stands for itself: that one fails keeps no other waiting, and is told.
pub(super) fn together(rounds: Vec<Result<Round>>) -> Result<Round> {
    let (mut all, mut worked, mut failure) = (Round::default(), false, None);
    for round in rounds {
        match round {
            Ok(round) => (all, worked) = (all.and(round), true),
            Err(error) => {
                // An outage of the database is told by whoever does the rounds.
                if error.kind() != Kind::Unavailable {
                    let (code, at, cause) = (error.code(), error.location(), error.causes());
                    tracing::warn!(code, %at, cause, "what was lost could not be looked up");
                }
                failure = Some(error);
            }
        }
    }
    failure.filter(|_| !worked).map_or(Ok(all), Err)
}

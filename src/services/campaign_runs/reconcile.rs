//! What was begun and never told how it ended, after a crash or a time-out, is looked up at the provider: found is sent, surely absent is
//! not sent, and what nobody can tell waits for a person. Nothing is ever sent again on a guess.

use chrono::{DateTime, TimeDelta, Utc};
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
    errors::Result,
    models::{ConnectedAccount, ExecutionStep, OrganizationId, Stand, StepEnd, StepState},
    repositories::{BaseRepository as _, RunningCampaignRef},
};

/// Steps that are looked up together, and organizations in one round.
const BATCH: i64 = 100;
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

impl RunService {
    /// Looks up what was awaited in vain.
    ///
    /// # Errors
    /// The database is away.
    pub async fn reconcile(&self) -> Result<Round> {
        let mut round = Round::default();
        for organization in self.context.db.with_lost_steps(self.context.campaign_clock.now(), BATCH).await? {
            let told = self.again(|| self.reconcile_one(organization)).await?;
            round = round.and(Round { done: told, more: i64::try_from(told).is_ok_and(|told| told >= BATCH) });
        }
        Ok(round)
    }

    async fn reconcile_one(&self, organization: OrganizationId) -> Result<u64> {
        let now = self.context.campaign_clock.now();
        let token = Uuid::new_v4();
        let mut tx = self.context.db.begin_engine(organization, now).await?;
        let steps = tx.steps().take_over(now, token, now + self.lease().whole(), BATCH).await?;
        tx.commit().await?;
        let mut told = 0;
        for step in steps {
            let account = self.account_of(&step).await?;
            let seen = self.look_up(&step, account.as_ref()).await?;
            told += 1;
            let of = RunningCampaignRef { organization, campaign: step.campaign_id };
            match seen {
                Seen::Ended(Delivery::Unknown) => self.again(|| self.ask_a_person(&step, token)).await?,
                Seen::Ended(delivery) => {
                    let versions = account.iter().map(|account| (account.id, account.version)).collect();
                    let delivered = Delivered { token, deliveries: vec![(step, delivery)], versions };
                    self.again(|| self.settle(of, &delivered)).await?;
                }
                Seen::Nothing { again_at } => self.look_again(&step, token, again_at).await?,
            }
        }
        Ok(told)
    }

    /// Who did a step, if that was an account that is still there.
    async fn account_of(&self, step: &ExecutionStep) -> Result<Option<ConnectedAccount>> {
        let Some(account) = step.account_id else { return Ok(None) };
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        let account = conn.accounts().find(account).await?;
        conn.give_back();
        Ok(account)
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
    /// happens to one step again and again, its account rests as it does at a limit, and if that does not help, a person must look.
    async fn not_found(&self, step: &ExecutionStep, account: &ConnectedAccount) -> Result<Delivery> {
        let before = if account.unipile.is_some() {
            let mut conn = self.context.db.engine_conn(step.organization_id).await?;
            let before = conn.steps().ended_so(step.execution_id, &step.node_id, NOT_FOUND).await?;
            conn.give_back();
            before
        } else {
            0
        };
        Ok(match before + 1 {
            times if times > MOST_NOT_FOUND => Delivery::Other(Outcome::Parked { reason: NOT_FOUND }),
            MOST_NOT_FOUND => Delivery::NotSent { reason: NOT_FOUND, rest: Some(REST), ours: true },
            _ => Delivery::NotSent { reason: NOT_FOUND, rest: None, ours: true },
        })
    }

    /// When the provider shows a step, if it was ever sent: nothing begins that does not end within the lease.
    fn shows_by(&self, step: &ExecutionStep, channel: &dyn Channel) -> DateTime<Utc> {
        step.sending_at + self.lease().whole() + channel.shows_within()
    }

    /// Has a step looked up again, by whoever comes first then.
    async fn look_again(&self, step: &ExecutionStep, token: Uuid, at: DateTime<Utc>) -> Result<()> {
        let now = self.context.campaign_clock.now();
        let mut tx = self.context.db.begin_engine(step.organization_id, now).await?;
        tx.steps().await_until(step.id, token, at).await?;
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

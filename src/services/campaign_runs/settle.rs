//! Writing down how steps ended, and planning what comes next.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    RunService, accounts,
    activities::{end_of, ended, happened, reason, with_account},
    claim::log,
    deliver::{Delivered, Delivery, OURS},
    endings::CAMPAIGN_STOPPED,
    fate::Judge,
    foresight::{Ended, judged},
    ledger::{charge_again, give_back},
    lookups::bounded,
    measure::{count, count_late},
    party::{Party, traveller},
};
use crate::{
    engine::{route::Answer, simulate::NOT_CONNECTED},
    errors::Result,
    models::{
        AccountStatus, Activity, CampaignStatus, ExecutionId, ExecutionStatus, ExecutionStep, Lead, LeadId, Move, Rule,
        Stand, StepEnd, StepId, StepState, Walk,
        workflow::{NodeType, StopOn},
    },
    repositories::{OrgTx, RunningCampaignRef},
};

/// After so many attempts a step that its provider refuses has failed. What we ourselves broke off is tried for as long as it takes.
const MOST_REFUSALS: i64 = 6;
/// How long after the first such attempt the next follows; after each further one twice as long.
const PAUSE: TimeDelta = TimeDelta::minutes(2);
const MOST_DOUBLINGS: u32 = 6;
/// How long after an attempt that we broke off the next follows.
const BREATH: TimeDelta = TimeDelta::seconds(5);

/// Why a step failed that nobody is there to get.
const NO_RECIPIENT: &str = "no_such_recipient";
/// Why a step was not sent that was looked up in vain.
pub(super) const NOT_FOUND: &str = "not_found_at_provider";

/// What is written when steps are settled.
#[derive(Default)]
pub(super) struct Settled {
    pub(super) stands: Vec<Stand>,
    pub(super) activities: Vec<Activity>,
    refunds: Vec<StepId>,
    written_to: Vec<LeadId>,
}

impl RunService {
    /// Writes down what became of steps, and counts it once that is done.
    pub(super) async fn settle(&self, of: RunningCampaignRef, delivered: &Delivered) -> Result<()> {
        self.note_unclear(of, delivered).await?;
        let settled = self.write_down(of, delivered).await?;
        for (step, delivery) in &delivered.deliveries {
            if *delivery == Delivery::Unknown || settled.contains(&step.id) {
                log(step, name(delivery));
                count(step, delivery);
            } else {
                count_late(step, delivery);
            }
        }
        Ok(())
    }

    /// Notes what a provider was asked for and did not tell the end of: it is looked up, and says something of the account if that is in vain.
    async fn note_unclear(&self, of: RunningCampaignRef, delivered: &Delivered) -> Result<()> {
        let unclear = delivered.deliveries.iter().filter(|(_, delivery)| *delivery == Delivery::Unknown);
        let unclear: Vec<_> = unclear.map(|(step, _)| step.id).collect();
        if unclear.is_empty() {
            return Ok(());
        }
        let mut tx = self.context.db.begin_engine(of.organization, self.context.campaign_clock.now()).await?;
        tx.steps().are_unclear(&unclear).await?;
        tx.commit().await
    }

    /// Writes down what became of steps, and answers which those are. Of those that somebody else has taken over meanwhile, that it became known
    /// late.
    async fn write_down(&self, of: RunningCampaignRef, delivered: &Delivered) -> Result<HashSet<StepId>> {
        // The others are looked up.
        let known: Vec<_> = delivered.deliveries.iter().filter(|(_, it)| *it != Delivery::Unknown).collect();
        if known.is_empty() {
            return Ok(HashSet::new());
        }
        let mut tx = self.begin_intake(of.organization, known.iter().any(|it| came_back(it))).await?;
        let Some(run) = tx.campaigns().run(of.campaign).await? else { return Ok(HashSet::new()) };
        let (leads, ids): (Vec<_>, Vec<_>) = known.iter().map(|(step, _)| (step.lead_id, step.execution_id)).unzip();
        let walks = tx.executions().lock_many(&ids).await?;
        let mut walks: HashMap<_, _> = walks.into_iter().map(|walk| (walk.id, walk)).collect();
        let mut party = Party::gather_brief(&mut tx, &self.context.suppression_keys, run.id, &leads).await?;
        let ends: Vec<_> = known.iter().map(|(step, delivery)| end(step, delivery)).collect();
        let now = tx.now();
        let mut settled: HashSet<_> = tx.steps().settle(delivered.token, &ends, now).await?.into_iter().collect();
        settled.extend(prove(&mut tx, &walks, &known, &settled).await?);
        let refused = known.iter().any(|(_, delivery)| matches!(delivery, Delivery::NotSent { .. }));
        let refusals = if refused { tx.steps().refusals(&ids, &OURS).await? } else { Vec::new() };
        let refusals: HashMap<_, _> = refusals.into_iter().collect();
        accounts::rest(&mut tx, &mut party, (&known, &delivered.versions)).await?;
        accounts::are_left(&mut tx, (run.id, &party), &known, &mut walks).await?;
        let ended = Ended { walks: &walks, known: &known, settled: &settled, refusals: &refusals };
        let Settled { stands, activities, refunds, written_to } = judged(&mut tx, &run, &mut party, &ended).await?;
        let refunds = bounded(&mut tx, refunds, &known).await?;
        tx.executions().stand(&stands, now).await?;
        give_back(&mut tx, &refunds).await?;
        tx.activities().record(&activities).await?;
        tx.leads().contacted(&written_to, now).await?;
        let refused = known.iter().filter(|it| came_back(it) && settled.contains(&it.0.id));
        let refused: Vec<_> = refused.map(|(step, _)| step).collect();
        self.bar_refused(&mut tx, run.id, &refused).await?;
        tx.commit().await?;
        Ok(settled)
    }
}

/// Of the steps that somebody else took over and gave up, those that are now known to have been sent: they are not sent again. Whatever becomes of
/// their leads, what was given back for them is charged again.
async fn prove(
    tx: &mut OrgTx,
    walks: &HashMap<ExecutionId, Walk>,
    known: &[&(ExecutionStep, Delivery)],
    settled: &HashSet<StepId>,
) -> Result<Vec<StepId>> {
    let now = tx.now();
    let (mut proved, mut late) = (Vec::new(), Vec::new());
    for (step, delivery) in known {
        let Some(provider_id) = delivery.proof().filter(|_| !settled.contains(&step.id)) else { continue };
        late.push(step.id);
        let there = |walk: &&Walk| walk.node_id.as_ref() == Some(&step.node_id);
        let walk = walks.get(&step.execution_id).filter(there);
        let waits = walk.is_some_and(|walk| walk.status == ExecutionStatus::Waiting);
        if waits && tx.steps().prove_sent(step, provider_id, now).await? {
            proved.push(step.id);
        }
    }
    charge_again(tx, &late).await?;
    Ok(proved)
}

impl Judge<'_> {
    /// All that follows from how a step ended.
    pub(super) fn settle(
        &mut self,
        walk: &Walk,
        (step, delivery): (&ExecutionStep, &Delivery),
        refusals: i64,
        told: &mut Settled,
    ) {
        if step.account_id.is_some() && gives_back(step, delivery) {
            told.refunds.push(step.id);
        }
        if writes(step.action, delivery) {
            told.written_to.push(step.lead_id);
        }
        let (stand, mut activities) = self.settled(walk, step, delivery, refusals);
        // Whoever was ended while the step was out stays so, and whoever is in a campaign that is over goes no further.
        let under_way = matches!(walk.status, ExecutionStatus::Running | ExecutionStatus::Waiting);
        let over = matches!(self.run.status, CampaignStatus::Stopped | CampaignStatus::Completed);
        match stand {
            Some(stand) if under_way && over && stand.status == ExecutionStatus::Waiting => {
                let (status, why) = (ExecutionStatus::Stopped, CAMPAIGN_STOPPED);
                told.stands.push(Stand { sent: stand.sent, ..Stand::ended(walk, status, Some(why)) });
                activities.push(ended(self.tx, self.run.id, walk, status, why));
            }
            Some(stand) if under_way => told.stands.push(stand),
            // What became of the step is told all the same.
            _ => activities.truncate(1),
        }
        told.activities.extend(activities);
    }

    /// Where a lead stands after its step, and what is told of it.
    fn settled(
        &mut self,
        walk: &Walk,
        step: &ExecutionStep,
        delivery: &Delivery,
        refusals: i64,
    ) -> (Option<Stand>, Vec<Activity>) {
        let tell = |kind: &str, why: Option<&str>| {
            let about = about(step, why);
            with_account(happened(self.tx, self.run.id, walk, kind, about), step.account_id)
        };
        let is_call = step.account_id.is_none();
        let fails = |status, why| (Some(Stand::ended(walk, status, Some(why))), vec![tell("step_failed", Some(why))]);
        let Some(lead) = self.party.leads.get(&step.lead_id).cloned() else { return (None, Vec::new()) };
        match delivery {
            Delivery::Sent { .. } => {
                let sent = tell(sent_kind(step.action), None);
                let (stand, told) = self.onward(walk, &lead, &step.node_id, Answer::Done);
                (Some(Stand { sent: 1, ..stand }), [sent].into_iter().chain(told).collect())
            }
            Delivery::NotSent { reason: why, .. } | Delivery::Refused { reason: why, .. } if is_call => {
                let (next, failed) = self.not_called((walk, &lead), step, delivery, refusals);
                then(tell(if failed { "step_failed" } else { "step_not_sent" }, Some(why)), next)
            }
            Delivery::NotSent { reason: why, ours, .. } if *ours || refusals < MOST_REFUSALS => {
                let again = self.once_more(walk, &lead, step, pause(*ours, refusals));
                then(tell("step_not_sent", Some(why)), again)
            }
            Delivery::NotSent { reason, .. } | Delivery::Refused { reason, .. } => {
                fails(ExecutionStatus::Failed, reason)
            }
            Delivery::NoRecipient => self.nobody_there(walk, step),
            Delivery::AccountOut => {
                let next = self.not_let_in(walk, &lead, step);
                then(tell("step_not_sent", Some("account_needs_reconnect")), next)
            }
            Delivery::Unknown => (None, Vec::new()),
            Delivery::Other(outcome) => self.otherwise((walk, &lead), step, outcome),
        }
    }
}

/// What became of a step, and what follows.
fn then(told: Activity, (stand, end): (Stand, Option<Activity>)) -> (Option<Stand>, Vec<Activity>) {
    (Some(stand), [told].into_iter().chain(end).collect())
}

impl Judge<'_> {
    /// How a way ends whose lead cannot be reached, and what is told of it. A mail that is refused has come back.
    fn nobody_there(&self, walk: &Walk, step: &ExecutionStep) -> (Option<Stand>, Vec<Activity>) {
        let mail = step.action == NodeType::SendEmail;
        let bounced = mail && self.run.stop_on.contains(&StopOn::Bounce);
        let status = if bounced { ExecutionStatus::Bounced } else { ExecutionStatus::Failed };
        let kinds: &[&str] = if mail { &["email_bounced", "step_failed"] } else { &["step_failed"] };
        let told = kinds.iter().map(|kind| {
            let told = happened(self.tx, self.run.id, walk, kind, about(step, Some(NO_RECIPIENT)));
            with_account(told, step.account_id)
        });
        (Some(Stand::ended(walk, status, Some(NO_RECIPIENT))), told.collect())
    }

    /// A step whose account was not let in waits until that is mended; it is done once more if somebody has mended it meanwhile, or has taken it
    /// off the campaign.
    fn not_let_in(&mut self, walk: &Walk, lead: &Lead, step: &ExecutionStep) -> (Stand, Option<Activity>) {
        let account = step.account_id.and_then(|id| self.party.accounts.get(&id));
        if account.is_none_or(|account| account.status == AccountStatus::Connected) {
            return self.once_more(walk, lead, step, BREATH);
        }
        (Stand::held(walk, "account_unavailable", NOT_CONNECTED.into()), None)
    }

    /// The same step after a pause, and the end of the way if the campaign is over by then.
    pub(super) fn once_more(
        &mut self,
        walk: &Walk,
        lead: &Lead,
        step: &ExecutionStep,
        pause: TimeDelta,
    ) -> (Stand, Option<Activity>) {
        let ready_at = self.tx.now() + pause;
        let who = traveller(walk, lead);
        self.planned = true;
        let decision = self.planner.replan(&who, &step.node_id, ready_at, &mut self.party.books);
        let mut stand = self.stand(walk, &decision);
        stand.moves.insert(0, Move { rule: Rule::TriedAgain, until: ready_at });
        let end = end_of(self.tx, self.run.id, walk, &stand);
        (stand, end)
    }
}

/// Whether a mail's recipient was refused for good.
fn came_back((step, delivery): &(ExecutionStep, Delivery)) -> bool {
    step.action == NodeType::SendEmail && *delivery == Delivery::NoRecipient
}

/// How long after an attempt the next follows.
fn pause(ours: bool, refusals: i64) -> TimeDelta {
    match u32::try_from(refusals - 1) {
        Ok(doublings) if !ours => PAUSE * 2_i32.saturating_pow(doublings.min(MOST_DOUBLINGS)),
        _ => BREATH,
    }
}

/// What an activity says of a step.
pub(super) fn about(step: &ExecutionStep, why: Option<&str>) -> Value {
    let mut about =
        json!({ "node_id": step.node_id, "step_id": step.id, "attempt": step.attempt, "variant": step.variant });
    if let Some(why) = why {
        about["reason"] = why.into();
    }
    about
}

fn end(step: &ExecutionStep, delivery: &Delivery) -> StepEnd {
    let (state, provider_id, reason) = match delivery {
        Delivery::Sent { provider_id } => (StepState::Sent, Some(provider_id.clone()), None),
        Delivery::NotSent { reason, .. } => (StepState::NotSent, None, Some((*reason).to_owned())),
        Delivery::Refused { reason, .. } => (StepState::Failed, None, Some((*reason).to_owned())),
        Delivery::NoRecipient => (StepState::Failed, None, Some(NO_RECIPIENT.to_owned())),
        Delivery::AccountOut => (StepState::NotSent, None, Some("account_needs_reconnect".to_owned())),
        Delivery::Unknown => (StepState::NeedsReview, None, Some("unknown".to_owned())),
        Delivery::Other(outcome) => outcome.end(),
    };
    StepEnd { id: step.id, state, provider_id, reason }
}

/// A result that came after another had taken the step over: evidence, not to be lost.
pub(super) fn late(tx: &OrgTx, walk: &Walk, step: &ExecutionStep, delivery: &Delivery) -> Activity {
    let mut data = reason(name(delivery));
    data["step_id"] = json!(step.id);
    data["node_id"] = json!(step.node_id);
    if let Some(provider_id) = delivery.proof() {
        data["provider_id"] = json!(provider_id);
    }
    with_account(happened(tx, step.campaign_id, walk, "step_result_came_late", data), step.account_id)
}

/// What an activity calls a step that was sent.
pub(super) fn sent_kind(action: NodeType) -> &'static str {
    match action {
        NodeType::ProfileVisit => "profile_visited",
        NodeType::LikePost => "post_liked",
        NodeType::CommentPost => "post_commented",
        NodeType::SendConnectionRequest => "connection_request_sent",
        NodeType::WithdrawRequest => "connection_request_withdrawn",
        NodeType::SendFollowup => "followup_sent",
        NodeType::SendInmail => "inmail_sent",
        NodeType::SendEmail => "email_sent",
        NodeType::Webhook => "webhook_called",
        NodeType::Wait | NodeType::Condition => "step_done",
    }
}

/// Whether the lead has been written to by this.
fn writes(action: NodeType, delivery: &Delivery) -> bool {
    let writes = matches!(
        action,
        NodeType::SendConnectionRequest | NodeType::SendFollowup | NodeType::SendInmail | NodeType::SendEmail
    );
    writes && delivery.proof().is_some()
}

/// Whether the ledger is not charged for it: it was surely not done. A look at a profile that was looked up in vain may have been one all the same, and
/// whoever found that there is no such recipient has asked.
fn gives_back(step: &ExecutionStep, delivery: &Delivery) -> bool {
    let StepEnd { state, reason, .. } = end(step, delivery);
    match state {
        StepState::NotSent => step.action != NodeType::ProfileVisit || reason.as_deref() != Some(NOT_FOUND),
        StepState::Failed => reason.as_deref() != Some(NO_RECIPIENT),
        StepState::Skipped => true,
        StepState::Sending | StepState::Sent | StepState::NeedsReview => false,
    }
}

/// What an outcome is called where things are counted and told.
pub(super) fn name(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::Sent { .. } => "sent",
        Delivery::NotSent { .. } => "not_sent",
        Delivery::Refused { .. } => "refused",
        Delivery::NoRecipient => NO_RECIPIENT,
        Delivery::AccountOut => "account_needs_reconnect",
        Delivery::Unknown => "unknown",
        Delivery::Other(outcome) => outcome.name(),
    }
}

//! What people do to one lead's way through a campaign.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    RunService,
    activities::{happened, with_account},
    fate::Judge,
    ledger::give_back,
    party::{Party, planner_of},
    replan::forget_removed,
    settle::{about, sent_kind},
};
use crate::{
    engine::{
        planner::Planner,
        route::{Answer, Route},
    },
    errors::{AppError, Result},
    models::{
        Activity, AuditEntry, Awaiting, CampaignExecution, CampaignStatus, ExecutionId, ExecutionStatus, ExecutionStep,
        Stand, StepState, Walk,
        workflow::{Node, NodeType},
    },
    repositories::{BaseRepository as _, CampaignRun, OrgMember, OrgTx},
};

impl RunService {
    /// Tries a step again that is held or has failed. Of a step of which nobody can tell whether it was sent, it says that it was not.
    ///
    /// # Errors
    /// `nothing_to_retry` with the `state`; `step_in_flight`.
    pub async fn retry(&self, member: &OrgMember, id: ExecutionId) -> Result<CampaignExecution> {
        let (mut tx, run, walk) = self.open_to(member, id, Purpose::Retry).await?;
        let goes_no_further =
            walk.status != ExecutionStatus::Failed || !(is_under_way(&run) || may_reopen(&run, &walk));
        if is_over(&walk) && goes_no_further && undecided(&mut tx, id).await? {
            return self.decide(tx, (run, walk), false).await;
        }
        let held = walk.status == ExecutionStatus::Waiting && walk.hold.is_some();
        if !held && walk.status != ExecutionStatus::Failed {
            return Err(illegal(
                "nothing_to_retry",
                "Only a step that is held or has failed can be tried again.",
                &walk,
            ));
        }
        let now = tx.now();
        let undecided = tx.steps().decide_review(id, false, now).await?;
        give_back(&mut tx, &undecided.iter().map(|step| step.id).collect::<Vec<_>>()).await?;
        // Its account may be the campaign's no more; no edit has looked at a way that had failed.
        let walk = forget_removed(&mut tx, run.id, &[walk.id]).await?.pop().unwrap_or(walk);
        let stand = due_again(&run, &walk, now)?;
        if run.status == CampaignStatus::Completed {
            reopen(&mut tx, &run).await?;
        }
        self.close(tx, (run, walk), stand, ("campaign_execution.retried", "execution_retried_by_hand")).await
    }

    /// Goes on with what follows a step, without doing it. Of a step of which nobody can tell whether it was sent, it says that it was.
    ///
    /// # Errors
    /// `nothing_to_skip` with the `state`; `step_in_flight`.
    pub async fn skip(&self, member: &OrgMember, id: ExecutionId) -> Result<CampaignExecution> {
        let (mut tx, run, walk) = self.open(member, id).await?;
        if is_over(&walk) && undecided(&mut tx, id).await? {
            return self.decide(tx, (run, walk), true).await;
        }
        let planner = planner_of(&run)?;
        let (ExecutionStatus::Waiting, Some(node)) = (walk.status, walk.node_id.as_deref()) else {
            return Err(illegal(
                "nothing_to_skip",
                "Only the step of a lead that waits for it can be left out.",
                &walk,
            ));
        };
        let beyond = match planner.route().node(node) {
            Some(node) => Beyond::After(node, answer(&walk, node)),
            None => beyond_gone(&mut tx, &run, &planner, node).await?,
        };
        let now = tx.now();
        let decided = tx.steps().decide_review(id, true, now).await?;
        let mut party = Party::gather(&mut tx, &self.context.suppression_keys, run.id, &[walk.lead_id]).await?;
        let Some(lead) = party.leads.get(&walk.lead_id).cloned() else { return Err(AppError::not_found("lead")) };
        let mut judge = Judge::new(&tx, &run, &planner, &mut party);
        judge.release(&walk);
        let (stand, told) = match &beyond {
            Beyond::After(node, answer) => judge.onward(&walk, &lead, &node.id, *answer),
            Beyond::At(node, delay) => (judge.at(&walk, &lead, node, now + *delay), Vec::new()),
            Beyond::End => {
                let over = happened(&tx, run.id, &walk, "execution_completed", json!({}));
                (Stand::ended(&walk, ExecutionStatus::Completed, None), vec![over])
            }
        };
        let sent = i32::try_from(decided.len()).unwrap_or(0);
        let told: Vec<_> = sent_after_all(&tx, &run, &walk, &decided).into_iter().chain(told).collect();
        tx.activities().record(&told).await?;
        let done = ("campaign_execution.step_skipped", "step_skipped_by_hand");
        self.close(tx, (run.clone(), walk), Stand { sent, ..stand }, done).await
    }

    /// Ends a lead's way.
    ///
    /// # Errors
    /// `execution_over` with the `state`; `step_in_flight`.
    pub async fn stop(&self, member: &OrgMember, id: ExecutionId) -> Result<CampaignExecution> {
        let (tx, run, walk) = self.open(member, id).await?;
        if !matches!(walk.status, ExecutionStatus::Pending | ExecutionStatus::Waiting) {
            return Err(illegal("execution_over", "The lead's way through the campaign is over.", &walk));
        }
        let stand = Stand::ended(&walk, ExecutionStatus::Stopped, Some("stopped_by_hand"));
        self.close(tx, (run, walk), stand, ("campaign_execution.stopped", "execution_stopped_by_hand")).await
    }

    /// Says of a step whose lead's way ended meanwhile whether it was sent. The lead stays where it is.
    async fn decide(&self, mut tx: OrgTx, (run, walk): (CampaignRun, Walk), sent: bool) -> Result<CampaignExecution> {
        let now = tx.now();
        let decided = tx.steps().decide_review(walk.id, sent, now).await?;
        if !sent {
            give_back(&mut tx, &decided.iter().map(|step| step.id).collect::<Vec<_>>()).await?;
        }
        let told = if sent { sent_after_all(&tx, &run, &walk, &decided) } else { Vec::new() };
        tx.activities().record(&told).await?;
        let sent = i32::try_from(told.len()).unwrap_or(0);
        let stand =
            Stand { status_reason: tx.executions().get(walk.id).await?.status_reason, sent, ..Stand::of(&walk) };
        self.close(tx, (run, walk), stand, ("campaign_execution.step_decided", "step_decided_by_hand")).await
    }

    async fn open(&self, member: &OrgMember, id: ExecutionId) -> Result<(OrgTx, CampaignRun, Walk)> {
        self.open_to(member, id, Purpose::Other).await
    }

    async fn open_to(
        &self,
        member: &OrgMember,
        id: ExecutionId,
        purpose: Purpose,
    ) -> Result<(OrgTx, CampaignRun, Walk)> {
        let mut tx = self.context.db.begin(member, self.context.campaign_clock.now()).await?;
        // Before all else, as in the engine's own transactions: else this and a pause would wait for each other.
        tx.suppressions().matching([]).await?;
        let execution = tx.executions().get(id).await?;
        // One that has come to its end may be taken up again, by one at a time.
        let run = match tx.campaigns().get(execution.campaign_id).await?.status {
            CampaignStatus::Completed => tx.campaigns().run_alone(execution.campaign_id).await?,
            _ => tx.campaigns().run(execution.campaign_id).await?,
        };
        let walk = tx.executions().lock_many(&[id]).await?.pop();
        let (Some(run), Some(walk)) = (run, walk) else { return Err(AppError::not_found("campaign execution")) };
        // Whether a step was sent can be said at any time: that moves nobody.
        let reopens = purpose == Purpose::Retry && may_reopen(&run, &walk);
        if !(is_under_way(&run) || reopens || is_over(&walk) && undecided(&mut tx, id).await?) {
            let detail = "The campaign is over, so nothing can be done in it any more.";
            return Err(AppError::conflict("campaign_over", detail).with_member("state", run.status.as_str()));
        }
        if walk.status == ExecutionStatus::Running {
            let detail = "The step is on its way out. Try again when it is over.";
            return Err(AppError::conflict("step_in_flight", detail));
        }
        Ok((tx, run, walk))
    }

    async fn close(
        &self,
        mut tx: OrgTx,
        (run, walk): (CampaignRun, Walk),
        stand: Stand,
        (action, kind): (&'static str, &str),
    ) -> Result<CampaignExecution> {
        let now = tx.now();
        let data = json!({ "node_id": walk.node_id });
        let told = happened(&tx, run.id, &walk, kind, data);
        tx.executions().stand(std::slice::from_ref(&stand), now).await?;
        tx.activities().record(&[told]).await?;
        let (before, after) =
            (facts(walk.status, walk.node_id.as_deref()), facts(stand.status, stand.node_id.as_deref()));
        let entry = AuditEntry::new(action, "campaign_execution", walk.id.0);
        tx.audit(entry.change(before, after));
        let execution = tx.executions().get(walk.id).await?;
        tx.commit().await?;
        Ok(execution)
    }
}

/// What somebody wants of a lead's way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Retry,
    Other,
}

/// Where a lead stands whose step is tried again.
fn due_again(run: &CampaignRun, walk: &Walk, now: DateTime<Utc>) -> Result<Stand> {
    let planner = planner_of(run)?;
    let node = walk.node_id.as_deref().and_then(|node| planner.route().node(node));
    Ok(Stand {
        status: ExecutionStatus::Waiting,
        next_run_at: Some(now),
        account_id: walk.account_id,
        action: node.map(Node::node_type).filter(|action| action.needs_account()),
        ..Stand::of(walk)
    })
}

/// Whether a campaign that has come to its end goes on if this lead's step is tried again: it was over since nobody was on the way any more.
fn may_reopen(run: &CampaignRun, walk: &Walk) -> bool {
    run.status == CampaignStatus::Completed && walk.status == ExecutionStatus::Failed
}

/// Takes up a campaign again that had come to its end.
async fn reopen(tx: &mut OrgTx, run: &CampaignRun) -> Result<()> {
    let mut campaign = tx.campaigns().locked(run.id).await?;
    campaign.status = CampaignStatus::Running;
    campaign.version += 1;
    campaign.updated_at = tx.now();
    tx.campaigns().switch(&campaign, None, None).await?;
    let (before, after) = (json!({ "status": run.status }), json!({ "status": campaign.status }));
    tx.audit(AuditEntry::new("campaign.reopened", "campaign", run.id.0).change(before, after));
    Ok(())
}

/// What comes after a step that is left out.
enum Beyond<'w> {
    /// What follows it.
    After(&'w Node, Answer),
    /// A step that the workflow still has, after a delay.
    At(String, TimeDelta),
    /// Nothing.
    End,
}

fn answer(walk: &Walk, node: &Node) -> Answer {
    match (walk.awaiting, node.node_type()) {
        (Some(Awaiting::Acceptance), _) => Answer::NotAccepted,
        (None, NodeType::Condition) => Answer::False,
        (None, _) => Answer::Done,
    }
}

/// What followed a step when the workflow last had it, as far as the workflow has that still.
async fn beyond_gone<'w>(tx: &mut OrgTx, run: &CampaignRun, planner: &Planner<'_>, node: &str) -> Result<Beyond<'w>> {
    let Some(old) = tx.campaigns().last_workflow_with(run.id, node).await? else { return Ok(Beyond::End) };
    let Some(route) = Route::new(&old) else { return Ok(Beyond::End) };
    let next = route.first_after(node, |id| planner.route().node(id).is_some());
    Ok(next.map_or(Beyond::End, |(node, delay)| Beyond::At(node.id.clone(), delay)))
}

/// That steps of which nobody could tell were sent.
fn sent_after_all(tx: &OrgTx, run: &CampaignRun, walk: &Walk, decided: &[ExecutionStep]) -> Vec<Activity> {
    let told = decided.iter().map(|step| {
        let told = happened(tx, run.id, walk, sent_kind(step.action), about(step, None));
        with_account(told, step.account_id)
    });
    told.collect()
}

fn is_under_way(run: &CampaignRun) -> bool {
    matches!(run.status, CampaignStatus::Running | CampaignStatus::Paused)
}

fn is_over(walk: &Walk) -> bool {
    !matches!(walk.status, ExecutionStatus::Pending | ExecutionStatus::Waiting | ExecutionStatus::Running)
}

/// Whether a step of this way waits for a person to say whether it was sent.
async fn undecided(tx: &mut OrgTx, id: ExecutionId) -> Result<bool> {
    Ok(tx.steps().of_execution(id).await?.iter().any(|step| step.state == StepState::NeedsReview))
}

fn facts(status: ExecutionStatus, node: Option<&str>) -> serde_json::Value {
    json!({ "status": status, "node_id": node })
}

fn illegal(code: &'static str, detail: &'static str, walk: &Walk) -> AppError {
    AppError::conflict(code, detail).with_member("state", walk.status.as_str())
}

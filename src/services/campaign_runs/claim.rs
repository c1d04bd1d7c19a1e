//! Claiming due steps: decided, charged and written down as `sending` in one transaction, before the first byte leaves.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Timelike as _, Utc};
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use super::{
    RunService,
    acceptance::unread_waits,
    calls::Call,
    caps::{self, counted},
    fate::{Dispatch, Judge},
    party::{Party, Promises, planner_of},
    unread::Unread,
};
use crate::{
    engine::{book::AccountBook, caps::Caps},
    errors::{AppError, Result},
    models::{
        AccountId, Activity, CampaignId, CampaignStatus, ConnectedAccount, ExecutionStep, Lead, LeadId, OrganizationId,
        Stand, StepId, StepState, Tracking, Usage, Walk,
    },
    repositories::{CampaignRun, History, OrgTx, RunningCampaignRef},
};

/// Steps that are claimed together.
pub(super) const BATCH: usize = 500;

/// What was claimed of a campaign.
pub(super) struct Claimed {
    /// Who may say how it ended.
    pub(super) token: Uuid,
    /// When, by the clock that never runs backwards.
    pub(super) at: Duration,
    /// Whose.
    pub(super) organization: OrganizationId,
    /// What goes out.
    pub(super) orders: Vec<Order>,
    /// What webhooks are called.
    pub(super) calls: Vec<Call>,
    /// How many leads were decided about.
    pub(super) decided: u64,
    /// Whether more may be due.
    pub(super) more: bool,
}

/// What goes out, from whom, to whom.
pub(super) struct Order {
    pub(super) step: ExecutionStep,
    pub(super) lead: Lead,
    pub(super) account: ConnectedAccount,
    /// Nothing is begun from then on.
    pub(super) closes: DateTime<Utc>,
    /// What is to be seen of its being read, if it is a mail.
    pub(super) tracking: Tracking,
}

impl RunService {
    /// Claims a batch of what is due. A campaign that is paused or stopped meanwhile has no step claimed after that.
    pub(super) async fn claim(&self, of: RunningCampaignRef) -> Result<Claimed> {
        let (token, at) = (Uuid::new_v4(), self.context.campaign_clock.monotonic());
        let (orders, calls) = (Vec::new(), Vec::new());
        let mut claimed = Claimed { token, at, organization: of.organization, orders, calls, decided: 0, more: false };
        let mut tx = self.begin_tx(of.organization).await?;
        let runs = |run: &CampaignRun| run.status == CampaignStatus::Running && run.replanning.is_none();
        let Some(run) = tx.campaigns().run(of.campaign).await?.filter(runs) else { return Ok(claimed) };
        let now = tx.now();
        let mut walks = tx.executions().lock_due(run.id, now, i64::try_from(BATCH).unwrap_or(i64::MAX)).await?;
        if walks.is_empty() {
            return Ok(claimed);
        }
        let leads: Vec<LeadId> = walks.iter().map(|walk| walk.lead_id).collect();
        // From here on their leads stay as they are until the claim is committed: what is judged is what goes out.
        let mut party = Party::gather_still(&mut tx, &self.context.suppression_keys, run.id, &leads).await?;
        // A lead that is being changed or deleted just now is for the next round.
        claimed.more = walks.len() == BATCH;
        walks.retain(|walk| party.leads.contains_key(&walk.lead_id));
        claimed.decided = u64::try_from(walks.len()).unwrap_or(u64::MAX);
        let caps = caps::count(&mut tx, &run, &party).await?;
        let capped = caps.is_some();
        let ids: Vec<_> = walks.iter().map(|walk| walk.id).collect();
        let tried = Arc::new(tx.steps().tried(&ids).await?);
        let (stands, activities, mut dispatches) = decide(&mut tx, &run, &mut party, (caps, &tried), walks).await?;
        let mut steps = steps(&tx, run.id, &party, ((token, now + self.lease().whole()), &tried), &dispatches)?;
        tx.executions().stand(&stands, now).await?;
        tx.activities().record(&activities).await?;
        begin(&mut tx, &mut steps, &mut dispatches).await?;
        charge(&mut tx, &steps).await?;
        if capped {
            tx.guards().count(&counted(&steps, &party.leads)).await?;
        }
        tx.commit().await?;
        (claimed.orders, claimed.calls) = self::orders(steps, &run, &mut party, &dispatches);
        Ok(claimed)
    }
}

/// What becomes of those whose instant has come. Where nothing is planned anew, what accounts have promised is not read: sending asks only what
/// they have done.
async fn decide(
    tx: &mut OrgTx,
    run: &CampaignRun,
    party: &mut Party,
    (caps, tried): (Option<Caps>, &Arc<History>),
    walks: Vec<Walk>,
) -> Result<(Vec<Stand>, Vec<Activity>, Vec<Dispatch>)> {
    let planner = planner_of(run)?;
    let (unread, unread_waits) = (Unread::among(tx, &walks).await?, unread_waits(tx, &walks).await?);
    let last_acts: HashMap<_, _> =
        party.accounts.values().filter_map(|account| Some((account.id, account.last_act_at?))).collect();
    let judged = |tx: &OrgTx, party: &mut Party| {
        let (last_acts, tried, caps) = (last_acts.clone(), Arc::clone(tried), caps.clone());
        let (unread, unread_waits, planner) = (unread.clone(), unread_waits.clone(), &planner);
        let mut judge = Judge { tx, run, planner, party, last_acts, tried, caps, unread, unread_waits, planned: false };
        let fates = judge.judge_all(walks.clone());
        (fates, judge.planned)
    };
    let (fates, planned) = judged(tx, party);
    if !planned {
        return Ok(fates);
    }
    party.read_promises(tx, Promises::All).await?;
    Ok(judged(tx, party).0)
}

/// The attempts that dispatches are.
fn steps(
    tx: &OrgTx,
    campaign: CampaignId,
    party: &Party,
    (answers_to, tried): ((Uuid, DateTime<Utc>), &History),
    dispatches: &[Dispatch],
) -> Result<Vec<ExecutionStep>> {
    let began = |dispatch: &Dispatch| {
        let tried = tried.get(&(dispatch.walk.id, dispatch.node_id.clone()));
        let attempt = 1 + tried.map_or(0, |tried| tried.attempts);
        step(tx, campaign, party, (answers_to.0, answers_to.1, attempt), dispatch)
    };
    dispatches.iter().map(began).collect()
}

/// The attempt that a dispatch is.
fn step(
    tx: &OrgTx,
    campaign: CampaignId,
    party: &Party,
    (token, deadline, attempt): (Uuid, DateTime<Utc>, i32),
    dispatch: &Dispatch,
) -> Result<ExecutionStep> {
    let now = tx.now();
    let book = dispatch.account.and_then(|account| party.books.get(account));
    let zone = book.map_or(chrono_tz::UTC, AccountBook::zone);
    let local = now.with_timezone(&zone);
    let content = dispatch.content.as_ref().map(serde_json::to_value).transpose().map_err(AppError::internal)?;
    Ok(ExecutionStep {
        id: StepId::new(now),
        organization_id: tx.organization_id(),
        campaign_id: campaign,
        execution_id: dispatch.walk.id,
        lead_id: dispatch.walk.lead_id,
        account_id: dispatch.account,
        attempt,
        node_id: dispatch.node_id.clone(),
        action: dispatch.action,
        state: StepState::Sending,
        token,
        deadline,
        content: content.map(Json),
        variant: dispatch.content.as_ref().and_then(|content| content.variant).and_then(|n| n.try_into().ok()),
        charged_day: local.date_naive(),
        charged_hour: i16::try_from(local.hour()).unwrap_or(0),
        provider_id: None,
        reason: None,
        sending_at: now,
        settled_at: None,
    })
}

/// Writes down what goes out. What has gone out already stays behind, though nothing should have led there: the others are not kept waiting by it.
async fn begin(tx: &mut OrgTx, steps: &mut Vec<ExecutionStep>, dispatches: &mut Vec<Dispatch>) -> Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let begun: HashSet<_> = tx.steps().begin(steps, now).await?.into_iter().collect();
    for step in steps.iter().filter(|step| !begun.contains(&step.id)) {
        log(step, "done_before");
    }
    let both = std::mem::take(steps).into_iter().zip(std::mem::take(dispatches));
    (*steps, *dispatches) = both.filter(|(step, _)| begun.contains(&step.id)).unzip();
    Ok(())
}

/// Charges the ledger for what goes out.
async fn charge(tx: &mut OrgTx, steps: &[ExecutionStep]) -> Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    tx.usage().charge(&steps.iter().filter_map(line).collect::<Vec<_>>()).await?;
    let mut accounts: Vec<AccountId> = steps.iter().filter_map(|step| step.account_id).collect();
    accounts.sort_unstable();
    accounts.dedup();
    tx.accounts().act(&accounts, now).await
}

/// What a step is charged as, if an account does it.
pub(super) fn line(step: &ExecutionStep) -> Option<Usage> {
    let account_id = step.account_id?;
    Some(Usage { account_id, action: step.action, day: step.charged_day, hour: step.charged_hour, used: 1 })
}

fn orders(
    steps: Vec<ExecutionStep>,
    run: &CampaignRun,
    party: &mut Party,
    dispatches: &[Dispatch],
) -> (Vec<Order>, Vec<Call>) {
    let (mut orders, mut calls) = (Vec::new(), Vec::new());
    for (step, dispatch) in steps.into_iter().zip(dispatches) {
        let Some(lead) = party.leads.remove(&step.lead_id) else { continue };
        match dispatch.account {
            None => calls.extend(Call::of(run, step, lead)),
            Some(account) => {
                let account = party.accounts.get(&account).cloned();
                let (closes, tracking) = (dispatch.closes, run.settings.tracking());
                orders.extend(account.map(|account| Order { step, lead, account, closes, tracking }));
            }
        }
    }
    (orders, calls)
}

/// What a log line says of a step: ids, never text.
pub(super) fn log(step: &ExecutionStep, outcome: &str) {
    let told = json!({ "node": step.node_id, "action": step.action, "attempt": step.attempt });
    tracing::info!(
        organization = %step.organization_id, campaign = %step.campaign_id, execution = %step.execution_id, step = %step.id,
        account = step.account_id.map(tracing::field::display), lead = %step.lead_id, what = %told, outcome, "a step was done"
    );
}

//! Claiming due steps: decided, charged and written down as `sending` in one transaction, before the first byte leaves.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use super::{
    RunService,
    fate::{Dispatch, Judge},
    party::{Party, planner_of},
};
use crate::{
    engine::book::AccountBook,
    errors::{AppError, Result},
    models::{
        AccountId, CampaignId, CampaignStatus, ConnectedAccount, ExecutionId, ExecutionStatus, ExecutionStep, Lead,
        LeadId, Stand, StepId, StepState, Usage, Walk,
    },
    repositories::{CampaignRun, OrgTx, RunningCampaignRef},
};

/// Steps that are claimed together.
pub(super) const BATCH: i64 = 200;
/// How long the results of what is claimed are awaited. After that the reconciler looks them up.
pub(super) const LEASE: TimeDelta = TimeDelta::seconds(60);

/// What was claimed of a campaign.
pub(super) struct Claimed {
    /// Who may say how it ended.
    pub(super) token: Uuid,
    /// When, by the clock that never runs backwards.
    pub(super) at: Duration,
    /// What goes out.
    pub(super) orders: Vec<Order>,
    /// How many leads were decided about.
    pub(super) decided: u64,
}

/// What goes out, from whom, to whom.
pub(super) struct Order {
    pub(super) step: ExecutionStep,
    pub(super) lead: Lead,
    pub(super) account: ConnectedAccount,
    /// Nothing is begun from then on.
    pub(super) closes: DateTime<Utc>,
}

impl RunService {
    /// Claims a batch of what is due. A campaign that is paused or stopped meanwhile has no step claimed after that.
    pub(super) async fn claim(&self, of: RunningCampaignRef) -> Result<Claimed> {
        let (token, at) = (Uuid::new_v4(), self.context.campaign_clock.monotonic());
        let nothing = Claimed { token, at, orders: Vec::new(), decided: 0 };
        let mut tx = self.begin_tx(of.organization).await?;
        let Some(run) = tx
            .campaigns()
            .run(of.campaign)
            .await?
            .filter(|run| run.status == CampaignStatus::Running && run.replanning.is_none())
        else {
            return Ok(nothing);
        };
        let now = tx.now();
        let walks = tx.executions().lock_due(run.id, now, BATCH).await?;
        if walks.is_empty() {
            return Ok(nothing);
        }
        let leads: Vec<LeadId> = walks.iter().map(|walk| walk.lead_id).collect();
        let mut party = Party::gather(&mut tx, &self.context.suppression_keys, run.id, &leads).await?;
        let planner = planner_of(&run)?;
        let last_acts =
            party.accounts.values().filter_map(|account| Some((account.id, account.last_act_at?))).collect();
        let had = had(&mut tx, &run, &walks).await?;
        let mut judge = Judge { tx: &tx, run: &run, planner: &planner, party: &mut party, last_acts, had };
        let decided = u64::try_from(walks.len()).unwrap_or(u64::MAX);
        let (mut stands, activities, mut dispatches) = judge.judge_all(walks);
        let moved = moved(&mut tx, &party, &stands, &dispatches).await?;
        stands.retain(|stand| stand.hold.is_none() || !moved.contains(&stand.id));
        dispatches.retain(|dispatch| !moved.contains(&dispatch.walk.id));
        stands.extend(dispatches.iter().map(under_way));
        let steps = steps(&mut tx, &run.id, &party, token, &dispatches).await?;
        tx.executions().stand(&stands, now).await?;
        tx.activities().record(&activities).await?;
        charge(&mut tx, &steps).await?;
        tx.commit().await?;
        Ok(Claimed { token, at, orders: orders(steps, &mut party, &dispatches), decided })
    }
}

/// The steps that these leads have had, if the workflow may lead them to one of them again.
async fn had(tx: &mut OrgTx, run: &CampaignRun, walks: &[Walk]) -> Result<HashSet<(ExecutionId, String)>> {
    if run.revision == 1 {
        return Ok(HashSet::new());
    }
    let ids: Vec<_> = walks.iter().map(|walk| walk.id).collect();
    tx.steps().had(&ids).await
}

/// Those whose lead was changed while it was being judged: they are judged anew in the next round. From here on their leads stay as they
/// are until the claim is committed.
async fn moved(
    tx: &mut OrgTx,
    party: &Party,
    stands: &[Stand],
    dispatches: &[Dispatch],
) -> Result<HashSet<ExecutionId>> {
    let held = stands.iter().filter(|stand| stand.hold.is_some()).map(|stand| stand.id);
    let judged: HashMap<ExecutionId, LeadId> =
        dispatches.iter().map(|dispatch| (dispatch.walk.id, dispatch.walk.lead_id)).collect();
    let leads: Vec<LeadId> = party.leads.keys().copied().collect();
    let versions = tx.leads().lock_versions(&leads, true).await?;
    let stale = |lead: &LeadId| versions.get(lead) != party.leads.get(lead).map(|lead| &lead.version);
    let any = leads.iter().any(&stale);
    // Which lead a held way is of is not known here: if any has moved, all held ones are judged again.
    let held = held.filter(|_| any);
    Ok(judged.iter().filter(|(_, lead)| stale(lead)).map(|(id, _)| *id).chain(held).collect())
}

/// The lead's step is on its way out.
fn under_way(dispatch: &Dispatch) -> Stand {
    Stand {
        status: ExecutionStatus::Running,
        action: Some(dispatch.action),
        account_id: Some(dispatch.account),
        ..Stand::of(&dispatch.walk)
    }
}

async fn steps(
    tx: &mut OrgTx,
    campaign: &CampaignId,
    party: &Party,
    token: Uuid,
    dispatches: &[Dispatch],
) -> Result<Vec<ExecutionStep>> {
    if dispatches.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = dispatches.iter().map(|dispatch| dispatch.walk.id).collect();
    let attempts: HashMap<_, _> =
        tx.steps().attempts(&ids).await?.into_iter().map(|(id, node, attempts)| ((id, node), attempts)).collect();
    let began = |dispatch: &Dispatch| {
        let key = (dispatch.walk.id, dispatch.node_id.clone());
        step(tx, *campaign, party, (token, 1 + attempts.get(&key).copied().unwrap_or(0)), dispatch)
    };
    dispatches.iter().map(began).collect()
}

/// The attempt that a dispatch is.
fn step(
    tx: &OrgTx,
    campaign: CampaignId,
    party: &Party,
    (token, attempt): (Uuid, i32),
    dispatch: &Dispatch,
) -> Result<ExecutionStep> {
    let now = tx.now();
    let zone = party.books.get(dispatch.account).map_or(chrono_tz::UTC, AccountBook::zone);
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
        deadline: now + LEASE,
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

/// Charges the ledger for what goes out.
async fn charge(tx: &mut OrgTx, steps: &[ExecutionStep]) -> Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    tx.steps().begin(steps).await?;
    tx.usage().charge(&steps.iter().map(line).collect::<Vec<_>>()).await?;
    let mut accounts: Vec<AccountId> = steps.iter().map(|step| step.account_id).collect();
    accounts.sort_unstable();
    accounts.dedup();
    tx.accounts().act(&accounts, now).await
}

/// What a step is charged as.
pub(super) fn line(step: &ExecutionStep) -> Usage {
    Usage { account_id: step.account_id, action: step.action, day: step.charged_day, hour: step.charged_hour, used: 1 }
}

fn orders(steps: Vec<ExecutionStep>, party: &mut Party, dispatches: &[Dispatch]) -> Vec<Order> {
    steps
        .into_iter()
        .zip(dispatches)
        .filter_map(|(step, dispatch)| {
            let lead = party.leads.remove(&step.lead_id)?;
            let account = party.accounts.get(&step.account_id)?.clone();
            Some(Order { step, lead, account, closes: dispatch.closes })
        })
        .collect()
}

/// What a log line says of a step: ids, never text.
pub(super) fn log(step: &ExecutionStep, outcome: &str) {
    let told = json!({ "node": step.node_id, "action": step.action, "attempt": step.attempt });
    tracing::info!(
        organization = %step.organization_id, campaign = %step.campaign_id, execution = %step.execution_id, step = %step.id,
        account = %step.account_id, lead = %step.lead_id, what = %told, outcome, "a step was done"
    );
}

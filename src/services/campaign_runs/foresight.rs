//! What comes after steps that have ended, planned by as much of what accounts have promised as that takes. An account with limits may have promised
//! months of work, and most steps are followed by one within days.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    deliver::Delivery,
    fate::Judge,
    party::{Party, Promises, planner_of},
    settle::{Settled, late},
};
use crate::{
    engine::planner::Planner,
    errors::Result,
    models::{ExecutionId, ExecutionStatus, ExecutionStep, Stand, StepId, Walk},
    repositories::{CampaignRun, OrgTx},
};

/// What is promised so long after a step cannot keep it from its place: limits count weeks of days, in whatever zone.
const BEYOND: TimeDelta = TimeDelta::days(8);
/// How far beyond the places that would be free if nothing were promised promises are read at first.
const AHEAD: TimeDelta = TimeDelta::days(16);

/// Steps that have ended.
pub(super) struct Ended<'a> {
    pub(super) walks: &'a HashMap<ExecutionId, Walk>,
    /// Each, and how.
    pub(super) known: &'a [&'a (ExecutionStep, Delivery)],
    /// Those that were still this worker's.
    pub(super) settled: &'a HashSet<StepId>,
    /// How often the steps of these were refused.
    pub(super) refusals: &'a HashMap<ExecutionId, i64>,
}

/// What follows from how they ended. It is the same as if all promises had been read: where that is not sure, they are.
pub(super) async fn judged(tx: &mut OrgTx, run: &CampaignRun, party: &mut Party, ended: &Ended<'_>) -> Result<Settled> {
    let planner = planner_of(run)?;
    let (told, planned) = judge(tx, (run, &planner), party, ended);
    let places: Vec<_> = told.stands.iter().filter(|stand| stand.account_id.is_some()).collect();
    if !planned || places.is_empty() && !told.stands.iter().any(found_none) {
        return Ok(told);
    }
    // An account that a lead does not keep yet is chosen by how much each has promised in all.
    let chosen = places.iter().any(|stand| !keeps(ended.walks.get(&stand.id), stand));
    if !chosen && let Some(until) = last(&told.stands).map(|last| last + AHEAD) {
        party.read_promises(tx, Promises::Before(until)).await?;
        let (told, _) = judge(tx, (run, &planner), party, ended);
        if last(&told.stands).is_some_and(|last| last + BEYOND <= until) {
            return Ok(told);
        }
    }
    party.read_promises(tx, Promises::All).await?;
    Ok(judge(tx, (run, &planner), party, ended).0)
}

/// What follows as the books are now, and whether anything was planned.
fn judge(
    tx: &OrgTx,
    (run, planner): (&CampaignRun, &Planner<'_>),
    party: &mut Party,
    Ended { walks, known, settled, refusals }: &Ended<'_>,
) -> (Settled, bool) {
    let mut judge = Judge::new(tx, run, planner, party);
    let mut told = Settled::default();
    for (step, delivery) in *known {
        let Some(walk) = walks.get(&step.execution_id) else { continue };
        if settled.contains(&step.id) {
            let refusals = refusals.get(&step.execution_id).copied().unwrap_or(0);
            judge.settle(walk, (step, delivery), refusals, &mut told);
        } else {
            told.activities.push(late(tx, walk, step, delivery));
        }
    }
    (told, judge.planned)
}

/// The last place that was found; none if for some there was none.
fn last(stands: &[Stand]) -> Option<DateTime<Utc>> {
    let sure = !stands.iter().any(found_none);
    stands
        .iter()
        .filter(|stand| stand.account_id.is_some())
        .filter_map(|stand| stand.next_run_at)
        .max()
        .filter(|_| sure)
}

/// Whether a place may have been looked for in vain: why, depends on what was promised.
fn found_none(stand: &Stand) -> bool {
    stand.hold.is_some() || stand.status == ExecutionStatus::Stopped
}

/// Whether the account is one that the lead had already.
fn keeps(walk: Option<&Walk>, stand: &Stand) -> bool {
    walk.is_some_and(|walk| [walk.linkedin_account_id, walk.email_account_id].contains(&stand.account_id))
}

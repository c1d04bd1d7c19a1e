//! A campaign was changed under way: what waits in it is planned anew, some leads at a time, before anything more is claimed.
//!
//! A promise moves only if what was changed forbids it, or had put it off: the hours no longer allow it, its step or account is gone, or the
//! schedule does not put it off as long as it did. All others stay where they are, and what moves goes around them.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    CAMPAIGNS_A_ROUND, Context, Round, RunService,
    activities::{end_of, happened},
    fate::{account_removed, node_gone, stand},
    party::{Party, planner_of, traveller},
};
use crate::{
    engine::{book::CampaignTerms, planner::Planner},
    errors::Result,
    models::{Activity, CampaignId, ExecutionId, LeadId, Move, Rule, Stand, Walk, workflow::Node},
    repositories::{CampaignRun, OrgTx, Promise, RunningCampaignRef, lost_race},
};

/// Leads that are planned anew in one transaction. Those of one transaction are planned as if none of them had a place before.
const BATCH: i64 = 5_000;
/// How long whoever changed the campaign waits for that. The workers finish what is left.
const PATIENCE: Duration = Duration::from_secs(10);

/// What becomes of a lead that waits.
enum Verdict {
    /// It waits as before.
    Stays,
    /// Its step gets another place, at `ready_at` at the earliest.
    Moves { ready_at: DateTime<Utc> },
    /// It is held.
    Held(Stand),
    /// Its step is back, and the answer to that is awaited as long as it was.
    Awaits { until: DateTime<Utc> },
}

/// All that is planned anew in one transaction.
struct Replanning<'a> {
    tx: &'a OrgTx,
    run: &'a CampaignRun,
    planner: &'a Planner<'a>,
    party: &'a mut Party,
    promises: HashMap<ExecutionId, Promise>,
}

impl RunService {
    /// Goes on planning anew what waits in campaigns that were changed.
    ///
    /// # Errors
    /// The database is away.
    pub async fn replan_all(&self) -> Result<Round> {
        let changed = self.context.db.changed_campaigns(CAMPAIGNS_A_ROUND).await?;
        self.each(changed, |this, of| async move {
            let more = this.again(|| replan_some(&this.context, of)).await?;
            Ok(Round { done: 1, more })
        })
        .await
    }
}

/// Plans anew what waits in a campaign that was just changed, to the end or as far as patience goes.
///
/// # Errors
/// The database's. Nothing is lost then: the workers go on with it.
pub async fn replan(context: &Context, of: RunningCampaignRef) -> Result<()> {
    let began = context.clock.monotonic();
    loop {
        let more = match replan_some(context, of).await {
            Err(error) if lost_race(&error) => true,
            outcome => outcome?,
        };
        if !more || context.clock.monotonic().saturating_sub(began) > PATIENCE {
            return Ok(());
        }
    }
}

/// Plans some leads anew; whether there may be more.
async fn replan_some(context: &Context, of: RunningCampaignRef) -> Result<bool> {
    let mut tx = context.db.begin_engine(of.organization, context.campaign_clock.now()).await?;
    tx.suppressions().matching([]).await?;
    let Some(run) = tx.campaigns().run_alone(of.campaign).await? else { return Ok(false) };
    let Some(after) = run.replanning else { return Ok(false) };
    let walks = waiting(&mut tx, &run, after).await?;
    let leads: Vec<LeadId> = walks.iter().map(|walk| walk.lead_id).collect();
    let ids: Vec<ExecutionId> = walks.iter().map(|walk| walk.id).collect();
    let last = leads.last().copied().filter(|_| i64::try_from(leads.len()).is_ok_and(|count| count >= BATCH));
    let mut party = Party::gather(&mut tx, &context.suppression_keys, run.id, &leads).await?;
    let promises = tx.executions().promises(&ids).await?;
    let planner = planner_of(&run)?;
    let (stands, activities) =
        Replanning { tx: &tx, run: &run, planner: &planner, party: &mut party, promises }.plan(walks);
    let now = tx.now();
    tx.executions().stand(&stands, now).await?;
    tx.activities().record(&activities).await?;
    tx.campaigns().replanned(run.id, last).await?;
    tx.commit().await?;
    Ok(last.is_some())
}

/// The next leads that wait. Those that no account has written to yet have forgotten the accounts that are not the campaign's any more.
async fn waiting(tx: &mut OrgTx, run: &CampaignRun, after: LeadId) -> Result<Vec<Walk>> {
    let walks = tx.executions().lock_waiting(run.id, after, BATCH).await?;
    let ids: Vec<ExecutionId> = walks.iter().map(|walk| walk.id).collect();
    let (_, accounts) = tx.campaigns().links(run.id).await?;
    if tx.executions().forget_accounts(&ids, &accounts).await? == 0 {
        return Ok(walks);
    }
    tx.executions().lock_waiting(run.id, after, BATCH).await
}

/// Lets these ways, which are locked, forget accounts that are not the campaign's any more, as far as those have sent their leads nothing. Answers with
/// the ways as they are then, if any has.
pub(super) async fn forget_removed(tx: &mut OrgTx, campaign: CampaignId, ids: &[ExecutionId]) -> Result<Vec<Walk>> {
    let (_, accounts) = tx.campaigns().links(campaign).await?;
    if tx.executions().forget_accounts(ids, &accounts).await? == 0 {
        return Ok(Vec::new());
    }
    tx.executions().lock_many(ids).await
}

impl Replanning<'_> {
    fn plan(mut self, walks: Vec<Walk>) -> (Vec<Stand>, Vec<Activity>) {
        let (mut stands, mut activities, mut moving) = (Vec::new(), Vec::new(), Vec::new());
        for walk in walks {
            match self.verdict(&walk) {
                Verdict::Stays => {}
                Verdict::Held(stand) => {
                    self.release(&walk);
                    let data = json!({ "node_id": walk.node_id, "reason": stand.hold });
                    activities.push(happened(self.tx, self.run.id, &walk, "step_held", data));
                    stands.push(stand);
                }
                Verdict::Awaits { until } => {
                    stands.push(Stand { next_run_at: Some(until), awaiting: walk.awaiting, ..Stand::of(&walk) });
                }
                Verdict::Moves { ready_at } => {
                    self.release(&walk);
                    moving.push((ready_at.max(self.tx.now()), walk));
                }
            }
        }
        moving.sort_by_key(|(ready_at, walk)| (*ready_at, walk.lead_id));
        for (ready_at, walk) in moving {
            if let Some(stand) = self.place(&walk, ready_at) {
                activities.extend(end_of(self.tx, self.run.id, &walk, &stand));
                stands.push(stand);
            }
        }
        (stands, activities)
    }

    fn verdict(&self, walk: &Walk) -> Verdict {
        let now = self.tx.now();
        let node = walk.node_id.as_deref().and_then(|node| self.planner.route().node(node));
        let removed = walk.account_id.is_some_and(|account| !self.party.accounts.contains_key(&account));
        match (walk.hold.as_deref(), node) {
            // A person must look at it first.
            (Some("needs_review"), _) | (Some("node_gone"), None) => Verdict::Stays,
            (_, None) => Verdict::Held(node_gone(walk)),
            // It will be taken up again with the account.
            (Some("account_unavailable"), Some(_)) if !removed && walk.account_id.is_some() => Verdict::Stays,
            (Some("account_removed"), Some(_)) if removed => Verdict::Stays,
            (Some("node_gone"), Some(_)) if walk.awaiting.is_some() => {
                let until = self.promises.get(&walk.id).and_then(|promise| promise.ready_at);
                Verdict::Awaits { until: until.unwrap_or(now) }
            }
            (Some(_), Some(_)) if !removed => Verdict::Moves { ready_at: now },
            (None, Some(_)) if walk.awaiting.is_some() => Verdict::Stays,
            (_, Some(node)) if removed && node.node_type().needs_account() => Verdict::Held(account_removed(walk)),
            (_, Some(node)) => self.promised(walk, node),
        }
    }

    /// Whether a promise stays.
    fn promised(&self, walk: &Walk, node: &Node) -> Verdict {
        let (now, promise) = (self.tx.now(), self.promises.get(&walk.id));
        // What is due is judged by who claims it.
        let Some(at) = walk.next_run_at.filter(|at| *at > now) else { return Verdict::Stays };
        let ready_at = promise.and_then(|promise| promise.ready_at).unwrap_or(at);
        let homeless = node.node_type().needs_account() && walk.account_id.is_none();
        let eased = self.run.replan_hours && promise.is_some_and(|promise| self.eases(walk, promise, ready_at));
        if homeless || eased || !self.allows(walk, node, at) {
            return Verdict::Moves { ready_at };
        }
        Verdict::Stays
    }

    /// Whether the schedule, as it is now, no longer puts a step off as long as it did.
    fn eases(&self, walk: &Walk, promise: &Promise, ready_at: DateTime<Utc>) -> bool {
        let Some(terms) = self.terms(walk) else { return false };
        let from = [Some(ready_at), terms.start_at, Some(self.tx.now())].into_iter().flatten().max();
        let opening = from.and_then(|from| terms.hours.next_open(from));
        promise.moves.iter().any(|moved| match moved.rule {
            Rule::WorkingHours => opening.is_some_and(|opening| opening < moved.until),
            Rule::StartAt => terms.start_at.is_none_or(|start| start < moved.until),
            _ => false,
        })
    }

    /// Whether the schedule, as it is now, lets the step be done at `at`.
    fn allows(&self, walk: &Walk, node: &Node, at: DateTime<Utc>) -> bool {
        self.terms(walk).is_some_and(|terms| {
            let open = !node.node_type().needs_account() || terms.hours.contains(at);
            open && terms.start_at.is_none_or(|start| start <= at) && !terms.is_over(at)
        })
    }

    /// By what the campaign is bound for the lead.
    fn terms(&self, walk: &Walk) -> Option<CampaignTerms> {
        let zone = self.party.leads.get(&walk.lead_id).and_then(|lead| traveller(walk, lead).zone);
        self.run.schedule.as_deref().and_then(|schedule| CampaignTerms::of(schedule, zone))
    }

    fn release(&mut self, walk: &Walk) {
        if let (Some(account), Some(action), Some(at)) = (walk.account_id, walk.action, walk.next_run_at)
            && let Some(book) = self.party.books.get_mut(account)
        {
            book.released(action, at);
        }
    }

    /// Another place; none if it is the same.
    fn place(&mut self, walk: &Walk, ready_at: DateTime<Utc>) -> Option<Stand> {
        let (lead, node) = (self.party.leads.get(&walk.lead_id)?, walk.node_id.as_deref()?);
        let who = traveller(walk, lead);
        let decision = self.planner.replan(&who, node, ready_at, &mut self.party.books);
        let mut stand = stand(self.planner, &self.party.accounts, walk, &decision);
        if stand.hold == walk.hold && (stand.next_run_at, stand.account_id) == (walk.next_run_at, walk.account_id) {
            return None;
        }
        if let Some(until) = stand.next_run_at {
            stand.moves.insert(0, Move { rule: Rule::CampaignChanged, until });
        }
        Some(stand)
    }
}

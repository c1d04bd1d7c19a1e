//! The whole calendar of a campaign before it happens, by the planner that will run it; of one under way, what is left of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::types::Json;

use super::{CampaignService, validate::aside};
use crate::{
    engine::{
        calendar::{WorkingHours, local_day, start_of_day},
        caps::Addressee,
        condition,
        message::{Facts, Words},
        planner::Planner,
        simulate::{Assume, Means, Premises, SimulatedLead, Simulation, Standing, simulate},
    },
    errors::{AppError, Fault, Result},
    models::{
        Awaiting, Campaign, CampaignId, CampaignSettings, CampaignStatus, ExecutionId, ExecutionStatus, Lead, LeadId,
        Move, Walk,
        workflow::{Action, Schedule, StopOn, Workflow},
    },
    repositories::{BaseRepository, CampaignRun, OrgMember, OrgTx},
    services::campaign_runs::{Party, ends_already, look_at_caps, newcomer, traveller},
};

/// The most leads that are simulated.
const MOST_LEADS: i64 = 20_000;

/// What is imagined.
#[derive(Debug, Clone, Copy)]
pub struct SimulationRequest {
    /// How long after an invitation everybody accepts it; none is that nobody does.
    pub accepted_after: Option<TimeDelta>,
    /// How far the simulation goes.
    pub horizon: TimeDelta,
}

/// What was imagined.
#[derive(Debug)]
pub struct CampaignSimulation {
    /// What would happen.
    pub simulation: Simulation,
    /// Of how many leads.
    pub leads: usize,
    /// Whether there are more leads than are simulated.
    pub more_leads: bool,
    /// Leads that would be left out, and why.
    pub left_out: BTreeMap<&'static str, u64>,
}

/// What a simulation starts from.
struct Start {
    workflow: Json<Workflow>,
    schedule: Json<Schedule>,
    means: Means,
    leads: Vec<SimulatedLead>,
    more_leads: bool,
    left_out: BTreeMap<&'static str, u64>,
    begin_at: Option<DateTime<Utc>>,
}

impl CampaignService {
    /// The calendar of a campaign from now on.
    ///
    /// # Errors
    /// Every fault that keeps a draft from starting; `campaign_over`.
    pub async fn simulate(
        &self,
        member: &OrgMember,
        id: CampaignId,
        request: SimulationRequest,
    ) -> Result<CampaignSimulation> {
        let start = self.start_of_simulation(member, id).await?;
        let assume = request.accepted_after.map_or(Assume::NeverAccepted, |after| Assume::Accepted { after });
        let premises =
            Premises { now: self.0.campaign_clock.now(), begin_at: start.begin_at, assume, horizon: request.horizon };
        aside(move || {
            let Start { workflow, schedule, means, leads, more_leads, mut left_out, begin_at: _ } = start;
            let planner = Planner::new(&workflow, &schedule)?;
            let count = leads.len();
            let simulation = simulate(&planner, means, leads, &premises);
            let ends = &simulation.ends;
            for (why, count) in [("contacted_lately", ends.barred), ("cannot_be_reached", ends.unreachable)] {
                if count > 0 {
                    *left_out.entry(why).or_default() += count;
                }
            }
            Some(CampaignSimulation { simulation, leads: count, more_leads, left_out })
        })
        .await?
        .ok_or_else(|| AppError::internal("a valid campaign cannot be planned"))
    }

    async fn start_of_simulation(&self, member: &OrgMember, id: CampaignId) -> Result<Start> {
        let faults = self.validate(member, id).await?.faults;
        let mut tx = self.0.db.begin(member, self.0.campaign_clock.now()).await?;
        let campaign = tx.campaigns().get(id).await?;
        refuse(&campaign, faults)?;
        let run = tx.campaigns().run(id).await?;
        if run.as_ref().is_some_and(|run| run.replanning.is_some()) {
            let detail =
                "The campaign was changed, and what waits in it is still being planned anew. Ask again in a moment.";
            return Err(AppError::unavailable("campaign_replanning", detail));
        }
        let known = Known::gather(&mut tx, &campaign, run.as_ref()).await?;
        let mut party = Party::look(&mut tx, &self.0.suppression_keys, id, &known.leads).await?;
        let begin_at = run.as_ref().and_then(|run| run.next_begin_at);
        if let Some(zone) = campaign.schedule.as_ref().and_then(|schedule| WorkingHours::of_schedule(schedule, None)) {
            let today = local_day(zone.zone(), tx.now());
            let begun = tx.executions().begun_since(id, start_of_day(zone.zone(), today)).await?;
            party.books.begun(today, u64::try_from(begun).unwrap_or(0));
        }
        let caps = look_at_caps(&mut tx, id, &campaign.settings, &party).await?;
        drop(tx);
        let (Some(written), Some(schedule)) = (campaign.workflow, campaign.schedule) else {
            return Err(AppError::internal("a valid campaign lacks its workflow or schedule"));
        };
        let workflow = run.map_or(written, |run| run.workflow);
        let more_leads = i64::try_from(known.leads.len()).is_ok_and(|count| count >= MOST_LEADS);
        let (leads, left_out) = starting(&workflow, &party, known);
        let Party { leads: people, accounts, books, suppressed: _ } = party;
        let means = Means { books, caps, words: Words::new(&workflow, people, accounts) };
        Ok(Start { workflow, schedule, means, leads, more_leads, left_out, begin_at })
    }
}

/// A draft must be one that could start, and what is over has nothing to foresee.
fn refuse(campaign: &Campaign, faults: Vec<Fault>) -> Result<()> {
    match campaign.status {
        CampaignStatus::Completed | CampaignStatus::Stopped => {
            let detail = "The campaign is over: there is nothing left to foresee.";
            Err(AppError::conflict("campaign_over", detail).with_member("state", campaign.status.as_str()))
        }
        CampaignStatus::Draft if !faults.is_empty() => Err(AppError::invalid(faults)),
        _ => Ok(()),
    }
}

/// Whose ways are imagined, and what is known of them.
struct Known {
    /// Who, in the order in which they begin.
    leads: Vec<LeadId>,
    /// Where they stand, if they are enrolled.
    walks: HashMap<LeadId, Walk>,
    /// Those who are on their way through another campaign.
    elsewhere: HashSet<LeadId>,
    /// When any campaign last wrote to them, if that matters.
    contacts: HashMap<LeadId, DateTime<Utc>>,
    settings: CampaignSettings,
    /// What ends the ways of those who are on theirs.
    stop_on: Vec<StopOn>,
    /// What moved those steps that are promised.
    moves: HashMap<ExecutionId, Vec<Move>>,
    /// The steps that they have had: the workflow may lead them to one of them again.
    had: HashMap<ExecutionId, BTreeSet<String>>,
}

impl Known {
    async fn gather(tx: &mut OrgTx, campaign: &Campaign, run: Option<&CampaignRun>) -> Result<Self> {
        let (id, settings) = (campaign.id, &campaign.settings.0);
        let walks = if run.is_some() { tx.executions().open(id, MOST_LEADS).await? } else { Vec::new() };
        let mut leads = tx.campaigns().leads_to_enrol(id, MOST_LEADS).await?;
        let pending: Vec<_> = walks.iter().filter(|walk| is_pending(walk)).map(|walk| walk.lead_id).collect();
        // Whoever was taken off the lists before its beginning does not begin.
        let listed = tx.campaigns().on_lists(id, &pending).await?;
        let stays = |walk: &Walk| !is_pending(walk) || listed.contains(&walk.lead_id);
        let walks: HashMap<_, _> = walks.into_iter().filter(stays).map(|walk| (walk.lead_id, walk)).collect();
        leads.extend(walks.keys());
        leads.sort_unstable();
        leads.truncate(usize::try_from(MOST_LEADS).unwrap_or(usize::MAX));
        let elsewhere = if settings.skip_in_another_campaign {
            tx.executions().busy_elsewhere(id, &leads).await?
        } else {
            HashSet::new()
        };
        let contacts = match settings.untouched_since(tx.now()) {
            Some(since) => tx.steps().contacts(&leads, since).await?,
            None => HashMap::new(),
        };
        let had = Self::had(tx, &walks).await?;
        let waiting: Vec<_> = walks.values().filter(|walk| walk.next_run_at.is_some()).map(|walk| walk.id).collect();
        let promises = tx.executions().promises(&waiting).await?;
        let moves = promises.into_iter().map(|(id, promise)| (id, promise.moves)).collect();
        let (settings, stop_on) = (settings.clone(), campaign.stop_on.clone());
        Ok(Self { leads, walks, elsewhere, contacts, settings, stop_on, moves, had })
    }

    async fn had(tx: &mut OrgTx, walks: &HashMap<LeadId, Walk>) -> Result<HashMap<ExecutionId, BTreeSet<String>>> {
        let mut had: HashMap<_, BTreeSet<_>> = HashMap::new();
        let ids: Vec<_> = walks.values().map(|walk| walk.id).collect();
        for ((execution, node), tried) in tx.steps().tried(&ids).await? {
            if tried.had {
                had.entry(execution).or_default().insert(node);
            }
        }
        Ok(had)
    }
}

fn is_pending(walk: &Walk) -> bool {
    walk.status == ExecutionStatus::Pending
}

/// The leads with where they stand, and how many would be left out.
fn starting(workflow: &Workflow, party: &Party, known: Known) -> (Vec<SimulatedLead>, BTreeMap<&'static str, u64>) {
    let Known { leads: ids, walks, elsewhere, contacts, settings, stop_on, mut moves, mut had } = known;
    let rest = TimeDelta::days(settings.skip_contacted_within_days.unwrap_or(0).into());
    let (mut leads, mut left_out) = (Vec::with_capacity(ids.len()), BTreeMap::new());
    for id in &ids {
        let Some(lead) = party.leads.get(id) else { continue };
        let walk = walks.get(id);
        let pending = walk.is_none_or(is_pending);
        // Nobody begins who has answered; who is on the way goes on unless the campaign stops on that.
        let stops: &[StopOn] = if pending { &[StopOn::Reply, StopOn::Bounce] } else { &stop_on };
        let over = ends_already(lead, party.suppressed.contains_key(id), stops);
        let why = over.map(|(_, why)| why).or((pending && elsewhere.contains(id)).then_some("in_another_campaign"));
        if let Some(why) = why {
            *left_out.entry(why).or_default() += 1;
        } else if let Some(stand) = walk.map_or(Some(Standing::Pending), |walk| standing(walk, &mut moves)) {
            let traveller = walk.map_or_else(|| newcomer(lead), |walk| traveller(walk, lead));
            let had = walk.and_then(|walk| had.remove(&walk.id)).unwrap_or_default();
            let barred_until = contacts.get(id).map(|at| *at + rest);
            leads.push(SimulatedLead {
                traveller,
                addressee: Addressee::of(lead),
                answers: answers(workflow, lead),
                had,
                barred_until,
                stand,
            });
        } else {
            *left_out.entry("held").or_default() += 1;
        }
    }
    (leads, left_out)
}

fn standing(walk: &Walk, moves: &mut HashMap<ExecutionId, Vec<Move>>) -> Option<Standing> {
    if walk.status == ExecutionStatus::Pending {
        return Some(Standing::Pending);
    }
    let (node, at) = (walk.node_id.clone()?, walk.next_run_at?);
    Some(match walk.awaiting {
        Some(Awaiting::Acceptance) => Standing::Awaiting { node, since: walk.updated_at, until: at },
        None => {
            let moves = moves.remove(&walk.id).unwrap_or_default();
            Standing::Due { node, account: walk.account_id, at, moves }
        }
    })
}

/// What the workflow's conditions say of a lead as it is now.
fn answers(workflow: &Workflow, lead: &Lead) -> BTreeMap<String, bool> {
    let conditions = workflow.nodes.iter().filter_map(|node| match &node.action {
        Action::Condition(config) => Some((node.id.clone(), condition::holds(config, &Facts::of(lead, None)))),
        _ => None,
    });
    conditions.collect()
}

//! Beginning leads: as many as fit on the day, after what is promised on it already.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    Round, RunService,
    activities::{ended, happened, passed_over},
    endings::leave_out_some,
    fate::{ends_already, stand},
    party::{Party, planner_of},
};
use crate::{
    engine::{
        calendar::{local_day, start_of_day},
        planner::{Decision, Plan, Planner},
    },
    errors::Result,
    models::{
        Activity, AuditEntry, CampaignId, CampaignStatus, ExecutionStatus, Lead, LeadId, OrganizationId, Rule, Stand,
        Walk, workflow::StopOn,
    },
    repositories::{BaseRepository as _, CampaignRun, OrgTx, RunningCampaignRef},
};

/// Leads that are looked at together.
const PAGE: i64 = 500;
/// Pages of one transaction; the next goes on from there. What does not fit on the day is looked at again on the next.
const PAGES: usize = 20;

/// What became of a page of pending leads.
struct Begun {
    stands: Vec<Stand>,
    activities: Vec<Activity>,
    /// Nobody else fits on this day.
    full: bool,
}

impl RunService {
    /// Starts a campaign whose time has come, and begins leads.
    pub(super) async fn begin(&self, of: RunningCampaignRef) -> Result<Round> {
        let mut tx = self.begin_tx(of.organization).await?;
        let Some(mut run) = tx.campaigns().run_alone(of.campaign).await? else { return Ok(Round::default()) };
        let due = run.next_begin_at.is_some_and(|at| at <= tx.now());
        let mut done = 0;
        match run.status {
            _ if !due || run.replanning.is_some() => return Ok(Round::default()),
            CampaignStatus::Scheduled => {
                start(&mut tx, run.id).await?;
                done = 1;
            }
            CampaignStatus::Running => {}
            _ => return Ok(Round::default()),
        }
        let (mut full, mut exhausted, mut party) = (false, false, None);
        for _ in 0..PAGES {
            let walks = tx.executions().lock_pending(run.id, run.begin_after, PAGE).await?;
            let Some(last) = walks.last() else {
                exhausted = true;
                break;
            };
            run.begin_after = Some(last.lead_id);
            let begun = self.begin_page(&mut tx, &run, &mut party, &walks).await?;
            let now = tx.now();
            tx.executions().stand(&begun.stands, now).await?;
            tx.activities().record(&begun.activities).await?;
            done += u64::try_from(begun.stands.len()).unwrap_or(u64::MAX);
            full = begun.full;
            if full {
                break;
            }
        }
        // Whoever is farther on may fit where others do not: it is another's account that is full.
        let more = !full && !exhausted;
        goes_on(&mut tx, run, more).await?;
        tx.commit().await?;
        Ok(Round { done, more })
    }

    /// Has leads looked at once more that had no room, after accounts were changed so that there may be some.
    pub(super) async fn use_returned_room(&self, organization: OrganizationId) -> Result<()> {
        let mut tx = self.context.db.begin_engine(organization, self.context.campaign_clock.now()).await?;
        // Campaigns are changed, which the engine's other transactions hold in share.
        tx.campaigns().take_turn().await?;
        let now = tx.now();
        tx.campaigns().use_returned_room(now).await?;
        tx.commit().await
    }

    /// The accounts that may begin leads, with what they have promised and how many leads have begun today, and these leads. Accounts are read
    /// once for all pages: they are locked, and what is promised meanwhile is in their books.
    async fn party<'p>(
        &self,
        tx: &mut OrgTx,
        run: &CampaignRun,
        party: &'p mut Option<Party>,
        leads: &[LeadId],
    ) -> Result<&'p mut Party> {
        let keys = &self.context.suppression_keys;
        if let Some(party) = party {
            party.turn_to(tx, keys, leads).await?;
            return Ok(party);
        }
        let mut gathered = Party::gather(tx, keys, run.id, leads).await?;
        let zone = planner_of(run)?.hours().zone();
        let today = local_day(zone, tx.now());
        let begun = tx.executions().begun_since(run.id, start_of_day(zone, today)).await?;
        gathered.books.begun(today, u64::try_from(begun).unwrap_or(0));
        Ok(party.insert(gathered))
    }

    async fn begin_page(
        &self,
        tx: &mut OrgTx,
        run: &CampaignRun,
        party: &mut Option<Party>,
        walks: &[Walk],
    ) -> Result<Begun> {
        let leads: Vec<LeadId> = walks.iter().map(|walk| walk.lead_id).collect();
        let party = self.party(tx, run, party, &leads).await?;
        // Another campaign that begins one of them at this moment has done so, or waits.
        tx.leads().hold(&leads).await?;
        let barred = barred(tx, run, &leads).await?;
        let listed = listed(tx, run, walks, &leads).await?;
        let planner = planner_of(run)?;
        let mut beginning = planner.beginning(tx.now());
        let mut begun = Begun { stands: Vec::new(), activities: Vec::new(), full: false };
        for walk in walks {
            let Some(lead) = party.leads.get(&walk.lead_id).filter(|lead| listed.contains(&lead.id)) else { continue };
            if let Some(why) = unfit(lead, party, &barred) {
                skip(tx, run.id, walk, why, &mut begun);
                continue;
            }
            let who = super::party::traveller(walk, lead);
            let plan = beginning.begin(&who, &mut party.books);
            match &plan.decision {
                Decision::NotToday { rule: Rule::NewLeadsPerDay, .. } => {
                    begun.full = true;
                    break;
                }
                Decision::NotToday { .. } => continue,
                // An account may be taken up again, and a limit raised.
                Decision::Never { rule, .. } if *rule != Rule::EndAt => continue,
                _ => {}
            }
            take(tx, run.id, &planner, party, walk, &plan, &mut begun);
        }
        Ok(begun)
    }
}

/// Those that are on the campaign's lists still. The others are taken out of it again.
async fn listed(tx: &mut OrgTx, run: &CampaignRun, walks: &[Walk], leads: &[LeadId]) -> Result<HashSet<LeadId>> {
    let listed = tx.campaigns().on_lists(run.id, leads).await?;
    let others = walks.iter().filter(|walk| !listed.contains(&walk.lead_id)).map(|walk| walk.id);
    tx.executions().withdraw(&others.collect::<Vec<_>>()).await?;
    Ok(listed)
}

/// Why a lead is not begun at all, if it is not.
pub(super) fn unfit(lead: &Lead, party: &Party, barred: &HashMap<LeadId, &'static str>) -> Option<&'static str> {
    let over = ends_already(lead, party.suppressed.contains_key(&lead.id), &[StopOn::Reply, StopOn::Bounce]);
    over.map(|(_, why)| why).or_else(|| barred.get(&lead.id).copied())
}

/// Those whom the campaign leaves out by its settings, and why.
pub(super) async fn barred(
    tx: &mut OrgTx,
    run: &CampaignRun,
    leads: &[LeadId],
) -> Result<HashMap<LeadId, &'static str>> {
    let mut barred = HashMap::new();
    if let Some(since) = run.settings.untouched_since(tx.now()) {
        let contacts = tx.steps().contacts(leads, since).await?;
        barred.extend(contacts.into_keys().map(|lead| (lead, "contacted_lately")));
    }
    if run.settings.skip_in_another_campaign {
        let elsewhere = tx.executions().busy_elsewhere(run.id, leads).await?;
        barred.extend(elsewhere.into_iter().map(|lead| (lead, "in_another_campaign")));
    }
    Ok(barred)
}

/// When leads are begun next, if any are left. Those for whom the campaign has no day any more are left out.
async fn next_time(tx: &mut OrgTx, run: &CampaignRun) -> Result<Option<DateTime<Utc>>> {
    if !tx.executions().any_pending(run.id).await? {
        return Ok(None);
    }
    let (now, next) = (tx.now(), planner_of(run)?.next_beginning(tx.now()));
    if next.is_some() {
        return Ok(next);
    }
    let skipped = leave_out_some(tx, run.id, Rule::EndAt.as_str()).await?;
    Ok(Some(now).filter(|_| skipped > 0))
}

/// Notes when the campaign begins leads next: at once where it stopped, if there is `more`.
async fn goes_on(tx: &mut OrgTx, mut run: CampaignRun, more: bool) -> Result<()> {
    (run.next_begin_at, run.begin_after) =
        if more { (Some(tx.now()), run.begin_after) } else { (next_time(tx, &run).await?, None) };
    tx.campaigns().advance(&run).await
}

/// A lead that is not begun at all.
fn skip(tx: &OrgTx, campaign: CampaignId, walk: &Walk, why: &str, begun: &mut Begun) {
    begun.stands.push(Stand::ended(walk, ExecutionStatus::Skipped, Some(why)));
    begun.activities.push(ended(tx, campaign, walk, ExecutionStatus::Skipped, why));
}

fn take(
    tx: &OrgTx,
    campaign: CampaignId,
    planner: &Planner<'_>,
    party: &Party,
    walk: &Walk,
    plan: &Plan,
    begun: &mut Begun,
) {
    let decision = &plan.decision;
    match decision {
        // Nothing of the workflow reaches the lead.
        Decision::End => skip(tx, campaign, walk, "cannot_be_reached", begun),
        Decision::Never { rule, .. } => skip(tx, campaign, walk, rule.as_str(), begun),
        _ => {
            let stand = stand(planner, &party.accounts, walk, decision);
            let data = json!({ "node_id": stand.node_id, "at": stand.next_run_at });
            begun.activities.push(happened(tx, campaign, walk, "execution_begun", data));
            begun.activities.extend(passed_over(tx, campaign, walk, &plan.skipped));
            begun.stands.push(stand);
        }
    }
}

async fn start(tx: &mut OrgTx, id: CampaignId) -> Result<()> {
    let mut campaign = tx.campaigns().locked(id).await?;
    let before = json!({ "status": campaign.status });
    campaign.status = CampaignStatus::Running;
    campaign.version += 1;
    campaign.updated_at = tx.now();
    tx.campaigns().switch(&campaign, None, None).await?;
    let after = json!({ "status": campaign.status });
    tx.audit(AuditEntry::new("campaign.started", "campaign", id.0).change(before, after));
    Ok(())
}

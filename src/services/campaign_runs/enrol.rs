//! The leads of a campaign's lists get an execution each: all of them after its start, and those that come onto its lists later as they come.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::{Round, RunService, endings::stop_some};
use crate::{
    errors::Result,
    models::{AuditEntry, CampaignStatus, LeadId},
    repositories::{BaseRepository as _, CampaignRun, OrgTx, RunningCampaignRef},
};

/// Leads that are looked at, or enrolled, in one transaction.
const BATCH: i64 = 5_000;
/// Batches of one campaign in its turn: others come in between, however many leads it has.
const BATCHES: usize = 4;
/// Longer than a transaction that puts leads onto a list may take: what it adds is as old as its beginning, and seen only after its end.
const OVERLAP: TimeDelta = TimeDelta::hours(1);
/// How often the lists of a campaign are looked at for new leads.
pub(super) const EVERY: TimeDelta = TimeDelta::seconds(10);
/// Campaigns that were stopped longer ago have no lead on its way any more.
pub(super) const STOPPED_SINCE: TimeDelta = TimeDelta::days(7);

impl RunService {
    /// Enrols some leads, and ends the campaign if it has come to its end.
    pub(super) async fn enrol(&self, of: RunningCampaignRef) -> Result<Round> {
        let mut done = 0;
        for _ in 0..BATCHES {
            let mut tx = self.begin_tx(of.organization).await?;
            let run = tx.campaigns().run_alone(of.campaign).await?;
            let Some(mut run) = run.filter(|run| run.status == CampaignStatus::Running) else {
                return Ok(Round { done, more: false });
            };
            // Lists go by the real clock, whatever campaigns go by.
            let last = enrol_some(&mut tx, &mut run, self.context.clock.now(), &mut done).await?;
            tx.campaigns().advance(&run).await?;
            if last && run.next_begin_at.is_none_or(|at| at > tx.now()) && !tx.campaigns().is_open(run.id).await? {
                complete(&mut tx, &run).await?;
            }
            tx.commit().await?;
            if last {
                return Ok(Round { done, more: false });
            }
        }
        Ok(Round { done, more: true })
    }
}

impl RunService {
    /// Ends the ways through a campaign that was stopped, as far as whoever stopped it did not wait for that.
    pub(super) async fn end(&self, of: RunningCampaignRef) -> Result<Round> {
        let mut tx = self.begin_tx(of.organization).await?;
        let done = stop_some(&mut tx, of.campaign).await?;
        tx.commit().await?;
        Ok(Round { done, more: false })
    }
}

/// Enrols some; true if there are no more for now.
async fn enrol_some(
    tx: &mut OrgTx,
    run: &mut CampaignRun,
    by_the_lists: DateTime<Utc>,
    done: &mut u64,
) -> Result<bool> {
    let now = tx.now();
    if run.enrol_after.is_none() {
        run.enrol_began = Some(by_the_lists);
    }
    let found = match run.enrolled_until {
        None => tx.campaigns().look_for_leads(run.id, run.enrol_after, BATCH).await?,
        Some(since) => tx.campaigns().look_for_late_leads(run.id, run.enrol_after, since, BATCH).await?,
    };
    let new = tx.campaigns().enrol(run.id, &found.new, now).await?;
    *done += new;
    if new > 0 {
        begin_from(run, found.new.first(), now);
    }
    let last = found.last.is_none();
    run.enrol_after = found.last;
    if last {
        run.enrolled_until = run.enrol_began.map(|began| began - OVERLAP);
    }
    Ok(last)
}

/// Has leads begun from `first` on. Those before it had no room on this day, unless a beginning is under way that has not come to them yet.
fn begin_from(run: &mut CampaignRun, first: Option<&LeadId>, now: DateTime<Utc>) {
    let before = first.map(|first| LeadId(Uuid::from_u128(first.0.as_u128().saturating_sub(1))));
    let under_way = run.next_begin_at.is_some_and(|at| at <= now);
    run.begin_after = if under_way { run.begin_after.min(before) } else { before };
    run.next_begin_at = Some(run.next_begin_at.map_or(now, |at| at.min(now)));
}

async fn complete(tx: &mut OrgTx, run: &CampaignRun) -> Result<()> {
    let mut campaign = tx.campaigns().locked(run.id).await?;
    campaign.status = CampaignStatus::Completed;
    campaign.version += 1;
    campaign.updated_at = tx.now();
    tx.campaigns().switch(&campaign, None, None).await?;
    let (before, after) = (json!({ "status": run.status }), json!({ "status": campaign.status }));
    tx.audit(AuditEntry::new("campaign.completed", "campaign", run.id.0).change(before, after));
    Ok(())
}

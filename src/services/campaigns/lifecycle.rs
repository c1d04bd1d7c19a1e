//! Starting, pausing, resuming and stopping. Each is one change of the campaign's row; asked for again, it changes nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{CampaignService, CampaignView};
use crate::{
    engine::planner::Planner,
    errors::{AppError, Result},
    models::{AuditEntry, Campaign, CampaignId, CampaignStatus},
    repositories::{BaseRepository, OrgMember, OrgTx},
    services::campaign_runs::stop_some,
};

/// How long pausing and stopping wait for what is on its way out. A provider is given less to answer.
const IN_FLIGHT: Duration = Duration::from_secs(25);
/// How often they look.
const LOOK: Duration = Duration::from_millis(50);

impl CampaignService {
    /// Starts a draft: now, or at the instant that its schedule names.
    ///
    /// # Errors
    /// Every fault that keeps it from starting; `campaign_not_startable` with the `state`.
    pub async fn start(&self, member: &OrgMember, id: CampaignId) -> Result<CampaignView> {
        let validated = self.0.db.read(member).await?.campaigns().get(id).await?.version;
        let faults = self.validate(member, id).await?.faults;
        let mut tx = self.0.db.begin(member, self.0.campaign_clock.now()).await?;
        let campaign = tx.campaigns().locked(id).await?;
        match campaign.status {
            CampaignStatus::Scheduled | CampaignStatus::Running => return view(tx, campaign).await,
            CampaignStatus::Draft if campaign.version != validated => {
                let detail = "The campaign was changed while it was being checked. Start it again.";
                return Err(AppError::conflict("campaign_changed", detail));
            }
            CampaignStatus::Draft if faults.is_empty() => {}
            CampaignStatus::Draft => return Err(AppError::invalid(faults)),
            CampaignStatus::Paused | CampaignStatus::Completed | CampaignStatus::Stopped => {
                return Err(illegal("campaign_not_startable", "Only a draft can be started.", campaign.status));
            }
        }
        let (workflow, schedule) = match (&campaign.workflow, &campaign.schedule) {
            (Some(workflow), Some(schedule)) => (&workflow.0, &schedule.0),
            _ => return Err(AppError::internal("a valid campaign lacks its workflow or schedule")),
        };
        let begins = Planner::new(workflow, schedule).and_then(|planner| planner.first_beginning(tx.now()));
        let later = schedule.start_at.is_some_and(|start| start > tx.now());
        let status = if later { CampaignStatus::Scheduled } else { CampaignStatus::Running };
        let now = tx.now();
        let revision = tx.campaigns().pin(id, member.user_id(), now).await?;
        let (action, first) =
            if later { ("campaign.scheduled", schedule.start_at) } else { ("campaign.started", begins) };
        let campaign = switch(&mut tx, campaign, (status, action), Some((revision, first))).await?;
        view(tx, campaign).await
    }

    /// Pauses a running campaign. When it answers, nothing more is sent: what was on its way out is over.
    ///
    /// # Errors
    /// `campaign_not_running` with the `state`; `sends_in_flight` if a send does not come to its end in time.
    pub async fn pause(&self, member: &OrgMember, id: CampaignId) -> Result<CampaignView> {
        let mut tx = self.0.db.begin(member, self.0.campaign_clock.now()).await?;
        tx.campaigns().take_turn().await?;
        let campaign = tx.campaigns().locked(id).await?;
        match campaign.status {
            CampaignStatus::Paused => drop(tx),
            CampaignStatus::Running => {
                switch(&mut tx, campaign, (CampaignStatus::Paused, "campaign.paused"), None).await?;
                tx.commit().await?;
            }
            state => return Err(illegal("campaign_not_running", "Only a running campaign can be paused.", state)),
        }
        self.still(member, id).await?;
        self.outlined(member, id).await
    }

    /// Takes a paused campaign up again. What became overdue meanwhile is planned anew, with its accounts' spacing.
    ///
    /// # Errors
    /// `campaign_not_paused` with the `state`.
    pub async fn resume(&self, member: &OrgMember, id: CampaignId) -> Result<CampaignView> {
        let mut tx = self.0.db.begin(member, self.0.campaign_clock.now()).await?;
        let mut campaign = tx.campaigns().locked(id).await?;
        match campaign.status {
            CampaignStatus::Running => {}
            CampaignStatus::Paused => {
                campaign = switch(&mut tx, campaign, (CampaignStatus::Running, "campaign.resumed"), None).await?;
            }
            state => return Err(illegal("campaign_not_paused", "Only a paused campaign can be resumed.", state)),
        }
        view(tx, campaign).await
    }

    /// Stops a campaign for good, and every lead's way through it.
    ///
    /// # Errors
    /// `campaign_not_stoppable` with the `state`; `sends_in_flight` if a send does not come to its end in time.
    pub async fn stop(&self, member: &OrgMember, id: CampaignId) -> Result<CampaignView> {
        let mut tx = self.0.db.begin(member, self.0.campaign_clock.now()).await?;
        tx.campaigns().take_turn().await?;
        let campaign = tx.campaigns().locked(id).await?;
        match campaign.status {
            CampaignStatus::Stopped => drop(tx),
            CampaignStatus::Scheduled | CampaignStatus::Running | CampaignStatus::Paused => {
                switch(&mut tx, campaign, (CampaignStatus::Stopped, "campaign.stopped"), None).await?;
                tx.commit().await?;
            }
            state => {
                let detail = "Only a campaign that is scheduled, running or paused can be stopped.";
                return Err(illegal("campaign_not_stoppable", detail, state));
            }
        }
        self.still(member, id).await?;
        loop {
            let mut tx = self.0.db.begin(member, self.0.campaign_clock.now()).await?;
            let stopped = stop_some(&mut tx, id).await?;
            tx.commit().await?;
            if stopped == 0 {
                return self.outlined(member, id).await;
            }
        }
    }

    /// The campaign as it now is, without what takes long to count.
    async fn outlined(&self, member: &OrgMember, id: CampaignId) -> Result<CampaignView> {
        let mut conn = self.0.db.read(member).await?;
        let campaign = conn.campaigns().get(id).await?;
        Ok(CampaignView { overview: conn.campaigns().outline(id).await?, campaign })
    }

    /// Waits until nothing of the campaign is on its way out.
    async fn still(&self, member: &OrgMember, id: CampaignId) -> Result<()> {
        let began = self.0.clock.monotonic();
        while self.0.db.read(member).await?.steps().in_flight(id).await? {
            if self.0.clock.monotonic().saturating_sub(began) > IN_FLIGHT {
                let detail =
                    "The change is made and no new send begins, but one that began before has not come to its end yet.";
                return Err(AppError::unavailable("sends_in_flight", detail));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

/// Brings the campaign to `status`, and tells the audit log. One that is started has its revision, and when it begins leads.
async fn switch(
    tx: &mut OrgTx,
    mut campaign: Campaign,
    (status, action): (CampaignStatus, &'static str),
    started: Option<(i32, Option<DateTime<Utc>>)>,
) -> Result<Campaign> {
    let before = json!({ "status": campaign.status });
    campaign.status = status;
    campaign.paused_because = None;
    campaign.version += 1;
    campaign.updated_at = tx.now();
    let (revision, begins) = started.map_or((None, None), |(revision, begins)| (Some(revision), begins));
    tx.campaigns().switch(&campaign, revision, begins).await?;
    let after = json!({ "status": status });
    tx.audit(AuditEntry::new(action, "campaign", campaign.id.0).change(before, after));
    Ok(campaign)
}

async fn view(mut tx: OrgTx, campaign: Campaign) -> Result<CampaignView> {
    let overview = tx.campaigns().outline(campaign.id).await?;
    tx.commit().await?;
    Ok(CampaignView { campaign, overview })
}

fn illegal(code: &'static str, detail: &'static str, state: CampaignStatus) -> AppError {
    AppError::conflict(code, detail).with_member("state", state.as_str())
}

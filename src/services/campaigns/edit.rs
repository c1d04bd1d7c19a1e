//! Changing campaigns: drafts as one likes, those under way into what could be started, and of those that are over the name.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{CampaignChanges, CampaignService, CampaignView, differences, draft, facts, links};
use crate::{
    engine::planner::Planner,
    errors::{AppError, Fault, Result},
    models::{
        AccountId, AccountStatus, AuditEntry, Campaign, CampaignId, CampaignStatus, LeadListId, LeadListStatus,
        version::VersionGuard,
        workflow::{Node, NodeType, Workflow},
    },
    repositories::{BaseRepository, CampaignEdit, OrgMember, OrgTx, RunningCampaignRef},
    services::campaign_runs,
};

/// A campaign as it would be, and as it was.
struct Edited {
    campaign: Campaign,
    lists: Vec<LeadListId>,
    accounts: Vec<AccountId>,
    before: Value,
    after: Value,
}

impl Edited {
    fn of(mut campaign: Campaign, (lists, accounts): (Vec<LeadListId>, Vec<AccountId>), to: CampaignChanges) -> Self {
        let before = facts(&campaign, &lists, &accounts);
        let (lists, accounts) = to.apply(&mut campaign, lists, accounts);
        let after = facts(&campaign, &lists, &accounts);
        let (before, after) = differences(before, after);
        Self { campaign, lists, accounts, before, after }
    }

    fn changes(&self, field: &str) -> bool {
        self.after.get(field).is_some()
    }

    fn changes_anything(&self) -> bool {
        self.after != Value::Object(serde_json::Map::new())
    }

    fn renames_only(&self) -> bool {
        self.after.as_object().is_some_and(|fields| fields.keys().all(|name| name == "name"))
    }

    fn adds_lists(&self) -> bool {
        self.lists.iter().any(|id| self.is_new(*id))
    }

    fn is_new(&self, id: LeadListId) -> bool {
        let was = self.before.get("lead_list_ids").and_then(Value::as_array);
        was.is_some_and(|was| !was.contains(&json!(id)))
    }
}

impl CampaignService {
    /// Changes a campaign. One under way takes the change before its next step is claimed, and what waits in it is planned anew.
    ///
    /// # Errors
    /// Of a campaign under way, every fault that would keep it from starting; `campaign_over` with the `state`; `campaign_changed`.
    pub async fn update(
        &self,
        member: &OrgMember,
        id: CampaignId,
        seen: &VersionGuard,
        changes: CampaignChanges,
    ) -> Result<CampaignView> {
        let status = self.0.db.read(member).await?.campaigns().get(id).await?.status;
        match status {
            CampaignStatus::Draft => self.update_draft(member, id, seen, changes).await,
            _ => self.edit(member, id, seen, changes).await,
        }
    }

    async fn update_draft(
        &self,
        member: &OrgMember,
        id: CampaignId,
        seen: &VersionGuard,
        changes: CampaignChanges,
    ) -> Result<CampaignView> {
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        let campaign = draft(&mut tx, id, seen).await?;
        let links = tx.campaigns().links(id).await?;
        let edited = Edited::of(campaign, links, changes);
        links::check(&mut tx, &edited.lists, &edited.accounts).await?;
        let campaign = if edited.changes_anything() { write(&mut tx, edited).await? } else { edited.campaign };
        let overview = tx.campaigns().overview(id).await?;
        tx.commit().await?;
        Ok(CampaignView { campaign, overview })
    }

    /// Changes a campaign that has been started. It is checked before a transaction is open, since that may take its time.
    async fn edit(
        &self,
        member: &OrgMember,
        id: CampaignId,
        seen: &VersionGuard,
        changes: CampaignChanges,
    ) -> Result<CampaignView> {
        let mut conn = self.0.db.read(member).await?;
        let campaign = conn.campaigns().get(id).await?;
        let links = conn.campaigns().links(id).await?;
        drop(conn);
        seen.check(campaign.version)?;
        let edited = Edited::of(campaign, links, changes);
        if !edited.changes_anything() {
            return self.get(member, id).await;
        }
        if !edited.renames_only() {
            self.check_edit(member, &edited).await?;
        }
        let replans = self.write_edit(member, edited).await?;
        if replans {
            let of = RunningCampaignRef { organization: member.organization_id(), campaign: id };
            campaign_runs::replan(&self.0, of).await?;
        }
        self.get(member, id).await
    }

    /// Refuses what could not be started.
    async fn check_edit(&self, member: &OrgMember, edited: &Edited) -> Result<()> {
        let state = edited.campaign.status;
        if matches!(state, CampaignStatus::Completed | CampaignStatus::Stopped) {
            let detail = "The campaign is over: only its name can be changed. Duplicate it to go on from it.";
            return Err(AppError::conflict("campaign_over", detail).with_member("state", state.as_str()));
        }
        let mut conn = self.0.db.read(member).await?;
        let mut accounts = conn.accounts().find_many(&edited.accounts).await?;
        let lists = conn.lead_lists().find_many(&edited.lists).await?;
        let known = conn.campaigns().node_types(edited.campaign.id).await?;
        drop(conn);
        // What is out of order for a time, and what was in use already, hinders no change of something else.
        accounts.retain(|account| account.status != AccountStatus::Disconnected);
        let status = |id: &LeadListId| {
            lists.iter().find(|list| list.id == *id && edited.is_new(list.id)).map(|list| list.status)
        };
        let lists: Vec<_> = edited.lists.iter().map(|id| status(id).unwrap_or(LeadListStatus::Active)).collect();
        let mut faults = self.faults(member, edited.campaign.clone(), &accounts, lists).await?;
        if let Some(workflow) = &edited.campaign.workflow {
            faults.extend(other_types(workflow, &known));
        }
        if faults.is_empty() { Ok(()) } else { Err(AppError::invalid(faults)) }
    }

    /// Writes a change that was checked; whether what waits is to be planned anew.
    async fn write_edit(&self, member: &OrgMember, edited: Edited) -> Result<bool> {
        let (id, version, status) = (edited.campaign.id, edited.campaign.version, edited.campaign.status);
        let mut tx = self.0.db.begin(member, self.0.campaign_clock.now()).await?;
        tx.campaigns().take_turn().await?;
        let present = tx.campaigns().locked(id).await?;
        if (present.version, present.status) != (version, status) {
            let detail = "The campaign was changed while this was being checked. Nothing was changed; try again.";
            return Err(AppError::conflict("campaign_changed", detail));
        }
        links::check(&mut tx, &edited.lists, &edited.accounts).await?;
        let (workflow, schedule) = (edited.changes("workflow"), edited.changes("schedule"));
        let replan = workflow || schedule || edited.changes("account_ids");
        let begin = replan || edited.changes("lead_list_ids") || edited.changes("settings");
        let enrol = edited.adds_lists();
        let campaign = write(&mut tx, edited).await?;
        if begin {
            let now = tx.now();
            let revision = if workflow { Some(tx.campaigns().pin(id, member.user_id(), now).await?) } else { None };
            let next_begin_at = begins(&campaign, now);
            tx.campaigns()
                .revise(id, &CampaignEdit { revision, replan, hours: schedule, enrol, next_begin_at })
                .await?;
        }
        tx.commit().await?;
        Ok(replan)
    }
}

/// When a campaign that was changed begins leads next: at once, or as its schedule says if it has not started yet.
fn begins(campaign: &Campaign, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (workflow, schedule) = (campaign.workflow.as_deref()?, campaign.schedule.as_deref()?);
    let start = schedule.start_at.filter(|start| campaign.status == CampaignStatus::Scheduled && *start > now);
    start.or_else(|| Planner::new(workflow, schedule)?.first_beginning(now)).or(Some(now))
}

async fn write(tx: &mut OrgTx, edited: Edited) -> Result<Campaign> {
    let Edited { mut campaign, lists, accounts, before, after } = edited;
    campaign.version += 1;
    campaign.updated_at = tx.now();
    tx.campaigns().update(&campaign).await?;
    tx.campaigns().set_lead_lists(campaign.id, &lists).await?;
    tx.campaigns().set_accounts(campaign.id, &accounts).await?;
    tx.audit(AuditEntry::new("campaign.updated", "campaign", campaign.id.0).change(before, after));
    Ok(campaign)
}

/// A step keeps what it is, since leads may have had it or stand at it.
fn other_types(workflow: &Workflow, known: &BTreeMap<String, NodeType>) -> Vec<Fault> {
    let other = |(i, node): (usize, &Node)| {
        let was = known.get(&node.id).filter(|was| **was != node.node_type())?;
        let detail =
            format!("In this campaign the step {} is a {}. Give another step another id.", node.id, was.as_str());
        Some(Fault::new(format!("/workflow/nodes/{i}/type"), "node_type_changed", detail))
    };
    workflow.nodes.iter().enumerate().filter_map(other).collect()
}

//! Campaigns: making, changing, copying and checking drafts, starting and stopping them, and foreseeing what they do.

use serde_json::{Value, json};
use sqlx::types::Json;

use super::{Context, copy_name};
use crate::{
    errors::{AppError, Result},
    models::{
        AccountId, AuditEntry, Campaign, CampaignId, CampaignOverview, CampaignProgress, CampaignSettings,
        CampaignStatus, CampaignSummary, LeadListId, NodeReads, NodeStatistics,
        page::{Page, PageRequest},
        version::VersionGuard,
        workflow::{Schedule, StopOn, Workflow},
    },
    repositories::{BaseRepository, OrgMember, OrgTx},
};

mod changes;
mod edit;
mod follow;
mod hours;
mod lifecycle;
mod links;
mod preview;
mod simulate;
mod validate;

pub use changes::{CampaignChanges, ScheduleChanges, SettingsChanges, WorkflowChanges};
pub use follow::{FollowService, Told};
pub use preview::{LeadPreview, PreviewedMessage};
pub use simulate::{CampaignSimulation, SimulationRequest};
pub use validate::Validation;

/// Campaigns.
#[derive(Clone)]
pub struct CampaignService(pub Context);

/// A campaign to be made.
#[derive(Debug)]
pub struct NewCampaign {
    /// Its name.
    pub name: String,
    /// The lists that it draws on.
    pub lead_list_ids: Vec<LeadListId>,
    /// The accounts that it sends from.
    pub account_ids: Vec<AccountId>,
    /// What it does.
    pub workflow: Option<Workflow>,
    /// When it does it.
    pub schedule: Option<Schedule>,
    /// What ends it for a lead.
    pub stop_on: Vec<StopOn>,
    /// Whom it leaves out.
    pub settings: CampaignSettings,
}

/// A campaign and what belongs to it; `C` is the whole campaign or, in a list, its summary.
#[derive(Debug)]
pub struct CampaignView<C = Campaign> {
    /// The campaign.
    pub campaign: C,
    /// What belongs to it.
    pub overview: CampaignOverview,
}

impl CampaignService {
    /// A page of the organization's campaigns.
    pub async fn list(&self, member: &OrgMember, page: &PageRequest) -> Result<Page<CampaignView<CampaignSummary>>> {
        let mut conn = self.0.db.read(member).await?;
        let campaigns = conn.campaigns().summaries(page).await?;
        let ids: Vec<_> = campaigns.items.iter().map(|campaign| campaign.id).collect();
        let mut overviews = conn.campaigns().overviews(&ids).await?;
        Ok(campaigns
            .map(|campaign| CampaignView { overview: overviews.remove(&campaign.id).unwrap_or_default(), campaign }))
    }

    /// One campaign.
    pub async fn get(&self, member: &OrgMember, id: CampaignId) -> Result<CampaignView> {
        let mut conn = self.0.db.read(member).await?;
        let campaign = conn.campaigns().get(id).await?;
        Ok(CampaignView { overview: conn.campaigns().overview(id).await?, campaign })
    }

    /// What a campaign's steps have come to, and how its leads stand.
    pub async fn statistics(
        &self,
        member: &OrgMember,
        id: CampaignId,
    ) -> Result<(CampaignProgress, Vec<NodeStatistics>, Vec<NodeReads>)> {
        let mut conn = self.0.db.read(member).await?;
        if !conn.campaigns().exists(id).await? {
            return Err(AppError::not_found("campaign"));
        }
        let progress = conn.campaigns().outline(id).await?.progress;
        let nodes = conn.campaigns().node_statistics(id).await?;
        Ok((progress, nodes, conn.mail_reads().by_node(id).await?))
    }

    /// Makes a draft, as incomplete as it may be.
    pub async fn create(&self, member: &OrgMember, new: NewCampaign) -> Result<CampaignView> {
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        let NewCampaign { name, lead_list_ids, account_ids, workflow, schedule, stop_on, settings } = new;
        links::check(&mut tx, &lead_list_ids, &account_ids).await?;
        let campaign = Campaign {
            id: CampaignId::new(tx.now()),
            organization_id: member.organization_id(),
            name,
            status: CampaignStatus::Draft,
            workflow: workflow.map(Json),
            schedule: schedule.map(Json),
            stop_on,
            settings: Json(settings),
            revision: None,
            paused_because: None,
            version: 1,
            created_by: member.user_id(),
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        let overview = insert(&mut tx, &campaign, &lead_list_ids, &account_ids).await?;
        let entry = AuditEntry::new("campaign.created", "campaign", campaign.id.0);
        tx.audit(entry.change(None, facts(&campaign, &lead_list_ids, &account_ids)));
        tx.commit().await?;
        Ok(CampaignView { campaign, overview })
    }

    /// Makes a draft with the same lists, accounts, workflow and schedule.
    pub async fn duplicate(&self, member: &OrgMember, id: CampaignId, name: Option<String>) -> Result<CampaignView> {
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        let original = tx.campaigns().locked(id).await?;
        let (lists, accounts) = tx.campaigns().links(id).await?;
        let copy = Campaign {
            id: CampaignId::new(tx.now()),
            name: name.unwrap_or_else(|| copy_name(&original.name)),
            status: CampaignStatus::Draft,
            revision: None,
            paused_because: None,
            version: 1,
            created_by: member.user_id(),
            created_at: tx.now(),
            updated_at: tx.now(),
            ..original
        };
        let overview = insert(&mut tx, &copy, &lists, &accounts).await?;
        let entry = AuditEntry::new("campaign.duplicated", "campaign", copy.id.0);
        let after = json!({"original_id": id, "campaign": facts(&copy, &lists, &accounts)});
        tx.audit(entry.change(None, after));
        tx.commit().await?;
        Ok(CampaignView { campaign: copy, overview })
    }

    /// Deletes a draft.
    pub async fn delete(&self, member: &OrgMember, id: CampaignId, seen: &VersionGuard) -> Result<()> {
        let mut tx = self.0.db.begin(member, self.0.clock.now()).await?;
        let campaign = draft(&mut tx, id, seen).await?;
        let (lists, accounts) = tx.campaigns().links(id).await?;
        tx.campaigns().delete(id).await?;
        let before = facts(&campaign, &lists, &accounts);
        tx.audit(AuditEntry::new("campaign.deleted", "campaign", id.0).change(before, None));
        tx.commit().await
    }
}

/// The campaign, locked, if it is the version that the caller has seen and still a draft.
async fn draft(tx: &mut OrgTx, id: CampaignId, seen: &VersionGuard) -> Result<Campaign> {
    let campaign = tx.campaigns().locked(id).await?;
    seen.check(campaign.version)?;
    if campaign.status == CampaignStatus::Draft {
        return Ok(campaign);
    }
    let detail = "Only a draft can be deleted.";
    Err(AppError::conflict("campaign_not_draft", detail).with_member("state", campaign.status.as_str()))
}

async fn insert(
    tx: &mut OrgTx,
    campaign: &Campaign,
    lists: &[LeadListId],
    accounts: &[AccountId],
) -> Result<CampaignOverview> {
    tx.campaigns().insert(campaign).await?;
    tx.campaigns().set_lead_lists(campaign.id, lists).await?;
    tx.campaigns().set_accounts(campaign.id, accounts).await?;
    tx.campaigns().overview(campaign.id).await
}

/// What the audit log keeps of a campaign.
fn facts(campaign: &Campaign, lists: &[LeadListId], accounts: &[AccountId]) -> Value {
    json!({
        "name": campaign.name, "status": campaign.status, "lead_list_ids": lists, "account_ids": accounts,
        "workflow": campaign.workflow.as_ref().map(|workflow| &workflow.0),
        "schedule": campaign.schedule.as_ref().map(|schedule| &schedule.0), "stop_on": campaign.stop_on,
        "settings": campaign.settings.0,
    })
}

/// Of both, only what differs: a workflow is large, and a name often changes without it.
fn differences(mut before: Value, mut after: Value) -> (Value, Value) {
    if let (Some(before), Some(after)) = (before.as_object_mut(), after.as_object_mut()) {
        before.retain(|name, old| {
            let differs = after.get(name) != Some(&*old);
            if !differs {
                after.remove(name);
            }
            differs
        });
    }
    (before, after)
}

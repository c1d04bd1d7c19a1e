//! What a campaign would write to given leads: by the function that composes what is sent, so that it is the same to the byte.

use super::{CampaignService, validate::aside};
use crate::{
    engine::{
        message::{Content, Facts, Unfit, compose},
        planner::seed,
        workflow::ConnectedChannel,
    },
    errors::{AppError, Result},
    models::{AccountStatus, CampaignId, ConnectedAccount, Lead, LeadId, Tracking, workflow::Workflow},
    repositories::{BaseRepository, OrgMember},
    services::MailLinks,
};

/// What a campaign would write to a lead.
#[derive(Debug)]
pub struct LeadPreview {
    /// To whom.
    pub lead: LeadId,
    /// Each step that writes something, in the order of the workflow.
    pub messages: Vec<PreviewedMessage>,
}

/// What one step would write.
#[derive(Debug)]
pub struct PreviewedMessage {
    /// The step.
    pub node: String,
    /// The words, or why there are none.
    pub content: Result<Content, Unfit>,
    /// Whether a picture is put at the HTML's end.
    pub tracks_opens: bool,
    /// Where those links lead that are led through us.
    pub tracked_links: Vec<String>,
}

impl CampaignService {
    /// What a campaign would write to those of these leads that are there, from the first account that can.
    ///
    /// # Errors
    /// `campaign_incomplete` without a workflow.
    pub async fn preview(&self, member: &OrgMember, id: CampaignId, leads: &[LeadId]) -> Result<Vec<LeadPreview>> {
        let mut conn = self.0.db.read(member).await?;
        let campaign = conn.campaigns().get(id).await?;
        let overview = conn.campaigns().outline(id).await?;
        let accounts = conn.accounts().find_many(&overview.account_ids()).await?;
        let mut found = conn.leads().find_many(leads).await?;
        conn.give_back();
        found.sort_by_key(|lead| leads.iter().position(|id| *id == lead.id));
        let workflow = campaign.workflow.ok_or_else(|| {
            AppError::conflict(
                "campaign_incomplete",
                "The campaign has no workflow yet, so there is nothing to preview.",
            )
        })?;
        let order = overview.account_ids();
        let mut senders: Vec<_> =
            accounts.into_iter().filter(|account| account.status == AccountStatus::Connected).collect();
        senders.sort_by_key(|account| order.iter().position(|id| *id == account.id));
        let (links, tracking) = (self.0.links.clone(), campaign.settings.tracking());
        aside(move || found.iter().map(|lead| preview(&workflow, lead, &senders, (&links, tracking))).collect()).await
    }
}

fn preview(
    workflow: &Workflow,
    lead: &Lead,
    senders: &[ConnectedAccount],
    (links, wanted): (&MailLinks, Tracking),
) -> LeadPreview {
    let messages = workflow.nodes.iter().filter_map(|node| {
        let sender = senders.iter().find(|account| ConnectedChannel::of(account).can(node.node_type()));
        let note_limit = sender.map_or(usize::MAX, |account| ConnectedChannel::of(account).note_limit);
        let content = compose(&node.action, &Facts::of(lead, sender), seed(lead.id, &node.id), note_limit);
        let content = content.transpose()?;
        let html = content.as_ref().ok().and_then(|content| content.html.as_deref());
        // The sandbox sends nothing that could be opened.
        let mailbox = sender.filter(|account| account.mailbox.is_some());
        let seen = mailbox.map(|account| links.seen(wanted, account, html)).unwrap_or_default();
        let tracked_links = match (mailbox, html) {
            (Some(account), Some(html)) if seen.clicks => links.trackable(MailLinks::own_domain(account), html),
            _ => Vec::new(),
        };
        Some(PreviewedMessage { node: node.id.clone(), content, tracks_opens: seen.opens, tracked_links })
    });
    LeadPreview { lead: lead.id, messages: messages.collect() }
}

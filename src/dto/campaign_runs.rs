//! What a campaign would write, and what it has come to, on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    models::{CampaignProgress, LeadId, NodeReads, NodeStatistics, ReadCounts, workflow::NodeType},
    services::campaigns::{LeadPreview, PreviewedMessage},
};

/// Whose messages to preview.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lead_ids": ["01933b6e-8f2a-7c31-9d55-0a4b7c1e2f90"]}))]
pub struct PreviewCampaignRequest {
    /// The leads.
    #[schema(min_items = 1, max_items = 50)]
    pub lead_ids: Vec<LeadId>,
}

/// What a campaign would write.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignPreview)]
pub struct CampaignPreviewDto {
    /// To whom what.
    pub leads: Vec<LeadPreviewDto>,
    /// The ids that are no lead's.
    pub not_found: Vec<LeadId>,
}

/// What a campaign would write to a lead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadPreview)]
pub struct LeadPreviewDto {
    /// The lead.
    pub lead_id: LeadId,
    /// Each step that writes something, in the order of the workflow.
    pub messages: Vec<PreviewedMessageDto>,
}

/// What one step would write, or why it can write nothing to this lead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewedMessage)]
pub struct PreviewedMessageDto {
    /// The step.
    #[schema(example = "mail")]
    pub node_id: String,
    /// The wording that is drawn for this lead, from 0.
    pub variant: Option<u16>,
    /// The subject.
    pub subject: Option<String>,
    /// The words.
    pub text: Option<String>,
    /// The words as HTML. What goes out has besides, below the account's signature, what the next two say, and nothing else.
    pub html: Option<String>,
    /// Whether a picture is put at the HTML's end by whose being fetched it is seen that the mail is opened (`track_opens`).
    pub tracks_opens: bool,
    /// Where those links in the HTML lead that are led through this server, so that it is seen that they are followed (`track_clicks`).
    #[schema(example = json!(["https://example.com/pricing"]))]
    pub tracked_links: Vec<String>,
    /// Why nothing can be written: a code.
    #[schema(example = "missing_variable")]
    pub problem: Option<String>,
    /// The same in words.
    pub problem_detail: Option<String>,
}

impl CampaignPreviewDto {
    /// What would be written to those of `asked` that are there.
    #[must_use]
    pub fn of(asked: &[LeadId], previews: Vec<LeadPreview>) -> Self {
        let missing = |id: &&LeadId| !previews.iter().any(|preview| preview.lead == **id);
        let not_found = asked.iter().filter(missing).copied().collect();
        let one = |LeadPreview { lead, messages }| LeadPreviewDto {
            lead_id: lead,
            messages: messages.into_iter().map(Into::into).collect(),
        };
        Self { leads: previews.into_iter().map(one).collect(), not_found }
    }
}

impl From<PreviewedMessage> for PreviewedMessageDto {
    fn from(message: PreviewedMessage) -> Self {
        let PreviewedMessage { node, content, tracks_opens, tracked_links } = message;
        let (content, unfit) = match content {
            Ok(content) => (Some(content), None),
            Err(unfit) => (None, Some(unfit)),
        };
        let (variant, subject, text, html) = content
            .map_or((None, None, None, None), |content| (content.variant, content.subject, content.text, content.html));
        Self {
            node_id: node,
            variant,
            subject,
            text,
            html,
            tracks_opens,
            tracked_links,
            problem: unfit.as_ref().map(|unfit| unfit.code().to_owned()),
            problem_detail: unfit.map(|unfit| unfit.detail()),
        }
    }
}

/// What a campaign has come to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignStatistics)]
pub struct CampaignStatisticsDto {
    /// Leads by where they stand.
    #[schema(example = json!({"pending": 200, "waiting": 100, "replied": 20}))]
    pub executions: BTreeMap<String, i64>,
    /// Steps that were sent.
    #[schema(example = 340)]
    pub sent: i64,
    /// How often mails were opened, of those that show it.
    pub opens: ReadStatisticsDto,
    /// How often links in mails were followed, of those that show it.
    pub clicks: ReadStatisticsDto,
    /// Each step that reached the outside, in each of its wordings, in the order in which they were first done.
    pub nodes: Vec<NodeStatisticsDto>,
}

/// How mails were opened, or their links followed. Machines are counted apart: filters, and mail programs that fetch everything ahead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadStatistics)]
pub struct ReadStatisticsDto {
    /// Mails that were sent so that it is seen.
    #[schema(example = 120)]
    pub tracked: i64,
    /// Of these, mails with which a person has done it.
    #[schema(example = 48)]
    pub mails: i64,
    /// How often in all.
    #[schema(example = 75)]
    pub times: i64,
    /// Mails with which a machine has done it.
    #[schema(example = 60)]
    pub machine_mails: i64,
    /// How often in all.
    #[schema(example = 90)]
    pub machine_times: i64,
}

impl From<ReadCounts> for ReadStatisticsDto {
    fn from(counts: ReadCounts) -> Self {
        let ReadCounts { tracked, mails, times, machine_mails, machine_times } = counts;
        Self { tracked, mails, times, machine_mails, machine_times }
    }
}

/// What one step has come to, in one of its wordings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodeStatistics)]
pub struct NodeStatisticsDto {
    /// The step.
    #[schema(example = "mail")]
    pub node_id: String,
    /// What it is.
    pub action: NodeType,
    /// The wording of a mail, by its number in the workflow as it was then, from 0; null of what is no mail.
    pub variant: Option<i16>,
    /// Sent.
    pub sent: i64,
    /// On the way out, now or since a crash.
    pub in_flight: i64,
    /// Attempts that were surely not sent.
    pub not_sent: i64,
    /// Refused for good.
    pub failed: i64,
    /// Left out: it could not be done to the lead, and was not.
    pub skipped: i64,
    /// Of which nobody can tell; a person must decide.
    pub needs_review: i64,
    /// Times that a lead answered it, as `lead_replied` tells; of several answers to one message, one counts. Where it is not known which message a
    /// lead answered, it is the last that it was sent on that channel before.
    pub replied: i64,
    /// Mails that came back.
    pub bounced: i64,
    /// Mails after which leads unsubscribed.
    pub unsubscribed: i64,
    /// How often it was opened, if it is a mail.
    pub opens: ReadStatisticsDto,
    /// How often its links were followed, if it is a mail.
    pub clicks: ReadStatisticsDto,
}

impl From<(CampaignProgress, Vec<NodeStatistics>, Vec<NodeReads>)> for CampaignStatisticsDto {
    fn from((progress, nodes, reads): (CampaignProgress, Vec<NodeStatistics>, Vec<NodeReads>)) -> Self {
        let read = |node: &NodeStatistics| {
            let is = |reads: &&NodeReads| reads.node_id == node.node_id && reads.variant == node.variant;
            reads.iter().find(is).map(|reads| (reads.opens, reads.clicks)).unwrap_or_default()
        };
        let (opens, clicks) =
            reads.iter().fold(Default::default(), |(opens, clicks), more| (opens + more.opens, clicks + more.clicks));
        let CampaignProgress { by_status, sent, next_send_at: _ } = progress;
        Self {
            executions: by_status.into_iter().map(|(status, count)| (status.as_str().to_owned(), count)).collect(),
            sent,
            opens: ReadCounts::into(opens),
            clicks: ReadCounts::into(clicks),
            nodes: nodes.into_iter().map(|node| (read(&node), node).into()).collect(),
        }
    }
}

impl From<((ReadCounts, ReadCounts), NodeStatistics)> for NodeStatisticsDto {
    fn from(((opens, clicks), node): ((ReadCounts, ReadCounts), NodeStatistics)) -> Self {
        let NodeStatistics {
            node_id,
            action,
            variant,
            sent,
            in_flight,
            not_sent,
            failed,
            skipped,
            needs_review,
            replied,
            bounced,
            unsubscribed,
        } = node;
        Self {
            node_id,
            action,
            variant,
            sent,
            in_flight,
            not_sent,
            failed,
            skipped,
            needs_review,
            replied,
            bounced,
            unsubscribed,
            opens: opens.into(),
            clicks: clicks.into(),
        }
    }
}

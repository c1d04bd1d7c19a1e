//! What was sent from mailboxes, as answers and bounces name it.

use chrono::{DateTime, Utc};

use super::{AccountId, CampaignId, ExecutionId, LeadId, OrganizationId, StepId};

/// A mail of a campaign's step that may have left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMail {
    pub organization_id: OrganizationId,
    /// Its Message-ID, without the angle brackets. The same for every attempt of a step.
    pub message_id: String,
    /// The last attempt.
    pub step_id: StepId,
    pub execution_id: ExecutionId,
    pub campaign_id: CampaignId,
    pub lead_id: LeadId,
    pub account_id: AccountId,
    pub node_id: String,
    /// The address that it was sent to.
    pub recipient: String,
    pub subject: String,
    /// The Message-IDs that its References header names, the oldest first.
    pub refs: Vec<String>,
    pub begun_at: DateTime<Utc>,
    /// Whether a picture at its end shows that it is opened.
    pub tracks_opens: bool,
    /// Whether its links lead through us.
    pub tracks_clicks: bool,
    /// The domain of the mailbox's own that its links lead through; none is this server's address.
    pub link_domain: Option<String>,
    /// When a copy was put into the mailbox's Sent folder by us.
    pub copied_at: Option<DateTime<Utc>>,
}

//! What was sent from mailboxes, as answers and bounces name it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::{AccountId, CampaignId, ConnectedAccount, ExecutionId, LeadId, OrganizationId, StepId};

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
    /// How it looked, as long as a copy of it is to be made by us.
    pub look: Option<Json<MailLook>>,
}

/// What a mail had of its account and its recipient beside its text, as it was sent: either may be called otherwise by the time that it is copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailLook {
    /// The name that it came from.
    pub from_name: String,
    /// The address that it came from.
    pub from: String,
    /// The name that it went to, if one was known.
    pub to_name: Option<String>,
    /// The address that it went to.
    pub to: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// What stands under it.
    pub signature: Option<String>,
}

impl MailLook {
    /// How a mail of the account's to somebody looks just now.
    #[must_use]
    pub fn of(account: &ConnectedAccount, (to_name, to): (Option<&str>, &str)) -> Self {
        let mailbox = account.mailbox.as_deref();
        Self {
            from_name: account.display_name.clone(),
            from: account.email.clone().unwrap_or_default(),
            to_name: to_name.map(str::to_owned),
            to: to.to_owned(),
            reply_to: mailbox.and_then(|mailbox| mailbox.reply_to.clone()),
            signature: mailbox.and_then(|mailbox| mailbox.signature.clone()),
        }
    }
}

//! What is known of leads on LinkedIn, and what may have been done there.

use chrono::{DateTime, Utc};

use super::{AccountId, ExecutionId, LeadId, StepId, workflow::NodeType};

/// Who a lead is on LinkedIn, as one account sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedinPerson {
    /// The account that sees it so.
    pub account_id: AccountId,
    /// The lead's profile, as the lead has it.
    pub linkedin_url: String,
    /// What was paid for the account when it was asked: another tier may know people by other ids.
    pub tier: String,
    /// LinkedIn's own id of the person, which stays when the profile's address changes.
    pub provider_id: String,
    /// The last part of the profile's address, as LinkedIn last said it.
    pub public_identifier: Option<String>,
    /// When it was asked.
    pub seen_at: DateTime<Utc>,
}

/// Whether a lead has accepted an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptanceOutcome {
    /// Whether it has.
    pub accepted: bool,
    /// Why it counts as one who has not, if it is not known.
    pub reason: Option<String>,
    /// When that was found out.
    pub at: DateTime<Utc>,
}

/// Something that may have been done on LinkedIn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedinAct {
    /// The attempt.
    pub step_id: StepId,
    pub execution_id: ExecutionId,
    pub lead_id: LeadId,
    pub account_id: AccountId,
    pub node_id: String,
    pub action: NodeType,
    /// LinkedIn's own id of the lead.
    pub person: String,
    /// What it was done to: the person, or the post's id for reactions and comments.
    pub target: String,
    /// The chat that a message went into, if it was known.
    pub chat_id: Option<String>,
    /// Whether it is an invitation whose note is one of the few that its account has.
    pub noted: bool,
    /// When it may have left.
    pub begun_at: DateTime<Utc>,
    /// Under which id of Unipile's, if that is known.
    pub unipile_account: Option<String>,
}

//! Trying a campaign's mail out, on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    models::{AccountId, LeadId},
    services::campaign_runs::{NewTrial, TrialOutcome},
};

/// A step to be tried out.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"node_id": "mail", "lead_id": "0195f7a8-4c1e-7b30-8d52-9e60a1b2c3d4"}))]
pub struct TestSendRequest {
    /// The step, which must be a mail.
    #[schema(min_length = 1, max_length = 64, example = "mail")]
    pub node_id: String,
    /// The lead whose data it is written with. Nothing is sent to it.
    pub lead_id: LeadId,
    /// Which of the campaign's mailboxes sends it; the first that is connected unless said otherwise.
    pub account_id: Option<AccountId>,
}

impl From<TestSendRequest> for NewTrial {
    fn from(request: TestSendRequest) -> Self {
        let TestSendRequest { node_id, lead_id, account_id } = request;
        Self { node: node_id, lead: lead_id, account: account_id }
    }
}

/// What became of a mail that was tried out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignTestSend)]
pub struct TestSendDto {
    /// The step.
    #[schema(example = "mail")]
    pub node_id: String,
    /// The lead whose data it was written with.
    pub lead_id: LeadId,
    /// The mailbox that it was sent from, and is charged to unless it was surely not sent.
    pub account_id: AccountId,
    /// The caller's own address.
    #[schema(example = "alexandra@sender.example")]
    pub to: String,
    /// Its subject, marked as a test.
    #[schema(example = "[Test] An idea for Northwind")]
    pub subject: String,
    /// `sent`, `not_sent`, or `unknown` if the server did not say.
    #[schema(example = "sent")]
    pub outcome: &'static str,
    /// Why it was not sent.
    pub reason: Option<&'static str>,
}

impl TestSendDto {
    /// What became of a mail that was written with this lead's data.
    #[must_use]
    pub fn of(lead: LeadId, trial: TrialOutcome) -> Self {
        let TrialOutcome { node, account, recipient, subject, outcome, reason } = trial;
        Self { node_id: node, lead_id: lead, account_id: account, to: recipient, subject, outcome, reason }
    }
}

//! The attempts of steps that reach the outside, and where they leave a lead.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{AccountId, CampaignId, ExecutionId, ExecutionStatus, LeadId, OrganizationId, StepId, workflow::NodeType};
use crate::text_enum;

text_enum! {
    /// Where an attempt stands: `sending → sent | not_sent | failed | needs_review | skipped`.
    StepState {
        /// It may be on the wire, now or since a crash; until that is cleared up nothing is sent again.
        Sending = "sending",
        /// The provider has it.
        Sent = "sent",
        /// The provider surely does not have it, or a webhook did not say that it has it; another attempt may follow.
        NotSent = "not_sent",
        /// The provider refused it for good.
        Failed = "failed",
        /// Nobody can tell whether the provider has it; a person must decide.
        NeedsReview = "needs_review",
        /// It cannot be done to this lead, and was not; the lead goes on.
        Skipped = "skipped",
    }
}

/// One attempt of one step.
#[derive(Debug, Clone)]
pub struct ExecutionStep {
    pub id: StepId,
    pub organization_id: OrganizationId,
    pub campaign_id: CampaignId,
    pub execution_id: ExecutionId,
    pub lead_id: LeadId,
    /// Who does it; nobody if it is a webhook.
    pub account_id: Option<AccountId>,
    pub node_id: String,
    pub action: NodeType,
    pub attempt: i32,
    pub state: StepState,
    /// Who may write its result: a new one with each who takes it over.
    pub token: Uuid,
    /// Until when its result is awaited.
    pub deadline: DateTime<Utc>,
    pub content: Option<Json<Value>>,
    pub variant: Option<i16>,
    /// The ledger's row that was charged.
    pub charged_day: NaiveDate,
    pub charged_hour: i16,
    pub provider_id: Option<String>,
    pub reason: Option<String>,
    pub sending_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub struct StepEnd {
    pub id: StepId,
    pub state: StepState,
    pub provider_id: Option<String>,
    pub reason: Option<String>,
}

/// A lead on its way, as the engine sees it.
#[derive(Debug, Clone)]
pub struct Walk {
    pub id: ExecutionId,
    pub lead_id: LeadId,
    pub status: ExecutionStatus,
    pub node_id: Option<String>,
    /// What the step at hand is, if an account is to do it.
    pub action: Option<NodeType>,
    pub next_run_at: Option<DateTime<Utc>>,
    pub awaiting: Option<Awaiting>,
    pub hold: Option<String>,
    pub account_id: Option<AccountId>,
    pub linkedin_account_id: Option<AccountId>,
    pub email_account_id: Option<AccountId>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What a lead's next event is, when it is not the next instant.
    Awaiting {
        /// That the lead accepts the invitation.
        Acceptance = "acceptance",
    }
}

/// Where a lead stands from now on.
#[derive(Debug, Clone)]
pub struct Stand {
    pub id: ExecutionId,
    pub status: ExecutionStatus,
    pub status_reason: Option<String>,
    pub node_id: Option<String>,
    /// What the step at hand is, if an account does it.
    pub action: Option<NodeType>,
    pub next_run_at: Option<DateTime<Utc>>,
    /// The earliest instant that the workflow allows the step.
    pub ready_at: Option<DateTime<Utc>>,
    pub account_id: Option<AccountId>,
    pub linkedin_account_id: Option<AccountId>,
    pub email_account_id: Option<AccountId>,
    pub awaiting: Option<Awaiting>,
    pub hold: Option<String>,
    pub moves: Vec<Move>,
    /// Steps that were sent on the way here.
    pub sent: i32,
}

impl Stand {
    /// Where `walk` stands already.
    #[must_use]
    pub fn of(walk: &Walk) -> Self {
        Self {
            id: walk.id,
            status: walk.status,
            status_reason: None,
            node_id: walk.node_id.clone(),
            action: None,
            next_run_at: None,
            ready_at: None,
            account_id: None,
            linkedin_account_id: walk.linkedin_account_id,
            email_account_id: walk.email_account_id,
            awaiting: None,
            hold: None,
            moves: Vec::new(),
            sent: 0,
        }
    }

    /// It is over, and why.
    #[must_use]
    pub fn ended(walk: &Walk, status: ExecutionStatus, reason: Option<&str>) -> Self {
        Self { status, status_reason: reason.map(str::to_owned), ..Self::of(walk) }
    }

    /// It waits for a person, or for a change.
    #[must_use]
    pub fn held(walk: &Walk, code: &str, reason: String) -> Self {
        Self {
            status: ExecutionStatus::Waiting,
            status_reason: Some(reason),
            hold: Some(code.to_owned()),
            account_id: walk.account_id,
            ..Self::of(walk)
        }
    }
}

/// A rule that moved an instant, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanMove)]
pub struct Move {
    /// The rule.
    pub rule: Rule,
    /// The earliest instant that it left.
    pub until: DateTime<Utc>,
}

text_enum! {
    /// What decides when a step is done.
    Rule {
        /// The campaign does not start before.
        StartAt = "start_at",
        /// The campaign is over by then.
        EndAt = "end_at",
        /// The campaign's working hours.
        WorkingHours = "working_hours",
        /// The account's sending window.
        AccountHours = "account_hours",
        /// The account has done as much as it may in that hour.
        HourLimit = "hour_limit",
        /// The account has done as much as it may on that day.
        DayLimit = "day_limit",
        /// The account has done as much as it may in those seven days.
        WeekLimit = "week_limit",
        /// The account is new and does not do as much yet.
        RampUp = "ramp_up",
        /// The organization has sent as many messages as it may on that day.
        OrganizationLimit = "organization_limit",
        /// The campaign has sent as many messages as it may on that day.
        CampaignLimit = "campaign_limit",
        /// As many mails as may be sent to that domain on that day.
        DomainLimit = "domain_limit",
        /// As many mails as the mailbox may send to that domain on that day.
        MailboxDomainLimit = "mailbox_domain_limit",
        /// As many messages as may be sent to that company on that day.
        CompanyLimit = "company_limit",
        /// Another act of the account stands there already.
        Spacing = "spacing",
        /// As many leads as may have begun on that day.
        NewLeadsPerDay = "new_leads_per_day",
        /// The campaign was changed, and what waits in it planned anew.
        CampaignChanged = "campaign_changed",
        /// It was due long ago, and is not done in a rush.
        Late = "late",
        /// Who has answered is not known: the mailbox has not been read for some minutes, or what the lead has written is taken in when another step is over.
        MailboxUnread = "mailbox_unread",
        /// Who has answered is not known: the messages of the LinkedIn account have not been read for half an hour.
        LinkedinUnread = "linkedin_unread",
        /// Who has accepted is not known: the connections of the LinkedIn account have not been read since the wait was over.
        ConnectionsUnread = "connections_unread",
        /// The account must rest.
        AccountRests = "account_rests",
        /// The attempt before it failed for the time being.
        TriedAgain = "tried_again",
        /// No account can do it.
        NoAccount = "no_account",
        /// There is no such instant within two years.
        TooFar = "too_far",
    }
}

/// A reservation of an account.
#[derive(Debug, Clone, Copy)]
pub struct Reservation {
    pub account_id: AccountId,
    pub action: NodeType,
    pub at: DateTime<Utc>,
}

/// A line of the ledger: how often an account did something in an hour, by the clock of its own zone.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Usage {
    pub account_id: AccountId,
    pub action: NodeType,
    pub day: NaiveDate,
    pub hour: i16,
    pub used: i32,
}

/// What one step of a campaign has come to, in one of its wordings.
#[derive(Debug, Clone)]
pub struct NodeStatistics {
    pub node_id: String,
    pub action: NodeType,
    pub variant: Option<i16>,
    pub sent: i64,
    pub in_flight: i64,
    pub not_sent: i64,
    pub failed: i64,
    pub skipped: i64,
    pub needs_review: i64,
    pub replied: i64,
    pub bounced: i64,
    pub unsubscribed: i64,
}

/// How many of a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many there are in all.
    pub sample: i64,
    /// Of how many it is true.
    pub count: i64,
}

/// How often an account has done something lately, by the clock of its own zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActionUsage {
    pub in_hour: i64,
    pub in_day: i64,
    pub in_week: i64,
}

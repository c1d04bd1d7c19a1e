//! Leads' ways through campaigns on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::connected_accounts::AccountRefDto;
use crate::{
    models::{
        AcceptanceOutcome, AccountId, Awaiting, CampaignExecution, CampaignId, ExecutionId, ExecutionStatus,
        ExecutionStep, LeadId, Move, StepId, StepState, workflow::NodeType,
    },
    services::{campaign_executions::ExecutionView, campaign_runs::PendingWait},
};

/// Which of a campaign's executions are wanted.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExecutionFilter {
    /// Those in this state.
    #[param(inline)]
    pub status: Option<ExecutionStatus>,
    /// Those that are held for this reason, such as `node_gone` or `needs_review`.
    #[param(min_length = 1, max_length = 100, example = "node_gone")]
    pub hold: Option<String>,
}

/// One lead's way through one campaign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignExecution)]
pub struct ExecutionDto {
    /// The execution's id.
    pub id: ExecutionId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The lead.
    pub lead: ExecutionLeadDto,
    /// The account that sends; null until one is chosen.
    pub account: Option<AccountRefDto>,
    /// Where the lead stands.
    pub status: ExecutionStatus,
    /// Why it stands there.
    pub status_reason: Option<String>,
    /// What is next.
    #[serde(flatten)]
    pub next: ExecutionNextDto,
    /// When the lead began.
    pub begun_at: Option<DateTime<Utc>>,
    /// Steps sent so far.
    #[schema(example = 2)]
    pub sent_count: i32,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// When the lead was enrolled.
    pub created_at: DateTime<Utc>,
    /// When it last went on.
    pub updated_at: DateTime<Utc>,
}

/// What is next on a lead's way, when, and why then.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignExecutionNext)]
pub struct ExecutionNextDto {
    /// The step that the lead stands at.
    #[schema(example = "invite")]
    pub node_id: Option<String>,
    /// What that step is, if an account does it.
    pub action: Option<NodeType>,
    /// When it goes on. A promised instant moves only if a rule forces it.
    pub next_run_at: Option<DateTime<Utc>>,
    /// What it waits for rather than for an instant: `acceptance` of the invitation at `node_id`, until `next_run_at` at the most.
    pub awaiting: Option<Awaiting>,
    /// Why it waits for a person or for a change, and for no instant: a code; `status_reason` says it in words.
    #[schema(example = "missing_variable")]
    pub hold: Option<String>,
    /// The rules that moved `next_run_at`, and where each led to.
    pub moves: Vec<Move>,
}

/// The lead of an execution.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignExecutionLead)]
pub struct ExecutionLeadDto {
    /// The lead's id.
    pub id: LeadId,
    /// Its name, or else its e-mail address, profile or external id.
    #[schema(example = "Maximilian Oberhauser")]
    pub name: String,
}

impl From<CampaignExecution> for ExecutionDto {
    fn from(execution: CampaignExecution) -> Self {
        let CampaignExecution {
            id,
            organization_id: _,
            campaign_id,
            lead_id,
            account_id: _,
            status,
            status_reason,
            node_id,
            action,
            next_run_at,
            awaiting,
            hold,
            moves,
            begun_at,
            sent_count,
            version,
            created_at,
            updated_at,
            lead_name,
            account,
        } = execution;
        Self {
            id,
            campaign_id,
            lead: ExecutionLeadDto { id: lead_id, name: lead_name },
            account: account.map(|account| account.0.into()),
            status,
            status_reason,
            next: ExecutionNextDto { node_id, action, next_run_at, awaiting, hold, moves: moves.0 },
            begun_at,
            sent_count,
            version,
            created_at,
            updated_at,
        }
    }
}

/// One lead's way through one campaign, with every attempt of every step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignExecutionDetail)]
pub struct ExecutionDetailDto {
    /// Where the lead stands.
    #[serde(flatten)]
    pub execution: ExecutionDto,
    /// Every attempt of every step that reached the outside, the oldest first.
    pub steps: Vec<ExecutionStepDto>,
    /// What keeps a lead that is `pending` from beginning, as of this moment; null of every other.
    pub waits: Option<PendingWaitDto>,
    /// What became of the invitation, once that is known or awaited no longer; null before, and if none was sent.
    pub acceptance: Option<AcceptanceDto>,
}

/// Whether a lead has accepted an invitation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Acceptance)]
pub struct AcceptanceDto {
    /// Whether it has, as far as is known.
    #[schema(example = false)]
    pub accepted: bool,
    /// Why nobody knows whether it has, if it only counts as one who has not: `account_gone` or `connections_unreadable`.
    #[schema(example = "connections_unreadable")]
    pub reason: Option<String>,
    /// The same in words.
    pub detail: Option<&'static str>,
    /// Since when it counts as that.
    pub at: DateTime<Utc>,
}

impl From<AcceptanceOutcome> for AcceptanceDto {
    fn from(outcome: AcceptanceOutcome) -> Self {
        let AcceptanceOutcome { accepted, reason, at } = outcome;
        let detail = match reason.as_deref() {
            Some("account_gone") => {
                Some("The account is not at Unipile any more, so that nobody can know whether the lead has accepted.")
            }
            Some("connections_unreadable") => Some(
                "Unipile had not shown the account's connections for three days, so that nobody knew whether the lead had accepted. If it has, that \
                 is dealt with once they can be read, as the campaign's `late_acceptance` says.",
            ),
            _ => None,
        };
        Self { accepted, reason, detail, at }
    }
}

/// What keeps a lead from beginning.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PendingWait)]
pub struct PendingWaitDto {
    /// The rule: one that also moves steps, such as `new_leads_per_day`, `working_hours`, `day_limit` or `no_account`; or
    /// `campaign_paused`, `campaign_replanning`, `next_beginning`; or why the lead will be left out, such as `contacted_lately`.
    #[schema(example = "new_leads_per_day")]
    pub rule: &'static str,
    /// The earliest instant at which its first step may be done; later if other leads come before it. Null if no time frees it.
    pub not_before: Option<DateTime<Utc>>,
    /// The rules that move `not_before`, once the lead begins.
    pub moves: Vec<Move>,
    /// What would free it, in words.
    #[schema(example = "Wait for the campaign's next day, or raise `new_leads_per_day`.")]
    pub freed_by: &'static str,
}

impl From<PendingWait> for PendingWaitDto {
    fn from(wait: PendingWait) -> Self {
        let freed_by = wait.freed_by();
        let PendingWait { rule, not_before, moves } = wait;
        Self { rule, not_before, moves, freed_by }
    }
}

impl From<ExecutionView> for ExecutionDetailDto {
    fn from(view: ExecutionView) -> Self {
        let ExecutionView { execution, steps, waits, acceptance } = view;
        let steps = steps.into_iter().map(Into::into).collect();
        Self {
            execution: execution.into(),
            steps,
            waits: waits.map(Into::into),
            acceptance: acceptance.map(Into::into),
        }
    }
}

/// One attempt of one step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExecutionStep)]
pub struct ExecutionStepDto {
    /// The attempt's id.
    pub id: StepId,
    /// The step.
    #[schema(example = "invite")]
    pub node_id: String,
    /// What it is.
    pub action: NodeType,
    /// Who did it; null of a webhook, and of an account that is deleted.
    pub account_id: Option<AccountId>,
    /// Which attempt it is, from 1.
    #[schema(example = 1)]
    pub attempt: i32,
    /// How it stands.
    pub state: StepState,
    /// Why, if it was not sent.
    pub reason: Option<String>,
    /// The wording that was drawn, from 0.
    pub variant: Option<i16>,
    /// What was written: `subject`, `text`, `html`.
    #[schema(value_type = Option<Object>)]
    pub content: Option<serde_json::Value>,
    /// The provider's name of it.
    pub provider_id: Option<String>,
    /// When it began.
    pub sending_at: DateTime<Utc>,
    /// When it was known how it ended.
    pub settled_at: Option<DateTime<Utc>>,
}

impl From<ExecutionStep> for ExecutionStepDto {
    fn from(step: ExecutionStep) -> Self {
        let ExecutionStep {
            id,
            organization_id: _,
            campaign_id: _,
            execution_id: _,
            lead_id: _,
            account_id,
            node_id,
            action,
            attempt,
            state,
            token: _,
            deadline: _,
            content,
            variant,
            charged_day: _,
            charged_hour: _,
            provider_id,
            reason,
            sending_at,
            settled_at,
        } = step;
        let content = content.map(|content| content.0);
        Self {
            id,
            node_id,
            action,
            account_id,
            attempt,
            state,
            reason,
            variant,
            content,
            provider_id,
            sending_at,
            settled_at,
        }
    }
}

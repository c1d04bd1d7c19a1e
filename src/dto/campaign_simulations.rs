//! The calendar of a campaign before it happens, on the wire.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    engine::{
        message::Unfit,
        simulate::{Hold, SimulatedAction, SimulatedHold},
    },
    models::{AccountId, LeadId, Move, Rule, workflow::NodeType},
    services::campaigns::{CampaignSimulation, SimulationRequest},
};

/// What to imagine.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"days": 56, "accepted_after_hours": 24, "limit": 100}))]
pub struct SimulateCampaignRequest {
    /// How many days are looked ahead; 56 unless said otherwise.
    #[schema(minimum = 1, maximum = 730, default = 56)]
    pub days: Option<i64>,
    /// Every invitation is accepted so many hours after it was sent; absent: none is.
    #[schema(minimum = 0, maximum = 8_760)]
    pub accepted_after_hours: Option<i64>,
    /// How many acts are listed, the first ones; 1,000 unless said otherwise. The sums and the hash are over all.
    #[schema(minimum = 0, maximum = 100_000, default = 1_000)]
    pub limit: Option<i64>,
}

impl SimulateCampaignRequest {
    /// How many acts are listed, and what is imagined.
    #[must_use]
    pub fn read(self) -> (usize, SimulationRequest) {
        let Self { days, accepted_after_hours, limit } = self;
        let request = SimulationRequest {
            accepted_after: accepted_after_hours.map(TimeDelta::hours),
            horizon: TimeDelta::days(days.unwrap_or(56)),
        };
        (usize::try_from(limit.unwrap_or(1_000)).unwrap_or(0), request)
    }
}

/// The calendar of a campaign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignSimulation)]
pub struct CampaignSimulationDto {
    /// The SHA-256 of all acts in order, in hex: as long as it stays the same, so does the plan.
    pub hash: String,
    /// How many leads were imagined.
    #[schema(example = 320)]
    pub leads: usize,
    /// Whether the campaign has more leads than are imagined.
    pub more_leads: bool,
    /// Leads that would be left out, by the reason.
    #[schema(example = json!({"suppressed": 2}))]
    pub left_out: BTreeMap<String, u64>,
    /// How many acts there are in all.
    #[schema(example = 640)]
    pub actions_total: usize,
    /// When the first one is.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last one is.
    pub last_at: Option<DateTime<Utc>>,
    /// How the leads' ways would end.
    pub ends: SimulatedEndsDto,
    /// Leads that would not begin within that time, by what has no room for them.
    #[schema(example = json!({"day_limit": 12}))]
    pub never_begun: BTreeMap<String, u64>,
    /// The first acts, in order.
    pub actions: Vec<SimulatedActionDto>,
    /// The first steps, in order, that would be held at their instants and not be done; as many as acts are listed. `ends.held` counts all.
    pub held: Vec<SimulatedHoldDto>,
}

/// How leads' ways would end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulatedEnds)]
pub struct SimulatedEndsDto {
    /// At the end of the workflow.
    pub completed: u64,
    /// On their way when the simulation ended.
    pub under_way: u64,
    /// Before a step that could never be done, by what forbids it.
    pub never: BTreeMap<String, u64>,
    /// Before a step that waits for a person or for a change, by why: `account_unavailable`, `missing_variable`, `too_long`, `empty_message`. Which
    /// leads these are is in `held`.
    #[schema(example = json!({"account_unavailable": 3, "missing_variable": 1}))]
    pub held: BTreeMap<String, u64>,
    /// How many steps were passed over because they could not reach the lead.
    pub steps_skipped: u64,
}

/// One act.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulatedAction)]
pub struct SimulatedActionDto {
    /// For whom.
    pub lead_id: LeadId,
    /// The step.
    #[schema(example = "invite")]
    pub node_id: String,
    /// What it is.
    pub action: NodeType,
    /// By whom.
    pub account_id: Option<AccountId>,
    /// When.
    pub at: DateTime<Utc>,
    /// The rules that moved it there.
    pub moves: Vec<Move>,
}

/// A step that would be held, and which the lead would not go beyond.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SimulatedHold)]
pub struct SimulatedHoldDto {
    /// Whose.
    pub lead_id: LeadId,
    /// The step.
    #[schema(example = "mail")]
    pub node_id: String,
    /// By whom it would have been done.
    pub account_id: Option<AccountId>,
    /// When it would have been done.
    pub at: DateTime<Utc>,
    /// Why it would be held: the code that the lead's way would tell as its `hold`.
    #[schema(example = "missing_variable")]
    pub hold: &'static str,
    /// What the lead lacks, if it is that.
    #[schema(example = "custom_fields.seniority")]
    pub variable: Option<String>,
    /// The same in words, as the lead's way would tell it in `status_reason`.
    pub detail: String,
}

impl CampaignSimulationDto {
    /// What was imagined, with the first `most` acts.
    #[must_use]
    pub fn of(imagined: CampaignSimulation, most: usize) -> Self {
        let CampaignSimulation { simulation, leads, more_leads, left_out } = imagined;
        let mut never_begun = BTreeMap::new();
        for (_, rule) in &simulation.never_begun {
            *never_begun.entry(rule.as_str().to_owned()).or_default() += 1;
        }
        let by_rule = |(rule, count): (Rule, u64)| (rule.as_str().to_owned(), count);
        Self {
            hash: simulation.hash,
            leads,
            more_leads,
            left_out: left_out.into_iter().map(|(why, count)| (why.to_owned(), count)).collect(),
            actions_total: simulation.actions.len(),
            first_at: simulation.first_at,
            last_at: simulation.last_at,
            ends: SimulatedEndsDto {
                completed: simulation.ends.completed,
                under_way: simulation.ends.under_way,
                never: simulation.ends.never.into_iter().map(by_rule).collect(),
                held: simulation.ends.held.into_iter().map(|(why, count)| (why.to_owned(), count)).collect(),
                steps_skipped: simulation.ends.skipped,
            },
            never_begun,
            actions: simulation.actions.into_iter().take(most).map(Into::into).collect(),
            held: simulation.held.into_iter().take(most).map(Into::into).collect(),
        }
    }
}

impl From<SimulatedAction> for SimulatedActionDto {
    fn from(act: SimulatedAction) -> Self {
        let SimulatedAction { lead, node, action, account, at, moves } = act;
        Self { lead_id: lead, node_id: node, action, account_id: account, at, moves }
    }
}

impl From<SimulatedHold> for SimulatedHoldDto {
    fn from(held: SimulatedHold) -> Self {
        let SimulatedHold { lead, node, account, at, why } = held;
        let (hold, detail) = (why.code(), why.detail());
        let variable = match why {
            Hold::Unfit(Unfit::MissingVariable { path }) => Some(path),
            Hold::Unfit(_) | Hold::AccountUnavailable => None,
        };
        Self { lead_id: lead, node_id: node, account_id: account, at, hold, variable, detail }
    }
}

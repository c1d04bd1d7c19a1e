//! The ways between the nodes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A way from one node to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WorkflowEdge, example = json!({"source": "invite", "target": "chat", "condition": "accepted", "delay": {"value": 2, "unit": "hours"}}))]
pub struct Edge {
    /// The id of the node it leaves.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$", example = "invite")]
    pub source: String,
    /// The id of the node it leads to.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$", example = "chat")]
    pub target: String,
    /// When it is taken: `accepted` or `not_accepted` after a connection request, `true` or `false` after a condition, none elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<EdgeCondition>,
    /// How long to wait before the next node; none is no wait. On `not_accepted` it is how long acceptance is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
}

/// When an edge is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WorkflowEdgeCondition)]
pub enum EdgeCondition {
    /// The connection request was accepted.
    Accepted,
    /// The connection request was not accepted within the edge's delay.
    NotAccepted,
    /// The condition holds for the lead.
    True,
    /// The condition does not hold for the lead.
    False,
}

impl EdgeCondition {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NotAccepted => "not_accepted",
            Self::True => "true",
            Self::False => "false",
        }
    }
}

/// A span of time, at most 365 days. A day is 24 hours; working windows move the step further if need be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WorkflowDelay, example = json!({"value": 2, "unit": "days"}))]
pub struct Delay {
    /// How many of the unit.
    #[schema(minimum = 0, maximum = 525_600)]
    pub value: i64,
    /// What is counted.
    pub unit: DelayUnit,
}

impl Delay {
    /// The span in minutes; a value beyond all bounds stays beyond them.
    #[must_use]
    pub fn minutes(self) -> i64 {
        self.value.saturating_mul(match self.unit {
            DelayUnit::Minutes => 1,
            DelayUnit::Hours => 60,
            DelayUnit::Days => 24 * 60,
        })
    }
}

/// What a delay counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WorkflowDelayUnit)]
pub enum DelayUnit {
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days of 24 hours.
    Days,
}

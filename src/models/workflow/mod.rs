//! What a campaign does and when: documents, the same on the wire and in `jsonb`, unlike every other model.
//!
//! A draft may be incomplete, so nearly every field may be missing; `engine::workflow::validate` names what a campaign still needs before
//! it can start. The schemas here bound what may be stored at all.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod config;
mod edge;
mod node;
mod node_schema;
mod schedule;
#[cfg(test)]
mod tests;

pub use config::{
    CommentPostConfig, ConditionConfig, ConnectionRequestConfig, EmailVariant, FollowupConfig, InmailConfig,
    LikePostConfig, Operator, Scalar, SendEmailConfig, WebhookConfig,
};
pub use edge::{Delay, DelayUnit, Edge, EdgeCondition};
pub use node::{Action, Node, NodeType};
pub(in crate::models) use schedule::minute_of_day;
pub use schedule::{Schedule, StopOn, Weekday};

/// The most nodes of one workflow.
pub const MAX_NODES: usize = 100;
/// The most edges of one workflow.
pub const MAX_EDGES: usize = 200;
/// The most characters of a node's id.
pub const MAX_ID: usize = 64;
/// The most characters of a message or a mail's plain text, as written.
pub const MAX_TEXT: usize = 10_000;
/// The most characters of a mail's HTML, as written.
pub const MAX_HTML: usize = 100_000;
/// The most characters of a subject, as written.
pub const MAX_SUBJECT: usize = 1_000;
/// The most variants of one mail.
pub const MAX_VARIANTS: usize = 10;
/// The longest delay, in days.
pub const MAX_DELAY_DAYS: i64 = 365;
/// The longest delay, in minutes: the largest number that a delay's value can be.
pub const MAX_DELAY_MINUTES: i64 = MAX_DELAY_DAYS * 24 * 60;

/// The steps of a campaign and the ways between them: a directed graph without cycles that starts at one node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "nodes": [
        {"id": "visit", "type": "profile_visit", "position": {"x": 0, "y": 0}},
        {"id": "invite", "type": "send_connection_request", "config": {"message": "Hi {{ first_name | default('there') }}"}},
        {"id": "chat", "type": "send_followup", "config": {"message": "Thanks for connecting, {{ first_name }}!"}},
        {"id": "take_back", "type": "withdraw_request"}
    ],
    "edges": [
        {"source": "visit", "target": "invite", "delay": {"value": 1, "unit": "days"}},
        {"source": "invite", "target": "chat", "condition": "accepted", "delay": {"value": 2, "unit": "hours"}},
        {"source": "invite", "target": "take_back", "condition": "not_accepted", "delay": {"value": 21, "unit": "days"}}
    ]
}))]
pub struct Workflow {
    /// The steps, in any order; the one that no edge leads to is the first.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub nodes: Vec<Node>,
    /// The ways between the steps.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub edges: Vec<Edge>,
}

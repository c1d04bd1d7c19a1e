//! Webhooks that others send us, on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::models::clerk_sync::EventOutcome;

/// An event of Clerk's, as far as we look at it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "type": "user.deleted",
    "object": "event",
    "data": {"id": "user_2abcDEF", "object": "user", "deleted": true},
    "timestamp": 1_795_348_800_000_i64,
    "instance_id": "ins_2abcDEF"
}))]
pub struct ClerkWebhook {
    /// What happened. `user.*`, `organization.*` and `organizationMembership.*` are acted on, others only acknowledged.
    pub r#type: String,
    /// What it happened to.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
    /// When it happened, in milliseconds since 1970.
    pub timestamp: Option<i64>,
}

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookReceipt)]
pub struct WebhookReceiptDto {
    /// `applied`, `stale` (it told nothing new), `ignored` (of a type that does not concern us) or `duplicate`.
    #[schema(example = "applied")]
    pub outcome: &'static str,
}

impl From<EventOutcome> for WebhookReceiptDto {
    fn from(outcome: EventOutcome) -> Self {
        let outcome = match outcome {
            EventOutcome::Applied => "applied",
            EventOutcome::Stale => "stale",
            EventOutcome::Ignored => "ignored",
            EventOutcome::Duplicate => "duplicate",
        };
        Self { outcome }
    }
}

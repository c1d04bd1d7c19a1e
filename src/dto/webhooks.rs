//! Webhooks that others send us, on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{models::clerk_sync::EventOutcome, services::unipile::HintOutcome};

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

/// What Unipile tells of, as far as we look at it; everything else is acknowledged and ignored.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "a schema: what comes is read as it is, since any of it may be missing")]
#[schema(example = json!({
    "event": "new_relation", "account_id": "kTz1p0Wm", "account_type": "LINKEDIN", "webhook_name": "clento-users",
    "user_full_name": "Jane Doe", "user_provider_id": "ACoAAB1c2d3", "user_public_identifier": "jane-doe",
    "user_profile_url": "https://www.linkedin.com/in/jane-doe/", "user_picture_url": null
}))]
pub struct UnipileWebhook {
    /// What happened: `new_relation` or `message_received`.
    event: Option<String>,
    /// Unipile's id of the account that it happened to.
    account_id: Option<String>,
    /// Instead of both: how an account is has changed.
    #[schema(rename = "AccountStatus", value_type = Option<Object>)]
    account_status: Option<Value>,
}

/// That somebody has signed in on Unipile's pages.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"status": "CREATION_SUCCESS", "account_id": "kTz1p0Wm", "name": null}))]
pub struct UnipileConnected {
    /// `CREATION_SUCCESS` or `RECONNECTED`; what else comes is acknowledged and ignored.
    pub status: String,
    /// Unipile's id of the account.
    pub account_id: String,
    /// What we called the link.
    pub name: Option<String>,
}

/// What became of an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookReceipt)]
pub struct WebhookReceiptDto {
    /// Of Clerk's: `applied`, `stale` (it told nothing new), `ignored` (of a type that does not concern us) or `duplicate`. Of Unipile's: `kept`
    /// (it is followed after this answer) or `ignored`.
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

impl From<HintOutcome> for WebhookReceiptDto {
    fn from(outcome: HintOutcome) -> Self {
        let outcome = match outcome {
            HintOutcome::Kept => "kept",
            HintOutcome::Ignored => "ignored",
        };
        Self { outcome }
    }
}

//! What webhook steps are signed with, on the wire.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::models::{SigningSecret, WebhookSecretFacts};

/// The secret that an organization's webhook steps are signed with, without itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub struct WebhookSecretDto {
    /// Which secret it is, from 1; 0 as long as none was made, and calls are not signed.
    #[schema(example = 1)]
    pub version: i64,
    /// When it was made.
    pub rotated_at: Option<DateTime<Utc>>,
    /// Until when calls are signed with the one before, too.
    pub earlier_until: Option<DateTime<Utc>>,
}

impl From<Option<WebhookSecretFacts>> for WebhookSecretDto {
    fn from(facts: Option<WebhookSecretFacts>) -> Self {
        let Some(WebhookSecretFacts { version, rotated_at, earlier_until }) = facts else {
            return Self { version: 0, rotated_at: None, earlier_until: None };
        };
        Self { version, rotated_at: Some(rotated_at), earlier_until }
    }
}

/// A signing secret that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewWebhookSecret)]
pub struct NewWebhookSecretDto {
    /// What may be told of it.
    #[serde(flatten)]
    pub facts: WebhookSecretDto,
    /// The secret. Keep it: it is shown in this answer only.
    #[schema(example = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=")]
    pub secret: String,
}

impl From<(WebhookSecretFacts, SigningSecret)> for NewWebhookSecretDto {
    fn from((facts, secret): (WebhookSecretFacts, SigningSecret)) -> Self {
        Self { facts: Some(facts).into(), secret: secret.expose().to_owned() }
    }
}

//! Clay destinations on the wire.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use url::Url;
use utoipa::ToSchema;
use validator::Validate;

use super::patch::patch;
use crate::{
    errors::{AppError, Result},
    models::{ClayDestination, ClayDestinationId, ClayDestinationStatus, ClayLimits, ClayProgress, LeadListId, UserId},
    services::clay_destinations::{ClayDestinationChanges, ClayDestinationView, NewClayDestination},
};

/// A webhook of a table in Clay that a list's new leads are pushed to. Its token is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClayDestination)]
pub struct ClayDestinationDto {
    /// The destination's id.
    pub id: ClayDestinationId,
    /// The list whose leads it gets.
    pub lead_list_id: LeadListId,
    /// The webhook.
    #[schema(example = "https://api.clay.com/v3/sources/webhook/pull-in-data-from-a-webhook-1a2b3c4d")]
    pub url: String,
    /// Whether a token is sent with each record.
    pub has_auth_token: bool,
    /// Whether leads are pushed.
    pub status: ClayDestinationStatus,
    /// Why not, or why the last attempt failed.
    #[schema(example = json!(null))]
    pub status_reason: Option<String>,
    /// When it is tried again after a failure; null if nothing has failed.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Leads that wait to be sent.
    #[schema(example = 12)]
    pub pending_count: i64,
    /// Leads that Clay has.
    #[schema(example = 238)]
    pub sent_count: i64,
    /// Leads that Clay refuses to take.
    #[schema(example = 0)]
    pub rejected_count: i64,
    /// Records that the webhook has been sent in all, by earlier destinations too. Clay takes 50,000 in a webhook's life.
    #[schema(example = 238)]
    pub webhook_sent_count: i32,
    /// Records that it still takes.
    #[schema(example = 49762)]
    pub webhook_remaining: i32,
    /// From 45,000 records on: that it is time for a new webhook.
    #[schema(example = json!(null))]
    pub warning: Option<String>,
    /// When Clay last took a lead.
    pub last_sent_at: Option<DateTime<Utc>>,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<ClayDestinationView> for ClayDestinationDto {
    fn from(view: ClayDestinationView) -> Self {
        let ClayDestinationView { destination, progress } = view;
        let ClayDestination {
            id,
            organization_id: _,
            lead_list_id,
            url,
            has_auth_token,
            status,
            status_reason,
            failures,
            next_attempt_at,
            last_sent_at,
            version,
            created_by,
            created_at,
            updated_at,
        } = destination;
        let ClayProgress { pending, sent, rejected, webhook_sent } = progress;
        Self {
            id,
            lead_list_id,
            url,
            has_auth_token,
            status,
            status_reason,
            next_attempt_at: (failures > 0).then_some(next_attempt_at),
            pending_count: pending,
            sent_count: sent,
            rejected_count: rejected,
            webhook_sent_count: webhook_sent,
            webhook_remaining: (ClayLimits::PER_WEBHOOK - webhook_sent).max(0),
            warning: warning(webhook_sent),
            last_sent_at,
            version,
            created_by,
            created_at,
            updated_at,
        }
    }
}

fn warning(sent: i32) -> Option<String> {
    let left = (ClayLimits::PER_WEBHOOK - sent).max(0);
    (sent >= ClayLimits::WARN_FROM).then(|| {
        format!(
            "Clay takes {} records per webhook for life, and this one takes {left} more. Make a new one in Clay, and change the url.",
            ClayLimits::PER_WEBHOOK
        )
    })
}

/// A destination to be made.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "url": "https://api.clay.com/v3/sources/webhook/pull-in-data-from-a-webhook-1a2b3c4d", "auth_token": "0a1b2c3d4e5f", "include_existing": true
}))]
pub struct CreateClayDestinationRequest {
    /// The webhook's address as Clay shows it: https, and public.
    #[schema(format = "uri", max_length = 2048)]
    pub url: String,
    /// The webhook's token, if Clay asks for one. It is kept sealed and never shown.
    #[schema(min_length = 1, max_length = 500)]
    pub auth_token: Option<String>,
    /// Whether the leads that are on the list already are sent too, up to the 50,000 that a webhook takes; only new ones unless said
    /// here.
    #[schema(nullable = false)]
    pub include_existing: Option<bool>,
}

impl TryFrom<CreateClayDestinationRequest> for NewClayDestination {
    type Error = AppError;

    fn try_from(request: CreateClayDestinationRequest) -> Result<Self> {
        let CreateClayDestinationRequest { url, auth_token, include_existing } = request;
        Ok(Self {
            url: read(&url)?,
            auth_token: auth_token.map(SecretString::from),
            include_existing: include_existing.unwrap_or(false),
        })
    }
}

/// A merge patch of a destination (RFC 7396): an absent field stays, null clears.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "paused"}))]
pub struct UpdateClayDestinationRequest {
    /// Another webhook: leads that were sent to the one before are not sent to this one.
    #[schema(format = "uri", max_length = 2048, nullable = false)]
    pub url: Option<String>,
    /// Another token; null sends none.
    #[serde(default, with = "double_option")]
    #[schema(min_length = 1, max_length = 500, value_type = Option<String>)]
    pub auth_token: Option<Option<String>>,
    /// `paused` lets new leads wait; `active` takes the push up again, also after it was disabled.
    #[schema(nullable = false)]
    pub status: Option<ClayDestinationSwitch>,
}

/// Whether a destination is in use or set aside.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClayDestinationSwitch {
    /// In use.
    Active,
    /// Set aside.
    Paused,
}

impl TryFrom<UpdateClayDestinationRequest> for ClayDestinationChanges {
    type Error = AppError;

    fn try_from(request: UpdateClayDestinationRequest) -> Result<Self> {
        let UpdateClayDestinationRequest { url, auth_token, status } = request;
        Ok(Self {
            url: url.as_deref().map(read).transpose()?,
            auth_token: patch(auth_token).map(SecretString::from),
            status: status.map(|status| match status {
                ClayDestinationSwitch::Active => ClayDestinationStatus::Active,
                ClayDestinationSwitch::Paused => ClayDestinationStatus::Paused,
            }),
        })
    }
}

/// An address in its normal form.
fn read(url: &str) -> Result<Url> {
    url.trim().parse().map_err(|_| AppError::fault("/url", "wrong_form", "This is not an address."))
}

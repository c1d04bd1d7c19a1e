//! Links by which accounts are connected, on the wire; and the pages that they end at.

use axum::{http::StatusCode, response::Html};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::unsubscribe::page;
use crate::{models::Provider, services::unipile::HostedLink};

/// An account that somebody wants to connect by signing in at its provider.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "linkedin"}))]
pub struct CreateConnectLinkRequest {
    /// Where. All kinds of mailboxes lead to one page, on which the person chooses.
    pub provider: ConnectProvider,
}

/// Where somebody signs in.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectProvider {
    /// LinkedIn, through Unipile.
    Linkedin,
    /// Gmail, through Unipile.
    Gmail,
    /// Outlook, through Unipile.
    Outlook,
    /// Any mailbox that Unipile can hold.
    Mailbox,
}

/// A link to be sent to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectLink)]
pub struct ConnectLinkDto {
    /// Where the person signs in: a page of Unipile's. Whoever has it can use it: it belongs to the person alone.
    #[schema(format = Uri, example = "https://account.unipile.com/5f7c2a")]
    pub url: String,
    /// Until when it can be used. Unipile ends all of them when it restarts, once a day: make another then.
    pub expires_at: DateTime<Utc>,
}

impl From<HostedLink> for ConnectLinkDto {
    fn from(HostedLink { url, expires_at }: HostedLink) -> Self {
        Self { url: url.into(), expires_at }
    }
}

impl CreateConnectLinkRequest {
    /// Who carries the account's messages.
    #[must_use]
    pub fn provider(&self) -> Provider {
        match self.provider {
            ConnectProvider::Linkedin => Provider::Linkedin,
            ConnectProvider::Gmail | ConnectProvider::Outlook | ConnectProvider::Mailbox => Provider::Mailbox,
        }
    }
}

/// Signed in: the account shows up within seconds.
pub fn connected() -> (StatusCode, Html<String>) {
    page(
        StatusCode::OK,
        "Your account is being connected",
        "<p>It will be there in a moment. You can close this window.</p>",
    )
}

/// Not signed in.
pub fn not_connected() -> (StatusCode, Html<String>) {
    page(
        StatusCode::OK,
        "Your account was not connected",
        "<p>Nothing was changed. You can close this window and try again.</p>",
    )
}

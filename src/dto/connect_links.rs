//! Links by which accounts are connected, on the wire; and the pages that they end at.

use axum::{http::StatusCode, response::Html};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{extract::Checked, unsubscribe::page};
use crate::{
    errors::{AppError, Fault, Kind},
    models::Provider,
    services::unipile::HostedLink,
};

/// An account that somebody wants to connect by signing in at its provider.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "linkedin"}))]
pub struct CreateConnectLinkRequest {
    /// Where. `gmail` and `outlook` are connected by `POST /connected-accounts`: 422 `provider_not_available`.
    pub provider: ConnectProvider,
}

/// Where somebody signs in.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectProvider {
    /// LinkedIn, through Unipile.
    Linkedin,
    /// Gmail.
    Gmail,
    /// Outlook.
    Outlook,
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

impl Checked for CreateConnectLinkRequest {
    type Read = Result<Provider, AppError>;

    fn check(self) -> Result<Self::Read, Vec<Fault>> {
        let (code, detail) =
            ("provider_not_available", "Mailboxes are connected by POST /connected-accounts, and not by a link.");
        Ok(match self.provider {
            ConnectProvider::Linkedin => Ok(Provider::Linkedin),
            ConnectProvider::Gmail | ConnectProvider::Outlook => {
                Err(AppError::new(Kind::Invalid, code, detail).with_faults(vec![Fault::new("/provider", code, detail)]))
            }
        })
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

//! Keys by which programs call the API in the name of an organization.

mod scopes;
mod secret;
mod uses;

use chrono::{DateTime, Utc};

use super::{ApiKeyId, OrganizationId, UserId};

pub use scopes::{ApiResource, Scope};
pub use secret::{ApiKeyHash, ApiKeySecret};
pub use uses::{KeyUse, KeyUsesLine};

/// A key, without its secrets.
#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub organization_id: OrganizationId,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub expires_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl ApiKey {
    /// Whether its time is over.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// A secret of a key, as far as it is known once it has been shown.
#[derive(Debug, Clone)]
pub struct StoredSecret {
    pub api_key_id: ApiKeyId,
    pub last_four: String,
    pub created_at: DateTime<Utc>,
    /// When it dies; none, if it is the current one.
    pub expires_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

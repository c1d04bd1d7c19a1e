//! Secrets that are stored sealed, wherever they stand: what a new key must seal anew.

use uuid::Uuid;

use super::OrganizationId;
use crate::{text_enum, utils::crypto::Sealed};

text_enum! {
    /// Where a sealed secret stands. They are gone through in this order.
    SealedColumn {
        /// `connected_accounts.credentials`.
        AccountCredentials = "connected_accounts.credentials",
        /// `clay_destinations.auth_token`.
        ClayToken = "clay_destinations.auth_token",
        /// `webhook_secrets.secret`.
        WebhookSecret = "webhook_secrets.secret",
        /// `webhook_secrets.earlier`: it was sealed as the secret that it was before.
        EarlierWebhookSecret = "webhook_secrets.earlier",
    }
}

/// A sealed secret in its place.
#[derive(Debug, Clone)]
pub struct SealedSecret {
    /// Whose.
    pub organization: OrganizationId,
    /// In which column.
    pub column: SealedColumn,
    /// In which row: its id; of webhook secrets the organization's.
    pub row: Uuid,
    /// As it is stored.
    pub sealed: Sealed,
}

/// How many secrets of a column one key has sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCount {
    /// Which column.
    pub column: SealedColumn,
    /// The key's name.
    pub key_id: String,
    /// So many.
    pub count: i64,
}

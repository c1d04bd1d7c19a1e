//! Links by which somebody connects an account at Unipile.

use chrono::{DateTime, Utc};

use super::{AccountId, ConnectLinkId, OrganizationId, Provider, UserId};
use crate::text_enum;

/// A link, and what became of it. Of the secret in its callback's address only a hash is kept.
#[derive(Debug, Clone)]
pub struct ConnectLink {
    pub id: ConnectLinkId,
    pub organization_id: OrganizationId,
    pub user_id: UserId,
    pub provider: Provider,
    pub purpose: ConnectPurpose,
    pub account_id: Option<AccountId>,
    pub state: ConnectState,
    pub reason: Option<String>,
    pub reported_account: Option<String>,
    pub due_at: Option<DateTime<Utc>>,
    pub tries: i32,
    pub expires_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

text_enum! {
    /// What a link is for.
    ConnectPurpose {
        /// To connect an account.
        Connect = "connect",
        /// To connect one again that its provider has signed out.
        Reconnect = "reconnect",
    }
}

text_enum! {
    /// Where a link stands: `open → reported → done | failed`.
    ConnectState {
        /// Nobody has come to its end yet.
        Open = "open",
        /// Somebody says that its end was come to; that is looked up at Unipile.
        Reported = "reported",
        /// The account is connected.
        Done = "done",
        /// It is not; the reason is given.
        Failed = "failed",
    }
}

//! The LinkedIn profiles and mailboxes that send.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::{AccountId, OrganizationId, UserId};
use crate::text_enum;

/// A sending account. Its credentials are not here: only the repository's own methods read them.
#[derive(Debug, Clone)]
pub struct ConnectedAccount {
    pub id: AccountId,
    pub organization_id: OrganizationId,
    pub provider: Provider,
    pub channel: Channel,
    pub display_name: String,
    pub email: Option<String>,
    pub avatar_url: Option<String>,
    pub status: AccountStatus,
    pub status_reason: Option<String>,
    pub limits: Json<Map<String, Value>>,
    pub sending_window: Option<Json<Map<String, Value>>>,
    pub version: i64,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Who carries the messages.
    Provider {
        /// Nobody: a rehearsal inside our own process.
        Sandbox = "sandbox",
        /// LinkedIn, through Unipile.
        Linkedin = "linkedin",
        /// Gmail.
        Gmail = "gmail",
        /// Outlook or Exchange Online.
        Outlook = "outlook",
        /// Any mailbox with SMTP and IMAP.
        Mailbox = "mailbox",
    }
}

text_enum! {
    /// By which way an account reaches people.
    Channel {
        /// LinkedIn.
        Linkedin = "linkedin",
        /// E-mail.
        Email = "email",
    }
}

text_enum! {
    /// Whether an account can be used.
    AccountStatus {
        /// Being set up.
        Connecting = "connecting",
        /// In use.
        Connected = "connected",
        /// Set aside by a person.
        Paused = "paused",
        /// The provider wants the person to sign in again.
        NeedsReconnect = "needs_reconnect",
        /// Out of order; the reason is given.
        Error = "error",
        /// No longer ours.
        Disconnected = "disconnected",
    }
}

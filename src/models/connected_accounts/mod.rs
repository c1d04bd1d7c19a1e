//! The LinkedIn profiles and mailboxes that send.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{AccountId, OrganizationId, UserId};
use crate::text_enum;

mod limits;
mod mail_preset;
mod mailbox;
mod ramp_up;
mod sandbox;
mod tracking_domain;
mod unipile;
mod window;

pub use limits::{AccountLimits, AccountLimitsChanges, ActionLimits, ActionLimitsChanges, limits_by_action};
pub use mail_preset::{MailPreset, ProviderBound};
pub use mailbox::{MailAuth, MailSecret, MailSecurity, MailServer, Mailbox, OauthSecret, SentCopy};
pub use ramp_up::{AccountRampUp, AccountRampUpChanges, RampUp, RampUpChanges};
pub use sandbox::{SandboxBehaviour, SandboxSecret};
pub use tracking_domain::{TrackingDomain, TrackingDomainRecord, TrackingDomainStatus};
pub use unipile::{FailedLooks, HistoryReading, LinkedinTier, UnipileAccount, UnipileWire, WatchKind};
pub use window::{SendingWindow, SendingWindowChanges};

/// A sending account. Its credentials are not here: they are stored sealed, in columns of their own.
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
    pub limits: Json<AccountLimits>,
    /// Daily limits that still grow.
    pub ramp_up: Json<AccountRampUp>,
    pub sending_window: Option<Json<SendingWindow>>,
    /// It does one thing in each slot of so many seconds; 0 is no bound.
    pub spacing_seconds: i32,
    pub last_act_at: Option<DateTime<Utc>>,
    /// The provider wants it left alone until then.
    pub rests_until: Option<DateTime<Utc>>,
    /// How it is reached, if it is a mailbox.
    pub mailbox: Option<Json<Mailbox>>,
    /// By what Unipile knows it, if it is connected through Unipile.
    pub unipile: Option<Json<UnipileAccount>>,
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

impl Channel {
    /// The length of an account's slots unless somebody says otherwise, in seconds: LinkedIn's acts are about a minute apart (Unipile's guide
    /// to limits), a mailbox's messages half a minute (Nylas' advice).
    #[must_use]
    pub fn default_spacing(self) -> i32 {
        match self {
            Self::Linkedin => 60,
            Self::Email => 30,
        }
    }
}

impl AccountStatus {
    /// Whether a person may bring an account from this status to `next`; the others come from the provider.
    #[must_use]
    pub fn may_be_switched_to(self, next: Self) -> bool {
        matches!((self, next), (Self::Connected, Self::Paused) | (Self::Paused, Self::Connected))
    }
}

/// A sending account, as what sends from it shows it. Gathered by a query as JSON.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct AccountRef {
    pub id: AccountId,
    pub display_name: String,
    pub provider: Provider,
    pub avatar_url: Option<String>,
    pub status: AccountStatus,
}

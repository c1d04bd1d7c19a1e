//! Where a list's leads are pushed to: webhooks of tables in Clay, and what Clay takes there.

use chrono::{DateTime, TimeDelta, Utc};

use super::{ClayDestinationId, LeadListId, OrganizationId, UserId};
use crate::text_enum;

/// A webhook that a list's leads are pushed to. Its token is not here: only the repository's own methods read it.
#[derive(Debug, Clone)]
pub struct ClayDestination {
    pub id: ClayDestinationId,
    pub organization_id: OrganizationId,
    pub lead_list_id: LeadListId,
    pub url: String,
    pub has_auth_token: bool,
    pub status: ClayDestinationStatus,
    pub status_reason: Option<String>,
    pub failures: i32,
    pub next_attempt_at: DateTime<Utc>,
    pub last_sent_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether leads are pushed.
    ClayDestinationStatus {
        /// They are.
        Active = "active",
        /// Set aside by a person; new leads wait.
        Paused = "paused",
        /// The webhook has taken all that Clay lets it take.
        Full = "full",
        /// Clay takes nothing here, for the reason given, until a person has changed something.
        Disabled = "disabled",
    }
}

/// How far a destination is.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClayProgress {
    /// Leads that wait to be sent.
    pub pending: i64,
    /// Leads that Clay has.
    pub sent: i64,
    /// Leads that Clay does not take.
    pub rejected: i64,
    /// Records that the webhook has been sent in all, also by other destinations, earlier ones included.
    pub webhook_sent: i32,
}

/// What Clay takes: numbers of its documentation and support, as of 2026.
pub struct ClayLimits;

impl ClayLimits {
    /// Records that a webhook takes in its life. To delete rows in Clay does not help.
    pub const PER_WEBHOOK: i32 = 50_000;
    /// From so many on, it is time to make a new webhook.
    pub const WARN_FROM: i32 = 45_000;
    /// Records that a workspace takes at once.
    pub const BURST: i32 = 20;
    /// The time between two records of a workspace on average: ten a second.
    pub const INTERVAL: TimeDelta = TimeDelta::milliseconds(100);

    /// How far ahead of the average pace a burst may get.
    #[must_use]
    pub fn tolerance() -> TimeDelta {
        Self::INTERVAL * (Self::BURST - 1)
    }
}

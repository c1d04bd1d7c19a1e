//! What Unipile does not show of an account, on the wire.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::models::FailedLooks;

/// That the connections of an account are asked for in vain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionsUnread)]
pub struct ConnectionsUnreadDto {
    /// When they were last read; null if they never were.
    pub read_at: Option<DateTime<Utc>>,
    /// How many looks in a row have failed since.
    #[schema(example = 4)]
    pub failed_looks: i32,
    /// Whether leads whose wait is over are waited for no longer: after three days of looks that failed they count as not having accepted.
    #[schema(example = false)]
    pub ends_waits: bool,
    /// What that means.
    pub detail: &'static str,
}

impl From<FailedLooks> for ConnectionsUnreadDto {
    fn from(unread: FailedLooks) -> Self {
        let ends_waits = unread.ends_waits();
        let FailedLooks { read_at, failures } = unread;
        let detail = if ends_waits {
            "Unipile has not shown the account's connections for three days. Leads whose wait for an acceptance is over count as not having accepted, \
             with the reason `connections_unreadable`; whoever has accepted is dealt with once they can be read, as the campaign's `late_acceptance` says."
        } else {
            "Unipile does not show the account's connections. Leads whose wait for an acceptance is over wait on, for up to three days of looks that \
             failed; after that they count as not having accepted."
        };
        Self { read_at, failed_looks: failures, ends_waits, detail }
    }
}

/// That the messages of an account, or some of them, are asked for in vain.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessagesUnread)]
pub struct MessagesUnreadDto {
    /// When they were last read, at least in part; null if they never were.
    pub read_at: Option<DateTime<Utc>>,
    /// How many looks in a row have failed since.
    #[schema(example = 4)]
    pub failed_looks: i32,
    /// What that means.
    pub detail: &'static str,
}

impl From<FailedLooks> for MessagesUnreadDto {
    fn from(FailedLooks { read_at, failures }: FailedLooks) -> Self {
        let detail = "Unipile does not show the account's messages, or some of its chats. Nobody is approached from an account of which they were not read within half an \
                      hour: what is due waits (`linkedin_unread`, `mailbox_unread`).";
        Self { read_at, failed_looks: failures, detail }
    }
}

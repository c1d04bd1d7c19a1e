//! Mailboxes that are read, and how far.

use chrono::{DateTime, Utc};

use super::{AccountId, OrganizationId};

/// A mailbox that this process may read, for as long as it says so in time.
#[derive(Debug, Clone, Copy)]
pub struct ClaimedMailbox {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Which.
    pub account: AccountId,
    /// What had come before is not looked at.
    pub reads_from: DateTime<Utc>,
    /// What had come before is not looked at in folders that are new to us, or whose numbers have changed.
    pub anew_from: DateTime<Utc>,
    /// How often in a row it could not be read.
    pub failures: i32,
    /// The account's version.
    pub version: i64,
}

/// A mail that was read while a step of its lead was on its way out.
#[derive(Debug, Clone)]
pub struct KeptMail {
    /// Whose it is.
    pub organization: OrganizationId,
    /// In whose mailbox it came.
    pub account: AccountId,
    /// By what it is known.
    pub key: String,
    /// The mail itself, as far as mails are read.
    pub raw: Vec<u8>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// How often in a row it could not be taken in.
    pub failures: i32,
}

/// How far a folder has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFolder {
    /// Its name.
    pub name: String,
    /// Where it is, and as whom we see it.
    pub server: String,
    /// Which numbers its mails have: others from when this is another.
    pub uid_validity: i64,
    /// What is at or below this number has been read.
    pub last_uid: i64,
    /// At which mail reading broke off, and how often in a row.
    pub stuck_uid: Option<i64>,
    /// How often in a row.
    pub stuck_times: i32,
}

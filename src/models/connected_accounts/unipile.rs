//! An account that Unipile holds for us: a document in `jsonb`. Nothing in it is secret.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::text_enum;

/// By what Unipile knows an account, and who its owner is on LinkedIn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnipileAccount {
    /// Unipile's id of it.
    pub account_id: String,
    /// The version of Unipile's wire that is spoken with it: an account that was connected by one is not known by the other.
    pub wire: UnipileWire,
    /// The owner's id on LinkedIn, by which what the owner writes is told from what others write.
    #[serde(default)]
    pub provider_id: Option<String>,
    /// The last part of the owner's profile address.
    #[serde(default)]
    pub public_identifier: Option<String>,
    /// What the owner's subscription allows.
    #[serde(default)]
    pub tier: LinkedinTier,
    /// What Unipile last said of its source, in Unipile's own word.
    #[serde(default)]
    pub source_status: Option<String>,
}

impl UnipileAccount {
    /// Unipile's word for an account that is in order.
    pub const IN_ORDER: &str = "OK";

    /// Whether it is in order, as far as is known: what Unipile shows of another is stale.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        self.source_status.as_deref().is_none_or(|word| word == Self::IN_ORDER)
    }
}

text_enum! {
    /// The version of Unipile's wire.
    UnipileWire {
        /// `…/api/v1`: one key for all accounts, webhooks with a secret in a header.
        V1 = "v1",
    }
}

/// What a LinkedIn account may do beyond a free one, as Unipile tells it of the owner's profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkedinTier {
    /// It pays for Premium.
    pub premium: bool,
    /// It has a seat of Recruiter.
    pub recruiter: bool,
    /// It has a seat of Sales Navigator.
    pub sales_navigator: bool,
}

impl LinkedinTier {
    /// Whether it pays for any of them: a paid account's notes may be longer, and are not counted by the month.
    #[must_use]
    pub fn is_paid(self) -> bool {
        let Self { premium, recruiter, sales_navigator } = self;
        premium || recruiter || sales_navigator
    }
}

text_enum! {
    /// What of an account is looked at again and again.
    WatchKind {
        /// How it is.
        Status = "status",
        /// Who has become a connection.
        Relations = "relations",
        /// What was written.
        Messages = "messages",
        /// What had been written before it was connected: looked at until all of that is read.
        History = "history",
    }
}

/// How reading back what was written before an account was connected stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryReading {
    /// It goes on.
    UnderWay,
    /// It was given up, and why.
    GivenUp(String),
}

/// That something of an account was asked for in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedLooks {
    /// When it was last read; none if it never was.
    pub read_at: Option<DateTime<Utc>>,
    /// How many looks in a row have failed since.
    pub failures: i32,
}

impl FailedLooks {
    /// After so many looks at connections in a row that failed, three days of them, nobody is waited for because of them any more.
    pub const ENDS_WAITS: i32 = 27;

    /// Whether nobody is waited for any more because connections are unread.
    #[must_use]
    pub fn ends_waits(&self) -> bool {
        self.failures >= Self::ENDS_WAITS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_later_is_absent_from_older_documents() {
        let old: UnipileAccount = serde_json::from_str(r#"{"account_id": "acc", "wire": "v1"}"#).unwrap();
        assert_eq!((old.tier.is_paid(), old.provider_id), (false, None));
        assert!(LinkedinTier { recruiter: true, ..LinkedinTier::default() }.is_paid());
    }
}

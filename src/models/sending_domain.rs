//! What the internet's name servers say of a domain that we send from.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::text_enum;

/// The records of a domain that decide whether its mail is believed, and whether answers arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SendingDomain {
    /// The domain of the mailbox's address.
    #[schema(example = "sender.example")]
    pub domain: String,
    /// Whether nothing is wrong with any of the records, as far as could be told.
    pub ready: bool,
    /// Which servers may send for the domain (RFC 7208).
    pub spf: DomainRecord,
    /// The keys that its mail is signed with (RFC 6376), one for each selector that was found, or that was asked for.
    pub dkim: Vec<DomainRecord>,
    /// What receivers shall do with mail that is neither (RFC 7489).
    pub dmarc: DomainRecord,
    /// The servers that take its mail (RFC 5321, 5.1): without one, answers and bounces go nowhere.
    pub mx: DomainRecord,
    /// When it was looked at.
    pub checked_at: DateTime<Utc>,
}

/// One kind of record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DomainRecord {
    /// The name that it stands under.
    #[schema(example = "_dmarc.sender.example")]
    pub name: String,
    /// Whether it is right.
    pub status: RecordStatus,
    /// What was found there.
    #[schema(example = json!(["v=DMARC1; p=none"]))]
    pub found: Vec<String>,
    /// What is wrong with it, or could be better.
    pub problems: Vec<RecordProblem>,
    /// What to publish instead, if that can be told: the text of a TXT record.
    #[schema(example = "v=spf1 include:_spf.google.com ~all")]
    pub publish: Option<String>,
}

/// What is wrong with a record, or could be better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecordProblem {
    /// For programs.
    #[schema(example = "several_records")]
    pub code: &'static str,
    /// For people.
    pub detail: String,
}

text_enum! {
    /// Whether a record is right.
    RecordStatus {
        /// It is there, and does what it should.
        Ok = "ok",
        /// It is there and works, but could be better.
        Weak = "weak",
        /// It is not there.
        Missing = "missing",
        /// It is there and does not work.
        Wrong = "wrong",
        /// It cannot be told: no name server answered, or nobody said where to look.
        Unknown = "unknown",
    }
}

impl DomainRecord {
    /// A record at `name`, of which `found` was found. It is right until something is found to be wrong.
    #[must_use]
    pub fn new(name: String, found: Vec<String>) -> Self {
        Self { name, status: RecordStatus::Ok, found, problems: Vec::new(), publish: None }
    }

    /// One that no name server told us of.
    #[must_use]
    pub fn unanswered(name: String) -> Self {
        let detail = "No name server answered. Ask again later.";
        Self::new(name, Vec::new()).with(RecordStatus::Unknown, "no_answer", detail)
    }

    /// The same with a problem. The first one says what the record's status is.
    #[must_use]
    pub fn with(mut self, status: RecordStatus, code: &'static str, detail: impl Into<String>) -> Self {
        self.problem(status, code, detail);
        self
    }

    /// Notes a problem. The first one says what the record's status is.
    pub fn problem(&mut self, status: RecordStatus, code: &'static str, detail: impl Into<String>) {
        if self.problems.is_empty() {
            self.status = status;
        }
        self.problems.push(RecordProblem { code, detail: detail.into() });
    }

    /// The same with what to publish instead.
    #[must_use]
    pub fn publishing(mut self, text: impl Into<String>) -> Self {
        self.publish = Some(text.into());
        self
    }
}

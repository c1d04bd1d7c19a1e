//! A domain of a mailbox's own, that the links in its mails lead through.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::text_enum;

/// A domain of a mailbox's own, that the links in its mails lead through once it is proved that it leads to this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"name": "go.sender.example", "status": "proved", "reason": null, "checked_at": "2026-11-23T08:00:00Z",
    "owner_record": {"name": "_clento.go.sender.example", "value": "clento-domain=5f2b7c0e9a1d4836b7f0c2e4a6d8091b"}}))]
pub struct TrackingDomain {
    /// Its name.
    pub name: String,
    /// Whether it leads to this server. Unless it is `proved`, links lead through this server's own address.
    pub status: TrackingDomainStatus,
    /// Why it is not proved.
    pub reason: Option<String>,
    /// When that was last looked at.
    pub checked_at: Option<DateTime<Utc>>,
    /// What shows that the domain is this organization's, should another have it: not needed otherwise.
    #[serde(default)]
    pub owner_record: Option<TrackingDomainRecord>,
}

/// A TXT record that only who has the domain can publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"name": "_clento.go.sender.example", "value": "clento-domain=5f2b7c0e9a1d4836b7f0c2e4a6d8091b"}))]
pub struct TrackingDomainRecord {
    /// Where it is to be published.
    pub name: String,
    /// Its text.
    pub value: String,
}

text_enum! {
    /// Whether a domain leads to this server.
    TrackingDomainStatus {
        /// It has not been looked at yet.
        Unchecked = "unchecked",
        /// It does.
        Proved = "proved",
        /// It did not when it was last looked at.
        Failed = "failed",
    }
}

impl TrackingDomain {
    /// One of which nothing is known.
    #[must_use]
    pub fn new(name: String, owner_record: TrackingDomainRecord) -> Self {
        let owner_record = Some(owner_record);
        Self { name, status: TrackingDomainStatus::Unchecked, reason: None, checked_at: None, owner_record }
    }

    /// Below what address links lead through the domain `name`. One with a port, which only development has, is asked without TLS.
    #[must_use]
    pub fn url(name: &str) -> Option<Url> {
        let scheme = if name.contains(':') { "http" } else { "https" };
        Url::parse(&format!("{scheme}://{name}/")).ok()
    }

    /// Whether links may lead through it.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.status == TrackingDomainStatus::Proved
    }
}

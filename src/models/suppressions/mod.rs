//! Whom nobody may write to.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{OrganizationId, SuppressionId, UserId};
use crate::{text_enum, utils::keyed_hash::KeyedHash};

mod import;
mod target;

pub use import::*;
pub use target::*;

/// An address, or all addresses of a domain, that nobody may write to.
#[derive(Debug, Clone)]
pub struct Suppression {
    pub id: SuppressionId,
    pub organization_id: OrganizationId,
    pub kind: SuppressionKind,
    /// In its normal form; none once the person was erased.
    pub value: Option<String>,
    pub value_hash: Vec<u8>,
    pub key_id: String,
    pub reason: Option<String>,
    pub source: SuppressionSource,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub erased_at: Option<DateTime<Utc>>,
}

text_enum! {
    /// What is suppressed.
    SuppressionKind {
        /// One e-mail address.
        Email = "email",
        /// Every e-mail address at a domain, or at one below it.
        Domain = "domain",
        /// One LinkedIn profile.
        LinkedinUrl = "linkedin_url",
    }
}

text_enum! {
    /// How a suppression came about.
    SuppressionSource {
        /// A person, by hand.
        Manual = "manual",
        /// A list of many.
        Import = "import",
        /// A program.
        Api = "api",
        /// The person's own click.
        Unsubscribe = "unsubscribe",
        /// Mail that came back.
        Bounce = "bounce",
        /// The person called a mail spam.
        Complaint = "complaint",
        /// The person was erased; only a hash is left.
        Erasure = "erasure",
    }
}

/// Which suppressions are meant.
#[derive(Debug, Clone, Default)]
pub struct SuppressionFilter {
    pub kind: Option<SuppressionKind>,
    pub source: Option<SuppressionSource>,
    /// Only those with one of these hashes.
    pub hashes: Option<Vec<Vec<u8>>>,
}

/// A hash by which a suppression could bar somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuppressionKey {
    pub kind: SuppressionKind,
    pub hash: KeyedHash,
}

/// Those of many hashes that are suppressed.
#[derive(Debug, Clone, Default)]
pub struct Suppressed(HashSet<KeyedHash>);

impl Suppressed {
    /// Why the person with these keys may not be written to; the first reason in the keys' order. None if nothing is in the way.
    #[must_use]
    pub fn kind(&self, keys: &[SuppressionKey]) -> Option<SuppressionKind> {
        keys.iter().find(|key| self.0.contains(&key.hash)).map(|key| key.kind)
    }
}

impl FromIterator<Vec<u8>> for Suppressed {
    fn from_iter<I: IntoIterator<Item = Vec<u8>>>(hashes: I) -> Self {
        Self(hashes.into_iter().filter_map(|hash| hash.try_into().ok()).collect())
    }
}

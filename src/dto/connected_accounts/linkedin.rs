//! Whose profile a LinkedIn account is.

use serde::Serialize;
use utoipa::ToSchema;

use crate::models::{LinkedinTier, UnipileAccount, UnipileWire};

/// The profile of a LinkedIn account's owner, as Unipile tells it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkedinProfile)]
pub struct LinkedinProfileDto {
    /// The address of the profile; null until it is known.
    #[schema(example = "https://www.linkedin.com/in/alexandra-sender")]
    pub url: Option<String>,
    /// Whether Premium is paid for.
    pub premium: bool,
    /// Whether there is a seat of Recruiter.
    pub recruiter: bool,
    /// Whether there is a seat of Sales Navigator.
    pub sales_navigator: bool,
    /// The version of Unipile's wire that it is reached by.
    pub wire: UnipileWire,
    /// What Unipile last said of it, in its own word.
    #[schema(example = "OK")]
    pub source_status: Option<String>,
}

impl From<UnipileAccount> for LinkedinProfileDto {
    fn from(account: UnipileAccount) -> Self {
        let UnipileAccount { account_id: _, wire, provider_id: _, public_identifier, tier, source_status } = account;
        let LinkedinTier { premium, recruiter, sales_navigator } = tier;
        let url = public_identifier.map(|name| format!("https://www.linkedin.com/in/{name}"));
        Self { url, premium, recruiter, sales_navigator, wire, source_status }
    }
}

//! People: profiles, the account's own, and its connections.

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;

use super::{
    client::Unipile,
    error::UnipileError,
    wire::{self, Page, PageQuery},
};

/// A profile as one account sees it.
#[derive(Debug, Clone, Deserialize)]
pub struct Profile {
    /// LinkedIn's own id of the person (`ACo…`), which invitations and messages name.
    #[serde(default, deserialize_with = "wire::text")]
    pub provider_id: Option<String>,
    /// The last part of the profile's address; people can change it.
    #[serde(default, deserialize_with = "wire::text")]
    pub public_identifier: Option<String>,
    /// Whether the two are connected.
    #[serde(default, deserialize_with = "wire::flag")]
    pub is_relationship: Option<bool>,
    /// An invitation between the two, if there is one.
    #[serde(default)]
    pub invitation: Option<InvitationMark>,
}

/// An invitation as a profile shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct InvitationMark {
    /// `SENT` by the account, or `RECEIVED`.
    #[serde(rename = "type", default, deserialize_with = "wire::text")]
    pub kind: Option<String>,
    /// `PENDING`, `IGNORED` or `WITHDRAWN`.
    #[serde(default, deserialize_with = "wire::text")]
    pub status: Option<String>,
}

impl Profile {
    /// Whether the two are connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.is_relationship == Some(true)
    }

    /// Whether an invitation of the account's waits for an answer.
    #[must_use]
    pub fn is_invited(&self) -> bool {
        self.has_sent("PENDING")
    }

    /// Whether an invitation of the account's was taken back.
    #[must_use]
    pub fn was_withdrawn(&self) -> bool {
        self.has_sent("WITHDRAWN")
    }

    fn has_sent(&self, status: &str) -> bool {
        let mark = self.invitation.as_ref();
        mark.is_some_and(|it| it.kind.as_deref() == Some("SENT") && it.status.as_deref() == Some(status))
    }
}

/// The profile of the account itself.
#[derive(Debug, Clone, Deserialize)]
pub struct OwnProfile {
    /// LinkedIn's own id of the account's person.
    #[serde(default, deserialize_with = "wire::text")]
    pub provider_id: Option<String>,
    /// The last part of the profile's address.
    #[serde(default, deserialize_with = "wire::text")]
    pub public_identifier: Option<String>,
    /// The first name.
    #[serde(default, deserialize_with = "wire::text")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default, deserialize_with = "wire::text")]
    pub last_name: Option<String>,
    /// The address that the person signs in with.
    #[serde(default, deserialize_with = "wire::text")]
    pub email: Option<String>,
    /// Whether LinkedIn Premium is paid for. The shape of the next two is not documented, so they are only asked for by their presence.
    #[serde(default, deserialize_with = "wire::flag")]
    pub premium: Option<bool>,
    /// What Unipile says of LinkedIn Recruiter; null without it.
    #[serde(default)]
    pub recruiter: Option<serde_json::Value>,
    /// What it says of Sales Navigator; null without it.
    #[serde(default)]
    pub sales_navigator: Option<serde_json::Value>,
}

/// A connection of an account's.
#[derive(Debug, Clone, Deserialize)]
pub struct Relation {
    /// LinkedIn's own id of the person.
    #[serde(default, deserialize_with = "wire::text")]
    pub member_id: Option<String>,
    /// The last part of the profile's address.
    #[serde(default, deserialize_with = "wire::text")]
    pub public_identifier: Option<String>,
    /// The first name.
    #[serde(default, deserialize_with = "wire::text")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default, deserialize_with = "wire::text")]
    pub last_name: Option<String>,
    /// What the person says of themselves.
    #[serde(default, deserialize_with = "wire::text")]
    pub headline: Option<String>,
    /// When the two were connected. Whether it comes as a text or as milliseconds is not documented: only the text is read.
    #[serde(default, deserialize_with = "wire::time")]
    pub created_at: Option<DateTime<Utc>>,
}

impl Unipile {
    /// The profile of a person, by the last part of its address or by LinkedIn's own id. With `visit` the person is told of it, as of any
    /// visitor.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn profile(&self, account: &str, person: &str, visit: bool) -> Result<Profile, UnipileError> {
        let request = self.request(Method::GET, &["users", person])?.query(&[("account_id", account)]);
        self.call(if visit { request.query(&[("notify", "true")]) } else { request }).await
    }

    /// The account's own profile.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn own_profile(&self, account: &str) -> Result<OwnProfile, UnipileError> {
        self.call(self.request(Method::GET, &["users", "me"])?.query(&[("account_id", account)])).await
    }

    /// The account's connections, the newest first.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn relations(&self, account: &str, page: PageQuery<'_>) -> Result<Page<Relation>, UnipileError> {
        let request = self.request(Method::GET, &["users", "relations"])?;
        self.call(request.query(&[("account_id", account)]).query(&page.pairs())).await
    }
}

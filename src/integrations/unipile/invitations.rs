//! Invitations to connect: sending, listing and taking back.

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{
    client::Unipile,
    error::UnipileError,
    wire::{self, Page, PageQuery},
};

/// An invitation that was sent just now.
#[derive(Debug, Clone, Deserialize)]
pub struct InvitationSent {
    /// Its id, if Unipile says it.
    #[serde(default, deserialize_with = "wire::text")]
    pub invitation_id: Option<String>,
    /// How much of its invitations the account has used, in percent, if Unipile says so.
    #[serde(default)]
    pub usage: Option<f64>,
}

/// An invitation that waits for an answer.
#[derive(Debug, Clone, Deserialize)]
pub struct Invitation {
    /// Its id, by which it is taken back.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// LinkedIn's own id of the person.
    #[serde(default, deserialize_with = "wire::text")]
    pub invited_user_id: Option<String>,
    /// The last part of the profile's address.
    #[serde(default, deserialize_with = "wire::text")]
    pub invited_user_public_id: Option<String>,
    /// When it was sent, as well as LinkedIn lets anybody know.
    #[serde(default, deserialize_with = "wire::time")]
    pub parsed_datetime: Option<DateTime<Utc>>,
    /// Its note.
    #[serde(default, deserialize_with = "wire::text")]
    pub invitation_text: Option<String>,
}

impl Unipile {
    /// Invites a person, by LinkedIn's own id, with a note if one is given.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn invite(
        &self,
        account: &str,
        person: &str,
        note: Option<&str>,
    ) -> Result<InvitationSent, UnipileError> {
        let mut body = json!({ "account_id": account, "provider_id": person });
        if let Some(note) = note {
            body["message"] = note.into();
        }
        self.call(self.request(Method::POST, &["users", "invite"])?.json(&body)).await
    }

    /// The account's invitations that wait for an answer, the newest first.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn invitations_sent(&self, account: &str, page: PageQuery<'_>) -> Result<Page<Invitation>, UnipileError> {
        let request = self.request(Method::GET, &["users", "invite", "sent"])?;
        self.call(request.query(&[("account_id", account)]).query(&page.pairs())).await
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// Unipile's; [`Class::Gone`](super::Class::Gone) if it does not wait any more.
    pub async fn cancel_invitation(&self, account: &str, invitation: &str) -> Result<(), UnipileError> {
        let request = self.request(Method::DELETE, &["users", "invite", "sent", invitation])?;
        self.answer(request.query(&[("account_id", account)])).await.map(|_| ())
    }
}

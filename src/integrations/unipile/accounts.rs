//! Accounts that Unipile holds.

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;

use super::{client::Unipile, error::UnipileError, wire};

/// An account, as `GET /accounts/{id}` shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// Unipile's id.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Whose it is at: `LINKEDIN`, … .
    #[serde(rename = "type", default, deserialize_with = "wire::text")]
    pub kind: Option<String>,
    /// What Unipile calls it.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<String>,
    /// When it was connected.
    #[serde(default, deserialize_with = "wire::time")]
    pub created_at: Option<DateTime<Utc>>,
    /// What it is read from, with how each of these is.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// What an account is read from.
#[derive(Debug, Clone, Deserialize)]
pub struct Source {
    /// `OK`, `STOPPED`, `ERROR`, `CREDENTIALS`, `PERMISSIONS` or `CONNECTING`.
    #[serde(default, deserialize_with = "wire::text")]
    pub status: Option<String>,
}

/// How an account is, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceStatus {
    /// In order.
    Ok,
    /// On its way to be.
    Connecting,
    /// Out of order; it may pass by itself.
    Error,
    /// Switched off at Unipile.
    Stopped,
    /// LinkedIn has taken permissions back.
    Permissions,
    /// LinkedIn wants its owner to sign in again.
    Credentials,
}

impl SourceStatus {
    /// Of Unipile's word. One that is not documented is out of order.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "OK" => Self::Ok,
            "CONNECTING" => Self::Connecting,
            "STOPPED" => Self::Stopped,
            "PERMISSIONS" => Self::Permissions,
            "CREDENTIALS" => Self::Credentials,
            _ => Self::Error,
        }
    }

    /// Unipile's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Connecting => "CONNECTING",
            Self::Error => "ERROR",
            Self::Stopped => "STOPPED",
            Self::Permissions => "PERMISSIONS",
            Self::Credentials => "CREDENTIALS",
        }
    }
}

impl Account {
    /// How it is: as its worst source. One without any is not there yet.
    #[must_use]
    pub fn status(&self) -> SourceStatus {
        let words =
            self.sources.iter().map(|source| source.status.as_deref().map_or(SourceStatus::Error, SourceStatus::of));
        words.max().unwrap_or(SourceStatus::Connecting)
    }

    /// Whether it is at LinkedIn.
    #[must_use]
    pub fn is_linkedin(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("LINKEDIN"))
    }
}

impl Unipile {
    /// One account.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn account(&self, id: &str) -> Result<Account, UnipileError> {
        self.call(self.request(Method::GET, &["accounts", id])?).await
    }

    /// Deletes an account: Unipile forgets it, and it costs nothing any more.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn delete_account(&self, id: &str) -> Result<(), UnipileError> {
        self.answer(self.request(Method::DELETE, &["accounts", id])?).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(sources: &serde_json::Value) -> SourceStatus {
        let account: Account =
            serde_json::from_value(serde_json::json!({ "type": "LinkedIn", "sources": sources })).unwrap();
        assert!(account.is_linkedin());
        account.status()
    }

    #[test]
    fn an_account_is_as_its_worst_source() {
        let of = |words: &[&str]| {
            let sources = words.iter().map(|word| serde_json::json!({ "id": word, "status": word }));
            status(&sources.collect())
        };
        assert_eq!(of(&["OK"]), SourceStatus::Ok);
        assert_eq!(of(&["OK", "CREDENTIALS", "CONNECTING"]), SourceStatus::Credentials);
        assert_eq!(of(&["OK", "SOMETHING_NEW"]), SourceStatus::Error);
        assert_eq!(of(&[]), SourceStatus::Connecting);
        assert_eq!(status(&serde_json::json!([{ "id": "a" }])), SourceStatus::Error);
    }
}

//! Clay's side of a push: a table's webhook, which takes one flat JSON object at a time
//! (<https://university.clay.com/docs/webhook-integration-guide>).

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderValue},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use url::Url;

use super::outbound::{Outbound, OutboundError};
use crate::utils::refusal::Refusal;

/// The largest record that Clay takes, in bytes.
const LARGEST: usize = 100_000;
/// The header that a table's token is sent in.
const TOKEN: &str = "x-clay-webhook-auth";

/// Sends records to Clay's tables.
#[derive(Debug, Clone)]
pub struct ClayWebhooks(Outbound);

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClayOutcome {
    /// Clay has it.
    Accepted,
    /// Clay will never take this one.
    Rejected {
        /// Why, in English.
        reason: String,
    },
    /// Not now.
    Later {
        /// Why, in English.
        reason: String,
        /// How long Clay wants us to wait.
        after: Option<Duration>,
        /// Whether Clay may have it all the same.
        perhaps_accepted: bool,
    },
    /// Clay takes nothing more here, until a person has changed something.
    Closed {
        /// Why, in English.
        reason: String,
    },
}

impl ClayWebhooks {
    /// A sender that reaches what `outbound` reaches.
    #[must_use]
    pub fn new(outbound: Outbound) -> Self {
        Self(outbound)
    }

    /// Whether records may be sent to `url`.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self, url: &Url) -> Result<(), Refusal> {
        self.0.check(url).await
    }

    /// Whether `token` can be sent: a header carries visible ASCII only.
    #[must_use]
    pub fn is_token(token: &str) -> bool {
        !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic())
    }

    /// Sends one record.
    pub async fn send(&self, url: &Url, token: Option<&SecretString>, record: &Map<String, Value>) -> ClayOutcome {
        let Ok(body) = serde_json::to_vec(record) else {
            return ClayOutcome::Rejected { reason: "The lead cannot be written as JSON.".to_owned() };
        };
        if body.len() > LARGEST {
            let reason = format!("The lead takes {} bytes, and Clay takes {LARGEST} at the most.", body.len());
            return ClayOutcome::Rejected { reason };
        }
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            let Ok(mut value) = HeaderValue::from_str(token.expose_secret()) else {
                return ClayOutcome::Closed { reason: "The token is not one that Clay can have given.".to_owned() };
            };
            value.set_sensitive(true);
            headers.insert(TOKEN, value);
        }
        match self.0.post(url, headers, body).await {
            Ok(answer) => judged(answer.status, answer.retry_after),
            Err(OutboundError::Forbidden(refusal)) => ClayOutcome::Closed { reason: refusal.detail.to_owned() },
            Err(error) => ClayOutcome::Later {
                reason: format!("Clay could not be reached: {error}."),
                after: None,
                perhaps_accepted: matches!(error, OutboundError::Unanswered(_)),
            },
        }
    }
}

/// What Clay's status says. Its error answers are not documented, so they are read as HTTP means them.
fn judged(status: StatusCode, retry_after: Option<Duration>) -> ClayOutcome {
    let reason = format!("Clay answered {status}.");
    match status.as_u16() {
        200..=299 => ClayOutcome::Accepted,
        400 | 413 | 415 | 422 => ClayOutcome::Rejected { reason },
        408 | 425 | 429 => ClayOutcome::Later { reason, after: retry_after, perhaps_accepted: false },
        500.. => ClayOutcome::Later { reason, after: retry_after, perhaps_accepted: true },
        // A redirect is not followed: it would carry the lead and the token to wherever it names.
        _ => ClayOutcome::Closed { reason },
    }
}

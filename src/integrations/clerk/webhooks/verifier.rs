//! Proof that a webhook was sent by Clerk, through Svix, and lately.

use std::fmt;

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;

use crate::{
    config::WebhookSecret,
    errors::{AppError, Kind},
    utils::clock::SharedClock,
};

/// How old, or how far in the future, a signed timestamp may be; both ends are allowed. Every retry is signed anew.
const TOLERANCE_SECONDS: u64 = 300;

/// What the three headers are for, in their order in [`SVIX`] and [`STANDARD`].
const PURPOSES: [&str; 3] = ["id", "timestamp", "signature"];
/// Svix's own names of the headers.
const SVIX: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];
/// Their names in the Standard Webhooks specification.
const STANDARD: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// Verifies webhooks against every signing secret that is valid now: two while one is being rotated.
pub struct WebhookVerifier {
    secrets: Vec<WebhookSecret>,
    clock: SharedClock,
}

/// A webhook whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The message's id, the same in every retry and replay: what duplicates are told by.
    pub id: String,
    /// When this attempt was signed, to the second.
    pub signed_at: DateTime<Utc>,
}

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// We have no secret to verify it with, and so believe nobody.
    #[error("no webhook signing secret is configured")]
    NotConfigured,
    /// One of the three headers is absent. Names what it is for.
    #[error("the webhook's {0} header is missing")]
    MissingHeader(&'static str),
    /// A header is not what it must be. Names what it is for.
    #[error("the webhook's {0} header is malformed")]
    InvalidHeader(&'static str),
    /// Signed more than 300 s ago: perhaps a replay.
    #[error("the webhook's timestamp is too old")]
    TooOld,
    /// Signed more than 300 s in the future.
    #[error("the webhook's timestamp is too far in the future")]
    TooNew,
    /// No signature is by any of our secrets over these very bytes.
    #[error("the webhook's signature is wrong")]
    Signature,
}

impl WebhookVerifier {
    /// A verifier for `secrets`. With none it refuses everything.
    #[must_use]
    pub fn new(secrets: Vec<WebhookSecret>, clock: SharedClock) -> Self {
        Self { secrets, clock }
    }

    /// Whether `body`, exactly as it came, was signed for us within the last 300 s. Headers named `svix-*` win over
    /// `webhook-*`; the two are not mixed.
    ///
    /// # Errors
    /// [`WebhookError`] says why it is not believed.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<Delivery, WebhookError> {
        if self.secrets.is_empty() {
            return Err(WebhookError::NotConfigured);
        }
        let signed = one_family(headers)?;
        let [id, timestamp, _] = texts(&signed)?;
        let timestamp: i64 = timestamp.parse().map_err(|_| WebhookError::InvalidHeader("timestamp"))?;
        self.check_age(timestamp)?;
        if !self.secrets.iter().any(|secret| secret.webhook().verify_ignoring_timestamp(body, &signed).is_ok()) {
            return Err(WebhookError::Signature);
        }
        let signed_at = DateTime::from_timestamp(timestamp, 0).ok_or(WebhookError::InvalidHeader("timestamp"))?;
        Ok(Delivery { id: id.to_owned(), signed_at })
    }

    /// Svix's own check reads the system's clock; ours the injected one.
    fn check_age(&self, timestamp: i64) -> Result<(), WebhookError> {
        let now = self.clock.now().timestamp();
        if now.abs_diff(timestamp) <= TOLERANCE_SECONDS {
            Ok(())
        } else if timestamp < now {
            Err(WebhookError::TooOld)
        } else {
            Err(WebhookError::TooNew)
        }
    }
}

/// The three headers of one family, under Svix's names: where any of those is there, the other family is not looked at.
fn one_family(headers: &HeaderMap) -> Result<HeaderMap, WebhookError> {
    let names = if SVIX.iter().any(|name| headers.contains_key(*name)) { SVIX } else { STANDARD };
    let mut signed = HeaderMap::with_capacity(names.len());
    for ((name, svix), purpose) in names.into_iter().zip(SVIX).zip(PURPOSES) {
        let value = headers.get(name).ok_or(WebhookError::MissingHeader(purpose))?;
        signed.insert(svix, value.clone());
    }
    Ok(signed)
}

fn texts(signed: &HeaderMap) -> Result<[&str; 3], WebhookError> {
    let mut texts = [""; 3];
    for ((text, svix), purpose) in texts.iter_mut().zip(SVIX).zip(PURPOSES) {
        let value = signed.get(svix).ok_or(WebhookError::MissingHeader(purpose))?;
        *text = value.to_str().ok().filter(|text| !text.is_empty()).ok_or(WebhookError::InvalidHeader(purpose))?;
    }
    Ok(texts)
}

impl From<WebhookError> for AppError {
    /// 401, or 503 while we have no secret: then the sender tries again later, when we may have one.
    #[track_caller]
    fn from(error: WebhookError) -> Self {
        let code = match error {
            WebhookError::NotConfigured => {
                return Self::unavailable("webhooks_not_configured", "Webhooks are not set up here.")
                    .with_source(error);
            }
            WebhookError::MissingHeader(_) => "webhook_header_missing",
            WebhookError::InvalidHeader(_) => "webhook_header_invalid",
            WebhookError::TooOld => "webhook_too_old",
            WebhookError::TooNew => "webhook_too_new",
            WebhookError::Signature => "webhook_signature_invalid",
        };
        Self::new(Kind::Unauthenticated, code, format!("Not accepted: {error}."))
    }
}

impl fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookVerifier").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

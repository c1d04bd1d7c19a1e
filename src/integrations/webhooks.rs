//! Calls of webhooks that callers name, as Standard Webhooks has it (<https://www.standardwebhooks.com>): an id that is the same for every
//! attempt, the time of the attempt, and a signature over both and the body.

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use svix::webhooks::Webhook;
use url::Url;

use super::outbound::{Outbound, OutboundError};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// The same id once more, by the name that many receivers look for.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A call to be made.
#[derive(Debug, Clone, Copy)]
pub struct WebhookCall<'c> {
    /// Where to.
    pub url: &'c Url,
    /// What a receiver tells a repetition by; visible ASCII without a full stop.
    pub id: &'c str,
    /// When the attempt is made, in seconds since 1970.
    pub timestamp: i64,
    /// The body, which is JSON.
    pub body: &'c [u8],
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookOutcome {
    /// The receiver has it.
    Taken {
        /// What it answered.
        status: u16,
    },
    /// The receiver does not say that it has it; the call may be repeated under the same id.
    Later {
        /// Why: a code.
        reason: &'static str,
        /// Why, in English.
        detail: String,
        /// How long the receiver wants us to wait.
        after: Option<Duration>,
    },
    /// No repetition would help.
    Never {
        /// Why: a code.
        reason: &'static str,
        /// Why, in English.
        detail: String,
    },
}

impl Outbound {
    /// Calls a webhook, signed with each of `secrets` (`whsec_…`).
    pub async fn call(&self, call: WebhookCall<'_>, secrets: &[&str]) -> WebhookOutcome {
        let Some(headers) = headers(&call, secrets) else {
            let detail = "The call cannot be signed.".to_owned();
            return WebhookOutcome::Never { reason: "webhook_not_signed", detail };
        };
        match self.post(call.url, headers, call.body.to_vec()).await {
            Ok(answer) => judged(answer.status, answer.retry_after),
            Err(OutboundError::Forbidden(refusal)) => {
                WebhookOutcome::Never { reason: "webhook_address_refused", detail: refusal.detail.to_owned() }
            }
            Err(OutboundError::Unreached(_)) => {
                let detail = "The webhook could not be reached.".to_owned();
                WebhookOutcome::Later { reason: "webhook_unreached", detail, after: None }
            }
            Err(OutboundError::Unanswered(_)) => {
                let detail = "The webhook did not answer in time.".to_owned();
                WebhookOutcome::Later { reason: "webhook_no_answer", detail, after: None }
            }
        }
    }
}

fn headers(call: &WebhookCall<'_>, secrets: &[&str]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(ID, HeaderValue::from_str(call.id).ok()?);
    headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(call.id).ok()?);
    headers.insert(TIMESTAMP, call.timestamp.into());
    let sign = |secret: &&str| Webhook::new(secret).ok()?.sign(call.id, call.timestamp, call.body).ok();
    let signatures: Vec<String> = secrets.iter().map(sign).collect::<Option<_>>()?;
    if !signatures.is_empty() {
        headers.insert(SIGNATURE, HeaderValue::from_str(&signatures.join(" ")).ok()?);
    }
    Some(headers)
}

/// What a status says, as HTTP means it.
fn judged(status: StatusCode, after: Option<Duration>) -> WebhookOutcome {
    let detail = format!("The webhook answered {status}.");
    match status.as_u16() {
        200..=299 => WebhookOutcome::Taken { status: status.as_u16() },
        408 | 409 | 425 | 429 => WebhookOutcome::Later { reason: "webhook_busy", detail, after },
        500.. => WebhookOutcome::Later { reason: "webhook_failed", detail, after },
        // A redirect is not followed: it would carry the lead to wherever it names.
        300..=399 => WebhookOutcome::Never { reason: "webhook_redirected", detail },
        410 => WebhookOutcome::Never { reason: "webhook_gone", detail },
        _ => WebhookOutcome::Never { reason: "webhook_rejected", detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_as_http_means_it() {
        let told = |status: u16| match judged(StatusCode::from_u16(status).unwrap(), None) {
            WebhookOutcome::Taken { .. } => "taken",
            WebhookOutcome::Later { reason, .. } | WebhookOutcome::Never { reason, .. } => reason,
        };
        for (status, expected) in [
            (200, "taken"),
            (204, "taken"),
            (301, "webhook_redirected"),
            (307, "webhook_redirected"),
            (400, "webhook_rejected"),
            (401, "webhook_rejected"),
            (404, "webhook_rejected"),
            (408, "webhook_busy"),
            (410, "webhook_gone"),
            (429, "webhook_busy"),
            (500, "webhook_failed"),
            (503, "webhook_failed"),
        ] {
            assert_eq!(told(status), expected, "{status}");
        }
    }

    #[test]
    fn a_call_is_signed_with_every_secret_that_is_in_force() {
        let url = "https://hooks.example.com/".parse().unwrap();
        let call = WebhookCall { url: &url, id: "1_call", timestamp: 1_700_000_000, body: b"{}" };
        let secrets = ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
        let headers = headers(&call, &secrets).unwrap();
        assert_eq!((headers[&ID].to_str().unwrap(), &headers[&ID]), ("1_call", &headers[&IDEMPOTENCY_KEY]));
        for secret in secrets {
            let expected = Webhook::new(secret).unwrap().sign("1_call", 1_700_000_000, b"{}").unwrap();
            assert!(headers[&SIGNATURE].to_str().unwrap().split(' ').any(|signature| signature == expected));
        }
        assert!(super::headers(&call, &[]).unwrap().get(SIGNATURE).is_none());
        assert!(super::headers(&call, &["whsec_%"]).is_none());
    }
}

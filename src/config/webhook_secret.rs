//! `CLERK_WEBHOOK_SIGNING_SECRET`.

use std::sync::Arc;

use svix::webhooks::Webhook;

/// What Clerk signs its webhooks with.
#[derive(Debug, Clone)]
pub struct WebhookSecret(Arc<Webhook>);

/// A signing secret that is none. It does not repeat the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook signing secret is `whsec_` and base64")]
pub struct WebhookSecretError;

impl WebhookSecret {
    /// Reads `whsec_…`, as Clerk's dashboard shows it.
    ///
    /// # Errors
    /// [`WebhookSecretError`] if it is not that.
    pub fn parse(text: &str) -> Result<Self, WebhookSecretError> {
        let encoded = text.strip_prefix("whsec_").ok_or(WebhookSecretError)?;
        Webhook::new(encoded).map(|secret| Self(Arc::new(secret))).map_err(|_| WebhookSecretError)
    }

    /// What verifies with it.
    #[must_use]
    pub fn webhook(&self) -> &Webhook {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_secret_is_refused_and_what_is_one_is_not_shown() {
        for bad in ["whsec_%%%", "whsec_", "", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"] {
            assert_eq!(WebhookSecret::parse(bad).err(), Some(WebhookSecretError), "{bad}");
        }
        let secret = WebhookSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
        assert!(!format!("{secret:?}").contains("IhrscChl"));
    }
}

//! What an organization's webhook steps are signed with.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};

use crate::utils::crypto::Sealed;

/// What a secret's text begins with, as Standard Webhooks has it.
const PREFIX: &str = "whsec_";

/// The secrets of an organization as they are stored.
#[derive(Debug, Clone)]
pub struct StoredWebhookSecrets {
    pub secret: Sealed,
    /// The one before, and until when calls are signed with it too.
    pub earlier: Option<(Sealed, DateTime<Utc>)>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What may be told of an organization's secret.
#[derive(Debug, Clone, Copy)]
pub struct WebhookSecretFacts {
    /// Counts the rotations.
    pub version: i64,
    /// When the secret was made.
    pub rotated_at: DateTime<Utc>,
    /// Until when calls are signed with the one before, too.
    pub earlier_until: Option<DateTime<Utc>>,
}

/// A signing secret in the clear: `whsec_` and 32 random bytes in base64. It does not show itself.
#[derive(Clone)]
pub struct SigningSecret(SecretString);

impl SigningSecret {
    /// A new secret, from the operating system's randomness by way of a cryptographic generator.
    #[must_use]
    pub fn draw() -> Self {
        let random: [u8; 32] = rand::random();
        Self(SecretString::from(format!("{PREFIX}{}", STANDARD.encode(random))))
    }

    /// The secret whose text this is, as it was stored.
    #[must_use]
    pub fn of(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// Its text, for who may see it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret")
    }
}

impl StoredWebhookSecrets {
    /// What may be told of it at `now`.
    #[must_use]
    pub fn facts(&self, now: DateTime<Utc>) -> WebhookSecretFacts {
        let earlier_until = self.earlier.as_ref().map(|(_, until)| *until).filter(|until| *until > now);
        WebhookSecretFacts { version: self.version, rotated_at: self.updated_at, earlier_until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_random_and_does_not_show_itself() {
        let (one, other) = (SigningSecret::draw(), SigningSecret::draw());
        assert_ne!(one.expose(), other.expose());
        let bytes = STANDARD.decode(one.expose().strip_prefix(PREFIX).unwrap()).unwrap();
        assert_eq!(bytes.len(), 32);
        assert!(!format!("{one:?}").contains(&one.expose()[6..]));
    }
}

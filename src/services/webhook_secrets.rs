//! What an organization's webhook steps are signed with: shown once, when it is made.

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::Context;
use crate::{
    errors::{AppError, Result},
    models::{AuditEntry, OrganizationId, SigningSecret, StoredWebhookSecrets, WebhookSecretFacts},
    repositories::OrgAdmin,
    utils::crypto::{Cipher, Place},
};

/// How long calls are signed with the secret before, too: receivers are changed over meanwhile.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// What an organization's webhook steps are signed with.
#[derive(Clone)]
pub struct WebhookSecretService {
    context: Context,
    cipher: Cipher,
}

impl WebhookSecretService {
    /// A service that seals with `cipher`.
    #[must_use]
    pub fn new(context: Context, cipher: Cipher) -> Self {
        Self { context, cipher }
    }

    /// What may be told of the secret, if one was made yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn get(&self, admin: &OrgAdmin) -> Result<Option<WebhookSecretFacts>> {
        let stored = self.context.db.read(admin).await?.webhook_secrets().find().await?;
        Ok(stored.map(|stored| stored.facts(self.context.clock.now())))
    }

    /// Makes a new secret. Calls are signed with the one before for 24 hours, too.
    ///
    /// # Errors
    /// The database's.
    pub async fn rotate(&self, admin: &OrgAdmin) -> Result<(WebhookSecretFacts, SigningSecret)> {
        let mut tx = self.context.db.begin(admin, self.context.clock.now()).await?;
        let (organization, now) = (tx.organization_id(), tx.now());
        let secret = SigningSecret::draw();
        let sealed = self.cipher.seal(place(organization), secret.expose().as_bytes()).map_err(AppError::internal)?;
        let version = tx.webhook_secrets().rotate(&sealed, now + OVERLAP, now).await?;
        let earlier_until = Some(now + OVERLAP).filter(|_| version > 1);
        let before = (version > 1).then(|| json!({ "version": version - 1 }));
        let after = json!({ "version": version, "earlier_until": earlier_until });
        tx.audit(AuditEntry::new("webhook_secret.rotated", "organization", organization.0).change(before, after));
        tx.commit().await?;
        Ok((WebhookSecretFacts { version, rotated_at: now, earlier_until }, secret))
    }
}

/// The secrets that are in force, the newest first.
///
/// # Errors
/// One was sealed by a key that is gone.
pub(super) fn open(
    cipher: &Cipher,
    organization: OrganizationId,
    stored: StoredWebhookSecrets,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<SigningSecret>> {
    let earlier = stored.earlier.filter(|(_, until)| *until > now).map(|(sealed, _)| sealed);
    let sealed = std::iter::once(stored.secret).chain(earlier);
    let secrets = sealed.map(|sealed| {
        let open = cipher.open(place(organization), &sealed).map_err(AppError::internal)?;
        Ok(SigningSecret::of(String::from_utf8_lossy(open.expose_secret()).into_owned()))
    });
    secrets.collect()
}

/// Where a secret stands, and stood before it became the earlier one.
pub(super) fn place(organization: OrganizationId) -> Place {
    Place { organization: organization.0, table: "webhook_secrets", row: organization.0, column: "secret" }
}

//! What Unipile's webhooks hint at: proved to be Unipile's, kept, and answered. Followed it is by the workers.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::UnipileService;
use crate::{
    errors::{AppError, Kind, Result},
    integrations::unipile::Hint,
    models::{Channel, WatchKind},
    repositories::HintedEvent,
};

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HintOutcome {
    /// It is kept, and is followed.
    Kept,
    /// It tells of nothing that concerns us, or of an account of nobody's.
    Ignored,
}

impl UnipileService {
    /// Whether a webhook is Unipile's: it shows the secret that Unipile was told. Of both a hash is compared, in constant time, so that not even the
    /// secret's length is told.
    ///
    /// # Errors
    /// `webhooks_not_configured` without a secret: then nobody is believed. `webhook_header_missing`, `webhook_secret_wrong`.
    pub fn prove(&self, shown: Option<&[u8]>) -> Result<()> {
        let Some(secret) = &self.addresses.secret else {
            return Err(AppError::unavailable("webhooks_not_configured", "Webhooks are not set up here."));
        };
        let Some(shown) = shown else {
            let detail = "Not accepted: the header Unipile-Auth is missing.";
            return Err(AppError::new(Kind::Unauthenticated, "webhook_header_missing", detail));
        };
        let (shown, ours) = (Sha256::digest(shown), Sha256::digest(secret.expose_secret()));
        verify_slices_are_equal(&shown, &ours).map_err(|_| {
            let detail = "Not accepted: the header Unipile-Auth does not hold our secret.";
            AppError::new(Kind::Unauthenticated, "webhook_secret_wrong", detail)
        })
    }

    /// Keeps what a webhook hints at: one statement, and the answer can go out.
    ///
    /// # Errors
    /// The database is away: Unipile sends it again.
    pub async fn take_hint(&self, body: &Value) -> Result<HintOutcome> {
        let now = self.now();
        let kept = match Hint::of(body) {
            None => false,
            Some(Hint::Status { account }) => {
                self.context.db.look_at_unipile_account(&account, (WatchKind::Status, None), now).await?
            }
            // Mailboxes are read as a whole: what is hinted at is only that something is there.
            Some(Hint::Mail { account }) => {
                self.context
                    .db
                    .look_at_unipile_account(&account, (WatchKind::Messages, Some(Channel::Email)), now)
                    .await?
            }
            Some(Hint::Relation { account, person, public_identifier }) => {
                let event = HintedEvent {
                    key: format!("relation/{account}/{person}"),
                    kind: "new_relation",
                    unipile_account: &account,
                    about: json!({ "person": person, "public_identifier": public_identifier }),
                };
                self.context.db.keep_unipile_event(&event, now).await?
            }
            Some(Hint::Message { account, chat, message, sender }) => {
                let event = HintedEvent {
                    key: format!("message/{account}/{message}"),
                    kind: "message",
                    unipile_account: &account,
                    about: json!({ "chat": chat, "message": message, "sender": sender }),
                };
                self.context.db.keep_unipile_event(&event, now).await?
            }
        };
        Ok(if kept { HintOutcome::Kept } else { HintOutcome::Ignored })
    }
}

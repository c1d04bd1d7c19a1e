//! Replacing a key's secret, without a moment in which none works.

use chrono::TimeDelta;
use serde_json::json;

use super::{ApiKeyService, ApiKeyView, give_secret, living, masked};
use crate::{
    errors::{AppError, Result},
    models::{ApiKeyId, ApiKeySecret, AuditEntry},
    repositories::{BaseRepository as _, OrgAdmin},
};

/// Secrets of one key alive at a time: more means that the rotation itself goes wrong.
const MOST_SECRETS: usize = 10;
/// How long it is told that a dead secret has expired, before it is as good as unknown.
const REMEMBERED_FOR: TimeDelta = TimeDelta::days(30);

impl ApiKeyService {
    /// Gives a key a new secret. Every earlier one dies after `overlap`, unless it dies before. Two rotations at once make two secrets,
    /// one after the other, so that neither caller holds one that never worked.
    pub async fn rotate(
        &self,
        admin: &OrgAdmin,
        id: ApiKeyId,
        overlap: TimeDelta,
    ) -> Result<(ApiKeyView, ApiKeySecret)> {
        let mut tx = self.context.db.begin(admin, self.context.clock.now()).await?;
        let mut key = tx.api_keys().locked(id).await?;
        if key.is_expired(tx.now()) {
            let detail = "The key has expired, and so would the new secret: change expires_at first.";
            return Err(AppError::conflict("api_key_expired", detail));
        }
        let earlier = living(&mut tx, id).await?;
        if earlier.len() >= MOST_SECRETS && overlap > TimeDelta::zero() {
            let detail = "Ten secrets of this key are alive. Wait until some have died, or rotate without an overlap.";
            return Err(AppError::conflict("too_many_secrets", detail));
        }
        let (end, long_dead) = (tx.now() + overlap, tx.now() - REMEMBERED_FOR);
        tx.api_keys().end_secrets(id, end).await?;
        tx.api_keys().forget_secrets(id, long_dead).await?;
        let secret = give_secret(&mut tx, id).await?;
        key.version += 1;
        key.updated_at = tx.now();
        tx.api_keys().update(&key).await?;
        let before = json!({"secret": earlier.first().map(|secret| masked(&secret.last_four))});
        let after = json!({"secret": masked(&secret.last_four()), "overlap_seconds": overlap.num_seconds()});
        tx.audit(AuditEntry::new("api_key.rotated", "api_key", id.0).change(before, after));
        let secrets = living(&mut tx, id).await?;
        tx.commit().await?;
        Ok((ApiKeyView { key, secrets }, secret))
    }
}

//! Who may be written to, and keeping that question and a change of its answer apart.

use super::{SuppressionRepository, slices};
use crate::{
    errors::Result,
    models::{Suppressed, SuppressionKey},
    repositories::Database,
    utils::keyed_hash::KeyedHash,
};

impl SuppressionRepository<'_> {
    /// Which of all these keys are suppressed, in one question whatever their number. Until the transaction ends nobody adds suppressions to
    /// the organization's; so ask before any lead is locked, since who adds some locks leads after that.
    ///
    /// # Errors
    /// The database's.
    pub async fn matching(&mut self, keys: impl IntoIterator<Item = &SuppressionKey>) -> Result<Suppressed> {
        let hashes: Vec<KeyedHash> = keys.into_iter().map(|key| key.hash).collect();
        let hashes = sqlx::query_scalar!(
            r#"select suppressed_hashes($1, $2) as "hash!""#,
            self.scope.id(),
            &slices(&hashes) as &[&[u8]],
        );
        Ok(hashes.fetch_all(&mut *self.conn).await?.into_iter().collect())
    }

    /// Waits for everybody who writes leads, and holds off all others until the transaction ends: they then see what it has added. Take it
    /// before suppressions are added or looked for, and before any lead is locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock(&mut self) -> Result<()> {
        // The same name as in suppressed_hashes.
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended('suppressions.' || $1::uuid::text, 0))",
            self.scope.id(),
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

impl Database {
    /// Whether some suppression was hashed under a key that is none of these: it would never be found.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_lost_suppressions(&self, key_ids: &[String]) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from suppressions where key_id <> all($1)) as "lost!""#,
            key_ids,
        )
        .fetch_one(&mut *self.system().await?)
        .await?)
    }
}

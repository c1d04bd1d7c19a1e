//! Keys by which programs call.

mod identify;
mod uses;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::base::base_repository;
use crate::{
    errors::Result,
    models::{ApiKey, ApiKeyHash, ApiKeyId, StoredSecret},
};

pub use identify::IdentifiedApiKey;

base_repository!(
    /// The API keys of one organization.
    ApiKeyRepository,
    ApiKey,
    ApiKeyId,
    "API key",
    "api_keys",
    "id, organization_id, name, scopes, expires_at, last_used_at, version, created_by, created_at, updated_at"
);

impl ApiKeyRepository<'_> {
    /// Writes a new key.
    ///
    /// # Errors
    /// The database's.
    pub async fn insert(&mut self, key: &ApiKey) -> Result<()> {
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
        sqlx::query!(
            r#"insert into api_keys (id, organization_id, name, scopes, expires_at, version, created_by, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"#,
            key.id.0,
            self.scope.id(),
            key.name,
            &scopes,
            key.expires_at,
            key.version,
            key.created_by.map(|id| id.0),
            key.created_at,
            key.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Writes the fields that may change.
    ///
    /// # Errors
    /// The database's.
    pub async fn update(&mut self, key: &ApiKey) -> Result<()> {
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
        sqlx::query!(
            r#"update api_keys set name = $3, scopes = $4, expires_at = $5, version = $6, updated_at = $7
               where organization_id = $1 and id = $2"#,
            self.scope.id(),
            key.id.0,
            key.name,
            &scopes,
            key.expires_at,
            key.version,
            key.updated_at,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Gives a key its current secret.
    ///
    /// # Errors
    /// The database's; that the key has a current secret already.
    pub async fn add_secret(
        &mut self,
        id: ApiKeyId,
        hash: ApiKeyHash,
        last_four: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            r#"insert into api_key_secrets (organization_id, api_key_id, hash, last_four, created_at) values ($1, $2, $3, $4, $5)"#,
            self.scope.id(),
            id.0,
            &hash.0,
            last_four,
            now,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// The secrets of `ids` that are alive, each key's current one first.
    ///
    /// # Errors
    /// The database's.
    pub async fn secrets(&mut self, ids: &[ApiKeyId], now: DateTime<Utc>) -> Result<Vec<StoredSecret>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        Ok(sqlx::query_as!(
            StoredSecret,
            r#"select api_key_id, last_four, created_at, expires_at, last_used_at from api_key_secrets
               where organization_id = $1 and api_key_id = any($2) and (expires_at is null or expires_at > $3)
               order by expires_at desc nulls first, created_at desc"#,
            self.scope.id(),
            &ids,
            now,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    /// Has every secret of a key die at `end`, unless it dies before.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_secrets(&mut self, id: ApiKeyId, end: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"update api_key_secrets set expires_at = $3
               where organization_id = $1 and api_key_id = $2 and (expires_at is null or expires_at > $3)"#,
            self.scope.id(),
            id.0,
            end,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Forgets the secrets of a key that died before `end`.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_secrets(&mut self, id: ApiKeyId, end: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            "delete from api_key_secrets where organization_id = $1 and api_key_id = $2 and expires_at < $3",
            self.scope.id(),
            id.0,
            end,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

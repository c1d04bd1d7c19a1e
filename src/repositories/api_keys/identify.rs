//! The one query that proves which key is calling, and the note that it did.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    errors::Result,
    models::{ApiKeyHash, ApiKeyId, OrganizationId, Scope},
    repositories::{OrgMember, OrganizationRef, base::Database},
};

/// A use is noted only if the last one noted is older than this.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What the database knows of a key by its secret. The organization lives.
#[derive(Debug)]
pub struct IdentifiedApiKey {
    id: ApiKeyId,
    organization_id: OrganizationId,
    clerk_organization_id: String,
    scopes: Vec<Scope>,
    hash: ApiKeyHash,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

impl IdentifiedApiKey {
    /// The key.
    #[must_use]
    pub fn id(&self) -> ApiKeyId {
        self.id
    }

    /// Whether the time of the key or of this secret is over.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether the key may do what `scope` stands for.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether `organization` is the key's own.
    #[must_use]
    pub fn belongs_to(&self, organization: &OrganizationRef) -> bool {
        match organization {
            OrganizationRef::Id(id) => *id == self.organization_id,
            OrganizationRef::Clerk(clerk_id) => *clerk_id == self.clerk_organization_id,
        }
    }

    /// Whether it is time to note another use of this secret.
    #[must_use]
    pub fn wants_note_of_use(&self, now: DateTime<Utc>) -> bool {
        self.last_used_at.is_none_or(|last| last <= now - NOTED_EVERY)
    }

    /// Proof that the key may act in its organization.
    #[must_use]
    pub fn member(&self) -> OrgMember {
        OrgMember::by_api_key(self.organization_id, self.id, self.hash)
    }
}

impl Database {
    /// Looks up a key by a secret of it, be it expired or not. A key whose organization was deleted is not found.
    ///
    /// # Errors
    /// The database is away.
    pub async fn identify_api_key(&self, hash: ApiKeyHash) -> Result<Option<IdentifiedApiKey>> {
        let row = sqlx::query!(
            r#"select k.id, k.organization_id, k.scopes, o.clerk_organization_id, s.last_used_at,
                      least(k.expires_at, s.expires_at) as expires_at
               from api_key_secrets s
               join api_keys k on k.organization_id = s.organization_id and k.id = s.api_key_id
               join organizations o on o.id = s.organization_id and o.deleted_at is null
               where s.hash = $1"#,
            &hash.0,
        )
        .fetch_optional(&mut *self.system().await?)
        .await?;
        Ok(row.map(|row| IdentifiedApiKey {
            id: row.id,
            organization_id: row.organization_id,
            clerk_organization_id: row.clerk_organization_id,
            scopes: row.scopes,
            hash,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }))
    }

    /// Notes that a key was used, by which of its secrets, unless somebody has done so within the last minute.
    ///
    /// # Errors
    /// The database is away.
    pub async fn note_api_key_use(&self, key: &IdentifiedApiKey, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            r#"with used as (
                 update api_key_secrets set last_used_at = $4
                 where organization_id = $1 and api_key_id = $2 and hash = $3 and (last_used_at is null or last_used_at <= $5))
               update api_keys set last_used_at = $4
               where organization_id = $1 and id = $2 and (last_used_at is null or last_used_at <= $5)"#,
            key.organization_id.0,
            key.id.0,
            &key.hash.0,
            now,
            now - NOTED_EVERY,
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(())
    }
}

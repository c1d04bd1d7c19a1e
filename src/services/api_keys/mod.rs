//! Keys by which programs call: making, changing, rotating and revoking them. A secret is shown by what makes it, and never again.

mod identify;
mod rotate;
mod uses;

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

pub use self::identify::Turn;
use self::{identify::Known, uses::Uses};
use super::Context;
use crate::{
    errors::{AppError, Result},
    models::{
        ApiKey, ApiKeyHash, ApiKeyId, ApiKeySecret, AuditEntry, MASKED, Scope, StoredSecret,
        page::{Page, PageRequest},
        patch::Patch,
        version::VersionGuard,
    },
    repositories::{BaseRepository, OrgAdmin, OrgTx},
    utils::brief_memory::BriefMemory,
};

/// Secrets remembered at a time.
const SECRETS: u64 = 10_000;
/// How long it is known of a secret that is not used that it has worked.
const PROVEN_FOR: Duration = Duration::from_hours(24);

/// How long turns are remembered that nobody takes.
const TURNS_KEPT_FOR: Duration = Duration::from_secs(10);

/// Keys by which programs call.
#[derive(Clone)]
pub struct ApiKeyService {
    context: Context,
    remembered: BriefMemory<ApiKeyHash, Arc<Known>>,
    /// Secrets that have worked lately.
    proven: Cache<ApiKeyHash, ()>,
    /// Whose turn it is to ask for a secret.
    turns: Cache<ApiKeyHash, Arc<tokio::sync::Mutex<()>>>,
    notes: TaskTracker,
    uses: Arc<Uses>,
}

/// A key to be made.
#[derive(Debug)]
pub struct NewApiKey {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends; none is never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A merge patch of a key.
#[derive(Debug, Default)]
pub struct ApiKeyChanges {
    /// A new name.
    pub name: Option<String>,
    /// What it may do from now on.
    pub scopes: Option<Vec<Scope>>,
    /// When it ends, or never.
    pub expires_at: Patch<DateTime<Utc>>,
}

/// A key with its living secrets, the current one first.
#[derive(Debug)]
pub struct ApiKeyView {
    /// The key.
    pub key: ApiKey,
    /// Its secrets.
    pub secrets: Vec<StoredSecret>,
}

impl ApiKeyService {
    /// A service that remembers no key yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        let remembered = BriefMemory::new(SECRETS, Arc::clone(&context.clock));
        let proven = Cache::builder().max_capacity(SECRETS).time_to_idle(PROVEN_FOR).build();
        let turns = Cache::builder().max_capacity(SECRETS).time_to_idle(TURNS_KEPT_FOR).build();
        Self { context, remembered, proven, turns, notes: TaskTracker::new(), uses: Arc::default() }
    }

    /// A page of the organization's keys.
    pub async fn list(&self, admin: &OrgAdmin, page: &PageRequest) -> Result<Page<ApiKeyView>> {
        let mut conn = self.context.db.read(admin).await?;
        let keys = conn.api_keys().list(page).await?;
        let ids: Vec<_> = keys.items.iter().map(|key| key.id).collect();
        let mut by_key: HashMap<_, Vec<_>> = HashMap::new();
        for secret in conn.api_keys().secrets(&ids, self.context.clock.now()).await? {
            by_key.entry(secret.api_key_id).or_default().push(secret);
        }
        Ok(keys.map(|key| ApiKeyView { secrets: by_key.remove(&key.id).unwrap_or_default(), key }))
    }

    /// One key.
    pub async fn get(&self, admin: &OrgAdmin, id: ApiKeyId) -> Result<ApiKeyView> {
        let mut conn = self.context.db.read(admin).await?;
        let key = conn.api_keys().get(id).await?;
        Ok(ApiKeyView { secrets: conn.api_keys().secrets(&[id], self.context.clock.now()).await?, key })
    }

    /// Makes a key.
    pub async fn create(&self, admin: &OrgAdmin, new: NewApiKey) -> Result<(ApiKeyView, ApiKeySecret)> {
        let mut tx = self.context.db.begin(admin, self.context.clock.now()).await?;
        let NewApiKey { name, scopes, expires_at } = new;
        let key = ApiKey {
            id: ApiKeyId::new(tx.now()),
            organization_id: admin.organization_id(),
            name,
            scopes,
            expires_at: expires_at.map(|end| later(end, tx.now())).transpose()?,
            last_used_at: None,
            version: 1,
            created_by: Some(admin.user_id()),
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        tx.api_keys().insert(&key).await?;
        let secret = give_secret(&mut tx, key.id).await?;
        let mut after = facts(&key);
        after["secret"] = masked(&secret.last_four());
        tx.audit(AuditEntry::new("api_key.created", "api_key", key.id.0).change(None, after));
        let secrets = living(&mut tx, key.id).await?;
        tx.commit().await?;
        Ok((ApiKeyView { key, secrets }, secret))
    }

    /// Changes a key's name, scopes and end.
    pub async fn update(
        &self,
        admin: &OrgAdmin,
        id: ApiKeyId,
        seen: &VersionGuard,
        changes: ApiKeyChanges,
    ) -> Result<ApiKeyView> {
        let mut tx = self.context.db.begin(admin, self.context.clock.now()).await?;
        let mut key = tx.api_keys().locked(id).await?;
        seen.check(key.version)?;
        let before = facts(&key);
        let ApiKeyChanges { name, scopes, expires_at } = changes;
        key.name = name.unwrap_or(key.name);
        key.scopes = scopes.unwrap_or(key.scopes);
        key.expires_at = expires_at.try_map(|end| later(end, tx.now()))?.apply(key.expires_at);
        if facts(&key) != before {
            key.version += 1;
            key.updated_at = tx.now();
            tx.api_keys().update(&key).await?;
            tx.audit(AuditEntry::new("api_key.updated", "api_key", id.0).change(before, facts(&key)));
        }
        let secrets = living(&mut tx, id).await?;
        tx.commit().await?;
        Ok(ApiKeyView { key, secrets })
    }

    /// Ends a key. Every server refuses it within 2 s.
    pub async fn revoke(&self, admin: &OrgAdmin, id: ApiKeyId, seen: &VersionGuard) -> Result<()> {
        let mut tx = self.context.db.begin(admin, self.context.clock.now()).await?;
        let key = tx.api_keys().locked(id).await?;
        seen.check(key.version)?;
        tx.api_keys().delete(id).await?;
        tx.audit(AuditEntry::new("api_key.revoked", "api_key", id.0).change(facts(&key), None));
        tx.commit().await
    }
}

async fn living(tx: &mut OrgTx, id: ApiKeyId) -> Result<Vec<StoredSecret>> {
    let now = tx.now();
    tx.api_keys().secrets(&[id], now).await
}

/// Draws the key's current secret.
async fn give_secret(tx: &mut OrgTx, id: ApiKeyId) -> Result<ApiKeySecret> {
    let (secret, now) = (ApiKeySecret::draw(), tx.now());
    tx.api_keys().add_secret(id, secret.hash(), &secret.last_four(), now).await?;
    Ok(secret)
}

/// `end`, if it is yet to come.
fn later(end: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    if end > now {
        return Ok(end);
    }
    Err(AppError::fault("/expires_at", "in_the_past", "This must be later than now; to end a key at once, revoke it."))
}

/// What the audit log keeps of a key.
fn facts(key: &ApiKey) -> Value {
    json!({"name": key.name, "scopes": key.scopes, "expires_at": key.expires_at})
}

/// What the audit log shows of a secret: its last four characters, as the list of keys does.
fn masked(last_four: &str) -> Value {
    format!("{MASKED}{last_four}").into()
}

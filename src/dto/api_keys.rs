//! API keys on the wire.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_with::rust::double_option;
use utoipa::ToSchema;
use validator::Validate;

use super::patch::patch;
use crate::{
    models::{ApiKey, ApiKeyId, ApiKeySecret, Scope, StoredSecret, UserId},
    services::api_keys::{ApiKeyChanges, ApiKeyView, NewApiKey},
};

/// The overlap of a rotation unless something else is said: a day.
const DEFAULT_OVERLAP: i64 = 86_400;

/// A key by which a program calls, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyDto {
    /// The key's id.
    pub id: ApiKeyId,
    /// Its name.
    #[schema(example = "Clay")]
    pub name: String,
    /// What it may do.
    #[schema(example = json!(["leads:read", "leads:write"]))]
    pub scopes: Vec<Scope>,
    /// What its secret begins with.
    #[schema(example = "clento_sk_")]
    pub prefix: &'static str,
    /// What its secret ends with.
    #[schema(example = "x7Kq")]
    pub last_four: String,
    /// Secrets from before a rotation that still work, the latest to die first.
    pub earlier_secrets: Vec<EarlierSecret>,
    /// When the key ends; null is never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Counts every change; also the `ETag`.
    #[schema(example = 1)]
    pub version: i64,
    /// Who made it. It goes on working when they leave.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A secret from before a rotation that still works.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlierSecret {
    /// What it ends with.
    #[schema(example = "b2Rt")]
    pub last_four: String,
    /// When it dies.
    pub expires_at: Option<DateTime<Utc>>,
    /// When this very secret was last used, to the minute: whether anybody still needs it.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<ApiKeyView> for ApiKeyDto {
    fn from(view: ApiKeyView) -> Self {
        let ApiKeyView { key, secrets } = view;
        let ApiKey {
            id,
            organization_id: _,
            name,
            scopes,
            expires_at,
            last_used_at,
            version,
            created_by,
            created_at,
            updated_at,
        } = key;
        let mut secrets = secrets.into_iter();
        let last_four = secrets.next().map(|current| current.last_four).unwrap_or_default();
        Self {
            id,
            name,
            scopes,
            prefix: ApiKeySecret::PREFIX,
            last_four,
            earlier_secrets: secrets.map(EarlierSecret::from).collect(),
            expires_at,
            last_used_at,
            version,
            created_by,
            created_at,
            updated_at,
        }
    }
}

impl From<StoredSecret> for EarlierSecret {
    fn from(secret: StoredSecret) -> Self {
        let StoredSecret { api_key_id: _, last_four, created_at: _, expires_at, last_used_at } = secret;
        Self { last_four, expires_at, last_used_at }
    }
}

/// A key with its secret, which is shown in this answer only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKeyWithSecret)]
pub struct ApiKeyWithSecretDto {
    /// The key.
    #[serde(flatten)]
    pub api_key: ApiKeyDto,
    /// The secret. Keep it: it is shown in this answer only.
    #[schema(example = "clento_sk_0000000000000000000000000000000031S6KW")]
    pub key: String,
}

impl From<(ApiKeyView, ApiKeySecret)> for ApiKeyWithSecretDto {
    fn from((view, secret): (ApiKeyView, ApiKeySecret)) -> Self {
        Self { api_key: view.into(), key: secret.expose().to_owned() }
    }
}

/// A key to be made.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Clay", "scopes": ["leads:read", "leads:write", "lead_lists:read"]}))]
pub struct CreateApiKeyRequest {
    /// Its name.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub name: String,
    /// What it may do. Each scope is kept once.
    #[schema(min_items = 1, max_items = 50)]
    pub scopes: Vec<Scope>,
    /// When it ends, in the future; never unless said here.
    pub expires_at: Option<DateTime<Utc>>,
}

impl From<CreateApiKeyRequest> for NewApiKey {
    fn from(request: CreateApiKeyRequest) -> Self {
        let CreateApiKeyRequest { name, scopes, expires_at } = request;
        Self { name, scopes: each_once(scopes), expires_at: expires_at.map(stored) }
    }
}

/// A merge patch of a key (RFC 7396): an absent field stays, null clears.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Clay, production", "expires_at": null}))]
pub struct UpdateApiKeyRequest {
    /// A new name.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S", nullable = false)]
    pub name: Option<String>,
    /// What it may do from now on, in place of what it might before.
    #[schema(min_items = 1, max_items = 50, nullable = false)]
    pub scopes: Option<Vec<Scope>>,
    /// When it ends, in the future; null is never.
    #[serde(default, with = "double_option")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

impl From<UpdateApiKeyRequest> for ApiKeyChanges {
    fn from(request: UpdateApiKeyRequest) -> Self {
        let UpdateApiKeyRequest { name, scopes, expires_at } = request;
        Self { name, scopes: scopes.map(each_once), expires_at: patch(expires_at).map(stored) }
    }
}

/// How to replace a key's secret.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_seconds": 86400}))]
pub struct RotateApiKeyRequest {
    /// How long the secrets there are go on working beside the new one; a day unless said here. With 0 they die at once.
    #[schema(minimum = 0, maximum = 604_800, nullable = false)]
    pub overlap_seconds: Option<i64>,
}

impl RotateApiKeyRequest {
    /// How long the secrets there are go on working.
    #[must_use]
    pub fn overlap(&self) -> TimeDelta {
        TimeDelta::seconds(self.overlap_seconds.unwrap_or(DEFAULT_OVERLAP))
    }
}

fn each_once(mut scopes: Vec<Scope>) -> Vec<Scope> {
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// An instant as precisely as it is stored.
fn stored(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.trunc_subsecs(6)
}

//! Who did what.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::{AuditLogId, OrganizationId};
use crate::text_enum;

/// One line of the audit log. The hashes are there once the line is sealed.
#[derive(Debug, Clone)]
pub struct AuditLog {
    pub id: AuditLogId,
    pub organization_id: OrganizationId,
    pub occurred_at: DateTime<Utc>,
    pub actor_type: ActorType,
    pub actor_id: Option<Uuid>,
    pub action: String,
    pub entity_type: String,
    pub entity_id: Option<Uuid>,
    pub before: Option<Json<Value>>,
    pub after: Option<Json<Value>>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub seq: Option<i64>,
    pub previous_hash: Option<Vec<u8>>,
    pub hash: Option<Vec<u8>>,
}

text_enum! {
    /// What kind of caller acted.
    ActorType {
        /// A person, signed in.
        User = "user",
        /// A program, by its key.
        ApiKey = "api_key",
        /// Clento itself, or Clerk through a webhook.
        System = "system",
    }
}

/// A change, as its author tells it to the audit log.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// What was done, such as `lead.created`.
    pub action: &'static str,
    /// The noun it was done to.
    pub entity_type: &'static str,
    /// Which one.
    pub entity_id: Option<Uuid>,
    /// What changed, before.
    pub before: Option<Value>,
    /// What changed, after.
    pub after: Option<Value>,
}

impl AuditEntry {
    /// `action` on one entity; say what changed with [`Self::change`].
    pub fn new(action: &'static str, entity_type: &'static str, entity_id: impl Into<Option<Uuid>>) -> Self {
        Self { action, entity_type, entity_id: entity_id.into(), before: None, after: None }
    }

    /// What changed, before and after.
    #[must_use]
    pub fn change(mut self, before: impl Into<Option<Value>>, after: impl Into<Option<Value>>) -> Self {
        self.before = before.into();
        self.after = after.into();
        self
    }
}

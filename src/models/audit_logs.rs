//! Who did what.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::{AuditLogId, OrganizationId, UserId};
use crate::text_enum;

/// What the audit log shows of a secret.
pub const MASKED: &str = "***";

/// One line of the audit log. The hashes are there once the line is sealed.
#[derive(Debug, Clone)]
pub struct AuditLog {
    pub id: AuditLogId,
    pub organization_id: OrganizationId,
    pub occurred_at: DateTime<Utc>,
    pub actor_type: ActorType,
    pub actor_id: Option<Uuid>,
    /// Who acted as the actor, as Clerk names them.
    pub impersonator: Option<String>,
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

/// Which lines of the audit log are wanted.
#[derive(Debug, Clone, Default)]
pub struct AuditLogFilter {
    pub action: Option<String>,
    pub entity_type: Option<String>,
    pub entity_id: Option<Uuid>,
    pub actor_id: Option<Uuid>,
    /// This instant or later.
    pub occurred_after: Option<DateTime<Utc>>,
    /// Before this instant.
    pub occurred_before: Option<DateTime<Utc>>,
}

/// Whom a line names, as far as Clerk still tells.
#[derive(Debug, Clone)]
pub struct AuditActor {
    pub id: UserId,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
}

/// A line as an export has it, with the person it names.
#[derive(Debug)]
pub struct ExportedAuditLog {
    pub id: AuditLogId,
    pub occurred_at: DateTime<Utc>,
    pub actor_type: ActorType,
    pub actor_id: Option<Uuid>,
    pub actor_email: Option<String>,
    pub actor_name: Option<String>,
    pub impersonator: Option<String>,
    pub action: String,
    pub entity_type: String,
    pub entity_id: Option<Uuid>,
    /// As JSON.
    pub before: Option<String>,
    /// As JSON.
    pub after: Option<String>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub seq: Option<i64>,
    pub hash: Option<Vec<u8>>,
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

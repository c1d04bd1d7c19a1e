//! What keys are used for, as the audit log tells of it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::models::{ApiKeyId, AuditLogId, OrganizationId};

/// What a key was presented for, and from where.
#[derive(Debug, Clone)]
pub struct KeyUse {
    /// The method and the route, such as `GET /api/v1/leads/{id}`: not which lead.
    pub operation: String,
    /// The caller's address.
    pub ip_address: Option<String>,
    /// The caller's program, cut to what is stored.
    pub user_agent: Option<String>,
}

/// A line of the audit log about what one key was used for, from one address, in some time.
#[derive(Debug, Clone)]
pub struct KeyUsesLine {
    /// The line's id, the same however often it is tried to write it.
    pub id: AuditLogId,
    /// The key's organization.
    pub organization_id: OrganizationId,
    /// The key: who acted, and what the line is about.
    pub api_key_id: ApiKeyId,
    /// When the line was made.
    pub told_at: DateTime<Utc>,
    /// The caller's address; none if there were too many to tell apart.
    pub ip_address: Option<String>,
    /// The caller's program at the first of these uses.
    pub user_agent: Option<String>,
    /// What was done, how often, from when until when, and how it was answered.
    pub told: Value,
}

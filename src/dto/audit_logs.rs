//! The audit log on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::table::{CsvLine, CsvRow};
use crate::{
    models::{
        ActorType, AuditActor, AuditLog, AuditLogFilter, AuditLogId, ChainHead, ChainVerification, ExportedAuditLog,
    },
    services::audit_logs::AttributedAuditLog,
    utils::names,
};

/// Which lines of the audit log are wanted.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditLogParams {
    /// What was done.
    #[param(example = "lead_list.created")]
    pub action: Option<String>,
    /// The kind of thing it was done to.
    #[param(example = "lead_list")]
    pub entity_type: Option<String>,
    /// The very thing it was done to.
    pub entity_id: Option<Uuid>,
    /// Who did it.
    pub actor_id: Option<Uuid>,
    /// This instant or later.
    pub occurred_after: Option<DateTime<Utc>>,
    /// Before this instant.
    pub occurred_before: Option<DateTime<Utc>>,
}

impl From<AuditLogParams> for AuditLogFilter {
    fn from(params: AuditLogParams) -> Self {
        let AuditLogParams { action, entity_type, entity_id, actor_id, occurred_after, occurred_before } = params;
        Self { action, entity_type, entity_id, actor_id, occurred_after, occurred_before }
    }
}

/// One line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditLog)]
pub struct AuditLogDto {
    /// The line's id.
    pub id: AuditLogId,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Who did it.
    pub actor: AuditActorDto,
    /// What was done.
    #[schema(example = "lead_list.updated")]
    pub action: String,
    /// What it was done to.
    pub entity: AuditEntityDto,
    /// What changed, before; null if there was nothing. Secrets are masked.
    #[schema(example = json!({"name": "Founders"}))]
    pub before: Option<Value>,
    /// What changed, after; null if nothing is left.
    #[schema(example = json!({"name": "Founders, Berlin"}))]
    pub after: Option<Value>,
    /// The caller's address.
    #[schema(example = "192.0.2.7")]
    pub ip_address: Option<String>,
    /// The caller's program.
    #[schema(example = "Mozilla/5.0")]
    pub user_agent: Option<String>,
    /// The request's `X-Request-Id`.
    pub request_id: Option<String>,
    /// The line's number in the chain; null until it is sealed.
    #[schema(example = 42)]
    pub seq: Option<i64>,
    /// The line's seal, in hexadecimal; null until it is sealed.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub hash: Option<String>,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditActor)]
pub struct AuditActorDto {
    /// What kind of caller.
    #[serde(rename = "type")]
    pub actor_type: ActorType,
    /// The user or the key; null for Clento itself.
    pub id: Option<Uuid>,
    /// The user's e-mail address, as long as the user exists.
    #[schema(example = "ada@example.com")]
    pub email: Option<String>,
    /// The user's or the key's name, as long as there is one.
    #[schema(example = "Ada Lovelace")]
    pub name: Option<String>,
    /// Who acted as the user, as Clerk names them: support staff or an agent; null if the user did.
    #[schema(example = json!(null))]
    pub impersonator: Option<String>,
}

/// What something was done to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntity)]
pub struct AuditEntityDto {
    /// The kind of thing.
    #[serde(rename = "type")]
    #[schema(example = "lead_list")]
    pub entity_type: String,
    /// Which one; null if we have no id for it, as for an invitation, which is Clerk's.
    pub id: Option<Uuid>,
}

impl From<AttributedAuditLog> for AuditLogDto {
    fn from(attributed: AttributedAuditLog) -> Self {
        let AttributedAuditLog { log, actor, key_name } = attributed;
        let AuditLog {
            id,
            organization_id: _,
            occurred_at,
            actor_type,
            actor_id,
            impersonator,
            action,
            entity_type,
            entity_id,
            before,
            after,
            ip_address,
            user_agent,
            request_id,
            seq,
            previous_hash: _,
            hash,
        } = log;
        let (before, after) = (before.map(|json| json.0), after.map(|json| json.0));
        let entity = AuditEntityDto { entity_type, id: entity_id };
        let actor = AuditActorDto::of(actor_type, actor_id, actor, key_name, impersonator);
        let hash = hash.map(hex::encode);
        Self { id, occurred_at, actor, action, entity, before, after, ip_address, user_agent, request_id, seq, hash }
    }
}

impl AuditActorDto {
    fn of(
        actor_type: ActorType,
        id: Option<Uuid>,
        person: Option<AuditActor>,
        key_name: Option<String>,
        impersonator: Option<String>,
    ) -> Self {
        let Some(AuditActor { id: _, email, first_name, last_name }) = person else {
            return Self { actor_type, id, email: None, name: key_name, impersonator };
        };
        let name = names::joined(first_name.as_deref(), last_name.as_deref());
        Self { actor_type, id, email, name, impersonator }
    }
}

impl CsvRow for ExportedAuditLog {
    const HEADER: &'static [&'static str] = &[
        "id",
        "occurred_at",
        "actor_type",
        "actor_id",
        "actor_email",
        "actor_name",
        "actor_impersonator",
        "action",
        "entity_type",
        "entity_id",
        "before",
        "after",
        "ip_address",
        "user_agent",
        "request_id",
        "seq",
        "hash",
    ];

    fn write(&self, line: &mut CsvLine<'_>) {
        #[rustfmt::skip]
        let Self {
            id, occurred_at, actor_type, actor_id, actor_email, actor_name, impersonator, action, entity_type, entity_id, before, after,
            ip_address, user_agent, request_id, seq, hash,
        } = self;
        line.id(id.0);
        line.time(*occurred_at);
        line.ours(actor_type.as_str());
        line.id(*actor_id);
        line.text(actor_email.as_deref());
        line.text(actor_name.as_deref());
        line.text(impersonator.as_deref());
        line.text(Some(action));
        line.text(Some(entity_type));
        line.id(*entity_id);
        for text in [before, after, ip_address, user_agent, request_id] {
            line.text(text.as_deref());
        }
        line.ours(&seq.map(|seq| seq.to_string()).unwrap_or_default());
        line.ours(&hash.as_ref().map(hex::encode).unwrap_or_default());
    }
}

/// What became of verifying the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditLogVerification, example = json!({
    "valid": true, "checked": 42, "first_bad_seq": null, "unsealed": 1,
    "head": {"seq": 42, "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
}))]
pub struct AuditLogVerificationDto {
    /// Whether every sealed line is whole and in its place.
    pub valid: bool,
    /// Lines found whole and in order, from the first.
    pub checked: i64,
    /// The number of the first line that is altered, missing or misplaced.
    pub first_bad_seq: Option<i64>,
    /// The chain's end, to be compared with what the server logged; null while nothing is sealed.
    pub head: Option<ChainHeadDto>,
    /// Lines that wait for their seal.
    pub unsealed: i64,
}

/// A chain's end.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChainHead)]
pub struct ChainHeadDto {
    /// The last line's number.
    pub seq: i64,
    /// The last line's seal, in hexadecimal.
    pub hash: String,
}

impl From<ChainVerification> for AuditLogVerificationDto {
    fn from(verification: ChainVerification) -> Self {
        let ChainVerification { checked, first_bad_seq, head, unsealed } = verification;
        let head = head.map(|ChainHead { seq, hash }| ChainHeadDto { seq, hash: hex::encode(hash) });
        Self { valid: first_bad_seq.is_none(), checked, first_bad_seq, head, unsealed }
    }
}

//! Who did what.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};

use super::base::{Actor, OrgScope};
use crate::{
    errors::Result,
    models::{AuditEntry, AuditLogId},
};

/// The audit log of one organization: append-only, so no base verbs.
#[derive(Debug)]
pub struct AuditLogRepository<'c> {
    pub(in crate::repositories) conn: &'c mut PgConnection,
    pub(in crate::repositories) scope: OrgScope,
}

impl AuditLogRepository<'_> {
    /// Writes the rows of one transaction in one statement.
    pub(in crate::repositories) async fn append(
        &mut self,
        actor: &Actor,
        now: DateTime<Utc>,
        rows: &[(AuditLogId, AuditEntry)],
    ) -> Result<()> {
        let ids: Vec<_> = rows.iter().map(|(id, _)| id.0).collect();
        let actions: Vec<_> = rows.iter().map(|(_, entry)| entry.action.to_owned()).collect();
        let types: Vec<_> = rows.iter().map(|(_, entry)| entry.entity_type.to_owned()).collect();
        let entities: Vec<_> = rows.iter().map(|(_, entry)| entry.entity_id).collect();
        let before: Vec<_> = rows.iter().map(|(_, entry)| entry.before.clone().map(Json)).collect();
        let after: Vec<_> = rows.iter().map(|(_, entry)| entry.after.clone().map(Json)).collect();
        let request = &actor.request;
        sqlx::query!(
            r#"insert into audit_logs (id, organization_id, occurred_at, actor_type, actor_id, action, entity_type, entity_id, before,
                                       after, ip_address, user_agent, request_id)
               select row.id, $1, $2, $3, $4, row.action, row.entity_type, row.entity_id, row.before, row.after, $5, $6, $7
               from unnest($8::uuid[], $9::text[], $10::text[], $11::uuid[], $12::jsonb[], $13::jsonb[])
                    as row (id, action, entity_type, entity_id, before, after)"#,
            self.scope.id(),
            now,
            actor.r#type.as_str(),
            actor.id,
            request.ip_address.as_deref(),
            request.user_agent.as_deref(),
            request.request_id.as_deref(),
            &ids,
            &actions,
            &types,
            &entities as &[Option<uuid::Uuid>],
            &before as &[Option<Json<serde_json::Value>>],
            &after as &[Option<Json<serde_json::Value>>],
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

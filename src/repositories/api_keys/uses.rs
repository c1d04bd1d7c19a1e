//! What keys were used for, told to the audit logs of their organizations.

use sqlx::types::Json;

use crate::{errors::Result, models::KeyUsesLine, repositories::base::Database};

impl Database {
    /// Writes lines of the audit logs. Those that are there already, because an outage hid that they were written, are left as they are.
    ///
    /// # Errors
    /// The database's.
    pub async fn tell_api_key_uses(&self, lines: &[KeyUsesLine]) -> Result<u64> {
        let ids: Vec<_> = lines.iter().map(|line| line.id.0).collect();
        let organizations: Vec<_> = lines.iter().map(|line| line.organization_id.0).collect();
        let keys: Vec<_> = lines.iter().map(|line| line.api_key_id.0).collect();
        let times: Vec<_> = lines.iter().map(|line| line.told_at).collect();
        let addresses: Vec<_> = lines.iter().map(|line| line.ip_address.clone()).collect();
        let agents: Vec<_> = lines.iter().map(|line| line.user_agent.clone()).collect();
        let told: Vec<_> = lines.iter().map(|line| Json(&line.told)).collect();
        let written = sqlx::query!(
            r#"insert into audit_logs (id, organization_id, occurred_at, actor_type, actor_id, action, entity_type, entity_id, after,
                                       ip_address, user_agent)
               select row.id, row.organization_id, row.told_at, 'api_key', row.key, 'api_key.used', 'api_key', row.key, row.told,
                      row.address, row.agent
               from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::jsonb[])
                    as row (id, organization_id, key, told_at, address, agent, told)
               where exists (select from organizations o where o.id = row.organization_id)
               on conflict do nothing"#,
            &ids,
            &organizations,
            &keys,
            &times,
            &addresses as &[Option<String>],
            &agents as &[Option<String>],
            &told as &[Json<&serde_json::Value>],
        )
        .execute(&mut *self.system().await?)
        .await?;
        Ok(written.rows_affected())
    }
}

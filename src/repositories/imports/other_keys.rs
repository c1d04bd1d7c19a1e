//! By what rows have named leads, beside what the leads have.

use super::ImportRepository;
use crate::{
    errors::{AppError, Result},
    models::{ImportId, LeadId},
};

/// The hash of an address, a profile or an id.
pub type OtherKey = [u8; 16];

impl ImportRepository<'_> {
    /// Whether there are any.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_other_keys(&mut self, id: ImportId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from import_other_keys where organization_id = $1 and import_id = $2) as "any!""#,
            self.scope.id(),
            id.0,
        )
        .fetch_one(&mut *self.conn)
        .await?)
    }

    /// Those of these keys that there are, and whom they name.
    ///
    /// # Errors
    /// The database's.
    pub async fn other_keys(&mut self, id: ImportId, keys: &[OtherKey]) -> Result<Vec<(OtherKey, LeadId)>> {
        let keys: Vec<&[u8]> = keys.iter().map(<[u8; 16]>::as_slice).collect();
        let rows = sqlx::query!(
            // One look into the index for each: of a table that grows faster than its statistics, the planner thinks that it may as well
            // read all of the import's rows and compare each with all keys.
            r#"select asked.key as "key!", found.lead_id as "lead_id: LeadId"
               from unnest($3::bytea[]) as asked (key)
               cross join lateral (
                 select lead_id from import_other_keys k
                 where k.organization_id = $1 and k.import_id = $2 and k.key = asked.key limit 1) as found"#,
            self.scope.id(),
            id.0,
            &keys as &[&[u8]],
        )
        .fetch_all(&mut *self.conn)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok((row.key.try_into().map_err(|_| AppError::internal("a key has another length"))?, row.lead_id))
            })
            .collect()
    }

    /// Keeps more of them. One that names somebody already goes on to do so.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_other_keys(&mut self, id: ImportId, keys: &[(OtherKey, LeadId)]) -> Result<()> {
        let leads: Vec<_> = keys.iter().map(|(_, lead)| lead.0).collect();
        let keys: Vec<&[u8]> = keys.iter().map(|(key, _)| key.as_slice()).collect();
        sqlx::query!(
            r#"insert into import_other_keys (organization_id, import_id, key, lead_id)
               select $1, $2, row.key, row.lead_id from unnest($3::bytea[], $4::uuid[]) as row (key, lead_id)
               on conflict do nothing"#,
            self.scope.id(),
            id.0,
            &keys as &[&[u8]],
            &leads,
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }

    /// Forgets them all.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_other_keys(&mut self, id: ImportId) -> Result<()> {
        sqlx::query!(
            "delete from import_other_keys where organization_id = $1 and import_id = $2",
            self.scope.id(),
            id.0
        )
        .execute(&mut *self.conn)
        .await?;
        Ok(())
    }
}

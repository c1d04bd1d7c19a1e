//! Which custom fields a campaign can speak of.

use super::CampaignRepository;
use crate::errors::Result;

impl CampaignRepository<'_> {
    /// Which of these names the organization's leads have as custom fields. Nearly always the newest leads have them all; only for a name
    /// that they lack are the others looked through, once for all such names.
    ///
    /// # Errors
    /// The database's.
    pub async fn known_custom_fields(&mut self, names: &[String]) -> Result<Vec<String>> {
        let mut known = self.newest_custom_fields(names).await?;
        let missing: Vec<String> = names.iter().filter(|name| !known.contains(name)).cloned().collect();
        if !missing.is_empty() {
            known.extend(self.all_custom_fields(&missing).await?);
        }
        Ok(known)
    }

    async fn newest_custom_fields(&mut self, names: &[String]) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct name as "name!"
               from (select custom_fields from leads where organization_id = $1 order by created_at desc, id desc limit 1000) newest,
                    jsonb_object_keys(custom_fields) as name
               where name = any($2)"#,
            self.scope.id(),
            names,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }

    async fn all_custom_fields(&mut self, names: &[String]) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct name as "name!" from leads, jsonb_object_keys(custom_fields) as name
               where organization_id = $1 and name = any($2)"#,
            self.scope.id(),
            names,
        )
        .fetch_all(&mut *self.conn)
        .await?)
    }
}
